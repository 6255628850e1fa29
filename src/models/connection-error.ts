import { ConnectionError } from '../errors.ts';
import { shownUrl } from './join-url.ts';

/**
 * What `fetch` or a body rejected with, as an error that says what to do.
 *
 * @param offset - How many bytes of the body had come, where there was a response.
 */
export function connectionErrorOf(url: string, cause: unknown, offset?: number): ConnectionError {
  const where = shownUrl(url);
  const why = reasonOf(cause);
  const shown = why === undefined ? '' : ` (${why})`;
  return offset === undefined
    ? new ConnectionError(`No response from ${where}${shown}. ${adviceFor(why)}`, { cause })
    : new ConnectionError(`The connection to ${where} was lost after ${offset} bytes of the response${shown}.`, {
        cause,
        place: { byteOffset: offset },
      });
}

/** `fetch` hides the reason one or two causes deep; only codes are shown, since messages may quote the request. */
function reasonOf(cause: unknown): string | undefined {
  for (let error = cause, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if ('code' in error && typeof error.code === 'string') return error.code;
  }
  return undefined;
}

function adviceFor(code: string | undefined): string {
  if (code === 'ECONNREFUSED' || code === 'ConnectionRefused')
    return 'Nothing listens there: check that the server runs, and host and port in `url`.';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'The host name is not found: check `url`, and the network.';
  if (code !== undefined && /CERT|TLS|SSL|SELF_SIGNED/.test(code))
    return 'TLS failed: check the certificate, and that `url` has the right scheme.';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'The server, or a proxy before it, closed the connection.';
  return 'Check `url` and the network; in a browser also whether the server allows this page (CORS).';
}

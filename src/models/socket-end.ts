import { ConnectionError, excerptOf, HttpError, LimitError, ProviderError } from '../errors.ts';
import { shownUrl } from './join-url.ts';
import { isRetryableStatus } from './provider-problem.ts';
import type { SocketEvent } from './socket-like.ts';

/** What a socket says when it closes. */
export interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}

/** Regular: closed on purpose (1000), or without a code (1005). */
export function isRegularClose({ code }: CloseEvent): boolean {
  return code === 1000 || code === 1005;
}

/** A close as an error. In the middle of an answer it becomes an interruption; before, {@link refusalOf} may know better. */
export function closeErrorOf(url: string, close: CloseEvent, cause?: unknown): ConnectionError {
  const { code, reason } = close;
  const said = reason ? `, "${reason.slice(0, 200)}"` : '';
  const error = new ConnectionError(`The WebSocket to ${shownUrl(url)} was closed: code ${code} (${meaningOf(code)})${said}.`, {
    cause: shownCause(cause),
  });
  closes.set(error, close);
  return error;
}

/** A socket that failed before it was open; `name` is that of the error which its class threw. */
export function openErrorOf(
  url: string,
  { message = '', error, name }: Pick<SocketEvent, 'message' | 'error'> & { readonly name?: string | undefined } = {},
): ConnectionError | HttpError {
  const status = Number(STATUS.exec(message)?.[1]);
  const where = shownUrl(url);
  if (status >= 400) {
    return new HttpError(`${where} answered the WebSocket's opening with HTTP ${status}: ${adviceFor(status)}`, {
      status,
      retryable: isRetryableStatus(status),
    });
  }
  const code = codeOf(error) ?? name;
  const why = status ? ` (HTTP ${status} in place of an upgrade)` : code ? ` (${code})` : '';
  return new ConnectionError(`No WebSocket to ${where}${why}. Check \`url\`, that the server speaks WebSocket there, and the network.`, {
    cause: shownCause(error),
  });
}

/** How `ws`, Bun and Deno tell of an answer that is no upgrade; Node and browsers do not. */
const STATUS = /(?:unexpected server response|expected 101 status code|invalid status code): (\d{3})/i;

/** Bun's errors quote the URL, and its query may hold a key. */
function shownCause(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.includes('://')) return error;
  const code = codeOf(error);
  return Object.assign(new Error(excerptOf(error.message, 500).replace(/\w+:\/\/[^\s'"]+/g, 'the URL')), code && { code });
}

/** A close that says that the same request will be refused again: policy, a bad message, or an application's code for a 4xx status. */
export function refusalOf(error: unknown): ProviderError | undefined {
  const close = error instanceof ConnectionError ? closes.get(error) : undefined;
  if (close === undefined) return undefined;
  const status = close.code >= 4400 && close.code <= 4599 ? close.code - 4000 : undefined;
  const final = status === undefined ? [1002, 1003, 1007, 1008, 1009, 1010].includes(close.code) : !isRetryableStatus(status);
  if (!final) return undefined;
  return new ProviderError(`The server refused: ${(error as Error).message}`, {
    providerCode: String(close.code),
    status,
    retryable: false,
    raw: { code: close.code, reason: close.reason },
  });
}

/** Whether `ws` gave up because a message was beyond `maxPayload`. */
export function isTooLong(error: unknown): boolean {
  return codeOf(error) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}

export function tooLong(maxFrameBytes: number): LimitError {
  return new LimitError('maxFrameBytes', maxFrameBytes, 'bytes in one WebSocket message');
}

/** The closes behind errors: beside them, so that a reason is shown once and redacted with the message. */
const closes = new WeakMap<ConnectionError, CloseEvent>();

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const KEY_ADVICE = 'check `apiKey`, and how the server wants it (`authorization`).';
const PLACE_ADVICE = 'check that the server speaks WebSocket there.';
const ADVICE: { readonly [status: number]: string } = {
  400: PLACE_ADVICE,
  401: KEY_ADVICE,
  403: KEY_ADVICE,
  404: 'check the path of `url`.',
  426: PLACE_ADVICE,
};

function adviceFor(status: number): string {
  return ADVICE[status] ?? (isRetryableStatus(status) ? 'asking again may help.' : 'check `url` and `apiKey`.');
}

function meaningOf(code: number): string {
  const known: { readonly [code: number]: string } = {
    1001: 'the server goes away',
    1002: 'protocol error',
    1003: 'unsupported data',
    1006: 'the connection was lost',
    1007: 'invalid data',
    1008: 'refused by policy',
    1009: 'message too big',
    1010: 'extension missing',
    1011: 'server error',
    1012: 'the server restarts',
    1013: 'try again later',
    1014: 'bad gateway',
  };
  return known[code] ?? (code >= 4000 ? "the application's own" : 'no regular end');
}

import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, constants as zlib } from 'node:zlib';
import { lost, MessageReader } from './message-reader.ts';
import type { Fetch, FetchResponse } from './redirects.ts';

/** An `Agent` of `node:http` or `node:https`. By its looks, so that nobody needs the types of Node. */
export interface NodeAgent {
  /** To one host, at a time. */
  readonly maxSockets: number;
  /** Closes its connections. */
  destroy(): void;
}

/** Settings of {@link nodeFetch}. */
export interface NodeFetchOptions {
  /** Keeps the connections, e.g. one that goes through a proxy or has certificates of its own. Default: Node's global one. */
  readonly agent?: NodeAgent;
}

/**
 * A `fetch` for `httpModel` over `node:http`, for processes with many answers at once: a request and each piece of its response take
 * less CPU and memory than with the global `fetch`, which makes a web stream of each body.
 *
 * It does what `httpModel` asks of a `fetch`: text bodies, redirects handed back as they are, abort at any moment, one reader for a
 * body. It asks for bodies that are not compressed, and takes gzip, deflate and brotli all the same.
 *
 * Rejects with the error of `node:http` (with its `code`) where no response comes, with the signal's reason once that aborts, and with a
 * TypeError for a URL with a password in it, a body that is no text, or a response in another encoding. A read rejects likewise.
 *
 * Holds about 64 KiB of a body that is not read, beside what the stream below holds by itself; the socket waits meanwhile.
 *
 * @param options - See {@link NodeFetchOptions}.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { lastValueFrom } from 'rxjs';
 * import { httpModel, openAiChat } from 'toolstream';
 * import { nodeFetch } from 'toolstream/node';
 *
 * const body = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
 * const server = createServer((_, response) => response.setHeader('content-type', 'text/event-stream').end(body));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *
 * const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
 * const model = httpModel({ dialect: openAiChat, url, model: 'm', fetch: nodeFetch() });
 * const end = await lastValueFrom(model({ messages: [{ role: 'user', content: 'Hello' }] }));
 * if (end.type === 'round-end') console.log(end.message.content); // Hi
 * server.close();
 * ```
 *
 * @see https://nodejs.org/api/http.html#httprequesturl-options-callback
 */
export function nodeFetch({ agent }: NodeFetchOptions = {}): Fetch {
  return (url, init) => new Promise((resolve, reject) => send(url, init, agent as Agent | undefined, resolve, reject));
}

/** Sends a request. Once there is a response, its reader hears of what goes wrong, too. */
function send(
  url: string,
  { method = 'GET', headers, body, signal }: RequestInit,
  agent: Agent | undefined,
  resolve: (response: FetchResponse) => void,
  reject: (error: unknown) => void,
): void {
  signal?.throwIfAborted();
  const target = new URL(url);
  if (target.username || target.password) throw new TypeError('`nodeFetch` sends no name and password that stand in a URL: give a header.');
  const bytes = bytesOf(body);
  const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, {
    method,
    headers: { 'accept-encoding': 'identity', ...(bytes && { 'content-length': bytes.length }), ...fieldsOf(headers) },
    ...(agent && { agent }),
  });
  let reader: MessageReader | undefined;
  const abort = () => {
    reject(signal?.reason);
    reader?.abort(signal?.reason);
    request.destroy();
  };
  const over = () => signal?.removeEventListener('abort', abort);
  signal?.addEventListener('abort', abort);
  request.on('error', (error) => {
    reject(error);
    reader?.fail(error);
  });
  request.once('close', () => {
    // Some ends say nothing, such as the offer of another protocol.
    reject(lost('The server closed the connection without a response.'));
    if (!reader) over();
  });
  request.once('response', (message: IncomingMessage) => {
    try {
      reader = new MessageReader(message, decoded(message, method), over);
      resolve(responseOf(url, message, reader));
    } catch (error) {
      reject(error);
      message.destroy();
    }
  });
  request.end(bytes);
}

/** As bytes: Node would write the header with them, in their encoding. */
function bytesOf(body: RequestInit['body']): Buffer | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body !== 'string') throw new TypeError('`nodeFetch` sends text; the body of this request is none.');
  return Buffer.from(body);
}

function fieldsOf(headers: RequestInit['headers']): Record<string, string> {
  return headers instanceof Headers || Array.isArray(headers) ? Object.fromEntries(new Headers(headers)) : { ...headers };
}

const isOk = (status: number) => status >= 200 && status < 300;

function responseOf(url: string, { statusCode: status = 0, headers }: IncomingMessage, reader: MessageReader): FetchResponse {
  let isTaken = false;
  const getReader = () => {
    if (isTaken) throw new TypeError('The body has a reader already.');
    isTaken = true;
    return reader;
  };
  const get = (name: string) => field(headers, name);
  const body = { getReader, cancel: () => reader.cancel() };
  return { ok: isOk(status), status, type: 'basic', redirected: false, url, headers: { get }, body };
}

function field(headers: IncomingMessage['headers'], name: string): string | null {
  const key = name.toLowerCase();
  const value = Object.hasOwn(headers, key) ? headers[key] : undefined;
  return Array.isArray(value) ? value.join(', ') : (value ?? null);
}

/** What is there comes out at once, not when a block is full. */
const soon = { flush: zlib.Z_SYNC_FLUSH };
const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(soon),
  'x-gzip': () => createGunzip(soon),
  deflate: () => createInflate(soon),
  br: () => createBrotliDecompress({ flush: zlib.BROTLI_OPERATION_FLUSH }),
};

/** The body as it was before the server compressed it. */
function decoded(message: IncomingMessage, method: string): Readable {
  const { statusCode: status = 0, headers } = message;
  const encoding = field(headers, 'content-encoding')?.trim().toLowerCase() || 'identity';
  const isEmpty = method === 'HEAD' || status === 204 || status === 304 || headers['content-length'] === '0';
  if (encoding === 'identity' || isEmpty) return message;
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding]?.() : undefined;
  // What goes wrong is told by the decoder's own error.
  if (decoder) return pipeline(message, decoder, () => {});
  // The status of a refusal says more than that its body cannot be read.
  if (!isOk(status)) return message;
  throw new TypeError(`The response is encoded as ${JSON.stringify(encoding.slice(0, 50))}, though \`identity\` was asked for.`);
}

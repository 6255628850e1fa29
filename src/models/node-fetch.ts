import { type Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, constants as zlib } from 'node:zlib';
import type { Fetch, FetchResponse } from './redirects.ts';

/** An `Agent` of `node:http` or `node:https`. By its looks, so that nobody needs the types of Node. */
export interface NodeAgent {
  readonly maxSockets: number;
  destroy(): void;
}

/** Settings of {@link nodeFetch}. */
export interface NodeFetchOptions {
  /** Keeps the connections, e.g. one that goes through a proxy or has certificates of its own. Default: Node's global one. */
  readonly agent?: NodeAgent;
}

/** How much of a body that nobody reads is kept, in bytes; beyond it the socket waits. What came with the last piece is kept whole. */
const HELD_BYTES = 64 * 1024;

/**
 * A `fetch` for {@link httpModel} over `node:http`, for processes with many answers at once: a request and each piece of its response take
 * less CPU and memory than with the global `fetch`, which makes a web stream of each body.
 *
 * It does what {@link httpModel} asks of a `fetch`: text bodies, redirects handed back as they are, abort at any moment, one reader for a
 * body. It asks for bodies that are not compressed, and takes gzip, deflate and brotli all the same.
 *
 * Rejects with the error of `node:http` (with its `code`) where no response comes, with the signal's reason once that aborts, and with a
 * TypeError for a body that is no text or a response in another encoding.
 *
 * Holds at most 64 KiB, and one piece, of a body that is not read; the socket waits meanwhile.
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
  return (url, { method = 'GET', headers, body, signal }) =>
    new Promise((resolve, reject) => {
      if (body != null && typeof body !== 'string') throw new TypeError('`nodeFetch` sends text; the body of this request is none.');
      if (signal?.aborted) throw signal.reason;
      const options: RequestOptions = {
        method,
        headers: {
          'accept-encoding': 'identity',
          ...(body != null && { 'content-length': Buffer.byteLength(body) }),
          ...(headers as Record<string, string>),
        },
        ...(agent && { agent: agent as Agent }),
      };
      const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options);
      const abort = () => request.destroy(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      // Once there is a response, its reader hears of what goes wrong.
      request.once('close', () => signal?.removeEventListener('abort', abort));
      request.on('error', reject);
      request.once('response', (message: IncomingMessage) => {
        try {
          resolve(responseOf(url, message));
        } catch (error) {
          message.destroy();
          reject(error);
        }
      });
      request.end(body ?? undefined);
    });
}

function responseOf(url: string, message: IncomingMessage): FetchResponse {
  const { statusCode: status = 0, headers } = message;
  const get = (name: string) => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  };
  const reader = new MessageReader(message, decoded(message, get('content-encoding')));
  return {
    ok: status >= 200 && status < 300,
    status,
    type: 'basic',
    redirected: false,
    url,
    headers: { get },
    body: { getReader: () => reader, cancel: () => reader.cancel() },
  };
}

const soon = { flush: zlib.Z_SYNC_FLUSH };
const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(soon),
  'x-gzip': () => createGunzip(soon),
  deflate: () => createInflate(soon),
  br: () => createBrotliDecompress({ flush: zlib.BROTLI_OPERATION_FLUSH }),
};

/** The body as it was before the server compressed it; each piece comes as soon as it can be told. */
function decoded(message: IncomingMessage, encoding: string | null): Readable {
  const name = encoding?.trim().toLowerCase() || 'identity';
  if (name === 'identity') return message;
  const decoder = Object.hasOwn(decoders, name) ? decoders[name]?.() : undefined;
  if (decoder === undefined)
    throw new TypeError(`The response is encoded as ${JSON.stringify(name.slice(0, 50))}, though \`identity\` was asked for.`);
  // What goes wrong is told by the decoder's own error.
  return pipeline(message, decoder, () => {});
}

type Piece = ReadableStreamReadResult<Uint8Array>;
const END: Piece = { done: true, value: undefined };

/** The one reader of a body: a piece goes straight to who waits for it. */
class MessageReader {
  private readonly message: IncomingMessage;
  private readonly body: Readable;
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  private waiting: { readonly resolve: (piece: Piece) => void; readonly reject: (error: unknown) => void } | undefined;
  private over: { readonly error?: unknown } | undefined;

  constructor(message: IncomingMessage, body: Readable) {
    this.message = message;
    this.body = body;
    body.on('data', (chunk: Uint8Array) => this.take(chunk));
    body.once('end', () => this.end({}));
    body.once('error', (error) => this.end({ error }));
    // Where it is closed by this side, neither of the two comes.
    body.once('close', () => this.end({}));
  }

  read(): Promise<Piece> {
    const chunk = this.held.shift();
    if (chunk) {
      this.heldBytes -= chunk.length;
      if (this.held.length === 0 && this.body.isPaused()) this.body.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.over) return 'error' in this.over ? Promise.reject(this.over.error) : Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  cancel(): Promise<void> {
    this.held = [];
    // After the end the connection is free for the next request.
    if (!this.over) this.message.destroy();
    this.end({});
    return Promise.resolve();
  }

  private take(chunk: Uint8Array): void {
    const { waiting } = this;
    if (waiting) {
      this.waiting = undefined;
      waiting.resolve({ done: false, value: chunk });
      return;
    }
    if (this.over) return;
    this.held.push(chunk);
    this.heldBytes += chunk.length;
    if (this.heldBytes > HELD_BYTES) this.body.pause();
  }

  private end(over: { readonly error?: unknown }): void {
    if (this.over) return;
    this.over = over;
    const { waiting } = this;
    this.waiting = undefined;
    if (!waiting) return;
    if ('error' in over) waiting.reject(over.error);
    else waiting.resolve(END);
  }
}

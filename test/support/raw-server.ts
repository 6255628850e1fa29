import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/**
 * One thing a scripted server does: write bytes as they are, wait, hold the connection open, close it regularly, reset it, or anything
 * with the socket. Writing goes through to the wire unchanged, so a script can say what no HTTP server would.
 */
export type Step =
  | string
  | Uint8Array
  | { readonly wait: number }
  | { readonly until: Promise<unknown> }
  | 'hold'
  | 'close'
  | 'reset'
  | ((socket: Socket) => Promise<void>);

/** One request as it came, and what became of it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The n-th connection of the server, from 1. */
  readonly connection: number;
  /** When the head had come, `performance.now()`. */
  readonly at: number;
  /** Resolves when the connection is gone: `true` if the client left before the script was through. */
  readonly left: Promise<boolean>;
}

export interface RawServer {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly exchanges: Exchange[];
  readonly connections: number;
  /** Resolves with the n-th exchange, from 0, as soon as its request has come. */
  exchange(n: number): Promise<Exchange>;
  close(): Promise<void>;
}

/**
 * Starts a server on loopback that answers the n-th request with the n-th script, and with the last one ever after.
 * A function makes the script from the request.
 */
export function rawServer(...scripts: readonly Script[]): Promise<RawServer> {
  return serve((onSocket) => createServer(onSocket), scripts);
}

/** The same behind TLS; its certificate and key in PEM. */
export async function rawTlsServer(certificate: { readonly cert: string; readonly key: string }, ...scripts: readonly Script[]) {
  const server = await serve((onSocket) => createTlsServer(certificate, onSocket).on('tlsClientError', () => {}), scripts);
  return Object.assign(server, { origin: server.origin.replace('http:', 'https:') });
}

/** What is answered to a request, or a function that makes it of the request. */
export type Script = readonly Step[] | ((exchange: Exchange) => readonly Step[]);

async function serve(listen: (onSocket: (socket: Socket) => void) => Server, scripts: readonly Script[]): Promise<RawServer> {
  const exchanges: Exchange[] = [];
  const sockets = new Set<Socket>();
  const waiting: Array<{ n: number; resolve: (exchange: Exchange) => void }> = [];
  let connections = 0;

  const server = listen((socket) => {
    const connection = ++connections;
    sockets.add(socket);
    // One listener for each exchange of a connection that is used again.
    socket.setMaxListeners(0);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    void converse(socket, connection);
  });

  async function converse(socket: Socket, connection: number): Promise<void> {
    for await (const request of requestsOf(socket)) {
      let through = false;
      const left = new Promise<boolean>((resolve) => socket.once('close', () => resolve(!through)));
      const exchange: Exchange = { ...request, connection, left, at: performance.now() };
      const n = exchanges.push(exchange) - 1;
      for (const waiter of waiting) if (waiter.n === n) waiter.resolve(exchange);
      const script = scripts[Math.min(n, scripts.length - 1)] ?? [];
      await play(typeof script === 'function' ? script(exchange) : script, socket);
      through = !socket.destroyed;
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    get connections() {
      return connections;
    },
    exchange: (n) => {
      const there = exchanges[n];
      return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ n, resolve }));
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function play(script: readonly Step[], socket: Socket): Promise<void> {
  for (const step of script) {
    if (socket.destroyed) return;
    if (step === 'close') socket.end();
    else if (step === 'reset') socket.resetAndDestroy();
    else if (step === 'hold') await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    else if (typeof step === 'string' || step instanceof Uint8Array) await write(socket, step);
    else if (typeof step === 'function') await step(socket);
    else if ('until' in step) await step.until;
    else await new Promise((resolve) => setTimeout(resolve, step.wait));
  }
}

/** Each write in a packet of its own, as far as loopback allows. */
function write(socket: Socket, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(data, () => setImmediate(resolve)));
}

/** Resolves when a socket that was full takes more, or is gone. */
export function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
    if (socket.destroyed) done();
  });
}

type Request = Pick<Exchange, 'method' | 'path' | 'headers' | 'body'>;

async function* requestsOf(socket: Socket): AsyncGenerator<Request> {
  let buffer = Buffer.alloc(0);
  const chunks = socket[Symbol.asyncIterator]();
  const more = async (): Promise<boolean> => {
    const chunk = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
    if (chunk.done) return false;
    buffer = Buffer.concat([buffer, chunk.value as Buffer]);
    return true;
  };
  for (;;) {
    let end = buffer.indexOf('\r\n\r\n');
    while (end < 0) {
      if (!(await more())) return;
      end = buffer.indexOf('\r\n\r\n');
    }
    const [first = '', ...lines] = buffer.subarray(0, end).toString('latin1').split('\r\n');
    const [method = '', path = ''] = first.split(' ');
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(':', 1)[0]?.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    while (buffer.length < end + 4 + length) if (!(await more())) return;
    const body = buffer.subarray(end + 4, end + 4 + length).toString('utf8');
    buffer = buffer.subarray(end + 4 + length);
    yield { method, path, headers, body };
  }
}

const REASONS: { readonly [status: number]: string } = { 200: 'OK', 401: 'Unauthorized', 404: 'Not Found', 429: 'Too Many Requests' };

/** A response's head. */
export function head(status: number, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${lines.join('')}\r\n`;
}

/** A whole response with a body of known length. */
export function whole(status: number, contentType: string, body: string, headers: Readonly<Record<string, string>> = {}): string {
  return head(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), ...headers }) + body;
}

/** A whole response with a JSON body. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): string {
  return whole(status, 'application/json', JSON.stringify(body), headers);
}

/** The head of an event stream; its body is sent in {@link chunk}s and ends with {@link LAST_CHUNK}. */
export const STREAM_HEAD = head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' });

/** A piece of a body, in chunked coding. */
export function chunk(data: string): string {
  return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
}

/** The same for bytes. */
export function chunkOf(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

/** Bytes one by one, each in a write of its own. */
export function trickle(data: Uint8Array): Step[] {
  return Array.from(data, (_, i) => data.subarray(i, i + 1));
}

export const LAST_CHUNK = '0\r\n\r\n';

/** An SSE frame with JSON data, as a piece of a body. */
export function frame(data: unknown): string {
  return chunk(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
}

/** A chat completion's chunk with text. */
export function text(content: string): string {
  return frame({ id: 'r1', model: 'm', choices: [{ index: 0, delta: { content } }] });
}

/** A chat completion's last chunks: finish reason and end mark. */
export const FINISH = frame({ id: 'r1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
export const DONE = frame('[DONE]');

/** A whole answer of one text. */
export function answer(content: string): readonly Step[] {
  return [STREAM_HEAD, text(content), FINISH, DONE, LAST_CHUNK];
}

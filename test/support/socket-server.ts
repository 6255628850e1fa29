import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';

/** One connection as the server has it. */
export interface ServedSocket {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Every message so far, parsed. */
  readonly received: ReadonlyArray<Record<string, unknown>>;
  /** The n-th message, from 0, as soon as it is there. */
  message(n: number): Promise<Record<string, unknown>>;
  /** Resolves with the close code when the connection is gone. */
  readonly gone: Promise<number>;
  /** Sends messages: objects as JSON, strings and bytes as they are. */
  send(...messages: ReadonlyArray<object | string | Uint8Array>): void;
}

export interface SocketServer {
  readonly url: string;
  readonly connections: ServedSocket[];
  /** The n-th connection, from 0, as soon as it is there. */
  connection(n: number): Promise<ServedSocket>;
  close(): Promise<void>;
}

/** Starts a server on loopback that does `serve` with each connection; `n` counts them from 0. */
export async function startSocketServer(
  serve: (served: ServedSocket, n: number) => void | Promise<void>,
  options: ServerOptions = {},
): Promise<SocketServer> {
  const connections: ServedSocket[] = [];
  const waiting: Array<{ n: number; resolve: (served: ServedSocket) => void }> = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  server.on('connection', (socket, request) => {
    const served = servedSocket(socket, request);
    const n = connections.push(served) - 1;
    for (const waiter of waiting) if (waiter.n === n) waiter.resolve(served);
    void serve(served, n);
  });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/stream`,
    connections,
    connection: (n) => {
      const there = connections[n];
      return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ n, resolve }));
    },
    close: async () => {
      for (const { socket } of connections) socket.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Wraps the server's side of a connection. */
export function servedSocket(socket: WebSocket, request: IncomingMessage): ServedSocket {
  const received: Array<Record<string, unknown>> = [];
  const waiting: Array<{ n: number; resolve: (message: Record<string, unknown>) => void }> = [];
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Record<string, unknown>;
    const n = received.push(message) - 1;
    for (const waiter of waiting) if (waiter.n === n) waiter.resolve(message);
  });
  return {
    socket,
    request,
    received,
    message: (n) => {
      const there = received[n];
      return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ n, resolve }));
    },
    gone: new Promise((resolve) => socket.once('close', (code) => resolve(code))),
    send: (...messages) => {
      for (const message of messages) {
        socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
      }
    },
  };
}

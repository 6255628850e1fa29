/** What a socket tells of: a message's `data`, a close's `code` and `reason`, and what `ws` says of an error. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly error?: unknown;
}

/** The part of a WebSocket that is used: that of browsers, and of the package `ws`. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  /** Hears of the connection's opening, messages, errors and end. */
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: SocketEvent) => void): void;
  /** Sends one text message. */
  send(data: string): void;
  /** Says goodbye and ends the connection. */
  close(code?: number, reason?: string): void;
  /** `ws` and Bun: sends a ping. Without it there is no keep-alive. */
  ping?(): void;
  /** `ws` and Bun: answers a ping. Here the sign that the socket knows of pongs. */
  pong?(): void;
  /** `ws` and Bun: ends the connection without a farewell. */
  terminate?(): void;
  /** `ws` and Bun: reads no more from the network until `resume`. */
  pause?(): void;
  /** `ws` and Bun: reads on. */
  resume?(): void;
  /** `ws`: hears of pongs; Bun tells of them with an event like any other. */
  on?(event: 'pong', listener: () => void): unknown;
}

/** What `ws` takes as its third argument. */
export interface SocketOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of one message. */
  readonly maxPayload: number;
  readonly perMessageDeflate: boolean;
}

/** A WebSocket's class: `WebSocket` of the package `ws`, or one that takes the same arguments. */
export type WebSocketClass = new (url: string, protocols?: string[], options?: SocketOptions) => SocketLike;

/** How the global class is called where the runtime lets it send headers. */
type GlobalWebSocketClass = new (
  url: string,
  init?: string[] | { readonly headers: Readonly<Record<string, string>>; readonly protocols?: string[] },
) => SocketLike;

/** Makes the socket: the class that was handed in, or the runtime's own. */
export function makeSocket(given: WebSocketClass | undefined, url: string, protocols: string[], options: SocketOptions): SocketLike {
  if (given && !isOwn(given)) return new given(url, protocols, options);
  const own = globalSocketClass();
  if (own === undefined) throw new TypeError(NO_WEB_SOCKET);
  if (Object.keys(options.headers).length === 0) return new own(url, protocols);
  return new own(url, { headers: options.headers, ...(protocols.length > 0 && { protocols }) });
}

/** Throws where there is nothing to connect with. */
export function checkSocketClass(given: WebSocketClass | undefined): void {
  if (given !== undefined && typeof given !== 'function') {
    throw new TypeError("`webSocket` is a class: `import { WebSocket } from 'ws'` and hand it in.");
  }
  if (given === undefined && globalSocketClass() === undefined) throw new TypeError(NO_WEB_SOCKET);
}

/** Whether a WebSocket may send headers of its own: `ws` may, and so may the global one of Node, Deno and Bun; a browser's may not. */
export function sendsHeaders(given: WebSocketClass | undefined): boolean {
  const own = globalSocketClass();
  return given && !isOwn(given) ? true : own !== undefined && readsHeaders(own);
}

/**
 * Asks the class itself: one that takes headers reads them before it looks at the URL, and this URL is none, so nothing is ever connected.
 * React Native's does not look at the URL, but at a third argument, which stops it too.
 */
function readsHeaders(own: GlobalWebSocketClass): boolean {
  let read = false;
  const stop = (): never => {
    throw new TypeError('Only asked');
  };
  const init = {
    get headers(): never {
      read = true;
      return stop();
    },
  };
  const third = {
    get headers(): never {
      return stop();
    },
  };
  try {
    new (own as new (...args: readonly unknown[]) => unknown)('ws://', init, third);
  } catch {
    // As it should.
  }
  return read;
}

/** Whether the class's sockets send pings and hear of pongs. */
export function canPing(given: WebSocketClass | undefined): boolean {
  return pings((given ?? globalSocketClass())?.prototype as unknown as SocketLike | undefined);
}

/** A `ping` alone is not enough: React Native's socket has one and never tells of the answer. */
export function pings(socket: Partial<SocketLike> | undefined): boolean {
  return typeof socket?.ping === 'function' && (typeof socket.on === 'function' || typeof socket.pong === 'function');
}

/** Hears of pongs, on a socket that {@link pings}. */
export function onPong(socket: SocketLike, listener: () => void): void {
  if (socket.on) socket.on('pong', listener);
  else socket.addEventListener('pong' as 'message', listener);
}

/** The runtime's own class takes headers in another place than `ws`, even where it is handed in. */
function isOwn(given: WebSocketClass): boolean {
  return given === (globalSocketClass() as unknown);
}

function globalSocketClass(): GlobalWebSocketClass | undefined {
  return globalThis.WebSocket as unknown as GlobalWebSocketClass | undefined;
}

const NO_WEB_SOCKET =
  "This runtime has no global WebSocket (Node 20 has none): install `ws`, `import { WebSocket } from 'ws'`, and hand it in as `webSocket`.";

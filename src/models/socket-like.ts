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
  /** `ws`: sends a ping. Without it there is no keep-alive. */
  ping?(): void;
  /** `ws`: ends the connection without a farewell. */
  terminate?(): void;
  /** `ws`: reads no more from the network until `resume`. */
  pause?(): void;
  /** `ws`: reads on. */
  resume?(): void;
  /** `ws`: hears of pongs. */
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
  if (given) return new given(url, protocols, options);
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
  return given !== undefined || /^(Node\.js|Deno|Bun)\//.test(globalThis.navigator?.userAgent ?? '');
}

/** Whether the class's sockets send pings and hear of pongs. */
export function canPing(given: WebSocketClass | undefined): boolean {
  const prototype: Partial<SocketLike> | undefined = (given ?? globalSocketClass())?.prototype as unknown as SocketLike;
  return typeof prototype?.ping === 'function' && typeof prototype.on === 'function';
}

function globalSocketClass(): GlobalWebSocketClass | undefined {
  return globalThis.WebSocket as unknown as GlobalWebSocketClass | undefined;
}

const NO_WEB_SOCKET =
  "This runtime has no global WebSocket (Node 20 has none): install `ws`, `import { WebSocket } from 'ws'`, and hand it in as `webSocket`.";

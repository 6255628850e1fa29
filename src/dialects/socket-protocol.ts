import type { ToolMessage } from '../messages.ts';
import type { Dialect } from './dialect.ts';

/**
 * How an API speaks over a WebSocket: a {@link Dialect} whose frames are messages. `encodeRequest` gives the first message of a connection
 * as its `body`; its `path` is empty, since a socket's URL is given whole.
 */
export interface SocketProtocol extends Dialect {
  readonly framing: 'messages';
  /** The name of the protocol as a WebSocket subprotocol, where one is negotiated. */
  readonly subprotocol: string;
  /**
   * How a response ends: `mark` with a message that says so, `finish` also by silence after the finish reason: a socket has no end of
   * body, and not every server sends its mark.
   */
  readonly endsWith: 'mark' | 'finish';
  /** Results for a connection that goes on with the next round. Absent: each round has a connection of its own. */
  encodeResults?(results: readonly ToolMessage[]): ReadonlyArray<{ readonly [key: string]: unknown }>;
  /** The message that carries the key, before any other, where it goes neither as a header nor as a subprotocol. */
  authMessage(apiKey: string): { readonly [key: string]: unknown };
}

import type { ProviderError } from '../errors.ts';
import type { ToolMessage } from '../messages.ts';
import type { Dialect } from './dialect.ts';

/** What a round that goes on where another ended may say besides its results. */
export interface NextRound {
  /** The id of the response before it, where that had one. */
  readonly responseId: string | undefined;
  /** The message that would ask for this round on a new connection, with the whole history. */
  readonly body: { readonly [key: string]: unknown };
}

/**
 * How an API speaks over a WebSocket: a {@link Dialect} whose frames are messages. `encodeRequest` gives the first message of a connection
 * as its `body`; its `path` is empty, since a socket's URL is given whole.
 */
export interface SocketProtocol extends Dialect {
  readonly framing: 'messages';
  /** The name of the protocol as a WebSocket subprotocol, where one is negotiated. Absent: the key cannot go as one. */
  readonly subprotocol?: string;
  /**
   * How a response ends: `mark` with a message that says so, `finish` also by silence after the finish reason: a socket has no end of
   * body, and not every server sends its mark.
   */
  readonly endsWith: 'mark' | 'finish';
  /** Messages for a connection that goes on with the next round. Absent: each round has a connection of its own. */
  encodeResults?(results: readonly ToolMessage[], next: NextRound): ReadonlyArray<{ readonly [key: string]: unknown }>;
  /** Whether an error says that a connection can go on no more: the round is asked on a new one, with the whole history. */
  isSpent?(error: ProviderError): boolean;
  /** The message that carries the key, before any other, where it goes neither as a header nor as a subprotocol. Absent: it cannot. */
  authMessage?(apiKey: string): { readonly [key: string]: unknown };
}

import { Observable } from 'rxjs';
import type { KeepAliveTimes } from './keep-alive.ts';
import { SocketConnection } from './socket-connection.ts';
import { openErrorOf } from './socket-end.ts';
import { type Opening, openingOf, type SocketEndpoint, socketUrl } from './socket-endpoint.ts';
import { makeSocket } from './socket-like.ts';
import type { Timeouts } from './try-clock.ts';

/** An endpoint, and what its connections are held to. */
export interface ConnectSettings extends SocketEndpoint {
  readonly timeouts: Required<Timeouts>;
  readonly keepAlive?: KeepAliveTimes;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
}

/** A connection that opens. */
export interface Connected {
  readonly connection: SocketConnection;
  /** To be sent before the request. */
  readonly messages: readonly string[];
}

/** Asks for the key and makes the socket: its owner closes it. */
export function connect(settings: ConnectSettings, note: (opening: Opening) => void): Observable<Connected> {
  return new Observable((subscriber) => {
    openingOf(settings).then(
      (opening) => {
        if (subscriber.closed) return;
        note(opening);
        try {
          subscriber.next({ connection: connectionOf(settings, opening), messages: opening.messages });
          subscriber.complete();
        } catch (error) {
          subscriber.error(error);
        }
      },
      (error) => subscriber.error(error),
    );
  });
}

function connectionOf(
  { webSocket, maxFrameBytes, maxQueuedBytes, timeouts, keepAlive = {}, ...rest }: ConnectSettings,
  opening: Opening,
): SocketConnection {
  const url = socketUrl(rest.url);
  const options = { headers: opening.headers, maxPayload: maxFrameBytes, perMessageDeflate: false };
  const open = () => {
    try {
      return makeSocket(webSocket, url, opening.subprotocols, options);
    } catch (error) {
      // Its message may quote the subprotocol, and with it the key.
      throw openErrorOf(url, { name: error instanceof Error ? error.name : undefined });
    }
  };
  return new SocketConnection(open(), { url, connectMs: timeouts.connectMs, maxFrameBytes, maxQueuedBytes, keepAlive });
}

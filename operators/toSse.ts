import type { OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import { checkToSseOptions, sseText, type ToSseOptions } from '../src/interop/sse-out.ts';

/**
 * Writes events as Server-Sent Events, for a browser's `EventSource` or for {@link fromSse}.
 *
 * ```text
 * source  --a------b|         a: { type: 'a' }   b: { type: 'b' }
 * result  p-a--h---b(e|)      heartbeatMs: 5
 *   p: 'id: 0\n\n'   h: ': heartbeat\n\n'   e: 'event: end\nid: 3\ndata: {}\n\n'
 *   a: 'id: 1\ndata: {"type":"a"}\n\n'      b: 'id: 2\ndata: {"type":"b"}\n\n'
 * ```
 *
 * Emits strings, each a whole frame, so that `response.write(text)` of node:http takes them; {@link sseResponse} makes a Web `Response`
 * of them. Every frame has an id, rising by one. The first sets id 0 and dispatches nothing. The last is `end`, then it completes.
 *
 * Never errors because of its source: an error, or an event that is no JSON, goes out as a frame named `error` (its data has `code`,
 * `message` and when to ask again; never the cause, an excerpt or the partial answer) and then `end`. In a browser `error` is also the
 * name of connection trouble: the event of this frame is the one that has `data`.
 *
 * Buffers nothing. Unsubscribing, and the end, stop the source and the heartbeats.
 *
 * The reader closes at `end`. A browser that lost the connection asks again with `Last-Event-ID`: answer that with 204, as
 * {@link sseResponse} does, never with a second run.
 *
 * @param options `heartbeatMs` in milliseconds (default 15 000), `errorMessage` to word errors.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { toSse } from 'toolstream';
 *
 * of({ type: 'text-delta', text: 'Hi' }).pipe(toSse()).subscribe((text) => console.log(JSON.stringify(text)));
 * // "id: 0\n\n"
 * // "id: 1\ndata: {\"type\":\"text-delta\",\"text\":\"Hi\"}\n\n"
 * // "event: end\nid: 2\ndata: {}\n\n"
 * ```
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function toSse<E extends AnyEvent>(options: ToSseOptions = {}): OperatorFunction<E, string> {
  checkToSseOptions(options);
  return (source) => sseText(source, options);
}

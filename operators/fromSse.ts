import type { OperatorFunction } from 'rxjs';
import type { AnswerEvent, AnyEvent } from '../src/events.ts';
import { sseReader } from '../src/interop/sse-in.ts';
import type { ParseSseOptions } from '../src/sse/parser.ts';
import { through } from '../src/through.ts';
import { parseSse } from './parseSse.ts';

/**
 * Reads what {@link toSse} wrote: bytes or strings, cut anywhere, to the same events again.
 *
 * ```text
 * source  p-a-h-b-e--    p: 'id: 0\n\n'   h: ': heartbeat\n\n'   e: 'event: end\nid: 3\ndata: {}\n\n'
 * result  --a---b-|      a: 'id: 1\ndata: {"type":"a"}\n\n'      b: 'id: 2\ndata: {"type":"b"}\n\n'
 * ```
 *
 * Emits each event when its frame is whole, deep-equal to what went in, and completes at the `end` frame, which also stops the source.
 * Heartbeats and frames of other names are ignored.
 *
 * Errors with the server's error, of the class it had there (what was no {@link ToolstreamError} comes as a {@link ProviderError} with
 * the code `internal`); with an {@link InterruptedError} when the source ends or fails before `end`; with a {@link MalformedFrameError}
 * at something that is no such stream; with a {@link LimitError} at a frame beyond `maxFrameBytes`.
 *
 * Buffers one frame. Unsubscribing stops the source: with `fromFetch` of rxjs as the source, that aborts the request.
 *
 * @param options `maxFrameBytes` in UTF-8 bytes (default 16 MiB).
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { fromSse, toSse } from 'toolstream';
 *
 * const response$ = of({ type: 'text-delta', text: 'Hi' }).pipe(toSse());
 * response$.pipe(fromSse()).subscribe((event) => console.log(event)); // { type: 'text-delta', text: 'Hi' }
 * ```
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function fromSse<E extends AnyEvent = AnswerEvent>(
  options: Pick<ParseSseOptions, 'maxFrameBytes'> = {},
): OperatorFunction<Uint8Array | string, E> {
  const frames = parseSse(options);
  return (source) => source.pipe(frames, through(sseReader<E>));
}

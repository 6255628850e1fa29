import type { OperatorFunction } from 'rxjs';
import type { Frame } from '../src/frame.ts';
import { checkParseSseOptions, type ParseSseOptions, sseParser } from '../src/sse/parser.ts';
import { through } from '../src/through.ts';

/**
 * Reads Server-Sent Events: bytes or strings, cut anywhere, to frames.
 *
 * ```text
 * source  --a--b--c-----|    a: 'data: 1\n'   b: '\ndata:'   c: '2\n\ndata: 3'
 * result  -----x--y-----(z|)    x: { data: '1' }   y: { data: '2' }   z: { data: '3', unterminated: true }
 * ```
 *
 * Emits a frame at its blank line. Lines that are no SSE field (a bare `error: …`, a JSON or HTML body where a stream was
 * expected) come at once, word for word, flagged `stray`. When the source completes or errors, a last event without its blank
 * line comes as far as it came, flagged `unterminated`; `strict` drops both, as a browser does. UTF-8 in byte chunks is decoded
 * by one streaming decoder; a BOM at the start, and CR, LF and CRLF wherever they are cut, are read as the specification says.
 *
 * Errors with a {@link LimitError} at a frame longer than `maxFrameBytes`, after all frames before it; passes on the source's error.
 * Comments (heartbeats, padding) and events without data are ignored. `retry:` goes with the next event.
 *
 * Buffers one frame, up to `maxFrameBytes`. Unsubscribing stops the source and forgets what was held back.
 *
 * @param options `maxFrameBytes` in UTF-8 bytes (default 16 MiB), `strict` (default `false`).
 *
 * 1. Any split of the same bytes gives the same frames, and the same error.
 * 2. The time it takes is proportional to the bytes, whatever the chunks are.
 *
 * @example
 * ```ts
 * import { parseSse } from 'toolstream';
 * import { of } from 'rxjs';
 *
 * const chunks = [': hello\n\nevent: ping\nda', 'ta: {"a":1}\n\n'];
 * of(...chunks).pipe(parseSse()).subscribe((frame) => console.log(frame)); // { data: '{"a":1}', event: 'ping' }
 * ```
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function parseSse(options: ParseSseOptions = {}): OperatorFunction<Uint8Array | string, Frame> {
  checkParseSseOptions(options);
  return through(() => sseParser(options));
}

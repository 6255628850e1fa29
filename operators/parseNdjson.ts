import type { OperatorFunction } from 'rxjs';
import type { Frame } from '../src/frame.ts';
import { checkParseNdjsonOptions, ndjsonParser, type ParseNdjsonOptions } from '../src/ndjson/parser.ts';
import { through } from '../src/through.ts';

/**
 * Reads newline-delimited JSON: bytes or strings, cut anywhere, to frames.
 *
 * ```text
 * source  --a--b--c-----|    a: '{"a":'   b: '1}\n\n{"b"'   c: ':2}\r\n{"c":3'
 * result  -----x--y-----(z|)    x: { data: '{"a":1}' }   y: { data: '{"b":2}' }   z: { data: '{"c":3', unterminated: true }
 * ```
 *
 * Emits a frame at the end of each line that is not blank, LF or CRLF. The JSON is not parsed: `decode` does that, and knows what to make
 * of a line that is none. When the source completes or errors, a last line without its line end comes as far as it came, flagged
 * `unterminated`. UTF-8 in byte chunks is decoded by one streaming decoder; a BOM at the start is dropped.
 *
 * Errors with a {@link LimitError} at a line longer than `maxFrameBytes`, after all lines before it; passes on the source's error.
 * Blank lines (heartbeats) are ignored.
 *
 * Buffers one line, up to `maxFrameBytes`. Unsubscribing stops the source and forgets what was held back.
 *
 * @param options `maxFrameBytes` in UTF-8 bytes (default 16 MiB).
 *
 * 1. Any split of the same bytes gives the same frames, and the same error.
 * 2. The time it takes is proportional to the bytes, whatever the chunks are.
 *
 * @example
 * ```ts
 * import { parseNdjson } from 'toolstream';
 * import { of } from 'rxjs';
 *
 * const chunks = ['{"done":fal', 'se}\n{"done":true}\n'];
 * of(...chunks).pipe(parseNdjson()).subscribe((frame) => console.log(frame.data)); // {"done":false} {"done":true}
 * ```
 *
 * @see https://github.com/ndjson/ndjson-spec
 */
export function parseNdjson(options: ParseNdjsonOptions = {}): OperatorFunction<Uint8Array | string, Frame> {
  checkParseNdjsonOptions(options);
  return through(() => ndjsonParser(options));
}

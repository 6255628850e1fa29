import type { OperatorFunction } from 'rxjs';
import type { Frame } from '../src/frame.ts';
import { checkParseJsonArrayOptions, jsonArrayParser, type ParseJsonArrayOptions } from '../src/json/array-items.ts';
import { through } from '../src/through.ts';

/**
 * Reads a JSON array that is still being written: bytes or strings, cut anywhere, to a frame for each item.
 *
 * ```text
 * source  --a--b--c-----|    a: '[{"n":1}'   b: ',\n{"n"'   c: ':2},{"n":3'
 * result  --x-----y-----(z|)    x: { data: '{"n":1}' }   y: { data: '{"n":2}' }   z: { data: '{"n":3', unterminated: true }
 * ```
 *
 * Emits an item as soon as it is whole, as it is written, white space around it left out; a body that is one JSON value and no array is one
 * frame. When the source completes or errors, an item that lacks its end comes as far as it came, flagged `unterminated`; from where
 * the body is no JSON array, it comes as one frame flagged `stray`, its first 64 Ki UTF-16 code units. UTF-8 in byte chunks is decoded by one
 * streaming decoder; a BOM at the start is left out.
 *
 * Errors with a {@link LimitError} at an item longer than `maxItemBytes`, after all items before it; passes on the source's error.
 *
 * Buffers one item, up to `maxItemBytes`. Unsubscribing stops the source and forgets what was held back.
 *
 * @param options `maxItemBytes` in UTF-8 bytes (default 16 MiB).
 *
 * 1. Any split of the same bytes gives the same frames, and the same error.
 * 2. The time it takes is proportional to the bytes, whatever the chunks are.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { parseJsonArray } from 'toolstream';
 *
 * const chunks = ['[{"a":', '1}\n,', '{"a":2}]'];
 * of(...chunks).pipe(parseJsonArray()).subscribe(({ data }) => console.log(data)); // {"a":1} {"a":2}
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-5
 */
export function parseJsonArray(options: ParseJsonArrayOptions = {}): OperatorFunction<Uint8Array | string, Frame> {
  checkParseJsonArrayOptions(options);
  return through(() => jsonArrayParser(options));
}

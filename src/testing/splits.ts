/**
 * How to cut bytes: not at all, after every byte, at random places that follow from a seed, or at given offsets.
 * `longest` bounds the random pieces, in bytes; 16 by default.
 */
export type Split = 'whole' | 'single' | { readonly seed: number; readonly longest?: number } | { readonly at: readonly number[] };

/**
 * Cuts bytes into chunks, as a network might.
 *
 * The chunks joined are always the bytes that went in, and none is empty; no bytes give no chunk. Characters of several bytes
 * are cut like anything else. The same seed gives the same cuts.
 *
 * @param bytes what to cut. The chunks are copies.
 * @param split where. Offsets are in bytes; those beyond the end, and repeated ones, are ignored.
 *
 * @example
 * ```ts
 * import { splitBytes } from 'toolstream/testing';
 *
 * const bytes = new TextEncoder().encode('né');
 * console.log(splitBytes(bytes, 'single').map((chunk) => chunk.length)); // [ 1, 1, 1 ]
 * console.log(splitBytes(bytes, { at: [2] }).map((chunk) => chunk.length)); // [ 2, 1 ]
 * ```
 */
export function splitBytes(bytes: Uint8Array, split: Split): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const to of [...cutsOf(bytes.length, split), bytes.length]) {
    if (to <= from || to > bytes.length) continue;
    chunks.push(bytes.slice(from, to));
    from = to;
  }
  return chunks;
}

/**
 * The three splits that find most framing bugs: whole, single bytes, and random ones, each with a name for the test's title.
 *
 * @param seed of the random split; 1 by default.
 *
 * @example
 * ```ts
 * import { splits } from 'toolstream/testing';
 *
 * for (const { name, chunks } of splits(new TextEncoder().encode('data: hi\n\n'))) {
 *   console.log(`${name}: ${chunks.length > 0}`); // whole: true, single bytes: true, random (seed 1): true
 * }
 * ```
 */
export function splits(bytes: Uint8Array, seed = 1): ReadonlyArray<{ readonly name: string; readonly chunks: Uint8Array[] }> {
  return [
    { name: 'whole', chunks: splitBytes(bytes, 'whole') },
    { name: 'single bytes', chunks: splitBytes(bytes, 'single') },
    { name: `random (seed ${seed})`, chunks: splitBytes(bytes, { seed }) },
  ];
}

function cutsOf(length: number, split: Split): number[] {
  if (split === 'whole') return [];
  if (split === 'single') return Array.from({ length }, (_, i) => i);
  if ('at' in split) return [...split.at].sort((a, b) => a - b);
  const longest = split.longest ?? 16;
  if (!(longest >= 1)) throw new RangeError(`splitBytes: longest is ${longest}; give the longest chunk as 1 byte or more.`);
  const random = randomFrom(split.seed);
  const cuts: number[] = [];
  for (let at = 0; at < length; at += 1 + Math.floor(random() * longest)) cuts.push(at);
  return cuts;
}

/** mulberry32: small, and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import type { Output, Stage } from '../../src/stage.ts';

/** Bytes cut at the given places. */
export function splitAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places, bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

/** Bytes in pieces of the given sizes, over and over. */
export function* pieces(bytes: Uint8Array, sizes: Iterable<number>): Generator<Uint8Array> {
  let at = 0;
  while (at < bytes.length) {
    for (const size of sizes) {
      yield bytes.subarray(at, at + size);
      at += size;
      if (at >= bytes.length) return;
    }
  }
}

/** A body as one string, as bytes: whole, single, and in pieces of several sizes. */
export function inPieces(body: string): Array<Array<Uint8Array | string>> {
  const bytes = new TextEncoder().encode(body);
  return [[body], [bytes], [...body], ...[[1], [2], [7, 1, 3], [5]].map((sizes) => [...pieces(bytes, sizes)])];
}

/** Runs a stage over inputs that end with an error. */
export function failStage<I, O>(stage: Stage<I, O>, inputs: Iterable<I>, failure: unknown): { values: O[]; error: unknown } {
  const values: O[] = [];
  const out: Output<O> = {
    enqueue: (value) => {
      values.push(value);
    },
    error: (reason) => {
      throw reason;
    },
    terminate: () => {
      throw new Error('terminated');
    },
  };
  for (const input of inputs) stage.transform(input, out);
  return { values, error: stage.fail ? stage.fail(failure, out) : failure };
}

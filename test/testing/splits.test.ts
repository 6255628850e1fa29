import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitBytes, splits } from '../../src/testing/splits.ts';

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
const joined = (chunks: Uint8Array[]) => Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));

describe('splitBytes', () => {
  it('law: chunks joined are the bytes, and none is empty', () => {
    const split = fc.oneof(
      fc.constantFrom('whole' as const, 'single' as const),
      fc.record({ seed: fc.integer(), longest: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ at: fc.array(fc.integer({ min: -5, max: 60 })) }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), split, (drawn, how) => {
        const chunks = splitBytes(drawn, how);
        expect(joined(chunks)).toEqual(drawn);
        expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
      }),
    );
  });

  it('cuts at the offsets given, in any order', () => {
    expect(splitBytes(bytes, { at: [70, 10, 10, 200] }).map((chunk) => chunk.length)).toEqual([10, 60, 30]);
  });

  it('cuts the same for the same seed, and else for another', () => {
    const lengths = (seed: number) => splitBytes(bytes, { seed }).map((chunk) => chunk.length);
    expect(lengths(1)).toEqual(lengths(1));
    expect(lengths(1)).not.toEqual(lengths(2));
    expect(Math.max(...lengths(1))).toBeLessThanOrEqual(16);
  });

  it('copies: changing a chunk leaves the bytes alone', () => {
    const chunk = splitBytes(bytes, 'whole')[0];
    chunk?.fill(255);
    expect(bytes[0]).toBe(0);
  });

  it('throws for a longest chunk below one byte', () => {
    expect(() => splitBytes(bytes, { seed: 1, longest: 0 })).toThrow(RangeError);
  });

  it('names the three splits', () => {
    expect(splits(bytes, 7).map(({ name, chunks }) => [name, chunks.length > 0])).toEqual([
      ['whole', true],
      ['single bytes', true],
      ['random (seed 7)', true],
    ]);
  });
});

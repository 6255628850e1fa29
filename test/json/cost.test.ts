import { describe, expect, it } from 'vitest';
import type { ModelEvent } from '../../src/events.ts';
import { argumentSelector } from '../../src/json/argument-selector.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import type { JsonListener } from '../../src/json/listener.ts';
import { partialArgumentsStage } from '../../src/json/partial-arguments.ts';
import { PartialJson } from '../../src/json/partial-json.ts';
import { JsonScanner } from '../../src/json/scanner.ts';
import type { Output } from '../../src/stage.ts';
import { charactersLookedAt, fragments } from './counting.ts';

const items = (length: number) => Array.from({ length: length / 50 }, (_, id) => ({ id, price: id / 8, name: `item "${id}"`, ok: true }));

/** Arguments of about this length. */
const texts: ReadonlyArray<[string, (length: number) => string]> = [
  ['one long string', (length) => JSON.stringify({ field: 'if (a < b) {\n  return "é😀";\n}\n'.repeat(length / 32) })],
  ['many items', (length) => JSON.stringify({ field: items(length) })],
  ['many numbers', (length) => JSON.stringify({ field: Array.from({ length: length / 8 }, (_, i) => (i * 7919) / 1000) })],
  ['beside the field', (length) => JSON.stringify({ other: items(length), field: 'x' })],
];

const bounds = { maxArgumentLength: Number.POSITIVE_INFINITY, maxDepth: 512 };

function output<O>(): Output<O> & { count: number } {
  return {
    count: 0,
    enqueue() {
      this.count++;
    },
    error(error) {
      throw error;
    },
    terminate() {},
  };
}

function calls(pieces: readonly string[]): ModelEvent[] {
  const call = { callId: 'call_1', index: 0 };
  return [
    { type: 'tool-call-start', ...call, name: 'tool' },
    ...pieces.map((text): ModelEvent => ({ type: 'tool-call-delta', ...call, text })),
  ];
}

/** Each takes all pieces; returns how much it told, showed or emitted. */
const readers: ReadonlyArray<[string, (pieces: readonly string[]) => number]> = [
  [
    'JsonScanner',
    (pieces) => {
      let told = 0;
      const tell = () => void told++;
      const listener: JsonListener = {
        open: tell,
        close: tell,
        openString: tell,
        closeString: tell,
        run: tell,
        escaped: tell,
        openNumber: tell,
        closeNumber: tell,
        literal: tell,
      };
      const scanner = new JsonScanner({}, listener);
      for (const piece of pieces) scanner.push(piece);
      expect(scanner.state).toBe('closed');
      return told;
    },
  ],
  [
    'JsonScanner without a listener',
    (pieces) => {
      const scanner = new JsonScanner();
      for (const piece of pieces) scanner.push(piece);
      return scanner.state === 'closed' ? 0 : Number.NaN;
    },
  ],
  [
    'PartialJson',
    (pieces) => {
      const partial = new PartialJson();
      for (const piece of pieces) partial.push(piece);
      return partial.state === 'closed' ? 0 : Number.NaN;
    },
  ],
  [
    'partialArguments',
    (pieces) => {
      const stage = partialArgumentsStage(bounds);
      const out = output();
      for (const event of calls(pieces)) stage.transform(event, out);
      return out.count;
    },
  ],
  [
    'selectArgument',
    (pieces) => {
      const stage = argumentSelector('tool', ['field'], bounds);
      const out = output();
      for (const event of calls(pieces)) stage.transform(event, out);
      return out.count;
    },
  ],
];

describe.each(readers)('%s', (_reader, read) => {
  it.each(texts)('law: the work for a fragment is the same at 10 kB and at 1 MB: %s', (_text, make) => {
    const [small, large] = [10_000, 1_000_000].map((length) => {
      const pieces = fragments(make(length));
      let told = 0;
      const looked = charactersLookedAt(() => {
        told = read(pieces);
      });
      return { looked: looked / pieces.length, told: told / pieces.length };
    });
    if (!small || !large) throw new Error('two lengths');
    // Eight characters, each looked at once or twice, and the few slices a fragment is cut into.
    expect(small.looked).toBeGreaterThan(7);
    expect(small.looked).toBeLessThan(60);
    // A long string is made flat block by block: one look more at each of its characters, and no more than one.
    expect(large.looked).toBeLessThan(small.looked * 1.1 + 8);
    expect(large.told).toBeLessThan(small.told * 1.1 + 0.1);
  });
});

describe('jsonArrayParser', () => {
  it.each([
    ['in fragments of 8', 8, 1_000_000],
    // Less: a parser that goes over the rest of the chunk for each item would take minutes to fail.
    ['in one chunk', Number.POSITIVE_INFINITY, 100_000],
  ])('law: the work for an item is the same at 10 kB and at length: %s', (_, size, most) => {
    const [small, large] = [10_000, most].map((length) => {
      const text = JSON.stringify(items(length));
      const pieces = fragments(text, Math.min(size, text.length));
      const parser = jsonArrayParser();
      const out = output();
      // An item is joined, and trimmed where it ends: longer than a fragment, and no longer than that.
      const looked = charactersLookedAt(
        () => {
          for (const piece of pieces) parser.transform(piece, out);
        },
        Math.max(size, 128),
      );
      expect(out.count).toBe(items(length).length);
      return looked / out.count;
    });
    if (!small || !large) throw new Error('two lengths');
    expect(large).toBeLessThan(small * 1.1 + 1);
  });
});

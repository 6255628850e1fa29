import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartialJson } from '../../src/json/partial-json.ts';
import type { Json } from '../../src/values.ts';
import { hasShared, sharedFolder } from '../support/shared.ts';
import { cutAt, jsonTexts, nearlyJson, wellFormedJson } from './arbitraries.ts';
import { charactersLookedAt, fragments } from './counting.ts';

/** What is seen after each piece, copied. */
function views(pieces: readonly string[]): Array<Json | undefined> {
  const partial = new PartialJson();
  return pieces.map((piece) => {
    partial.push(piece);
    return structuredClone(partial.value) as Json | undefined;
  });
}

function parsed(pieces: readonly string[]): PartialJson {
  const partial = new PartialJson();
  for (const piece of pieces) partial.push(piece);
  partial.end();
  return partial;
}

/** Equal in every way JSON.parse could be told apart: -0, own `__proto__`, prototypes, order of keys. */
function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b) && JSON.stringify(a) === JSON.stringify(b);
}

/** Whether `later` is `earlier`, or what it may grow to. */
function grows(earlier: unknown, later: unknown): boolean {
  if (earlier === undefined) return true;
  if (typeof earlier === 'string') return typeof later === 'string' && later.startsWith(earlier);
  if (typeof earlier !== 'object' || earlier === null) return Object.is(earlier, later);
  if (typeof later !== 'object' || later === null || Array.isArray(earlier) !== Array.isArray(later)) return false;
  return Object.entries(earlier).every(([key, value]) => Object.hasOwn(later, key) && grows(value, Reflect.get(later, key)));
}

describe('PartialJson', () => {
  it.each<[string, string[], unknown[]]>([
    ['a string extends', ['"a', 'b', 'c"'], ['a', 'ab', 'abc']],
    ['a key appears when its value begins', ['{', '"a', '"', ':', '"', 'x', '"}'], [{}, {}, {}, {}, { a: '' }, { a: 'x' }, { a: 'x' }]],
    ['an array appends', ['[', '"a', '",', '[', ']]'], [[], ['a'], ['a'], ['a', []], ['a', []]]],
    ['a number appears when it is complete', ['{"a":1', '2', '.5', '}'], [{}, {}, {}, { a: 12.5 }]],
    [
      'true, false and null appear when they are complete',
      ['[t', 'rue', ',fals', 'e,n', 'ull]'],
      [[], [true], [true], [true, false], [true, false, null]],
    ],
    ['an escape cut anywhere', ['"\\', 'n\\u', '00', '41', '"'], ['', '\n', '\n', '\nA', '\nA']],
    ['a raw high surrogate waits', ['"\uD83D', '\uDE00"'], ['', '😀']],
    ['an escaped high surrogate waits, through the next escape', ['"\\uD83D', '\\', 'uDE0', '0', '"'], ['', '', '', '😀', '😀']],
    [
      'a lone high surrogate is shown when it is known to be lone',
      ['"\\uD83D', 'x', '\uD83D', '"'],
      ['', '\uD83Dx', '\uD83Dx', '\uD83Dx\uD83D'],
    ],
    ['two high surrogates: the first is lone', ['"\\uD83D', '\\uD83D', '\\uDE00"'], ['', '\uD83D', '\uD83D😀']],
    ['of a repeated key the last counts', ['{"a":"x', '","a":', '1}'], [{ a: 'x' }, { a: 'x' }, { a: 1 }]],
    ['what stops being JSON stays', ['{"a":"x', 'y\n', 'z"}'], [{ a: 'x' }, { a: 'xy' }, { a: 'xy' }]],
    ['nothing to show', ['', ' ', '-', '1'], [undefined, undefined, undefined, undefined]],
  ])('%s', (_, pieces, expected) => {
    expect(views(pieces)).toEqual(expected);
  });

  it('shows a bare number when the text is over', () => {
    expect(parsed(['1', '2']).value).toBe(12);
    expect(parsed(['1.']).value).toBe(undefined);
  });

  it('is one live value', () => {
    const partial = new PartialJson();
    partial.push('{"a":[');
    const first = partial.value as { a: unknown };
    const items = first.a;
    partial.push('1,2]}');
    expect(partial.value).toBe(first);
    expect(first.a).toBe(items);
    expect(items).toEqual([1, 2]);
  });

  it('makes __proto__ and constructor own properties and reaches no prototype', () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"a":{"__proto__":"longer"}}';
    const partial = parsed(cutAt(text, [5, 20, 90, 95, 97]));
    expect(same(partial.value, JSON.parse(text))).toBe(true);
    expect(Object.keys(partial.value as object)).toEqual(['__proto__', 'constructor', 'a']);
    expect(Object.getPrototypeOf(partial.value)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined);
  });

  it('law: equals JSON.parse under every split', () => {
    fc.assert(
      fc.property(jsonTexts, fc.array(fc.nat()), (text, cuts) => {
        expect(same(parsed(cutAt(text, cuts)).value, JSON.parse(text))).toBe(true);
        expect(same(parsed(text.split('')).value, JSON.parse(text))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('law: any split gives the same view, of what is no JSON too', () => {
    fc.assert(
      fc.property(nearlyJson, fc.array(fc.nat()), (text, cuts) => {
        expect(same(parsed(cutAt(text, cuts)).value, parsed([text]).value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('law: partial views only grow, and an atomic value never changes', () => {
    fc.assert(
      fc.property(wellFormedJson, (text) => {
        const all = views(text.split(''));
        for (let i = 1; i < all.length; i++) expect(grows(all[i - 1], all[i]), `after ${i} of ${text}`).toBe(true);
        const partial = parsed([text]);
        expect(grows(all.at(-1), partial.value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('law: no view shows half a surrogate pair', () => {
    fc.assert(
      fc.property(wellFormedJson, (text) => {
        // JSON.stringify writes a lone surrogate as an escape, and a pair as it is.
        for (const view of views(text.split(''))) expect(JSON.stringify(view) ?? '').not.toMatch(/\\ud[89a-f]/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('PartialJson at length', () => {
  const texts: Record<string, (length: number) => string> = {
    'one long string': (length) => JSON.stringify({ content: 'The quick brown fox 😀 "jumps"\n'.repeat(length / 40) }),
    'one long string in an array': (length) => JSON.stringify(['x'.repeat(length)]),
    'many records': (length) => JSON.stringify(Array.from({ length: length / 40 }, (_, id) => ({ id, name: `item ${id}`, ok: true }))),
    'a long number': (length) => `[${'1'.repeat(length)}]`,
  };

  it.each(Object.entries(texts))('law: a fragment costs the same at 1 kB and at 1 MB: %s', (_, make) => {
    const costs = [1_000, 30_000, 1_000_000].map((length) => {
      const pieces = fragments(make(length));
      const partial = new PartialJson();
      const looked = charactersLookedAt(() => {
        for (const piece of pieces) partial.push(piece);
      });
      expect(same(partial.value, JSON.parse(pieces.join('')))).toBe(true);
      return looked / pieces.length;
    });
    // Eight characters, each read once, and the few slices a fragment is cut into.
    for (const cost of costs) expect(cost).toBeLessThan(40);
  });

  it('law: one store for each fragment of a string, at any length', () => {
    for (const length of [1_000, 100_000]) {
      const partial = new PartialJson();
      partial.push('{"a":"');
      let stores = 0;
      let text = '';
      Object.defineProperty(partial.value, 'a', {
        set(value: string) {
          stores++;
          text = value;
        },
      });
      const pieces = fragments('y'.repeat(length));
      for (const piece of pieces) partial.push(piece);
      expect(text.length).toBe(length);
      expect(stores).toBe(pieces.length);
    }
  });
});

const folder = join(sharedFolder, 'conformance/json-test-suite/test_parsing');

describe.skipIf(!hasShared)('JSONTestSuite (spec RFC 8259; test data absent: skipped)', () => {
  const files = hasShared ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];

  it.each(files)('%s: the value of JSON.parse, whole and cut', (file) => {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(readFileSync(join(folder, file)));
    const cuts = Array.from({ length: 10 }, (_, i) => (i * 7919) % (text.length + 1));
    const outcomes = [[text], text.split(''), cutAt(text, cuts)].map(parsed);
    for (const outcome of outcomes) {
      expect(outcome.problem?.position).toBe(outcomes[0]?.problem?.position);
      if (outcome.problem?.code === 'too-deep') continue;
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expect(outcome.state).not.toBe('closed');
        continue;
      }
      expect(same(outcome.value, expected)).toBe(true);
    }
  });
});

import fc from 'fast-check';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { parseJsonArray } from '../../operators/parseJsonArray.ts';
import { LimitError } from '../../src/errors.ts';
import type { Frame } from '../../src/frame.ts';
import { jsonArrayParser, type ParseJsonArrayOptions } from '../../src/json/array-items.ts';
import { runStage } from '../../src/stage.ts';
import { arbitraries, splitBytes } from '../../src/testing/index.ts';
import { describeCompliance } from '../support/compliance.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

const read = (chunks: Iterable<Uint8Array | string>, options?: ParseJsonArrayOptions) =>
  runStage<Uint8Array | string, Frame>(jsonArrayParser(options), chunks);

describe('parseJsonArray', () => {
  const chunks = { a: '[{"n":1}', b: ',\n{"n"', c: ':2},{"n":3' };
  const frames = { x: { data: '{"n":1}' }, y: { data: '{"n":2}' }, z: { data: '{"n":3', unterminated: true as const } };

  it('emits an item as soon as it is whole, and the last one at the end', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', chunks);
      expectObservable(source.pipe(parseJsonArray())).toBe('--x-----y-----(z|)', frames);
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
    });
  });

  it('emits what was held back before the error of the source', () => {
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold('--a--b--c-----#', chunks).pipe(parseJsonArray())).toBe('--x-----y-----(z#)', frames);
    });
  });

  it('errors at an item beyond the bound, and stops the source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', { ...chunks, c: ':2},{"n":345' });
      const error = new LimitError('maxItemBytes', 7, 'bytes in one JSON item', { place: { frame: 2 }, excerpt: '{"n":345' });
      expectObservable(source.pipe(parseJsonArray({ maxItemBytes: 7 }))).toBe('--x-----(y#)', frames, error);
      expectSubscriptions(source.subscriptions).toBe('^-------!');
    });
  });

  const cases: ReadonlyArray<[string, string, Frame[]]> = [
    ['pretty-printed items with CRLF', '[{\r\n  "a": 1\r\n}\r\n,\r\n{}\r\n]\r\n', [{ data: '{\r\n  "a": 1\r\n}' }, { data: '{}' }]],
    ['an object that is no array', ' {"error": {}}\n', [{ data: '{"error": {}}' }]],
    ['an empty array', '[ ]', []],
    ['an empty body', ' \n', []],
    ['items of every kind', '[1 ,"],",null,[2],true]', ['1', '"],"', 'null', '[2]', 'true'].map((data) => ({ data }))],
    ['a lone number', '12', [{ data: '12' }]],
    ['a number that may go on', '[12', [{ data: '12', unterminated: true }]],
    ['brackets and quotes within strings', '[{"a":"}],\\""}]', [{ data: '{"a":"}],\\""}' }]],
    ['a byte order mark', '\ufeff[1]', [{ data: '1' }]],
    ['a page', '<html>', [{ data: '<html>', stray: true }]],
    ['a broken item', '[{"a":1},{"a":oops},{"b":1}]', [{ data: '{"a":1}' }, { data: '{"a":oops},{"b":1}]', stray: true }]],
    ['a missing comma', '[{} {}]', [{ data: '{}' }, { data: '{}]', stray: true }]],
    ['something after the array', '[1] 2', [{ data: '1' }, { data: '2', stray: true }]],
  ];
  for (const [what, body, expected] of cases) {
    it(`reads ${what}, under any split`, () => {
      const bytes = new TextEncoder().encode(body);
      for (const chunks of [splitBytes(bytes, 'whole'), splitBytes(bytes, 'single'), [...body]]) {
        expect(read(chunks)).toEqual({ values: expected, error: undefined });
      }
    });
  }

  it('keeps 64 Ki of what is no JSON', () => {
    const { values } = read(['no', 'n'.repeat(70_000), 'sense']);
    expect(values).toHaveLength(1);
    expect(values[0]?.data).toHaveLength(65_536);
  });

  it('reads nesting deeper than anybody runs', () => {
    const deep = `${'['.repeat(2000)}${']'.repeat(2000)}`;
    expect(read([`[${deep}]`]).values).toEqual([{ data: deep }]);
  });

  it('refuses a bound that is none at the call, and chunks that are neither bytes nor text', () => {
    expect(() => parseJsonArray({ maxItemBytes: 0 })).toThrow(/maxItemBytes is 0: give a whole number of bytes above 0/);
    expect(String(read([5 as unknown as string]).error)).toMatch(/parseJsonArray reads bytes or strings/);
  });

  it('law: any split of any array gives its items, and the same error at the same bound', () => {
    const { json, jsonText, chunks } = arbitraries(fc);
    const drawn = fc.tuple(fc.array(jsonText(json()), { maxLength: 4 }), fc.nat(), fc.constantFrom(8, 64, 1 << 24));
    fc.assert(
      fc.property(
        drawn.chain(([items, cut, bound]) => {
          const body = `[${items.join(',')}]`;
          const bytes = new TextEncoder().encode(cut % 3 === 0 ? body.slice(0, cut % (body.length + 1)) : body);
          return fc.tuple(fc.constant({ items, bytes, bound, isWhole: cut % 3 !== 0 }), chunks(bytes));
        }),
        ([{ items, bytes, bound, isWhole }, pieces]) => {
          const whole = read([bytes], { maxItemBytes: bound });
          const split = read(pieces, { maxItemBytes: bound });
          expect(split.values).toEqual(whole.values);
          expect(String(split.error)).toBe(String(whole.error));
          if (isWhole && whole.error === undefined) {
            expect(whole.values.map(({ data }) => JSON.parse(data))).toEqual(items.map((item) => JSON.parse(item)));
          }
        },
      ),
      { numRuns: process.env.CI ? 800 : 200 },
    );
  });
});

describeCompliance('parseJsonArray', {
  operator: parseJsonArray,
  inputs: ['[{"a":1},{"b', new TextEncoder().encode('":"é"}'), ',3,4,5,'],
  firehose: ['[[],[],[],[],[]]'],
});

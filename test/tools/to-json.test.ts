import { describe, expect, it } from 'vitest';
import { toJson } from '../../src/tools/to-json.ts';

describe('toJson', () => {
  const right = (value: unknown) => ({ _tag: 'Right', right: value });

  it.each([
    ['nothing is null', undefined, null],
    ['null', null, null],
    ['a text', 'ab', 'ab'],
    ['a truth value', false, false],
    ['what is no number is null', Number.NaN, null],
    ['a date is its text', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['members without a value are left out', { a: undefined, b: 1 }, { b: 1 }],
    ['empty objects, plain or without a prototype', [{}, Object.create(null)], [{}, {}]],
    [
      'an instance with members',
      new (class Point {
        x = 1;
      })(),
      { x: 1 },
    ],
    [
      'braces in a text',
      {
        a: '{}',
        b: new (class Point {
          x = null;
        })(),
      },
      { a: '{}', b: { x: null } },
    ],
  ])('%s', (_, value, expected) => expect(toJson(value)).toEqual(right(expected)));

  it('copies, so that what changes later does not', () => {
    const value = { list: [1] };
    const copy = toJson(value);
    value.list.push(2);
    expect(copy).toEqual(right({ list: [1] }));
  });

  it.each([
    ['a function', () => 1, /function/],
    ['a symbol', Symbol('a'), /symbol/],
    ['a Map within', { a: new Map([[1, 2]]) }, /Map/],
    ['a Set', new Set([1]), /Set/],
    ['an instance that forgot its class', Object.create(Object.create({})), /object|Object/],
    [
      'a circle, in one line',
      (() => {
        const a: { a?: unknown } = {};
        a.a = a;
        return a;
      })(),
      /^[^\n]*circular[^\n]*$/,
    ],
  ])('has no JSON of %s', (_, value, says) => expect(toJson(value)).toEqual({ _tag: 'Left', left: expect.stringMatching(says) }));

  it('takes a nesting of 1,024 levels, and no more', () => {
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
    expect(toJson(nested(1024))).toMatchObject({ _tag: 'Right' });
    expect(toJson(nested(1025))).toMatchObject({ _tag: 'Left' });
  });
});

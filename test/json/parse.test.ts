import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteBigNumbers } from '../../src/json/big-numbers.ts';
import { isDeeperThan, MAX_JSON_DEPTH, parseJson } from '../../src/json/parse.ts';

describe('isDeeperThan', () => {
  it.each([
    ['[[[]]]', 2, true],
    ['[[[]]]', 3, false],
    ['[[],[],[],[]]', 2, false],
    ['{"a":{"b":{}}}', 2, true],
    ['{"a":{"b":{}}}', 3, false],
    ['[{"a":[{}]},{},{}]', 3, true],
    ['[{"a":[{}]},{},{}]', 4, false],
    ['["[[[[[[", "{{{{{{"]', 2, false],
    ['["\\"[[[[[[", "\\\\", [[1]]]', 2, true],
    ['["\\"[[[[[[", "\\\\", [[1]]]', 3, false],
    ['{"[":[],"{":[],"]":[[]]}', 2, true],
    ['{"[":[],"{":[],"]":[[]]}', 3, false],
    ['[]', 0, true],
    ['[]', 1, false],
    ['"long enough to be looked at"', 0, false],
  ])('tells of %s whether it is deeper than %d: %s', (json, max, expected) => expect(isDeeperThan(json, max)).toBe(expected));

  it('law: agrees with the depth of the value', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(6), (value, max) => {
        const json = JSON.stringify(value, null, 8);
        expect(isDeeperThan(json.padEnd(2 * max + 1), max)).toBe(depth(value) > max);
      }),
    );
  });
});

describe('parseJson', () => {
  it('reads JSON up to its depth, and throws beyond', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJson('{"a":1}')).toEqual({ a: 1 });
    expect(() => parseJson(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1))).toThrow(RangeError);
    expect(() => parseJson('{')).toThrow(SyntaxError);
  });
});

describe('quoteBigNumbers', () => {
  it.each([
    ['9007199254740991', '9007199254740991'],
    ['9007199254740992', '"9007199254740992"'],
    ['-9007199254740992', '"-9007199254740992"'],
    ['-9007199254740991', '-9007199254740991'],
    ['12345678901234567890', '"12345678901234567890"'],
    ['1e400', '"1e400"'],
    ['-1E+400', '"-1E+400"'],
    ['1e30', '1e30'],
    ['9007199254740993.5', '9007199254740993.5'],
    ['1.5e-400', '1.5e-400'],
    ['[1,-2,0.5,true,null,99999999999999999,3]', '[1,-2,0.5,true,null,"99999999999999999",3]'],
    ['{"a":99999999999999999,"b":[88888888888888888],"c":7}', '{"a":"99999999999999999","b":["88888888888888888"],"c":7}'],
    ['"99999999999999999"', '"99999999999999999"'],
    ['{"99999999999999999":1}', '{"99999999999999999":1}'],
    ['["a\\"99999999999999999", 99999999999999999]', '["a\\"99999999999999999", "99999999999999999"]'],
    ['["\\\\", 99999999999999999, "b"]', '["\\\\", "99999999999999999", "b"]'],
    ['', ''],
  ])('makes of %s: %s', (json, quoted) => expect(quoteBigNumbers(json)).toBe(quoted));

  it('law: leaves JSON with small numbers as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        const small = !/\d{16}|e\+/.test(json);
        if (small) expect(quoteBigNumbers(json)).toBe(json);
      }),
    );
  });
});

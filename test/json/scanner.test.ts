import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonScanner } from '../../src/json/scanner.ts';
import { hasShared, sharedFolder } from '../support/shared.ts';
import { cutAt, jsonTexts, nearlyJson } from './arbitraries.ts';

function scan(...pieces: string[]): JsonScanner {
  return scanAll(pieces);
}

function scanAll(pieces: readonly string[]): JsonScanner {
  const scanner = new JsonScanner();
  for (const piece of pieces) scanner.push(piece);
  return scanner;
}

/** Whether `JSON.parse` would take it. */
function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const accepts = (scanner: JsonScanner) => scanner.state === 'closed' || scanner.state === 'number';

describe('JsonScanner', () => {
  it.each([
    ['', 'blank'],
    [' \n\r\t', 'blank'],
    ['{', 'open'],
    ['{}', 'closed'],
    ['{} \n', 'closed'],
    ['{}{', 'invalid'],
    ['"a', 'open'],
    ['"a"', 'closed'],
    ['tru', 'open'],
    ['true', 'closed'],
    ['-', 'open'],
    ['-0', 'number'],
    ['12', 'number'],
    ['12.', 'open'],
    ['12.5', 'number'],
    ['12.5e', 'open'],
    ['12.5e+', 'open'],
    ['12.5e+3', 'number'],
    ['12 ', 'closed'],
    ['[12', 'open'],
    ['01', 'invalid'],
    ['\uFEFF{}', 'invalid'],
    ['\u00A0{}', 'invalid'],
  ] as const)('takes %j as %s', (text, state) => {
    expect(scan(text).state).toBe(state);
    expect(scan(...text).state).toBe(state);
  });

  it.each([
    ['{"a":1,}', 7, "Expected a key in double quotes, found '}' at 7."],
    ['{"a" 1}', 5, "Expected ':', found '1' at 5."],
    ['[1 2]', 3, "Expected ',' or ']', found '2' at 3."],
    ['{"a":1]', 6, "Expected ',' or '}', found ']' at 6."],
    ['{a', 1, "Expected a key in double quotes or '}', found 'a' at 1."],
    ['[,', 1, "Expected a value or ']', found ',' at 1."],
    ["'", 0, "Expected a value, found ''' at 0."],
    ['{}x', 2, "Expected the end of the text, found 'x' at 2."],
    ['"\n"', 1, 'Expected no control character in a string (write it as an escape), found U+000A at 1.'],
    ['"\\x"', 2, `Expected one of "\\/bfnrtu after a backslash, found 'x' at 2.`],
    ['"\\u00g0"', 5, "Expected a hexadecimal digit, found 'g' at 5."],
    ['trie', 2, `Expected "true", found 'i' at 2.`],
    ['-x', 1, "Expected a digit, found 'x' at 1."],
    ['\uFEFF1', 0, 'Expected a value, found U+FEFF at 0.'],
  ])('says of %j what was expected, what came, and where', (text, position, message) => {
    const problem = { code: 'invalid-json', message, position };
    expect(scan(text).problem).toEqual(problem);
    expect(scan(...text).problem).toEqual(problem);
  });

  it('takes 512 levels and refuses the 513th', () => {
    expect(scan('['.repeat(512) + ']'.repeat(512)).state).toBe('closed');
    const deeper = scan('['.repeat(513) + ']'.repeat(513));
    expect(deeper.state).toBe('invalid');
    expect(deeper.problem).toMatchObject({ code: 'too-deep', position: 512 });
  });

  it('takes a bound of its own, and refuses a bound that is none', () => {
    const scanner = new JsonScanner({ maxDepth: 1 });
    scanner.push('[{');
    expect(scanner.problem?.code).toBe('too-deep');
    expect(() => new JsonScanner({ maxDepth: -1 })).toThrow(RangeError);
    expect(() => new JsonScanner({ maxDepth: Number.NaN })).toThrow(RangeError);
  });

  it('law: verdict equals JSON.parse on JSON, under every split', () => {
    fc.assert(
      fc.property(jsonTexts, fc.array(fc.nat()), (text, cuts) => {
        const scanner = scanAll(cutAt(text, cuts));
        expect(accepts(scanner)).toBe(true);
        expect(scan(text).state).toBe(scanner.state);
      }),
    );
  });

  it('law: verdict equals JSON.parse on what is nearly JSON, and any split gives the same problem', () => {
    fc.assert(
      fc.property(nearlyJson, fc.array(fc.nat()), (text, cuts) => {
        const scanner = scanAll(cutAt(text, cuts));
        expect(accepts(scanner)).toBe(parses(text));
        expect(scan(text).state).toBe(scanner.state);
        expect(scan(text).problem).toEqual(scanner.problem);
      }),
      { numRuns: 2000 },
    );
  });

  it('law: a text is invalid exactly from the character that leaves no way to go on', () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const { problem } = scan(text);
        if (problem === undefined) return;
        expect(scan(text.slice(0, problem.position)).problem).toBeUndefined();
        expect(scan(text.slice(0, problem.position + 1)).problem).toEqual(problem);
      }),
    );
  });
});

const folder = join(sharedFolder, 'conformance/json-test-suite/test_parsing');

describe.skipIf(!hasShared)('JSONTestSuite (spec RFC 8259; test data absent: skipped)', () => {
  const files = hasShared ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];

  it('is here', () => {
    expect(files.length).toBeGreaterThan(300);
  });

  it.each(files)('%s: the verdict of JSON.parse, whole and cut', (file) => {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(readFileSync(join(folder, file)));
    const cuts = Array.from({ length: 10 }, (_, i) => (i * 7919) % (text.length + 1));
    for (const scanner of [scan(text), scanAll(text.split('')), scanAll(cutAt(text, cuts))]) {
      if (text.startsWith('['.repeat(513)) || text.startsWith('[{"":'.repeat(257))) {
        expect(scanner.problem?.code).toBe('too-deep');
        continue;
      }
      expect(accepts(scanner)).toBe(parses(text));
      if (file.startsWith('y_')) expect(accepts(scanner)).toBe(true);
      if (file.startsWith('n_')) expect(accepts(scanner)).toBe(false);
    }
  });
});

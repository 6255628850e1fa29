import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/calls/call.ts';
import { asFunctionArguments, bareText, textInputSchema, textOf, textOfArguments } from '../../src/calls/text-input.ts';
import type { Json } from '../../src/values.ts';

describe('the input of a tool of plain text', () => {
  it('is a field of an object where the wire has functions alone; a grammar is told in words', () => {
    const schema = (description: unknown) => ({
      type: 'object',
      properties: { input: { type: 'string', description } },
      required: ['input'],
    });
    expect(textInputSchema({ type: 'text' })).toEqual(schema(expect.not.stringContaining('match')));
    const grammar = (syntax: 'lark' | 'regex') => textInputSchema({ type: 'grammar', syntax, definition: 'a+' });
    expect(grammar('lark')).toEqual(schema(expect.stringMatching(/Lark grammar:\na\+$/)));
    expect(grammar('regex')).toEqual(schema(expect.stringMatching(/regular expression:\na\+$/)));
  });

  it('is read from arguments of either form, and from nothing else', () => {
    expect([textOf('a'), textOf({ input: 'a' }), textOf('')]).toEqual(['a', 'a', '']);
    const others: readonly Json[] = [{}, { input: 7 }, null, 7, true, ['a'], { other: 'a' }];
    for (const args of others) expect(textOf(args), JSON.stringify(args)).toBeUndefined();
    expect(textOf(Object.assign([], { input: 'a' }))).toBeUndefined();
  });

  it('is read from their JSON', () => {
    expect(['"a"', '{"input":"a"}', ' "a" '].map(textOfArguments)).toEqual(['a', 'a', 'a']);
    for (const text of ['', 'a', '{"input":', '7', 'null']) expect(textOfArguments(text), text).toBeUndefined();
  });

  it('stands alone only as a JSON string', () => {
    expect(['"a"', ' \n"a\\n"'].map(bareText)).toEqual(['a', 'a\n']);
    for (const text of ['{"input":"a"}', '["a"]', '"a', '"a" b', '', 'a']) expect(bareText(text), text).toBeUndefined();
  });

  it('goes into its field where it stands alone; other arguments stay as they are', () => {
    expect(asFunctionArguments('"a\\"b"')).toBe('{"input":"a\\"b"}');
    for (const text of ['{"input":"a"}', '{"x":1}', '"torn', '']) expect(asFunctionArguments(text)).toBe(text);
  });
});

describe('canonicalJson', () => {
  it('is one spelling for one value, and none for what is no JSON', () => {
    expect(canonicalJson('{ "a" : 1.0 }')).toBe(canonicalJson('{"a":1}'));
    expect(canonicalJson('{"a":1}')).not.toBe(canonicalJson('{"a":2}'));
    expect(canonicalJson('{"a":')).toBeUndefined();
  });

  it('tells long numbers apart that a double does not', () => {
    expect(canonicalJson('9007199254740993')).not.toBe(canonicalJson('9007199254740992'));
    expect(canonicalJson('1.0')).toBe(canonicalJson('1'));
  });
});

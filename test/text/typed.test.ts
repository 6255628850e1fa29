import { describe, expect, it } from 'vitest';
import { typedValue } from '../../src/text/typed-value.ts';
import { extract, joined, seen, singles } from './support.ts';

type Parameters = readonly (readonly [string, string])[];

const properties = {
  path: { type: 'string' },
  lines: { type: 'integer' },
  force: { type: 'boolean' },
  meta: { type: 'object' },
  note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
};
const tools = [{ name: 'write', inputSchema: { type: 'object', properties } }, { name: 'now' }];

function qwen(parameters: Parameters, name = 'write'): string {
  const written = parameters.map(([key, value]) => `<parameter=${key}>\n${value}\n</parameter>\n`);
  return `<tool_call>\n<function=${name}>\n${written.join('')}</function>\n</tool_call>`;
}

function glm(parameters: Parameters, name = 'write'): string {
  const written = parameters.map(([key, value]) => `<arg_key>${key}</arg_key>\n<arg_value>${value}</arg_value>\n`);
  return `<tool_call>${name}\n${written.join('')}</tool_call>`;
}

const parameters: Parameters = [
  ['path', '02139'],
  ['lines', '42'],
  ['force', 'True'],
  ['meta', '{"a": "</b>",\n "c": [1]}'],
  ['note', 'null'],
  ['more', 'plain words'],
];
const args = { path: '02139', lines: 42, force: true, meta: { a: '</b>', c: [1] }, note: null, more: 'plain words' };

describe.each([
  ['qwen-coder', qwen],
  ['glm', glm],
] as const)('calls without types: %s', (format, write) => {
  const read = (text: string, as: typeof format | 'auto' = format) => {
    const whole = extract([text], { format: as, tools });
    expect(joined(extract(singles(text), { format: as, tools })), 'a character at a time').toEqual(joined(whole));
    return seen(whole);
  };

  it('takes the types from the schema', () => {
    expect(read(`Sure!${write(parameters)}`)).toEqual({ text: 'Sure!', calls: [['write', args]] });
    expect(read(write(parameters), 'auto').calls).toEqual([['write', args]]);
  });

  it('reads calls without arguments, and several', () => {
    const two = `${write([], 'now')}\n${write([['path', 'a']])} ok`;
    expect(read(two)).toEqual({
      text: ' ok',
      calls: [
        ['now', {}],
        ['write', { path: 'a' }],
      ],
    });
  });

  it('leaves an undeclared name, a quoted call and prose as they are', () => {
    for (const text of [
      write(parameters, 'rm'),
      `\`\`\`\n${write(parameters)}\n\`\`\``,
      '<tool_call> is a tag, <function=write> another, <tool_call>write is none',
    ]) {
      expect(read(text)).toEqual({ text, calls: [] });
    }
  });

  it('never closes a call that was cut, or that has a key twice', () => {
    const text = write(parameters);
    const ends = format === 'qwen-coder' ? '</function>\n</tool_call>' : '</tool_call>';
    for (let length = text.indexOf('02139'); length < text.length - ends.length; length++) {
      expect(seen(extract([text.slice(0, length)], { format, tools })).calls, text.slice(0, length)).toEqual([['write', 'incomplete']]);
    }
    expect(read(write([...parameters, ['path', 'b']])).calls).toEqual([['write', 'incomplete']]);
  });

  it('keeps line ends, markup and half a mark within a string', () => {
    const path = '\n\n<b>\n</param </arg_valu <tool_call>{"name":"now"}</tool_call>\r\n"q" \\n\n';
    expect(read(write([['path', path]]))).toEqual({ text: '', calls: [['write', { path }]] });
  });

  it('streams a string while it is written', () => {
    const [begin = ''] = write([['path', 'some words']]).split('words');
    const events = joined(extract([begin], { format, tools }));
    expect(events.filter(({ type }) => type === 'tool-call-delta')).toMatchObject([{ text: '{"path":"some ' }]);
  });
});

describe('calls without types', () => {
  it('reads Qwen3-Coder without the outer marks, and several functions in one', () => {
    const inner = '<function=now>\n</function>';
    for (const text of [inner, `${inner}\n</tool_call>`, `<tool_call>${inner}`]) {
      expect(seen(extract([text], { format: 'qwen-coder', tools }))).toEqual({ text: '', calls: [['now', {}]] });
    }
    expect(seen(extract([`<tool_call>${inner}\n${inner}</tool_call>`], { tools }))).toMatchObject({ text: '', calls: { length: 2 } });
  });

  it.each([
    ['12', { type: 'string' }, '"12"'],
    ['12', undefined, '12'],
    ['12345678901234567890', { type: 'integer' }, '12345678901234567890'],
    ['twelve', { type: 'integer' }, '"twelve"'],
    ['None', { type: ['integer', 'null'] }, 'null'],
    ['null', { type: 'string' }, '"null"'],
    ['null', { type: ['string', 'null'] }, 'null'],
    ['1', { enum: ['1', '2'] }, '"1"'],
    ['1', { const: 1 }, '1'],
    ['[1]', { oneOf: [{ type: 'array' }, { type: 'number' }] }, '[1]'],
    [' a ', { type: 'object' }, '" a "'],
  ])('reads %j as %j to %s', (text, schema, json) => {
    expect(typedValue(text, schema)).toBe(json);
  });
});

describe('the type of a value without quotes', () => {
  it.each([
    [{ const: 'x' }, '"7"'],
    [{ const: 1 }, '7'],
    [{ enum: ['x', 'y'] }, '"7"'],
    [{ enum: [7, 8] }, '7'],
    [{ oneOf: [{ type: 'number' }, { type: 'string' }] }, '"7"'],
    [{ anyOf: [{ type: 'number' }, { const: 'x' }] }, '"7"'],
    [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, '7'],
    [{ type: ['number', 'string'] }, '"7"'],
    [{}, '7'],
    [undefined, '7'],
  ])('by %j: 7 is %s', (schema, json) => {
    expect(typedValue('7', schema)).toBe(json);
  });
});

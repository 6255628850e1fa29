import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelEvent } from '../../src/events.ts';
import type { Stage } from '../../src/stage.ts';
import { arbitraries } from '../../src/testing/arbitraries.ts';
import { callFormats, type TextCallFormat } from '../../src/text/call-formats.ts';
import { CodeGuard } from '../../src/text/code-guard.ts';
import { Cursor } from '../../src/text/cursor.ts';
import { reasoningExtractor } from '../../src/text/reasoning.ts';
import { textCallExtractor } from '../../src/text/text-calls.ts';
import { ValueEnd } from '../../src/text/value-end.ts';
import { moreThan } from '../support/reach.ts';
import { extract, joined, run, seen, singles, textDelta, tools } from './support.ts';

const { fragments, jsonObject, jsonText } = arbitraries(fc);
/** Those that name their arguments one by one. */
const byName = new Set<TextCallFormat>(['pythonic', 'plain', 'qwen-coder', 'glm']);
const formats = Object.keys(callFormats) as (TextCallFormat | 'auto')[];

/** A call of `f` as each format writes it. */
const written: { readonly [format in TextCallFormat]: (args: string) => string } = {
  hermes: (args) => `<tool_call>\n{"name": "f", "arguments": ${args}}\n</tool_call>`,
  mistral: (args) => `[TOOL_CALLS]f[ARGS]${args}`,
  deepseek: (args) => `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>${args}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  'llama-json': (args) => `<|python_tag|>{"name": "f", "parameters": ${args}}`,
  pythonic: (args) => `<|python_start|>[f(x=${args})]<|python_end|>`,
  plain: (args) => `\nf(x=${args})`,
  'qwen-coder': (args) => `<tool_call>\n<function=f>\n<parameter=x>\n${args}\n</parameter>\n</function>\n</tool_call>`,
  glm: (args) => `<tool_call>f\n<arg_key>x</arg_key>\n<arg_value>${args}</arg_value>\n</tool_call>`,
  kimi: (args) =>
    `<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>${args}<|tool_call_end|><|tool_calls_section_end|>`,
};

/** Pieces of calls, right and wrong, with what makes them text. */
const shards = [
  ...['<tool_call>', '</tool_call>', '{"name": "f", "arguments": ', '{"x": "a(b}"}', '{}', '}', '"arguments":', '"name"', ',', '"'],
  ...['[TOOL_CALLS]', '[ARGS]', '[', ']', 'f', 'get', 'rm', '(x=1)', "(x='a')", '(', ')', ';', '<|python_tag|>', '<|python_start|>'],
  ...[
    '<function=f>',
    '</function>',
    '<parameter=x>\n',
    '\n</parameter>',
    '<arg_key>x</arg_key>',
    '<arg_value>',
    '</arg_value>',
    '<|tool_calls_section_begin|>',
    '<|tool_call_begin|>',
    'functions.f:0',
    '<|tool_call_argument_begin|>',
    '<｜tool▁calls▁begin｜>',
    '<｜tool▁call▁begin｜>',
    '<｜tool▁sep｜>',
    '<｜tool▁call▁end｜>',
    '<｜tool▁calls▁end｜>',
    'function',
    '```json\n',
  ],
  ...Object.values(written)
    .map((write) => write('1'))
    .concat(Object.values(written).map((write) => write('{"y": 2}'))),
  ...['`', '```', '\n', ' ', '> ', '<', 'é😀', '~~~\n', '<tool_call>{"name": "f", "arguments": {}}</tool_call>', 'get(x=[1])'],
];
const soup = fc.array(fc.constantFrom(...shards), { maxLength: 16 });
const bare = (text: string) => text.replaceAll(/\s/g, '');

describe('extractTextToolCalls', () => {
  let restore: () => void = () => undefined;
  afterEach(() => restore());

  it.each(formats)('law: any split of the text gives the same events (%s)', (format) => {
    let withCalls = 0;
    fc.assert(
      fc.property(soup, fc.nat({ max: 40 }), (pieces, maxHeldLength) => {
        for (const options of [{ format }, { format, maxHeldLength }]) {
          const text = pieces.join('');
          const whole = joined(extract([text], options));
          expect(joined(extract(pieces, options))).toEqual(whole);
          expect(joined(extract(singles(text), options))).toEqual(whole);
          if (whole.some(({ type }) => type === 'tool-call-start')) withCalls++;
        }
      }),
      { numRuns: 250 },
    );
    // What is drawn reaches calls, not only text.
    expect(withCalls).toBeGreaterThan(moreThan(0));
  });

  it.each(formats)('law: text in which nothing is called comes out as it went in (%s)', (format) => {
    fc.assert(
      fc.property(soup, (pieces) => {
        const events = extract(pieces, { format, tools: [{ name: 'other' }] });
        expect(seen(events)).toEqual({ text: pieces.join(''), calls: [] });
        expect(events.at(-1)).toHaveProperty('message.native');
      }),
      { numRuns: 200 },
    );
  });

  it.each(Object.keys(written) as TextCallFormat[])('law: the text and the markup of the calls are what went in (%s)', (format) => {
    const prose = fc.constantFrom('', 'I look.', 'Ünïcode 😀 text', 'a < b and [c]', '`code` and\n```\nmore\n```\n');
    const args = byName.has(format) ? jsonText(fc.string()).filter((text) => text === text.trim()) : jsonText(jsonObject());
    const drawn = fc.tuple(prose, args).chain(([before, text]) => {
      const whole = before + written[format](text);
      return fc.tuple(fc.constant(before), fc.constant(text), fragments(whole));
    });
    fc.assert(
      fc.property(drawn, ([before, text, pieces]) => {
        const found = seen(extract(pieces, { format }));
        expect(bare(found.text)).toBe(bare(before));
        const value: unknown = JSON.parse(text);
        expect(found.calls).toEqual([['f', typeof value === 'string' ? { x: value } : value]]);
      }),
      { numRuns: 150 },
    );
  });

  it.each(['qwen-coder', 'glm'] as const)('law: a string without quotes comes out as it was written (%s)', (format) => {
    const raw = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('\n', '<', '</', '"', '\\', ' ', 'a', '😀', '</parameter', '</arg_value')).map((all) => all.join('')),
    );
    const drawn = raw.chain((text) => fc.tuple(fc.constant(text), fragments(written[format](text))));
    const typed = [{ name: 'f', inputSchema: { type: 'object', properties: { x: { type: 'string' } } } }];
    fc.assert(
      fc.property(drawn, ([text, pieces]) => {
        const events = extract(pieces, { format, tools: typed });
        expect(seen(events)).toEqual({ text: '', calls: [['f', { x: text }]] });
        expect(joined(events)).toEqual(joined(extract([pieces.join('')], { format, tools: typed })));
      }),
      { numRuns: 300 },
    );
  });

  /** Counts what is done for each character from now on. */
  function counted(): { steps: number } {
    const count = { steps: 0 };
    const { peek } = Cursor.prototype;
    Cursor.prototype.peek = function () {
      count.steps++;
      return peek.call(this);
    };
    const { push } = CodeGuard.prototype;
    CodeGuard.prototype.push = function (code) {
      count.steps++;
      push.call(this, code);
    };
    const { find } = ValueEnd.prototype;
    ValueEnd.prototype.find = function (text, from, until) {
      const end = find.call(this, text, from, until);
      count.steps += end - from;
      return end;
    };
    restore = () => {
      Object.assign(Cursor.prototype, { peek });
      Object.assign(CodeGuard.prototype, { push });
      Object.assign(ValueEnd.prototype, { find });
    };
    return count;
  }

  it('law: work grows with the text, whatever it is', () => {
    const count = counted();
    const hard = [
      '<',
      '<tool_call>',
      '<tool_call>{"name":"f',
      '<tool_call>{"arguments":"',
      '<tool_call>{"name":"f","arguments":{"a":1}}\n',
      '`',
      ' \n',
      'f(x=',
      '[f(x="',
    ];
    for (const format of formats) {
      for (const shard of hard) {
        const text = shard.repeat(Math.ceil(4_000 / shard.length));
        for (const pieces of [[text], singles(text)]) {
          count.steps = 0;
          extract(pieces, { format });
          expect(count.steps, `${format}: ${shard}`).toBeLessThan(8 * text.length);
        }
      }
    }
  });

  it('law: a megabyte of marks costs no more for each character than a few', () => {
    const count = counted();
    const megabyte = 1024 * 1024;
    for (const mark of ['<', '[', '{', '<tool_call>', '[f(x=']) {
      for (const format of ['auto', 'pythonic'] as const) {
        const text = mark.repeat(Math.ceil(megabyte / mark.length));
        count.steps = 0;
        const { values } = run(textCallExtractor({ tools, format }) as Stage<ModelEvent, ModelEvent>, [textDelta(text)]);
        expect(count.steps, `${format}: ${mark}`).toBeLessThan(8 * text.length);
        expect(values.length, `${format}: ${mark}`).toBeLessThan(4);
      }
      count.steps = 0;
      const pieces = mark.repeat(Math.ceil(megabyte / mark.length)).match(/.{1,4096}/gs) ?? [];
      run(reasoningExtractor() as Stage<ModelEvent, ModelEvent>, pieces.map(textDelta));
      expect(count.steps, `reasoning: ${mark}`).toBeLessThan(4 * (megabyte + 4096));
    }
  }, 120_000);
});

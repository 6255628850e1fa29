import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import { type ExtractReasoningOptions, reasoningExtractor } from '../../src/text/reasoning.ts';
import { joined, round, run, singles, textDelta } from './support.ts';

const split = (pieces: readonly string[], options?: ExtractReasoningOptions) =>
  run(reasoningExtractor<ModelEvent>(options), round(pieces)).values;

/** What comes out: `r:` before reasoning, `t:` before text. */
const seen = (events: readonly ModelEvent[]) =>
  joined(events).flatMap((event) => {
    const { type, text } = event as { type: string; text?: string };
    return type === 'text-delta' ? [`t:${text}`] : type === 'reasoning-delta' ? [`r:${text}`] : [];
  });

describe('reasoning written as text', () => {
  const samples: readonly { name: string; text: string; options?: ExtractReasoningOptions; gives: readonly string[] }[] = [
    { name: 'before the answer', text: '<think>\nHm,\nwell.\n</think>\n\nHi', gives: ['r:Hm,\nwell.', 't:Hi'] },
    { name: 'empty', text: '<think>\n\n</think>\n\nHi', gives: ['t:Hi'] },
    { name: 'whitespace before it', text: '\n <think>a</think>b', gives: ['r:a', 't:b'] },
    { name: 'none', text: '  Hi <b> ', gives: ['t:  Hi <b> '] },
    { name: 'at a later line', text: 'a\n<think>b</think>\nc\n<think>d', gives: ['t:a\n', 'r:b', 't:c\n', 'r:d'] },
    { name: 'the tag within a sentence', text: 'The tag <think> opens it.', gives: ['t:The tag <think> opens it.'] },
    {
      name: 'the tag in the arguments of a call',
      text: '<tool_call>\n<function=f>\n<parameter=x>\n<think>\na\n</think>\n</parameter>\n</function>\n</tool_call>\n<think>b</think>c',
      gives: ['t:<tool_call>\n<function=f>\n<parameter=x>\n<think>\na\n</think>\n</parameter>\n</function>\n</tool_call>\n', 'r:b', 't:c'],
    },
    {
      name: 'the tag in a function',
      text: '<function=f><parameter=x>\n<think>\n</parameter></function>',
      gives: ['t:<function=f><parameter=x>\n<think>\n</parameter></function>'],
    },
    { name: 'whitespace before what is no tag', text: '<think>a \n<b> \n</think>c', gives: ['r:a \n<b>', 't:c'] },
    { name: 'nested', text: '<think>a <think>b</think> c</think>d', gives: ['r:a <think>b', 't:c</think>d'] },
    { name: 'the tag in a code block', text: '```\n<think>a</think>\n```', gives: ['t:```\n<think>a</think>\n```'] },
    { name: 'something that begins like the tag', text: '<thin>a</thin>', gives: ['t:<thin>a</thin>'] },
    { name: 'marks that begin again', text: '<think>a</<</think>b', gives: ['r:a</<', 't:b'] },
    {
      name: 'a code block and a call left open in it',
      text: '<think>\n```\n<tool_call>\n</think>\nb\n<think>c</think>d',
      gives: ['r:```\n<tool_call>', 't:b\n', 'r:c', 't:d'],
    },
    { name: 'an end that never comes', text: '<think>a </thi', gives: ['r:a </thi'] },
    { name: 'a tag that never ends', text: '<thi', gives: ['t:<thi'] },
    { name: 'the opening tag is in the prompt', text: 'a b</think>c', options: { startsInside: true }, gives: ['r:a b', 't:c'] },
    {
      name: 'the opening tag is in the prompt and comes again',
      text: '\n<think>\na</think>c',
      options: { startsInside: true },
      gives: ['r:a', 't:c'],
    },
    {
      name: 'the opening tag is in the prompt and nothing was thought',
      text: '\n</think>\n\nc',
      options: { startsInside: true },
      gives: ['t:c'],
    },
    { name: 'another tag', text: '<reason>a</reason>b', options: { tag: 'reason' }, gives: ['r:a', 't:b'] },
    {
      name: 'marks of another kind',
      text: '[THINK]a[/THINK]b',
      options: { tag: { open: '[THINK]', close: '[/THINK]' } },
      gives: ['r:a', 't:b'],
    },
    {
      name: 'half of the opening tag, and the tag, where it is in the prompt and the end begins otherwise',
      text: '[TH[THINK]a{END}b',
      options: { startsInside: true, tag: { open: '[THINK]', close: '{END}' } },
      gives: ['r:[TH[THINK]a', 't:b'],
    },
  ];

  it.each(samples)('$name', ({ text, options, gives }) => {
    expect(seen(split([text], options))).toEqual(gives);
    expect(joined(split(singles(text), options)), 'a character at a time').toEqual(joined(split([text], options)));
  });

  it('amends the message, and drops the form that still has the tags', () => {
    expect(split(['<think>a</think>b']).at(-1)).toMatchObject({ message: { role: 'assistant', content: 'b', reasoning: 'a' } });
    expect(split(['<think>a</think>b']).at(-1)).not.toHaveProperty('message.native');
    expect(split(['b']).at(-1)).toHaveProperty('message.native');
  });

  it('gives back what it holds, and amends what an error has, when the stream breaks', () => {
    const partial = { text: '<think>a</thi', reasoning: '', calls: [], toolCalls: [], results: [], messages: [] };
    function* broken() {
      yield textDelta('<think>a</thi');
      throw new InterruptedError('cut', { partial });
    }
    const { values, error } = run(reasoningExtractor<ModelEvent>(), broken());
    expect(seen(values)).toEqual(['r:a</thi']);
    expect(error).toMatchObject({ partial: { text: '', reasoning: 'a</thi' } });
  });

  it('leaves other choices alone', () => {
    const other = { type: 'text-delta', text: '<think>', choice: 1 } as const;
    expect(run(reasoningExtractor<ModelEvent>(), [other]).values[0]).toBe(other);
  });

  it('stamps what it makes with the round', () => {
    const { values } = run(reasoningExtractor<ModelEvent>(), [{ ...textDelta('<think>a</think>b'), round: 2 }]);
    expect(values).toEqual([
      { type: 'reasoning-delta', text: 'a', round: 2 },
      { ...textDelta('b'), round: 2 },
    ]);
  });

  it('refuses a tag that is none', () => {
    expect(() => reasoningExtractor({ tag: '' })).toThrow(RangeError);
    expect(() => reasoningExtractor({ tag: { open: '<<a', close: 'b' } })).toThrow(/no tag/);
  });

  it('law: any split gives the same, and nothing but tags and the whitespace beside them is lost', () => {
    // No piece lets what is left form a tag anew.
    const piece = fc.constantFrom('<think>', '</think>', '<', '</', '\n', ' ', 'a', 'é😀', '```', '`', '> ');
    const cut = fc.array(piece, { maxLength: 14 }).chain((pieces) => fc.tuple(fc.constant(pieces), fc.boolean()));
    fc.assert(
      fc.property(cut, ([pieces, startsInside]) => {
        const whole = joined(split([pieces.join('')], { startsInside }));
        expect(joined(split(pieces, { startsInside }))).toEqual(whole);
        expect(joined(split(singles(pieces.join('')), { startsInside }))).toEqual(whole);
        const bare = (text: string) => text.replaceAll(/<\/?think>|\s/g, '');
        const out = whole.map((event) => (event as { text?: string }).text ?? '').join('');
        expect(bare(out)).toBe(bare(pieces.join('')));
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is held back', () => {
  const values = (...events: ModelEvent[]) => run(reasoningExtractor<ModelEvent>(), events).values;

  it('comes at the end of the stream, and before a refusal', () => {
    expect(values(textDelta('<thi'))).toEqual([textDelta('<thi')]);
    const refusal: ModelEvent = { type: 'refusal-delta', text: 'no' };
    expect(values(textDelta('<thi'), refusal)).toEqual([textDelta('<thi'), refusal]);
    expect(values(textDelta('<thi'), { ...refusal, text: '' }, textDelta('nk>a'))).toEqual([
      { ...refusal, text: '' },
      { type: 'reasoning-delta', text: 'a' },
    ]);
  });

  it('is stamped with its round, if it has one', () => {
    expect(values({ ...textDelta('<think>a'), round: 2 })).toStrictEqual([{ type: 'reasoning-delta', text: 'a', round: 2 }]);
    expect(values(textDelta('<think>a'))).toStrictEqual([{ type: 'reasoning-delta', text: 'a' }]);
  });
});

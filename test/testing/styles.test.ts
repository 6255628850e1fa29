import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelEvent } from '../../src/events.ts';
import { arbitraries, type OpenAiChatStyle, openAiChatBytes } from '../../src/testing/index.ts';
import { moreThan } from '../support/reach.ts';

const draw = arbitraries(fc);

/** Each fragment of a call on the wire: its id and index if it has any, its name and arguments. */
function fragments(events: readonly ModelEvent[], style: Partial<OpenAiChatStyle>) {
  const lines = new TextDecoder().decode(openAiChatBytes(events, style)).split(/\r\n|\n|\r/);
  const chunks = lines.filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice(6)));
  return chunks.flatMap(({ choices }) => choices[0]?.delta?.tool_calls ?? []);
}

const call = (callId: string, index: number, name: string, ...texts: string[]): ModelEvent[] => [
  { type: 'tool-call-start', callId, index, name },
  ...texts.map((text): ModelEvent => ({ type: 'tool-call-delta', callId, index, text })),
];
const add = call('a', 0, 'add', '1', '2');
const now = call('b', 1, 'now', '3');

describe('openAiChatBytes: styles', () => {
  it.each([
    ['first', ['a', undefined, undefined]],
    ['every', ['a', 'a', 'a']],
    ['none', [undefined, undefined, undefined]],
  ] as const)('puts ids on: %s', (ids, expected) => {
    expect(fragments(add, { ids }).map(({ id }) => id)).toEqual(expected);
    expect(fragments(add, { ids }).map(({ type }) => type)).toEqual(expected.map((id) => id && 'function'));
  });

  it.each([
    ['given', [0, 0, 0, 1, 1]],
    ['zero', [0, 0, 0, 0, 0]],
    ['none', [undefined, undefined, undefined, undefined, undefined]],
  ] as const)('puts indexes: %s', (indexes, expected) => {
    expect(fragments([...add, ...now], { indexes }).map(({ index }) => index)).toEqual(expected);
  });

  it('puts the id of every fragment on both pieces of a name', () => {
    const pieces = (ids: OpenAiChatStyle['ids']) => fragments(call('a', 0, 'search'), { ids, names: 'pieces' });
    expect(pieces('every').map(({ id }) => id)).toEqual(['a', 'a']);
    expect(pieces('first').map(({ id, function: { name } }) => [id, name])).toEqual([
      ['a', 'sea'],
      [undefined, 'rch'],
    ]);
    expect(fragments(call('a', 0, ' a'), { names: 'pieces' }).map(({ function: { name } }) => name)).toEqual([' a']);
    expect(fragments(call('a', 0, 'a '), { names: 'pieces' }).map(({ function: { name } }) => name)).toEqual(['a ']);
  });

  it('pads with a chunk without choices after each third, and an empty one after each fourth', () => {
    const events = Array.from({ length: 4 }, (_, i): ModelEvent => ({ type: 'text-delta', text: String(i) }));
    const body = new TextDecoder().decode(openAiChatBytes(events, { padding: true }));
    expect([...body.matchAll(/"choices":\[(.*?)\]/g)].map((match) => match[1]?.match(/"content":"(.*?)"/)?.[1])).toEqual([
      '0',
      '1',
      '2',
      undefined,
      '3',
      '',
    ]);
    expect(body).toContain('"choices":[]');
    expect(body).toContain('"id":"chatcmpl-1"');
  });

  it('writes reasoning and refusals, and nothing of other choices', () => {
    const events: ModelEvent[] = [
      { type: 'reasoning-delta', text: 'hm' },
      { type: 'refusal-delta', text: 'no' },
      { type: 'text-delta', text: 'other', choice: 1 },
    ];
    const body = new TextDecoder().decode(openAiChatBytes(events));
    expect([...body.matchAll(/"delta":({.*?})/g)].map((match) => match[1])).toEqual(['{"reasoning_content":"hm"}', '{"refusal":"no"}']);
  });
});

describe('arbitraries: openAiChatStyle', () => {
  const interleaved: ModelEvent[] = [...call('a', 0, 'add', '1'), ...call('b', 1, 'now', '2'), ...call('a', 0, 'add', '3').slice(1)];
  const alike = [...add, ...call('b', 1, 'add', '3')];
  const drawn = (events: readonly ModelEvent[]) => {
    const styles = fc.sample(draw.openAiChatStyle(events), { numRuns: 2_000, seed: 1 });
    return [...new Set(styles.map(({ ids, indexes, names }) => `${ids} ${indexes} ${names}`))].sort();
  };
  const all = ['first', 'every', 'none'].flatMap((ids) =>
    ['given', 'zero', 'none'].flatMap((indexes) => ['whole', 'pieces'].map((names) => `${ids} ${indexes} ${names}`)),
  );
  const but = (...without: string[]) => all.filter((style) => !without.includes(style)).sort();

  it('takes every liberty where calls can be told apart by their names', () => {
    expect(drawn([...add, ...now])).toEqual(but('first none pieces', 'none none pieces'));
  });

  it('wants ids or indexes where calls interleave', () => {
    expect(drawn(interleaved)).toEqual(
      but('first zero whole', 'first zero pieces', 'first none whole', 'first none pieces').filter(
        (style) => !/^none (zero|none)/.test(style),
      ),
    );
  });

  it('wants ids where two calls have one name', () => {
    expect(drawn(alike).filter((style) => style.startsWith('none'))).toEqual([]);
    expect(drawn(alike)).toContain('first zero whole');
  });
});

describe('arbitraries: what they reach', () => {
  const reached = <T>(arbitrary: fc.Arbitrary<T>, tests: Readonly<Record<string, (drawn: T) => boolean>>) => {
    const samples = fc.sample(arbitrary, { numRuns: 1_500, seed: 1 });
    return Object.entries(tests).flatMap(([what, test]) => (samples.some(test) ? [] : [what]));
  };

  it('draw texts, keys and numbers that are easily got wrong, and only those that JSON has', () => {
    const text = (part: RegExp) => (value: unknown) => part.test(JSON.stringify(value));
    const missing = reached(draw.json(), {
      quote: text(/\\"/),
      backslash: text(/\\\\/),
      'line end': text(/\\n/),
      'half a pair': text(/\\ud83d/),
      'end of a tag': text(/<\/s>/),
      'a pair': text(/👩/u),
      'a prototype': text(/"__proto__":/),
      constructor: text(/"constructor":/),
      'no key': text(/"":/),
      depth: text(/\[[^"]*\[[^"]*\[/),
      fraction: (value) => typeof value === 'number' && !Number.isInteger(value),
    });
    expect(missing).toEqual([]);
    const numbers = fc.sample(draw.json(), { numRuns: 1_500, seed: 2 }).filter((value) => typeof value === 'number');
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(Math.max(...fc.sample(draw.jsonObject(), { numRuns: 300, seed: 2 }).map((value) => Object.keys(value as object).length))).toBe(
      5,
    );
  });

  it('write JSON indented, padded and escaped', () => {
    const missing = reached(draw.jsonText(fc.constant({ é: 1 })), {
      plain: (text) => text === '{"é":1}',
      indented: (text) => text.includes('\n  "'),
      tabs: (text) => text.includes('\n\t"'),
      escaped: (text) => text.includes('\\u00e9'),
      'white space before': (text) => text.startsWith(' \r\n\t'),
      'white space after': (text) => text.endsWith('\n'),
    });
    expect(missing).toEqual([]);
  });

  it('cut a text into up to 13 pieces, and bytes in all ways', () => {
    const whole = 'abcdefghijklmnopqrstuvwxyz';
    const counts = fc.sample(draw.fragments(whole), { numRuns: 500, seed: 1 }).map((pieces) => pieces.length);
    expect([Math.min(...counts), Math.max(...counts) > 8, Math.max(...counts) <= 13]).toEqual([1, true, true]);
    const bytes = new TextEncoder().encode(whole);
    const sizes = fc.sample(draw.chunks(bytes), { numRuns: 300, seed: 1 }).map((chunks) => chunks.length);
    expect([sizes.includes(1), sizes.includes(26), sizes.some((size) => size > 1 && size < 26)]).toEqual([true, true, true]);
  });

  it('draw rounds of the shape asked for, with reason and usage', () => {
    const rounds = (shape: object) => fc.sample(draw.round(shape), { numRuns: 200, seed: 1 });
    const calls = (round: readonly ModelEvent[]) => round.filter(({ type }) => type === 'tool-call-start').length;
    expect(new Set(rounds({}).map(calls))).toEqual(new Set([2, 3, 4]));
    expect(new Set(rounds({ minCalls: 5 }).map(calls))).toEqual(new Set([5]));
    for (const round of rounds({ minCalls: 0 })) {
      const reason = calls(round) > 0 ? { reason: 'tool-calls', raw: 'tool_calls' } : { reason: 'stop', raw: 'stop' };
      expect(round.find(({ type }) => type === 'finish-reason')).toMatchObject(reason);
      expect(round.find(({ type }) => type === 'round-start')).toMatchObject({
        responseId: expect.stringMatching(/^resp_/),
        model: 'drawn',
      });
      const usage = round.find((event) => event.type === 'usage')?.usage;
      expect(usage).toEqual(usage && { inputTokens: 7, outputTokens: 11, totalTokens: 18 });
      for (const event of round) if (event.type === 'text-delta' || event.type === 'reasoning-delta') expect(event.text).not.toBe('');
    }
    expect(rounds({}).filter((round) => round.some(({ type }) => type === 'usage')).length).toBeGreaterThan(moreThan(20));
  });
});

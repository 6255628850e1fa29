import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { InterruptedError, withPartial } from '../../src/errors.ts';
import type { FinishReason, ModelEvent, ToolCall } from '../../src/events.ts';
import type { AssistantMessage } from '../../src/messages.ts';
import { runStage } from '../../src/stage.ts';
import { calls, delta, done, entry, finish, read, summary } from './support.ts';

const message: AssistantMessage = { role: 'assistant', content: '' };
const start = (callId: string, index = 0): ModelEvent => ({ type: 'tool-call-start', callId, index, name: `tool_${callId}` });
const piece = (callId: string, text: string, index = 0): ModelEvent => ({ type: 'tool-call-delta', callId, index, text });
const end = (callId: string, index = 0): ModelEvent => ({ type: 'tool-call-end', callId, index });
const text = (words: string): ModelEvent => ({ type: 'text-delta', text: words });
const reason = (word: FinishReason): ModelEvent => ({ type: 'finish-reason', reason: word, raw: word });
const over = (word: FinishReason = 'tool-calls', cut?: true): ModelEvent => ({
  type: 'round-end',
  reason: word,
  message,
  ...(cut && { cut }),
});

const gather = (events: readonly ModelEvent[], options = {}) => runStage(toolCallAccumulator<ModelEvent>(options), events).values;
/** What came, in order; a call that may not run is a `Left`. */
const types = (events: readonly ModelEvent[]) =>
  gather(events).map((event) => (event.type === 'tool-call' && event.arguments._tag === 'Left' ? 'Left' : event.type));
const found = (events: readonly ModelEvent[], options = {}) =>
  gather(events, options).filter((event) => event.type === 'tool-call') as ToolCall[];

describe('a closed call is confirmed', () => {
  const call = [start('a'), piece('a', '{}')];

  it('by text after it', () =>
    expect(types([...call, text('x')])).toEqual(['tool-call-start', 'tool-call-delta', 'text-delta', 'tool-call']));
  it('by reasoning after it', () => expect(types([...call, { type: 'reasoning-delta', text: 'x' }]).at(-1)).toBe('tool-call'));
  it('by another call after it', () => expect(types([...call, start('b', 1)]).slice(2)).toEqual(['tool-call-start', 'tool-call', 'Left']));
  it('by a fragment of another call after it', () =>
    expect(types([start('b', 1), ...call, piece('b', '{', 1)]).slice(2)).toEqual([
      'tool-call-delta',
      'tool-call-delta',
      'tool-call',
      'Left',
    ]));
  it('by a finish reason after it, before the round ends', () =>
    expect(types([...call, reason('stop')]).slice(2)).toEqual(['finish-reason', 'tool-call']));
  it('by a finish reason before its last fragment', () =>
    expect(types([start('a'), piece('a', '{'), reason('stop'), piece('a', '}'), text('x')]).slice(2)).toEqual([
      'finish-reason',
      'tool-call-delta',
      'tool-call',
      'text-delta',
    ]));
  it('by a finish reason before its end mark', () =>
    expect(types([start('a'), reason('tool-calls'), end('a'), text('x')]).slice(2)).toEqual(['tool-call-end', 'tool-call', 'text-delta']));
  it('by its own end mark: nothing more has to come', () =>
    expect(types([...call, end('a'), text('x')]).slice(2)).toEqual(['tool-call-end', 'tool-call', 'text-delta']));
  it('and not by the end mark of another one', () =>
    expect(types([start('a'), start('b', 1), piece('b', '[]', 1), piece('a', '{}'), end('b', 1)]).slice(4)).toEqual([
      'tool-call',
      'tool-call-end',
      'Left',
    ]));
  it('but not by its end mark where the last words may be missing: nothing, a bare number, half a value', () => {
    for (const words of ['', '1', '{"n":', '[1']) {
      const events = [start('a'), piece('a', words), end('a'), reason('length'), over('length')];
      expect(types(events).slice(2)).toEqual(['tool-call-end', 'finish-reason', 'Left', 'round-end']);
    }
  });
  it('but no longer where it goes on', () =>
    expect(found([start('a'), end('a'), piece('a', '{'), text('x'), piece('a', '}'), over()])).toMatchObject([
      { arguments: { right: {} } },
    ]));
  it('by the end of the round, just before it', () => expect(types([...call, over()]).slice(2)).toEqual(['tool-call', 'round-end']));
  it('but not by empty text, usage or silence (issue vercel/ai#13137)', () =>
    expect(types([...call, text(''), { type: 'usage', usage: {}, raw: {} }]).slice(0, 4)).toEqual([
      'tool-call-start',
      'tool-call-delta',
      'text-delta',
      'usage',
    ]));
  it('but not by text while it is open: text never closes a call (issue TanStack/ai#1017)', () => {
    const events = gather([start('a'), piece('a', '{"n":'), text('meanwhile'), piece('a', '1}'), text('.'), over()]);
    expect(events.map((event) => event.type)).toEqual([
      'tool-call-start',
      'tool-call-delta',
      'text-delta',
      'tool-call-delta',
      'text-delta',
      'tool-call',
      'round-end',
    ]);
  });
});

describe('parsable never means complete (issue vercel/ai#13137, vercel/ai#16838)', () => {
  it('for a bare number, which closes at the end of the round', () =>
    expect(found([start('a'), piece('a', '1'), text('x'), piece('a', '2'), over()])).toMatchObject([{ arguments: { right: 12 } }]));
  it('for a value that goes on after it was whole', () =>
    expect(found([start('a'), piece('a', '{}'), piece('a', '}'), over()])).toMatchObject([
      { arguments: { left: { code: 'invalid-json', position: 2 } } },
    ]));
  it('for a cut after the last brace', () =>
    expect(found([start('a'), piece('a', '{}')])).toMatchObject([{ arguments: { left: { code: 'interrupted' } } }]));
});

describe('blank arguments (issue vercel/ai#7326)', () => {
  for (const [name, chunk] of [
    ['""', calls(entry(0, 'a', 'now', ''))],
    ['null', calls(entry(0, 'a', 'now', null))],
    ['nothing', calls(entry(0, 'a', 'now'))],
    ['spaces', calls(entry(0, 'a', 'now', ' \n'))],
  ] as const) {
    it(`as ${name} become {} at a regular end`, () => expect(summary(read([chunk, finish(), done]).calls)).toEqual([['now', {}]]));
    it(`as ${name} do not after a cut`, () => expect(summary(read([chunk]).calls)).toEqual([['now', 'interrupted']]));
    for (const word of ['length', 'content_filter', 'error'])
      it(`as ${name} do not after ${word}`, () =>
        expect(summary(read([chunk, finish(word), done]).calls)).toEqual([['now', 'incomplete']]));
  }
  it('do not where the connection broke after the finish reason', () =>
    expect(found([start('a'), reason('tool-calls'), over('tool-calls', true)])).toMatchObject([
      { arguments: { left: { code: 'interrupted' } } },
    ]));
  it('close where the dialect marks the end', () =>
    expect(found([start('a'), end('a'), text('x')])).toMatchObject([{ arguments: { right: {} } }]));
  it('marked as ended still wait for the end of a round that was cut off', () => {
    for (const word of ['length', 'content-filter', 'error'] as const) {
      expect(found([start('a'), end('a'), reason(word), over(word)])).toMatchObject([{ arguments: { left: { code: 'incomplete' } } }]);
    }
  });
});

describe('what never runs', () => {
  it('is a call cut short: it is not repaired (issue langchain-ai/langchainjs#11471, vllm-project/vllm#53739)', () => {
    for (const ending of [[finish('length'), done], [finish('content_filter'), done], [finish('stop'), done], []]) {
      const result = read([calls(entry(0, 'a', 'send', '{"to":"bob","amount":1')), ...ending]);
      expect(result.calls).toHaveLength(1);
      expect(result.calls[0]?.arguments._tag).toBe('Left');
    }
  });

  it('is a call with bad JSON, and the calls beside it do (issue anthropics/anthropic-sdk-typescript#1006)', () => {
    const { calls: both, error } = read([calls(entry(0, 'a', 'x', "{'n':1}")), calls(entry(1, 'b', 'y', '{"n":1}')), finish(), done]);
    expect(error).toBeUndefined();
    expect(both.find((call) => call.name === 'x')?.arguments).toMatchObject({ left: { code: 'invalid-json', position: 1 } });
    expect(both.find((call) => call.name === 'y')?.arguments).toEqual({ _tag: 'Right', right: { n: 1 } });
  });

  it('is a call nested too deep or too long, with its bound named', () => {
    expect(found([start('a'), piece('a', '[[[1]]]'), over()], { maxDepth: 2 })).toMatchObject([
      { arguments: { left: { code: 'too-deep' } } },
    ]);
    expect(found([start('a'), piece('a', '[1,2]'), over()], { maxArgumentLength: 4 })).toMatchObject([
      { arguments: { left: { code: 'too-long' } } },
    ]);
  });
});

describe('after a call was emitted', () => {
  it('ignores white space and reports anything else', () => {
    const events = gather([start('a'), piece('a', '{}'), text('x'), piece('a', ' \n'), piece('a', '{"late":1}'), over()]);
    expect(events.filter((event) => event.type === 'tool-call')).toHaveLength(1);
    expect(events.filter((event) => event.type === 'diagnostic')).toMatchObject([{ code: 'arguments-after-call', callId: 'a' }]);
  });

  it('emits it no second time where the wire marks its end only then', () =>
    expect(found([start('a'), piece('a', '{}'), text('x'), end('a'), reason('tool-calls'), over()])).toHaveLength(1));
});

describe('restarts, choices, errors', () => {
  it('forgets the open calls of a round that is asked again', () => {
    const again: ModelEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
    expect(found([start('a'), piece('a', '{"n":'), again, start('a'), piece('a', '{}'), over()])).toMatchObject([{ argumentsText: '{}' }]);
  });

  it('forgets a round that ended: the next may use its ids again', () => {
    const round = (args: string) => [start('a'), piece('a', args), over()];
    expect(found([...round('{"n":1}'), ...round('{"n":2}')]).map((call) => call.argumentsText)).toEqual(['{"n":1}', '{"n":2}']);
  });

  it('goes on with a call that is begun twice', () => {
    expect(found([start('a'), piece('a', '{"n":'), start('a'), piece('a', '1}'), over()])).toMatchObject([{ argumentsText: '{"n":1}' }]);
  });

  it('lets only choice 0 call tools', () => {
    const other = [start('a'), piece('a', '{}'), reason('tool-calls')].map((event) => ({ ...event, choice: 1 }));
    expect(found([...other, over()])).toEqual([]);
  });

  it('settles open calls before the error, and puts every call on it', () => {
    const values: unknown[] = [];
    const out = { enqueue: (value: unknown) => void values.push(value), error: () => undefined, terminate: () => undefined };
    const stage = toolCallAccumulator<ModelEvent>();
    for (const event of [start('a'), piece('a', '{}'), text('x'), start('b', 1), piece('b', '{', 1)]) stage.transform(event, out);
    const error = stage.fail?.(
      withPartial(new InterruptedError('cut'), (partial) => partial),
      out,
    ) as InterruptedError;
    expect(error.partial.toolCalls.map((call) => [call.callId, call.arguments._tag])).toEqual([
      ['a', 'Right'],
      ['b', 'Left'],
    ]);
  });

  it('decides from content where the finish reason lies (issue vercel/workflow#1387, mastra-ai/mastra#14187)', () => {
    expect(summary(read([calls(entry(0, 'a', 'x', '{}')), finish('stop'), done]).calls)).toEqual([['x', {}]]);
    expect(read([delta({ content: 'Hi' }), finish('tool_calls'), done]).calls).toEqual([]);
  });
});

describe('laws', () => {
  it('law: arguments equal JSON.parse of the joined fragments, under every split', () => {
    const jsonText = fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
      fc.string(),
      fc.constantFrom('', ' ', '{', '{}}', '1', '-', '"\\ud800"', '{"__proto__":{"x":1}}', 'null', 'nul'),
    );
    fc.assert(
      fc.property(jsonText, fc.array(fc.nat(), { maxLength: 8 }), (whole, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b);
        const pieces = at.slice(1).map((to, i) => piece('a', whole.slice(at[i], to)));
        const [call] = found([start('a'), ...pieces, reason('tool-calls'), over()]);
        expect(call?.argumentsText).toBe(whole);
        let parsed: unknown;
        try {
          parsed = whole.trim() === '' && /^[ \t\r\n]*$/.test(whole) ? {} : JSON.parse(whole);
        } catch {
          expect(call?.arguments._tag).toBe('Left');
          return;
        }
        expect(call?.arguments).toEqual({ _tag: 'Right', right: parsed });
      }),
      { numRuns: 500 },
    );
  });
});

describe('bounds of one round', () => {
  it('are so many calls: one more errors', () => {
    const two = [start('a'), start('b', 1)];
    expect(runStage(toolCallAccumulator<ModelEvent>({ maxCalls: 2 }), two).error).toBeUndefined();
    expect(runStage(toolCallAccumulator<ModelEvent>({ maxCalls: 1 }), two).error).toMatchObject({
      code: 'limit',
      limit: 'maxCalls',
      max: 1,
    });
  });

  it('begin anew with the next round', () => {
    const round = (id: string) => [start(id), piece(id, '{}'), over()];
    const { values, error } = runStage(toolCallAccumulator<ModelEvent>({ maxCalls: 1 }), [...round('a'), ...round('b')]);
    expect(error).toBeUndefined();
    expect(values.flatMap((event) => (event.type === 'tool-call' ? [event.callId] : []))).toEqual(['a', 'b']);
  });
});

describe('fragments after the call', () => {
  const codes = (...texts: string[]) =>
    gather([start('a'), piece('a', '{}'), text('x'), ...texts.map((each) => piece('a', each))]).flatMap((event) =>
      event.type === 'diagnostic' ? [event.code] : [],
    );

  it('are told once, and not at all where they are blank', () => {
    expect(codes(' ', '\n')).toEqual([]);
    expect(codes(' ', '1', '2')).toEqual(['arguments-after-call']);
  });

  it('are as good as white space only where JSON has it', () => {
    expect(codes('\u00a0')).toEqual(['arguments-after-call']);
    expect(codes(' \t\r\n')).toEqual([]);
  });

  it('are named by at most 64 letters of the call’s name', () => {
    const name = 'n'.repeat(65);
    const events: ModelEvent[] = [{ type: 'tool-call-start', callId: 'a', index: 0, name }, piece('a', '{}'), text('x'), piece('a', '1')];
    const messages = gather(events).flatMap((event) => (event.type === 'diagnostic' ? [event.message] : []));
    expect(messages).toEqual([expect.stringContaining(`"${'n'.repeat(64)}…"`)]);
  });
});

describe('a call that is looked at for the first time', () => {
  it('is held to the bounds as any other: depth, big numbers, and bounds that are none', () => {
    const whole = (words: string) => [start('a'), piece('a', words), end('a'), over()];
    expect(found(whole('{"a":{"b":1}}'), { maxDepth: 2 })).toMatchObject([{ arguments: { right: { a: { b: 1 } } } }]);
    expect(found(whole('{"a":{"b":1}}'), { maxDepth: 1 })).toMatchObject([{ arguments: { left: { code: 'too-deep' } } }]);
    expect(found(whole('{"n":12345678901234567890}'), { bigNumbers: 'text' })).toMatchObject([
      { arguments: { right: { n: '12345678901234567890' } } },
    ]);
    expect(() => toolCallAccumulator({ maxDepth: Number.NaN })).toThrow(RangeError);
  });

  it('is one of as many as there are', () => {
    const begun = Array.from({ length: 40 }, (_, i) => [start(`c${i}`, i), piece(`c${i}`, '{"n":', i)]).flat();
    const closed = Array.from({ length: 40 }, (_, i) => piece(`c${i}`, `${i}}`, i));
    const ids = found([...begun, ...closed, over()]).map(({ callId }) => callId);
    expect(ids).toEqual(Array.from({ length: 40 }, (_, i) => `c${i}`));
    const { calls: read40 } = read([...ids.map((id, i) => calls(entry(i, id, 'x', '{}'))), finish(), done]);
    expect(read40.map(({ callId }) => callId)).toEqual(ids);
  });

  it('is forgotten with its round', () =>
    expect(
      types([start('a'), piece('a', '{}'), { type: 'round-restarted', reason: 'x' } as unknown as ModelEvent, text('x')]),
    ).not.toContain('tool-call'));
});

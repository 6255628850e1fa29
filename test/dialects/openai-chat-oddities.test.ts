import { describe, expect, it } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { InterruptedError, LimitError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { calls, delta, done, entry, finish, frames, read, summary } from '../calls/support.ts';

const decode = (chunks: readonly (object | string)[], options = {}) => runStage(openAiChat.decoder(options), frames(chunks));
const types = (events: readonly ModelEvent[]) => events.map((event) => event.type);
const textOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
const roundEnd = (events: readonly ModelEvent[]) => events.find((event) => event.type === 'round-end');
const nativeOf = (events: readonly ModelEvent[]) => roundEnd(events)?.message.native?.message;

/** A body, byte by byte as it came, through the parser and the decoder. */
const body = (text: string) => runStage(openAiChat.decoder(), runStage<string | Uint8Array, Frame>(sseParser(), [text]).values);

describe('keep-alives that are data (issue brainlid/langchain#569)', () => {
  for (const data of ['{}', 'null', '""', ' ', '\n']) {
    it(`as ${JSON.stringify(data)} are nothing, and no progress`, () => {
      const { values, error } = decode([data, delta({ content: 'x' }), data, finish('stop'), data, done]);
      expect(error).toBeUndefined();
      expect(types(values)).toEqual(['round-start', 'text-delta', 'finish-reason', 'round-end']);
      expect(values[0]).toMatchObject({ responseId: 'r1' });
    });
  }

  it('as events named ping or heartbeat are not even parsed', () => {
    for (const event of ['ping', 'heartbeat', 'keep-alive', 'keepalive']) {
      const wire: Frame[] = [
        { event, data: 'Mon, 1 Jan' },
        { event, data: '{"type":"ping"}' },
        ...frames([delta({ content: 'x' }), finish('stop'), done]),
      ];
      const { values, error } = runStage(openAiChat.decoder(), wire);
      expect(error).toBeUndefined();
      expect(types(values)).toEqual(['round-start', 'text-delta', 'finish-reason', 'round-end']);
    }
  });
});

describe('an answer in `message`', () => {
  const message = (fields: object, rest = {}) => ({ choices: [{ index: 0, message: { role: 'assistant', ...fields }, ...rest }] });

  it('is read whole, calls too', () => {
    const found = read([message({ content: 'Hi', tool_calls: [entry(0, 'a', 'x', '{}')] }, { finish_reason: 'tool_calls' }), done]);
    expect(textOf(found.events as ModelEvent[])).toBe('Hi');
    expect(summary(found.calls)).toEqual([['x', {}]]);
  });

  it('is read where the delta beside it is empty', () => {
    expect(textOf(decode([message({ content: 'Hi' }, { delta: {} }), finish('stop'), done]).values)).toBe('Hi');
    expect(textOf(decode([message({ content: 'Hi' }, { delta: { role: 'assistant', content: '' } }), finish('stop'), done]).values)).toBe(
      'Hi',
    );
  });

  it('is not said again after it came in pieces (issue vercel/ai#3953)', () => {
    const { values } = decode([
      delta({ reasoning_content: 'Hm' }),
      delta({ content: 'Hel' }),
      delta({ content: 'lo' }),
      message({ content: 'Hello', reasoning_content: 'Hm' }, { finish_reason: 'stop' }),
      done,
    ]);
    expect(textOf(values)).toBe('Hello');
    expect(roundEnd(values)?.message).toMatchObject({ content: 'Hello', reasoning: 'Hm' });
    expect(nativeOf(values)).toMatchObject({ content: 'Hello' });
  });

  it('may grow with each chunk, or come in pieces itself', () => {
    const said = (pieces: string[]) => textOf(decode([...pieces.map((content) => message({ content })), finish('stop'), done]).values);
    expect(said(['Hel', 'Hello', 'Hello you'])).toBe('Hello you');
    expect(said(['Hel', 'lo', ' you'])).toBe('Hello you');
  });

  it('brings the calls that its text came without', () => {
    const found = read([delta({ content: 'Hi' }), message({ content: 'Hi', tool_calls: [entry(0, 'a', 'x', '{}')] }), finish(), done]);
    expect(textOf(found.events as ModelEvent[])).toBe('Hi');
    expect(summary(found.calls)).toEqual([['x', {}]]);
  });
});

describe('a finish reason', () => {
  it('of the word null is none: a cut after it is an interruption', () => {
    const { values, error } = decode([delta({ content: 'x' }, 'null'), calls(entry(0, 'a', 'x', '{}'))]);
    expect(types(values)).not.toContain('finish-reason');
    expect(error).toBeInstanceOf(InterruptedError);
  });

  it('comes once for each choice, the first word counts', () => {
    const { values } = decode([
      finish('tool_calls'),
      finish('stop'),
      { choices: [{ index: 1, delta: {}, finish_reason: 'length' }] },
      done,
    ]);
    expect(values.filter((event) => event.type === 'finish-reason')).toEqual([
      { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
      { type: 'finish-reason', reason: 'length', raw: 'length', choice: 1 },
    ]);
  });

  it('of one choice does not end the others', () => {
    const { error } = decode([finish('stop'), { choices: [{ index: 1, delta: { content: 'b' } }] }]);
    expect(error).toBeInstanceOf(InterruptedError);
  });
});

describe('calls of another choice', () => {
  const second = (fields: object, reason: string | null = null) => ({ choices: [{ index: 1, delta: fields, finish_reason: reason }] });

  it('are marked as such, never run, and stay out of the message', () => {
    const { calls: found, events } = read([
      calls(entry(0, 'a', 'x', '{"n":')),
      second({ tool_calls: [entry(0, 'b', 'y', '{}')] }),
      calls(entry(0, undefined, undefined, '1}')),
      second({ function_call: { name: 'z', arguments: '{}' } }, 'function_call'),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
    const other = events.filter((event) => event.type === 'tool-call-start' && event.choice === 1);
    expect(other.map((event) => event.type === 'tool-call-start' && event.name)).toEqual(['y']);
    expect(nativeOf(events as ModelEvent[])).toMatchObject({ tool_calls: [{ id: 'a' }] });
  });

  it('and its words and unknown fields stay out of the message, too', () => {
    const signed = { ...entry(0, 'b', 'y', '{}'), extra_content: { signature: 'no' } };
    const { values } = decode([
      second({ content: 'no', extra: 'no', tool_calls: [signed] }, 'stop'),
      calls(entry(0, 'a', 'x', '{}')),
      finish(),
      done,
    ]);
    expect(nativeOf(values)).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: '{}' } }],
    });
  });

  it('and its reasoning and refusal are marked as its own', () => {
    const other = { id: 'r1', model: 'm', choices: [{ index: 1, delta: { reasoning: 'so', refusal: 'no' } }] };
    const { values } = decode([delta({ content: 'Hi' }), other, finish('stop'), { choices: [{ index: 1, finish_reason: 'stop' }] }, done]);
    expect(values).toContainEqual({ type: 'reasoning-delta', text: 'so', choice: 1 });
    expect(values).toContainEqual({ type: 'refusal-delta', text: 'no', choice: 1 });
    expect(roundEnd(values)?.message).not.toHaveProperty('reasoning');
    expect(roundEnd(values)?.message).not.toHaveProperty('refusal');
  });

  it('in the old form do not make the first choice an old one', () => {
    const { values } = decode([
      second({ function_call: { name: 'z', arguments: '{}' } }),
      calls(entry(0, 'a', 'x', '{}')),
      finish(),
      second({}, 'stop'),
      done,
    ]);
    expect(nativeOf(values)).toMatchObject({ tool_calls: [{ id: 'a' }] });
  });
});

describe('what goes back', () => {
  it('has the text that came as a string after parts', () => {
    const { values } = decode([
      delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }),
      delta({ content: [{ type: 'text', text: '1' }] }),
      delta({ content: '44' }),
      delta({ content: '' }),
      finish('stop'),
      done,
    ]);
    expect(nativeOf(values)).toMatchObject({
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
        { type: 'text', text: '144' },
      ],
    });
  });

  it('has the text that came as a string before parts', () => {
    const { values } = decode([delta({ content: 'a' }), delta({ content: [{ type: 'text', text: 'b' }] }), finish('stop'), done]);
    expect(nativeOf(values)).toMatchObject({ content: [{ type: 'text', text: 'ab' }] });
  });

  it('is in the new form where both came', () => {
    const old = delta({ function_call: { name: 'x', arguments: '{"n":1}' } });
    const { values } = decode([old, calls(entry(0, 'a', 'x', '{"n":1}')), finish(), done]);
    expect(nativeOf(values)).toMatchObject({ tool_calls: [{ function: { name: 'x' } }] });
  });

  it('does not repeat what names a piece: id, type, signature', () => {
    const signed = (text: string) => ({ ...entry(0, 'a', 'x', text), format: 'v1', thought_signature: 'sig' });
    const { values } = decode([
      delta({ id: 'msg_1', reasoning_signature: 'p', tool_calls: [signed('{')] }),
      delta({ id: 'msg_1', reasoning_signature: 'q', tool_calls: [signed('}')] }),
      finish(),
      done,
    ]);
    expect(nativeOf(values)).toMatchObject({
      id: 'msg_1',
      reasoning_signature: 'pq',
      tool_calls: [{ format: 'v1', thought_signature: 'sig' }],
    });
  });
});

describe('what the vocabulary has no word for', () => {
  it('comes with every token where it belongs to the token: log probabilities, token ids', () => {
    const token = (content: string) => ({
      choices: [{ index: 0, delta: { content }, logprobs: { content: [{ token: content, logprob: 0 }] }, token_ids: [7] }],
    });
    const { values } = decode([token('ha'), token('ha'), finish('stop'), done]);
    expect(values.filter((event) => event.type === 'provider-event').map((event) => event.name)).toEqual([
      'logprobs',
      'token_ids',
      'logprobs',
      'token_ids',
    ]);
  });
});

describe('errors at the very end (issue vercel/ai#4726, vercel/ai#13506)', () => {
  const before = `data: ${JSON.stringify(delta({ content: 'Hel' }))}\n\n`;
  for (const [form, end] of [
    ['a bare error: line without line end', 'error: Overloaded'],
    ['a bare error: line with JSON, without line end', 'error: {"message":"Overloaded"}'],
    ['event: error with plain text, without blank line', 'event: error\ndata: Overloaded'],
    ['a JSON line without line end', '{"error":{"message":"Overloaded"}}'],
    ['data without blank line', 'data: {"error":{"message":"Overloaded"}}'],
  ] as const) {
    it(`as ${form}`, () => {
      const { error } = body(before + end);
      expect(error).toBeInstanceOf(ProviderError);
      expect(error).toMatchObject({ retryable: true, message: expect.stringContaining('Overloaded'), partial: { text: 'Hel' } });
    });
  }

  it('but a torn frame, or an error that says nothing yet, is an interruption', () => {
    for (const end of ['err', 'error:', 'error: ', 'event: error', 'event: error\ndata:', 'event: error\ndata: {"mess', 'error: {"mess']) {
      expect(body(before + end).error, end).toBeInstanceOf(InterruptedError);
    }
  });

  it('but a JSON line beside the stream is none', () => {
    expect(body(`${before}{"took_ms":7}\n\ndata: ${JSON.stringify(finish('stop'))}\n\n`).error).toBeUndefined();
  });

  it('as an event that says nothing else', () => {
    expect(runStage(openAiChat.decoder(), [{ event: 'error', data: 'null' }]).error).toBeInstanceOf(ProviderError);
  });

  it('after the finish reason are errors still, with what came', () => {
    const { error } = decode([delta({ content: 'x' }), finish('stop'), { error: { message: 'late' } }]);
    expect(error).toMatchObject({ code: 'provider', partial: { text: 'x' } });
  });

  it('of the operators before are errors after the finish reason, too: they are no lost connection', () => {
    for (const error of [
      new LimitError('maxFrameBytes', 1, 'bytes'),
      new ProviderError('no', { retryable: false, raw: null }),
      new InterruptedError('no'),
    ]) {
      const stage = openAiChat.decoder();
      const out = { enqueue: () => undefined, error: () => undefined, terminate: () => undefined };
      for (const frame of frames([delta({ content: 'x' }), finish('stop')])) stage.transform(frame, out);
      expect(stage.fail?.(error, out)).toBe(error);
      expect(error.partial.text).toBe('x');
    }
  });

  it('after the end mark are nothing any more', () => {
    expect(decode([delta({ content: 'x' }), finish('stop'), done, { error: { message: 'late' } }]).error).toBeUndefined();
  });

  it('as a JSON body whose connection breaks at the end', () => {
    const lines = JSON.stringify({ error: { message: 'Overloaded' } }, null, 2).split('\n');
    const stage = openAiChat.decoder();
    const out = { enqueue: () => undefined, error: () => undefined, terminate: () => undefined };
    for (const data of lines) stage.transform({ data, stray: true }, out);
    expect(stage.fail?.(new Error('reset'), out)).toMatchObject({ code: 'provider' });
  });
});

describe('token counts', () => {
  const counted = (usage: object) => ({ ...delta({ content: 'x' }), usage });

  it('that come with every chunk are said when they change', () => {
    const { values } = decode([
      counted({ completion_tokens: 1 }),
      counted({ completion_tokens: 1 }),
      counted({ completion_tokens: 2 }),
      finish('stop'),
      done,
    ]);
    expect(values.flatMap((event) => (event.type === 'usage' ? [event.usage] : []))).toEqual([{ outputTokens: 1 }, { outputTokens: 2 }]);
  });

  it('may stand in x_groq', () => {
    const { values } = decode([{ ...finish('stop'), x_groq: { usage: { prompt_tokens: 3 } } }, done]);
    expect(roundEnd(values)?.usage).toEqual({ inputTokens: 3 });
  });
});

describe('content in parts', () => {
  it('is text, thinking as text or as a list of texts, and what nobody here knows', () => {
    const { values, error } = decode([
      delta({
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'thinking', thinking: 'so ' },
          { type: 'thinking', thinking: [{ type: 'text', text: 'it is' }, { type: 'reference' }, 'x'] },
          { type: 'reference', ids: [1] },
          { note: 'x' },
        ],
      }),
      finish('stop'),
      done,
    ]);
    expect(error).toBeUndefined();
    expect(textOf(values)).toBe('Hi');
    expect(roundEnd(values)?.message.reasoning).toBe('so it is');
    expect(values.filter(({ type }) => type === 'provider-event')).toEqual([
      { type: 'provider-event', name: 'reference', data: { type: 'reference', ids: [1] } },
      { type: 'provider-event', name: 'content', data: { note: 'x' } },
    ]);
  });
});

describe('a chunk', () => {
  it('without choices, or whose choice has no index, is of the first', () => {
    const { values } = decode([
      { id: 'r1', model: 'm' },
      { choices: [{ delta: { content: 'Hi' } }] },
      { choices: [{ message: { content: [{ type: 'text', text: '!' }] } }] },
      finish('stop'),
      done,
    ]);
    expect(types(values)).toEqual(['round-start', 'text-delta', 'text-delta', 'finish-reason', 'round-end']);
    expect(textOf(values)).toBe('Hi!');
  });

  it('with blanks among its calls has the calls', () => {
    const one = entry(0, 'a', 'x', '{}');
    const { calls: found } = read([delta({ tool_calls: [null, one] }), delta({ tool_calls: [{ index: 0 }] }), finish(), done]);
    expect(found.map(({ callId }) => callId)).toEqual(['a']);
  });

  it('with a call that says nothing but its index does not hide the old form beside it', () => {
    const old = { tool_calls: [{ index: 0 }], function_call: { name: 'x', arguments: '{}' } };
    expect(read([delta(old), finish('function_call'), done]).calls.map(({ name }) => name)).toEqual(['x']);
  });
});

describe('a round', () => {
  it('starts before it ends, though nothing but the end mark came', () => {
    expect(types(decode([done]).values)).toEqual(['round-start', 'round-end']);
  });

  it('keeps its first id where the ids of its chunks change', () => {
    const chunk = (id: string, content: string) => ({ ...delta({ content }), id });
    const { values } = decode([chunk('r1', 'a'), chunk('r2', 'b'), finish('stop'), done]);
    expect(values.filter((event) => event.type === 'round-start')).toEqual([{ type: 'round-start', responseId: 'r1', model: 'm' }]);
    expect(textOf(values)).toBe('ab');
  });

  it('takes arguments that are an object as their JSON', () => {
    const args = JSON.parse('{"__proto__":{"polluted":1},"s":"\\ud800"}') as object;
    const { calls: found } = read([calls({ index: 0, id: 'a', function: { name: 'x', arguments: args } }), finish(), done]);
    expect(found[0]?.argumentsText).toBe('{"__proto__":{"polluted":1},"s":"\\ud800"}');
  });
});

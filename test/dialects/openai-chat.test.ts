import { describe, expect, it } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { InterruptedError, MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { Message } from '../../src/messages.ts';
import { runStage, type Stage } from '../../src/stage.ts';
import { calls, delta, done, entry, finish, frames } from '../calls/support.ts';

const decode = (chunks: readonly (object | string)[], options = {}) => runStage(openAiChat.decoder(options), frames(chunks));
const types = (events: readonly ModelEvent[]) => events.map((event) => event.type);
const roundEnd = (events: readonly ModelEvent[]) => events.find((event) => event.type === 'round-end');

/** Runs a stage whose source fails after the inputs. */
function runFailing<I, O>(stage: Stage<I, O>, inputs: readonly I[], error: unknown): { values: O[]; error: unknown } {
  const values: O[] = [];
  let terminated = false;
  const out = {
    enqueue: (value: O) => void values.push(value),
    error: () => undefined,
    terminate: () => {
      terminated = true;
    },
  };
  for (const input of inputs) stage.transform(input, out);
  const raised = stage.fail ? stage.fail(error, out) : error;
  return { values, error: terminated ? undefined : raised };
}

describe('a response', () => {
  it('gives round-start, its words as they come, the finish reason, usage and round-end', () => {
    const { values, error } = decode([
      delta({ role: 'assistant', content: '' }),
      delta({ reasoning_content: 'Hm. ' }),
      delta({ content: 'Hello' }),
      delta({ content: ' you' }),
      finish('stop'),
      { id: 'r1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
      done,
    ]);
    expect(error).toBeUndefined();
    expect(types(values)).toEqual(['round-start', 'reasoning-delta', 'text-delta', 'text-delta', 'finish-reason', 'usage', 'round-end']);
    expect(values[0]).toEqual({ type: 'round-start', responseId: 'r1', model: 'm' });
    expect(roundEnd(values)).toMatchObject({
      reason: 'stop',
      usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 },
      message: { role: 'assistant', content: 'Hello you', reasoning: 'Hm. ' },
    });
  });

  it('may have no choices in its prologue and its usage chunk (issue openai/openai-agents-js#107)', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    const { values, error } = decode([
      { choices: [], prompt_filter_results: [1] },
      delta({ content: 'x' }),
      finish('stop'),
      { choices: [], usage },
      done,
    ]);
    expect(error).toBeUndefined();
    expect(types(values)).toContain('usage');
  });

  it('may report usage in each choice (issue openai/openai-agents-js#107)', () => {
    const { values } = decode([{ choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage: { prompt_tokens: 7 } }] }, done]);
    expect(roundEnd(values)?.usage).toEqual({ inputTokens: 7 });
  });

  it('says its finish reason once, however often the wire repeats it', () => {
    const { values } = decode([finish('stop'), finish('stop'), done]);
    expect(values.filter((event) => event.type === 'finish-reason')).toHaveLength(1);
  });

  it('is cut where one of several choices has no finish reason, and settles the calls of each', () => {
    const called = { index: 1, delta: { tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '' } }] } };
    const { values, error } = decode([{ choices: [called] }, { choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] }]);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(values).toContainEqual({ type: 'tool-call-start', callId: 'c1', index: 0, name: 'f', choice: 1 });
    expect(roundEnd(values)).toBeUndefined();
  });

  it('with several choices marks those after the first', () => {
    const chunk = (index: number, content: string) => ({ choices: [{ index, delta: { content }, finish_reason: 'stop' }] });
    const { values } = decode([chunk(1, 'b'), chunk(0, 'a'), done]);
    expect(values.filter((event) => event.type === 'text-delta')).toEqual([
      { type: 'text-delta', text: 'b', choice: 1 },
      { type: 'text-delta', text: 'a' },
    ]);
    expect(roundEnd(values)?.message.content).toBe('a');
  });

  it('passes on what the vocabulary has no word for, once per value', () => {
    const citations = ['https://example.org'];
    const { values } = decode([
      { ...delta({ content: 'x' }), citations },
      { ...delta({ content: 'y' }), citations },
      delta({ annotations: [{ type: 'url_citation' }] }),
      finish('stop'),
      done,
    ]);
    expect(values.filter((event) => event.type === 'provider-event')).toEqual([
      { type: 'provider-event', name: 'citations', data: citations },
      { type: 'provider-event', name: 'annotations', data: [{ type: 'url_citation' }] },
    ]);
  });

  it('says the same reasoning once, under whichever name it comes first', () => {
    const { values } = decode([
      delta({ reasoning: 'a', reasoning_content: 'a', reasoning_details: [{ type: 'reasoning.text', text: 'a', index: 0 }] }),
      delta({ reasoning_details: [{ type: 'reasoning.summary', summary: 'b', index: 0 }] }),
      finish('stop'),
      done,
    ]);
    expect(roundEnd(values)?.message.reasoning).toBe('ab');
  });
});

describe('the end of a response', () => {
  it('is its end mark; what comes after it is ignored, with one diagnostic (issue openai/openai-node#1292)', () => {
    const { values, error } = decode([
      delta({ content: 'x' }),
      finish('stop'),
      done,
      delta({ content: 'late' }),
      delta({ content: 'later' }),
    ]);
    expect(error).toBeUndefined();
    expect(types(values)).toEqual(['round-start', 'text-delta', 'finish-reason', 'round-end', 'diagnostic']);
  });

  it('is the end of the body after a finish reason, without an end mark (issue openai/openai-node#1292)', () => {
    const { values, error } = decode([delta({ content: 'x' }), finish('stop')]);
    expect(error).toBeUndefined();
    expect(types(values).at(-1)).toBe('round-end');
  });

  it('may be an end mark without a finish reason: what came decides (issue openai/openai-node#1292)', () => {
    expect(roundEnd(decode([delta({ content: 'x' }), done]).values)?.reason).toBe('stop');
    expect(roundEnd(decode([calls(entry(0, 'a', 'x', '{}')), done]).values)?.reason).toBe('tool-calls');
  });

  it('without finish reason and end mark is an InterruptedError with all that came (issue openai/openai-node#1292)', () => {
    const { values, error } = decode([delta({ content: 'Hel' }), delta({ content: 'lo' }), calls(entry(0, 'a', 'x', '{"n":'))]);
    expect(types(values)).not.toContain('round-end');
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial).toMatchObject({
      text: 'Hello',
      calls: [{ callId: 'a', name: 'x', argumentsText: '{"n":' }],
    });
  });

  it('in the middle of a frame is the same, under skip too', () => {
    for (const onMalformed of ['error', 'skip'] as const) {
      const torn: Frame = { data: '{"choices":[{"del', unterminated: true };
      const { values, error } = runStage(openAiChat.decoder({ onMalformed }), [...frames([delta({ content: 'x' })]), torn]);
      expect(types(values)).toEqual(['round-start', 'text-delta']);
      expect(error).toBeInstanceOf(InterruptedError);
    }
  });

  it('in an empty body is an InterruptedError', () => {
    expect(decode([]).error).toMatchObject({ code: 'interrupted', message: expect.stringContaining('empty') });
  });

  it('by a lost connection is an InterruptedError before the finish reason', () => {
    const cause = new Error('socket hang up');
    const { error } = runFailing(openAiChat.decoder(), frames([delta({ content: 'x' })]), cause);
    expect(error).toMatchObject({ code: 'interrupted', cause, partial: { text: 'x' } });
  });

  it('by a lost connection is a diagnostic after it, and the round ends, marked as cut', () => {
    const { values, error } = runFailing(openAiChat.decoder(), frames([calls(entry(0, 'a', 'x')), finish()]), new Error('reset'));
    expect(error).toBeUndefined();
    expect(values.at(-2)).toMatchObject({ type: 'diagnostic', code: 'cut-after-finish' });
    expect(values.at(-1)).toMatchObject({ type: 'round-end', cut: true });
  });

  it('by an error before anything came is that error', () => {
    const cause = new Error('refused');
    expect(runFailing(openAiChat.decoder(), [], cause).error).toBe(cause);
  });

  it('is waited for no longer than 64 Ki code units after the end mark', () => {
    let terminated = false;
    const stage = openAiChat.decoder();
    const out = { enqueue: () => undefined, error: () => undefined, terminate: () => (terminated = true) };
    stage.transform({ data: done }, out);
    stage.transform({ data: 'x'.repeat(60_000) }, out);
    expect(terminated).toBe(false);
    stage.transform({ data: 'x'.repeat(6_000) }, out);
    expect(terminated).toBe(true);
  });
});

describe('an error inside HTTP 200 (issue vercel/ai#4726, vercel/ai#13506)', () => {
  const before = delta({ content: 'Hel' });
  const error = { error: { message: 'Overloaded', type: 'overloaded_error', code: 529 } };
  const forms: [string, Frame[]][] = [
    ['data: {"error": …}', frames([before, error])],
    ['event: error', [...frames([before]), { event: 'error', data: JSON.stringify(error) }]],
    ['event: error with plain text', [...frames([before]), { event: 'error', data: 'Overloaded' }]],
    ['a bare error: line', [...frames([before]), { data: 'error: Overloaded', stray: true }]],
    ['a bare error: line with JSON', [...frames([before]), { data: 'error: {"message":"Overloaded"}', stray: true }]],
    ['a chunk that carries it beside its choices', frames([{ ...before, ...error }])],
    ['{"object":"error"}', frames([before, { object: 'error', message: 'Overloaded', code: 529 }])],
    ['{"detail": …}', frames([before, { detail: 'Overloaded' }])],
    ['{"error": "…"}', frames([before, { error: 'Overloaded' }])],
  ];
  for (const [form, wire] of forms) {
    it(`as ${form} is a ProviderError with the text so far`, () => {
      const result = runStage(openAiChat.decoder(), wire);
      expect(result.error).toBeInstanceOf(ProviderError);
      expect(result.error).toMatchObject({ retryable: true, partial: { text: 'Hel' } });
      expect((result.error as Error).message).toContain('Overloaded');
    });
  }

  it('as a JSON body in place of the stream is a ProviderError', () => {
    const lines = JSON.stringify(error, null, 2).split('\n');
    const whole = runStage(openAiChat.decoder(), [{ data: JSON.stringify(error), stray: true, unterminated: true }]);
    const pretty = runStage(
      openAiChat.decoder(),
      lines.map((data): Frame => ({ data, stray: true })),
    );
    for (const result of [whole, pretty])
      expect(result.error).toMatchObject({ code: 'provider', status: 529, providerCode: '529', raw: error });
  });

  it('as a JSON answer in place of the stream says what to do', () => {
    const { error: raised } = runStage(openAiChat.decoder(), [{ data: '{"object":"chat.completion","choices":[]}', stray: true }]);
    expect(raised).toBeInstanceOf(MalformedFrameError);
    expect((raised as Error).message).toContain('stream: true');
  });

  it('tells errors worth another try from others', () => {
    const raised = (payload: object) => decode([{ error: payload }]).error as ProviderError;
    expect(raised({ message: 'x', code: 429 })).toMatchObject({ retryable: true, status: 429 });
    expect(raised({ message: 'x', code: 'rate_limit_exceeded' })).toMatchObject({ retryable: true, providerCode: 'rate_limit_exceeded' });
    expect(raised({ message: 'x', code: 'insufficient_quota', status: 429 })).toMatchObject({ retryable: false });
    expect(raised({ message: 'x', type: 'invalid_request_error', status_code: 400 })).toMatchObject({ retryable: false, status: 400 });
  });
});

describe('frames that are not the dialect', () => {
  const wrong: [string, object | string, string][] = [
    ['no JSON', 'hello', 'no JSON'],
    ['text of the wrong type', delta({ content: 5 }), 'choices.0.delta.content'],
    ['a call that is no object', delta({ tool_calls: ['x'] }), 'choices.0.delta.tool_calls.0'],
    ['choices that are no list', { choices: {} }, 'choices'],
    ['an array', [1], 'the top'],
  ];
  for (const [what, chunk, where] of wrong) {
    it(`are an error that says what and where: ${what}`, () => {
      const { error } = decode([delta({ content: 'so far' }), chunk, done]);
      expect(error).toBeInstanceOf(MalformedFrameError);
      expect((error as Error).message).toContain(where);
      expect(error).toMatchObject({ place: { frame: 1 }, partial: { text: 'so far' } });
    });
    it(`are skipped with a diagnostic where asked: ${what}`, () => {
      const { values, error } = decode([delta({ content: 'a' }), chunk, delta({ content: 'b' }), done], { onMalformed: 'skip' });
      expect(error).toBeUndefined();
      expect(values.find((event) => event.type === 'diagnostic')).toMatchObject({ code: 'frame-skipped' });
      expect(roundEnd(values)?.message.content).toBe('ab');
    });
  }

  it('but blank data, pings and padding are nothing (issue brainlid/langchain#569)', () => {
    const { values, error } = decode([
      '',
      ' ',
      { ...delta({ content: 'x', obfuscation: 'abc' }), obfuscation: 'xyz', p: 'q' },
      finish('stop'),
      done,
    ]);
    expect(error).toBeUndefined();
    expect(types(values)).toEqual(['round-start', 'text-delta', 'finish-reason', 'round-end']);
  });

  it('and a __proto__ on the wire reaches no prototype', () => {
    const hostile =
      '{"choices":[{"index":0,"delta":{"content":"x","__proto__":{"polluted":1},"extra":{"__proto__":{"polluted":1}}},"finish_reason":"stop"}]}';
    const { values } = decode([hostile, hostile, done]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(roundEnd(values)).toBeDefined();
  });
});

describe('what goes back to the server', () => {
  const follow = (chunks: readonly (object | string)[], options = {}) => {
    const message = roundEnd(decode(chunks).values)?.message;
    if (!message) throw new Error('no round-end');
    const results = (message.toolCalls ?? []).map((call) => ({
      role: 'tool' as const,
      toolCallId: call.id,
      name: call.name,
      content: `result of ${call.name}`,
    }));
    return openAiChat.encodeRequest({ messages: [{ role: 'user', content: 'Hi' }, message, ...results] }, { model: 'm', ...options }).body
      .messages as object[];
  };

  it('is each call with its result, in order', () => {
    const messages = follow([calls(entry(0, 'a', 'x', '{"n":1}'), entry(1, 'b', 'y', '')), finish(), done]);
    expect(messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'x', arguments: '{"n":1}' } },
          { id: 'b', type: 'function', function: { name: 'y', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'result of x' },
      { role: 'tool', tool_call_id: 'b', content: 'result of y' },
    ]);
  });

  it('has the fields nobody here knows: thought signatures, reasoning details (issue securo-finance/securo#884)', () => {
    const signed = { ...entry(0, 'a', 'x', '{}'), extra_content: { google: { thought_signature: 'c2ln' } } };
    const details = (text: string) =>
      delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, text, signature: text === 'b' ? 's' : null }] });
    const [, assistant] = follow([details('a'), details('b'), calls(signed), finish(), done]);
    expect(assistant).toMatchObject({
      reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'ab', signature: 's' }],
      tool_calls: [{ id: 'a', extra_content: { google: { thought_signature: 'c2ln' } } }],
    });
  });

  it('leaves reasoning out once no tool is called', () => {
    const [, assistant] = follow([delta({ reasoning_content: 'Hm' }), delta({ content: 'x' }), finish('stop'), done]);
    expect(assistant).toEqual({ role: 'assistant', content: 'x' });
  });

  it('is raw where the arguments were invalid, and {} where another dialect wrote them', () => {
    const raw = follow([calls(entry(0, 'a', 'x', '{"n":')), finish(), done])[1];
    expect(raw).toMatchObject({ tool_calls: [{ function: { arguments: '{"n":' } }] });
    const foreign = { role: 'assistant' as const, content: '', toolCalls: [{ id: 'a', name: 'x', argumentsText: '{"n":' }] };
    const { body } = openAiChat.encodeRequest({ messages: [foreign] }, { model: 'm' });
    expect(body.messages).toEqual([
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: '{}' } }] },
    ]);
  });

  it('is a function message without ids in the old form', () => {
    const messages = follow([delta({ function_call: { name: 'x', arguments: '{"n":1}' } }), finish('function_call'), done]);
    expect(messages.slice(1)).toEqual([
      { role: 'assistant', content: null, function_call: { name: 'x', arguments: '{"n":1}' } },
      { role: 'function', name: 'x', content: 'result of x' },
    ]);
  });

  it('is one message pair a call where several came in the old form, told apart by their index', () => {
    const old = (index: number, name: string | undefined, args: string) => delta({ function_call: { index, name, arguments: args } });
    const messages = follow([
      old(0, 'x', '{"n"'),
      old(1, 'y', '{"n"'),
      old(0, undefined, ':1}'),
      old(1, undefined, ':2}'),
      finish('function_call'),
      done,
    ]);
    expect(messages.slice(1)).toEqual([
      { role: 'assistant', content: null, function_call: { name: 'x', arguments: '{"n":1}' } },
      { role: 'function', name: 'x', content: 'result of x' },
      { role: 'assistant', content: null, function_call: { name: 'y', arguments: '{"n":2}' } },
      { role: 'function', name: 'y', content: 'result of y' },
    ]);
  });

  it('is there in the old form too where results are missing, or strange', () => {
    const message = roundEnd(
      decode([delta({ function_call: { name: 'x', arguments: '{}' } }), finish('function_call'), done]).values,
    )?.message;
    if (!message) throw new Error('no round-end');
    const strange = { role: 'tool' as const, toolCallId: 'other', name: 'y', content: '1' };
    const encode = (messages: Message[]) => openAiChat.encodeRequest({ messages }, { model: 'm' }).body.messages;
    const asked = { role: 'assistant', content: null, function_call: { name: 'x', arguments: '{}' } };
    const user = { role: 'user' as const, content: 'Hi' };
    expect(encode([message, user])).toEqual([asked, user]);
    expect(encode([message, strange, user])).toEqual([asked, { role: 'function', name: 'y', content: '1' }, user]);
  });
});

describe('a request', () => {
  const tool = { name: 'x', description: 'does x', inputSchema: { type: 'object' } };
  const ask = (request: object, options = {}) => openAiChat.encodeRequest({ messages: [], ...request }, { model: 'm', ...options }).body;

  it('asks for a stream with usage', () => {
    expect(ask({})).toEqual({ model: 'm', messages: [], stream: true, stream_options: { include_usage: true } });
    expect(ask({}, { streamUsage: false })).not.toHaveProperty('stream_options');
  });

  it('names tools and the choice among them', () => {
    expect(ask({ tools: [tool], toolChoice: { name: 'x' }, parallelToolCalls: false })).toMatchObject({
      tools: [{ type: 'function', function: { name: 'x', description: 'does x', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'x' } },
      parallel_tool_calls: false,
    });
    expect(ask({ tools: [tool], toolChoice: 'required' })).toMatchObject({ tool_choice: 'required' });
    expect(ask({ toolChoice: 'required' })).not.toHaveProperty('tool_choice');
  });

  it('sends functions in the old form', () => {
    expect(ask({ tools: [tool], toolChoice: { name: 'x' } }, { legacyFunctions: true })).toMatchObject({
      functions: [{ name: 'x', description: 'does x', parameters: { type: 'object' } }],
      function_call: { name: 'x' },
    });
  });

  it('maps the limits, images, and merges extra last', () => {
    const content = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'image' as const, url: 'data:image/png;base64,AA==' },
    ];
    expect(
      ask({
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content },
        ],
        maxOutputTokens: 5,
        temperature: 0,
        topP: 1,
        stop: ['.'],
        seed: 7,
        choices: 2,
        extra: { model: 'other', top_k: 1 },
      }),
    ).toEqual({
      model: 'other',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: [content[0], { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 5,
      temperature: 0,
      top_p: 1,
      stop: ['.'],
      seed: 7,
      n: 2,
      top_k: 1,
    });
    expect(ask({ maxOutputTokens: 5 }, { maxTokensField: 'max_completion_tokens' })).toMatchObject({ max_completion_tokens: 5 });
  });
});

import { describe, expect, it } from 'vitest';
import { ollama } from '../../src/dialects/ollama.ts';
import { InterruptedError, MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { ModelRequest } from '../../src/messages.ts';
import { ndjsonParser } from '../../src/ndjson/parser.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { describeCodecLaw } from '../support/codecs.ts';

const frames = (objects: readonly (object | string)[]): Frame[] =>
  objects.map((object) => ({ data: typeof object === 'string' ? object : JSON.stringify(object) }));
const decode = (objects: readonly (object | string)[], options = {}) => runStage(ollama.decoder(options), frames(objects));
const said = (message: object) => ({ model: 'm', created_at: 't', message: { role: 'assistant', content: '', ...message }, done: false });
const text = (content: string) => said({ content });
const done = (fields: object = { done_reason: 'stop' }) => ({
  model: 'm',
  message: { role: 'assistant', content: '' },
  done: true,
  ...fields,
});
const types = (events: readonly ModelEvent[]) => events.map((event) => event.type);
const textOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
const callsOf = (events: readonly ModelEvent[]) =>
  events
    .flatMap((event) => (event.type === 'round-end' ? (event.message.toolCalls ?? []) : []))
    .map((call) => [call.name, call.argumentsText]);
const encoded = (request: ModelRequest) => ollama.encodeRequest(request, { model: 'm' }).body;

describe('a response', () => {
  it('gives round-start, thinking, text, whole calls with their ends, the finish reason, usage and round-end', () => {
    const { values, error } = decode([
      said({ thinking: 'Hm.' }),
      text('Let me look.'),
      said({ tool_calls: [{ function: { name: 'add', arguments: { x: 1 } } }, { function: { name: 'search', arguments: {} } }] }),
      done({ done_reason: 'stop', prompt_eval_count: 3, eval_count: 2, total_duration: 1_500_000 }),
    ]);
    expect(error).toBeUndefined();
    expect(types(values).filter((type) => type !== 'diagnostic')).toEqual([
      'round-start',
      'reasoning-delta',
      'text-delta',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-end',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-end',
      'finish-reason',
      'usage',
      'round-end',
    ]);
    expect(values.at(-1)).toMatchObject({
      reason: 'tool-calls',
      usage: { inputTokens: 3, outputTokens: 2, durationsMs: { total: 1.5 } },
      message: { content: 'Let me look.', reasoning: 'Hm.', toolCalls: [{ name: 'add' }, { name: 'search' }] },
    });
  });

  it('tells calls apart that all have index 0 (issue ollama/ollama#15457), or none (issue ollama/ollama#7881)', () => {
    const call = (city: string, index?: number) =>
      said({ tool_calls: [{ function: { index, name: 'get_weather', arguments: { city } } }] });
    const expected = [
      ['get_weather', '{"city":"Oslo"}'],
      ['get_weather', '{"city":"Rome"}'],
    ];
    expect(callsOf(decode([call('Oslo', 0), call('Rome', 0), done()]).values)).toEqual(expected);
    expect(callsOf(decode([call('Oslo'), call('Rome'), done()]).values)).toEqual(expected);
  });

  it('is whole in one object where the server does not stream', () => {
    const { values } = decode([{ model: 'm', message: { role: 'assistant', content: 'Hi' }, done: true, done_reason: 'stop' }]);
    expect(types(values)).toEqual(['round-start', 'text-delta', 'finish-reason', 'round-end']);
  });

  it('may end without a reason, as older servers do', () => {
    const { values, error } = decode([text('Hi'), done({})]);
    expect(error).toBeUndefined();
    expect(values.at(-1)).toMatchObject({ type: 'round-end', reason: 'stop' });
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['load', 'other'],
    ['unload', 'other'],
  ])('that ends with %s has the reason %s', (raw, reason) => {
    expect(decode([text('x'), done({ done_reason: raw })]).values).toContainEqual({ type: 'finish-reason', reason, raw });
  });

  it('is not changed by a call that says nothing, and takes arguments that are text, or absent', () => {
    const { values } = decode([
      said({
        tool_calls: [
          { function: { name: 'f', arguments: '{"a":1}' } },
          { function: { name: 'g' } },
          { function: { name: 'h', arguments: null } },
        ],
      }),
      { done: true, done_reason: 'stop', message: null },
    ]);
    expect(callsOf(values).map((call) => call.slice(-2))).toEqual([
      ['f', '{"a":1}'],
      ['g', '{}'],
      ['h', '{}'],
    ]);
    expect(values.at(-1)).toMatchObject({ type: 'round-end', reason: 'tool-calls' });
  });

  it('passes on what it does not know', () => {
    const { values } = decode([{ ...said({ images: ['aGk='] }), remote_model: 'x' }, done()]);
    expect(values).toContainEqual({ type: 'provider-event', name: 'images', data: ['aGk='] });
    expect(values).toContainEqual({ type: 'provider-event', name: 'remote_model', data: 'x' });
  });

  it('gives a call back with the arguments that it had, also where they came in two entries', () => {
    const entry = (args: unknown) => said({ tool_calls: [{ function: { name: 'f', arguments: args } }] });
    const end = decode([entry('{"a":'), entry({ b: 1 }), done()]).values.at(-1);
    if (end?.type !== 'round-end') throw new Error('no round-end');
    expect(end.message.toolCalls).toEqual([expect.objectContaining({ argumentsText: '{"a":{"b":1}' })]);
    const { messages } = encoded({ messages: [end.message] }) as { messages: unknown };
    expect(messages).toEqual([
      expect.objectContaining({ tool_calls: [expect.objectContaining({ function: { name: 'f', arguments: {} } })] }),
    ]);
  });
});

describe('a response that breaks', () => {
  it('without `done: true` is interrupted, with what there was', () => {
    const { values, error } = decode([text('Hel'), text('lo')]);
    expect(types(values)).not.toContain('round-end');
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial.text).toBe('Hello');
  });

  it('within its last line is interrupted; a whole last line without its line end counts', () => {
    const read = (body: string) => runStage(ollama.decoder(), runStage(ndjsonParser(), [body]).values);
    const body = `${JSON.stringify(text('Hi'))}\n${JSON.stringify(done())}`;
    expect(read(body).error).toBeUndefined();
    expect(read(body.slice(0, -1)).error).toBeInstanceOf(InterruptedError);
    expect(read(body.slice(0, -1)).error).toMatchObject({ partial: { text: 'Hi' } });
  });

  it('with an `error` line is a ProviderError with what there was', () => {
    const { error } = decode([text('Hi'), { error: 'model runner has unexpectedly stopped' }]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ raw: { error: 'model runner has unexpectedly stopped' }, partial: { text: 'Hi' } });
  });

  it('with an error event over SSE is a ProviderError', () => {
    const { error } = runStage(ollama.decoder(), [{ event: 'error', data: 'overloaded' }]);
    expect(error).toMatchObject({ name: 'ProviderError', retryable: true });
  });

  it.each([
    ['a page', '<html>', 'no JSON'],
    ['another API', { response: 'Hi', done: false }, 'it has neither a `message` nor `done: true`'],
    ['a wrong type', said({ tool_calls: [{ function: { name: 5 } }] }), 'at `message.tool_calls.0.function.name`, got number 5'],
  ])('with %s says what is wrong and where', (_what, object, problem) => {
    const { error } = decode([object]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect(String(error)).toContain(problem);
  });

  it('goes on after a bad line with `skip`', () => {
    const { values, error } = decode(['<html>', text('Hi'), done()], { onMalformed: 'skip' });
    expect(error).toBeUndefined();
    expect(values[0]).toMatchObject({ type: 'diagnostic', code: 'frame-skipped' });
    expect(textOf(values)).toBe('Hi');
  });
});

describe('a call written as the whole content (issue ollama/ollama#7886)', () => {
  const call = ' {"type": "tool", "name": "get_weather", "parameters": {"city": "Ha\\u006eoi", "days": [1]}}\n';
  const pieces = (whole: string, size: number) =>
    Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => text(whole.slice(i * size, (i + 1) * size)));

  it.each([1, 7, 1000])('becomes a call, and no text, in pieces of %d', (size) => {
    const { values } = decode([...pieces(call, size), done()]);
    expect(textOf(values)).toBe('');
    expect(callsOf(values)).toEqual([['get_weather', '{"city":"Hanoi","days":[1]}']]);
    expect(types(values)).toContain('tool-call-end');
    expect(values.at(-1)).toMatchObject({ reason: 'tool-calls', message: { content: '', native: { message: { content: '' } } } });
  });

  it.each([
    ['text before it', `Calling:${call}`],
    ['text after it', `${call}There.`],
    ['two of them', call + call],
    ['a code block', `\`\`\`json\n${call}\`\`\``],
    ['another type', call.replace('"tool"', '"text"')],
    ['a field more', call.replace('"type"', '"id": 1, "type"')],
    ['a field missing', '{"type":"tool","name":"x"}'],
    ['parameters that are no object', '{"type":"tool","name":"x","parameters":[]}'],
    ['what is not JSON', '{"type":"tool",}'],
    ['JSON of a structured answer', '{"name":"Ada","parameters":{}}'],
    ['nothing but white space', ' \n '],
    ['half of it', call.slice(0, 20)],
  ])('stays text with %s, all of it', (_what, content) => {
    for (const size of [1, 5, 1000]) {
      const { values, error } = decode([...pieces(content, size), done()]);
      expect(error).toBeUndefined();
      expect(textOf(values)).toBe(content);
      expect(callsOf(values)).toEqual([]);
    }
  });

  it('holds text back only while it can still become one', () => {
    const decoder = ollama.decoder();
    const events: ModelEvent[] = [];
    const out = { enqueue: (event: ModelEvent) => void events.push(event), error: () => undefined, terminate: () => undefined };
    for (const frame of frames(pieces('{"type":"to', 1))) decoder.transform(frame, out);
    expect(textOf(events)).toBe('');
    for (const frame of frames([text('p')])) decoder.transform(frame, out);
    expect(textOf(events)).toBe('{"type":"top');
  });

  it('holds no content back that no longer can: blanks without end, a list, a name that is no text', () => {
    const blanks = ' '.repeat(1024 * 1024 + 1);
    for (const content of [blanks, '[', '{"name":1', '{"parameters":"', '{"other":']) {
      const { values } = decode([text(content)]);
      expect(textOf(values) === content, content.slice(0, 20)).toBe(true);
    }
  });

  it('loses nothing when the response is cut, an error comes, or calls come beside it', () => {
    const half = pieces(call.slice(0, 30), 3);
    expect(decode(half).error).toMatchObject({ name: 'InterruptedError', partial: { text: call.slice(0, 30) } });
    expect(decode([...half, { error: 'gone' }]).error).toMatchObject({ name: 'ProviderError', partial: { text: call.slice(0, 30) } });
    const beside = decode([text(call), said({ tool_calls: [{ id: '1', function: { name: 'add', arguments: {} } }] }), done()]);
    expect(textOf(beside.values)).toBe(call);
    expect(callsOf(beside.values)).toEqual([['add', '{}']]);
  });
});

describe('a request', () => {
  const tools = [
    { name: 'add', description: 'Adds.', inputSchema: { type: 'object' } },
    { name: 'search', inputSchema: { type: 'object' } },
  ];

  it('is written as the body of /api/chat', () => {
    const request = ollama.encodeRequest(
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', url: 'data:image/png;base64,aGk=' },
            ],
          },
        ],
        tools,
        maxOutputTokens: 5,
        temperature: 0.1,
        topP: 0.9,
        stop: ['x'],
        seed: 7,
        extra: { think: true, options: { num_ctx: 8192 } },
      },
      { model: 'qwen3' },
    );
    expect(request.path).toBe('/api/chat');
    expect(request.body).toEqual({
      model: 'qwen3',
      stream: true,
      think: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is this?', images: ['aGk='] },
      ],
      tools: [
        { type: 'function', function: { name: 'add', description: 'Adds.', parameters: { type: 'object' } } },
        { type: 'function', function: { name: 'search', parameters: { type: 'object' } } },
      ],
      options: { num_predict: 5, temperature: 0.1, top_p: 0.9, stop: ['x'], seed: 7, num_ctx: 8192 },
    });
  });

  it('chooses tools by offering them: the wire has no word for it', () => {
    expect(encoded({ messages: [], tools, toolChoice: 'none' })).not.toHaveProperty('tools');
    expect(encoded({ messages: [], tools, toolChoice: { name: 'add' } }).tools).toHaveLength(1);
    expect(encoded({ messages: [], tools, toolChoice: 'required' }).tools).toHaveLength(2);
  });

  it('after tools gives back the message as it came, thinking and unknown fields included, and each result by name and id', () => {
    const { values } = decode([
      said({ thinking: 'Hm.', signature: 's' }),
      said({ tool_calls: [{ id: 'c1', function: { index: 0, name: 'add', arguments: { x: 1 } }, extra: true }] }),
      done(),
    ]);
    const end = values.at(-1);
    if (end?.type !== 'round-end') throw new Error('no round-end');
    expect(encoded({ messages: [end.message, { role: 'tool', toolCallId: 'c1', name: 'add', content: '3' }] }).messages).toEqual([
      {
        role: 'assistant',
        content: '',
        thinking: 'Hm.',
        signature: 's',
        tool_calls: [{ id: 'c1', function: { index: 0, name: 'add', arguments: { x: 1 } }, extra: true }],
      },
      { role: 'tool', content: '3', tool_name: 'add', tool_call_id: 'c1' },
    ]);
  });

  it('takes messages of another dialect: arguments become objects, `{}` where they are none', () => {
    const toolCalls = [
      { id: 'a', name: 'add', argumentsText: '{"x":1}' },
      { id: 'b', name: 'add', argumentsText: '{"x":' },
    ];
    expect(
      encoded({ messages: [{ role: 'assistant', content: 'Hm', toolCalls, native: { dialect: 'x', message: {} } }] }).messages,
    ).toEqual([
      {
        role: 'assistant',
        content: 'Hm',
        tool_calls: [
          { id: 'a', function: { name: 'add', arguments: { x: 1 } } },
          { id: 'b', function: { name: 'add', arguments: {} } },
        ],
      },
    ]);
  });

  it('says what to do with an image that is no data: URL', () => {
    const content = [{ type: 'image', url: 'https://example.org/a.png' } as const];
    expect(() => encoded({ messages: [{ role: 'user', content }] })).toThrow(/base64 alone/);
  });

  it('carries a key, where there is one', () => {
    expect(ollama.authHeaders('k')).toEqual({ authorization: 'Bearer k' });
  });
});

describe('the encoder', () => {
  const write = (events: ModelEvent[], options = {}) =>
    runStage(ollama.encoder(options), events).values.map(({ data }) => JSON.parse(data) as Json);
  const start = (callId: string, index: number): ModelEvent => ({ type: 'tool-call-start', callId, index, name: 'add' });
  const delta = (callId: string, index: number, pieces: string): ModelEvent => ({ type: 'tool-call-delta', callId, index, text: pieces });
  const end: ModelEvent = { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } };

  it('writes a call when its end is marked, in the order in which calls began, and the rest at the end', () => {
    const written = write([
      start('a', 0),
      start('b', 1),
      delta('b', 1, '{"x":2}'),
      { type: 'tool-call-end', callId: 'b', index: 1 },
      delta('a', 0, '{"x":'),
      delta('a', 0, '1}'),
      { type: 'tool-call-end', callId: 'a', index: 0 },
      { type: 'text-delta', text: 'Hi' },
      start('c', 2),
      end,
    ]);
    const call = (id: string, index: number, args: object) => ({
      message: { tool_calls: [{ id, function: { index, name: 'add', arguments: args } }] },
    });
    expect(written).toMatchObject([
      call('a', 0, { x: 1 }),
      call('b', 1, { x: 2 }),
      { message: { content: 'Hi' } },
      call('c', 2, {}),
      { done: true },
    ]);
  });

  it('writes arguments that are no object as the text they are, so that nobody runs them as `{}`', () => {
    expect(write([start('a', 0), delta('a', 0, '{"x":'), end])[0]).toMatchObject({
      message: { tool_calls: [{ function: { arguments: '{"x":' } }] },
    });
  });

  it('takes model and time from the events and the options', () => {
    const head = { model: 'qwen3', created_at: '1970-01-01T00:01:00.000Z' };
    expect(write([{ type: 'round-start', model: 'qwen3' }, end], { model: 'other', created: 60 })).toMatchObject([head]);
    expect(write([end], { model: 'other' })).toMatchObject([{ model: 'other', created_at: '1970-01-01T00:00:00.000Z' }]);
  });

  it('gives durations back in nanoseconds', () => {
    const usage = { inputTokens: 1, outputTokens: 2, durationsMs: { total: 978.44525, load: 1, prompt: 2, output: 3.5 } };
    expect(write([{ ...end, usage }])).toMatchObject([
      {
        prompt_eval_count: 1,
        eval_count: 2,
        total_duration: 978445250,
        load_duration: 1e6,
        prompt_eval_duration: 2e6,
        eval_duration: 3.5e6,
      },
    ]);
  });

  it.each(['stop', 'length', 'content-filter', 'pause', 'error', 'other'] as const)('keeps the reason %s', (reason) => {
    const frame = runStage(ollama.encoder(), [{ type: 'finish-reason', reason, raw: 'eos' }, end]).values;
    expect(runStage(ollama.decoder(), frame).values).toContainEqual(expect.objectContaining({ type: 'finish-reason', reason }));
  });

  it('writes no `done: true` where the events end without round-end, and an error line where they fail', () => {
    expect(write([{ type: 'text-delta', text: 'Hi' }])).toMatchObject([{ done: false }]);
    const failing = function* (): Generator<ModelEvent> {
      yield { type: 'text-delta', text: 'Hi' };
      throw new Error('secret prompt');
    };
    const { values, error } = runStage(ollama.encoder(), failing());
    expect(error).toBeUndefined();
    expect(values.at(-1)).toEqual({ data: '{"error":"The answer failed.","status":500}' });
  });
});

describeCodecLaw(ollama);

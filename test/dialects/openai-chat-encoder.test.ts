import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncoderOptions } from '../../src/dialects/dialect.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { InterruptedError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { describeCodecLaw, readBack, sseWire, written } from '../support/codecs.ts';

const message = { role: 'assistant', content: '' } as const;
const start: ModelEvent = { type: 'round-start', responseId: 'r1', model: 'm1' };
const end: ModelEvent = { type: 'round-end', reason: 'stop', message };
const finish = (reason: 'stop' | 'tool-calls', raw: string): ModelEvent => ({ type: 'finish-reason', reason, raw });
const call = (index: number, name: string, ...pieces: string[]): ModelEvent[] => [
  { type: 'tool-call-start', callId: `c${index}`, index, name },
  ...pieces.map((text): ModelEvent => ({ type: 'tool-call-delta', callId: `c${index}`, index, text })),
];

/** The data of all frames, parsed. */
function chunksOf(events: Iterable<ModelEvent>, options?: EncoderOptions): Json[] {
  const { values, error } = runStage(openAiChat.encoder(options), events);
  expect(error).toBeUndefined();
  return values.map(({ data }) => (data === '[DONE]' ? data : (JSON.parse(data) as Json)));
}

const head = { id: 'r1', object: 'chat.completion.chunk', created: 0, model: 'm1' };
const chunk = (delta: object, finish_reason: string | null = null, index = 0) => ({ ...head, choices: [{ index, delta, finish_reason }] });
const role = (index = 0) => chunk({ role: 'assistant', content: '' }, null, index);

describe('openAiChat.encoder', () => {
  it('writes the role first, then each event as it comes, token counts and the end mark', () => {
    const events: ModelEvent[] = [
      start,
      { type: 'reasoning-delta', text: 'Hm' },
      { type: 'text-delta', text: 'é' },
      { type: 'refusal-delta', text: 'No' },
      ...call(0, 'add', '{"a":', '1}'),
      finish('tool-calls', 'tool_use'),
      { type: 'usage', usage: { inputTokens: 3, outputTokens: 4, cachedInputTokens: 2 }, raw: { input_tokens: 3, output_tokens: 4 } },
      { ...end, reason: 'tool-calls' },
    ];
    expect(chunksOf(events)).toEqual([
      role(),
      chunk({ reasoning_content: 'Hm' }),
      chunk({ content: 'é' }),
      chunk({ refusal: 'No' }),
      chunk({ tool_calls: [{ index: 0, id: 'c0', type: 'function', function: { name: 'add', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      chunk({}, 'tool_calls'),
      {
        ...head,
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, prompt_tokens_details: { cached_tokens: 2 } },
      },
      '[DONE]',
    ]);
  });

  it('writes the newest token counts once, and none where they are not wanted', () => {
    const raw = { prompt_tokens: 1, completion_tokens: 9, total_tokens: 10, completion_tokens_details: { audio_tokens: 5 } };
    const events: ModelEvent[] = [
      start,
      { type: 'usage', usage: { inputTokens: 1 }, raw: {} },
      { type: 'text-delta', text: 'a' },
      { type: 'usage', usage: { inputTokens: 1, outputTokens: 9, totalTokens: 10 }, raw },
      finish('stop', 'stop'),
      end,
    ];
    const counts = (options?: EncoderOptions) => chunksOf(events, options).filter((data) => JSON.stringify(data).includes('usage'));
    expect(counts()).toEqual([{ ...head, choices: [], usage: raw }]);
    expect(counts({ includeUsage: false })).toEqual([]);
  });

  it('writes calls as `function_call` where the old form is wanted, several by index', () => {
    const events = [start, ...call(0, 'a', '{}'), ...call(1, 'b', '{}'), finish('tool-calls', 'tool_calls'), end];
    expect(chunksOf(events, { legacyFunctions: true })).toEqual([
      role(),
      chunk({ function_call: { name: 'a', arguments: '' } }),
      chunk({ function_call: { arguments: '{}' } }),
      chunk({ function_call: { index: 1, name: 'b', arguments: '' } }),
      chunk({ function_call: { index: 1, arguments: '{}' } }),
      chunk({}, 'function_call'),
      '[DONE]',
    ]);
    const back = readBack(openAiChat, sseWire, [written(openAiChat, sseWire, events, { legacyFunctions: true })]);
    expect(back.filter(({ type }) => type === 'tool-call-start')).toMatchObject([{ name: 'a' }, { name: 'b' }]);
  });

  it('says the role of each choice before its first word', () => {
    const events: ModelEvent[] = [
      start,
      { type: 'text-delta', text: 'b', choice: 1 },
      { ...finish('stop', 'stop'), choice: 1 },
      finish('stop', 'stop'),
      end,
    ];
    expect(chunksOf(events)).toEqual([
      role(),
      role(1),
      chunk({ content: 'b' }, null, 1),
      chunk({}, 'stop', 1),
      chunk({}, 'stop'),
      '[DONE]',
    ]);
  });

  it.each([
    ['stop', 'end_turn', 'stop'],
    ['tool-calls', 'tool_use', 'tool_calls'],
    ['length', 'MAX_TOKENS', 'length'],
    ['content-filter', 'SAFETY', 'content_filter'],
    ['pause', 'pause_turn', 'stop'],
    ['error', 'insufficient_system_resource', 'insufficient_system_resource'],
    ['error', 'FAILED', 'error'],
    ['other', 'RECITATION', 'RECITATION'],
    ['other', 'stop', 'other'],
  ] as const)('%s, which the provider called %s, is called %s', (reason, raw, word) => {
    expect(chunksOf([start, { type: 'finish-reason', reason, raw }, end])).toContainEqual(chunk({}, word));
  });

  it.each([
    ['is cut', '"rm -rf /tmp'],
    ['never comes', '{"path":"/tmp"}'],
    ['is no string', '{"input":7}'],
    ['comes twice', '{"input":"a","input":"b"}'],
    ['is not even begun', ''],
  ])('says `length` where the plain text of a custom tool %s: the client must not run it', (_, args) => {
    const events = [start, ...call(0, 'run', args), finish('tool-calls', 'tool_calls'), end];
    const chunks = chunksOf(events, { customTools: ['run'] });
    expect(chunks).toContainEqual(chunk({}, 'length'));
    expect(chunks).not.toContainEqual(chunk({}, 'tool_calls'));
  });

  it('takes id, model and time from its options where the events have none', () => {
    const options = { responseId: 'mine', model: 'gateway', created: 7 };
    expect(chunksOf([{ type: 'round-start' }], options)).toMatchObject([{ id: 'mine', model: 'gateway', created: 7 }]);
    expect(chunksOf([start], options)).toMatchObject([{ id: 'r1', model: 'm1', created: 7 }]);
    expect(chunksOf([{ type: 'text-delta', text: 'a' }])).toMatchObject([{ id: 'chatcmpl-0', model: 'unknown' }, {}]);
  });

  it('leaves out what the wire has no word for', () => {
    const events: ModelEvent[] = [
      start,
      { type: 'diagnostic', code: 'x', message: 'y' },
      { type: 'provider-event', name: 'citation', data: {} },
      { type: 'tool-call-end', callId: 'c0', index: 0 },
    ];
    expect(chunksOf(events)).toEqual([role()]);
  });

  it('writes the reason that the end of the round names, where no event did', () => {
    expect(chunksOf([start, { ...end, reason: 'length' }])).toEqual([role(), chunk({}, 'length'), '[DONE]']);
  });

  it('ignores what comes after the end of the round, a failure too', () => {
    function* events(): Iterable<ModelEvent> {
      yield* [start, finish('stop', 'stop'), end, start, { type: 'text-delta', text: 'more' }];
      throw new Error('reset');
    }
    expect(chunksOf(events())).toEqual([role(), chunk({}, 'stop'), '[DONE]']);
  });

  it('writes no end mark where the source ends without the end of the round', () => {
    expect(chunksOf([start, { type: 'text-delta', text: 'a' }])).toEqual([role(), chunk({ content: 'a' })]);
  });

  it('writes a failure of its source into the stream, message and code alone, and ends', () => {
    function* broken(error: Error): Iterable<ModelEvent> {
      yield start;
      throw error;
    }
    const provider = new ProviderError('Overloaded.', {
      providerCode: 'overloaded_error',
      retryable: true,
      raw: { secret: 1 },
      excerpt: 'x',
    });
    const cut = new InterruptedError('Cut.', { excerpt: 'prompt' });
    const error = (of: Error) => chunksOf(broken(of)).at(-1);
    expect(error(provider)).toEqual({ error: { message: 'Overloaded.', type: 'upstream_error', code: 'overloaded_error' } });
    expect(error(cut)).toEqual({ error: { message: 'Cut.', type: 'upstream_error', code: 'interrupted' } });
    expect(error(new Error('Bearer sk-1'))).toEqual({ error: { message: 'The answer failed.', type: 'server_error', code: null } });
  });
});

describe('the official client reads what openAiChat.encoder writes', () => {
  let body: Uint8Array = new Uint8Array();
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let at = 0; at < body.length; at += 100) response.write(body.subarray(at, at + 100));
    response.end();
  });
  let client: OpenAI;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, maxRetries: 0 });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
  const usage: ModelEvent = { type: 'usage', usage: { inputTokens: 3, outputTokens: 4 }, raw: {} };
  const answer: ModelEvent[] = [
    start,
    { type: 'text-delta', text: 'Hà ' },
    { type: 'text-delta', text: '\n"Nội" 👩‍🚀' },
    ...call(0, 'get_weather', '{"city":', '"Tōkyō"}'),
    ...call(1, 'add', '{"a":1,', '"b":2}'),
    finish('tool-calls', 'tool_use'),
    usage,
    { ...end, reason: 'tool-calls' },
  ];
  const calls = [
    { id: 'c0', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Tōkyō"}' } },
    { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } },
  ];

  it('chunk by chunk: the same text, calls, reason and token counts', async () => {
    body = written(openAiChat, sseWire, answer);
    let text = '';
    let tokens: number | undefined;
    const reasons: string[] = [];
    const parts = new Map<number, string>();
    for await (const { choices, usage: counted } of await client.chat.completions.create({ ...request, stream: true })) {
      tokens = counted?.total_tokens ?? tokens;
      for (const { delta, finish_reason } of choices) {
        text += delta.content ?? '';
        if (finish_reason) reasons.push(finish_reason);
        for (const { index, id, function: called } of delta.tool_calls ?? []) {
          parts.set(index, `${parts.get(index) ?? ''}${id ?? ''} ${called?.name ?? ''}${called?.arguments ?? ''}`);
        }
      }
    }
    expect(text).toBe('Hà \n"Nội" 👩‍🚀');
    expect([...parts.values()].map((part) => part.replaceAll(' ', ''))).toEqual(['c0get_weather{"city":"Tōkyō"}', 'c1add{"a":1,"b":2}']);
    expect({ reasons, tokens }).toEqual({ reasons: ['tool_calls'], tokens: 7 });
  });

  it('with its helper: the same message', async () => {
    body = written(openAiChat, sseWire, answer);
    const completion = await client.chat.completions.stream(request).finalChatCompletion();
    expect(completion).toMatchObject({ id: 'r1', model: 'm1', usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } });
    const [choice] = completion.choices;
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { role: 'assistant', content: 'Hà \n"Nội" 👩‍🚀' } });
    expect(choice?.message.tool_calls).toMatchObject(calls);
  });

  it('a call of a custom tool, in plain text', async () => {
    const events: ModelEvent[] = [
      start,
      ...call(0, 'run', '"l', 's\\n"'),
      ...call(1, 'add', '{"a":1}'),
      ...call(2, 'run', '{"in', 'put":"é"}'),
      finish('tool-calls', 'tool_use'),
      end,
    ];
    body = written(openAiChat, sseWire, events, { customTools: ['run'] });
    const wire: unknown[] = [];
    for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
      wire.push(...choices.flatMap(({ delta, finish_reason }): unknown[] => delta.tool_calls ?? (finish_reason ? [finish_reason] : [])));
    }
    expect(wire).toEqual([
      { index: 0, id: 'c0', type: 'custom', custom: { name: 'run', input: '' } },
      { index: 0, custom: { input: 'l' } },
      { index: 0, custom: { input: 's\n' } },
      { index: 1, id: 'c1', type: 'function', function: { name: 'add', arguments: '' } },
      { index: 1, function: { arguments: '{"a":1}' } },
      { index: 2, id: 'c2', type: 'custom', custom: { name: 'run', input: '' } },
      { index: 2, custom: { input: 'é' } },
      'tool_calls',
    ]);
  });

  it('in the old form', async () => {
    body = written(openAiChat, sseWire, [start, ...call(0, 'add', '{"a":', '1}'), finish('tool-calls', 'tool_calls'), end], {
      legacyFunctions: true,
    });
    const completion = await client.chat.completions.stream(request).finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'function_call',
      message: { function_call: { name: 'add', arguments: '{"a":1}' } },
    });
  });

  it('raises the error that broke the answer, after the text before it', async () => {
    function* broken(): Iterable<ModelEvent> {
      yield* [start, { type: 'text-delta', text: 'Once' }];
      throw new InterruptedError('The response broke off.');
    }
    body = written(openAiChat, sseWire, broken());
    let text = '';
    const reading = async () => {
      const stream = await client.chat.completions.create({ ...request, stream: true });
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    };
    await expect(reading()).rejects.toMatchObject({
      code: 'interrupted',
      type: 'upstream_error',
      error: { message: 'The response broke off.' },
    });
    expect(text).toBe('Once');
  });
});

describeCodecLaw(openAiChat);
describe('in the old form, which has no ids', () => {
  const expresses = new Set([...openAiChat.expresses].filter((word) => word !== 'call-ids'));
  describeCodecLaw({ ...openAiChat, expresses }, sseWire, { legacyFunctions: true });
});

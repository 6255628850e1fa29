import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncoderOptions } from '../../src/dialects/dialect.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { InterruptedError } from '../../src/errors.ts';
import type { FinishReason, ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';
import { describeCodecLaw, readBack, sseWire, written } from '../support/codecs.ts';

const start: ModelEvent = { type: 'round-start', responseId: 'r1', model: 'm1' };
const text = (words: string): ModelEvent => ({ type: 'text-delta', text: words });
const finish = (reason: FinishReason, raw: string): ModelEvent => ({ type: 'finish-reason', reason, raw });
const end = (reason: FinishReason = 'stop'): ModelEvent => ({ type: 'round-end', reason, message: { role: 'assistant', content: '' } });
const call = (index: number, name: string, ...pieces: string[]): ModelEvent[] => [
  { type: 'tool-call-start', callId: `c${index}`, index, name },
  ...pieces.map((piece): ModelEvent => ({ type: 'tool-call-delta', callId: `c${index}`, index, text: piece })),
];

interface Written {
  readonly type: string;
  readonly sequence_number: number;
  readonly [key: string]: unknown;
}

/** The data of all frames, parsed. */
function eventsOf(events: Iterable<ModelEvent>, options?: EncoderOptions): Written[] {
  const { values, error } = runStage(openAiResponses.encoder(options), events);
  expect(error).toBeUndefined();
  return values.map(({ event, data }) => {
    const parsed = JSON.parse(data) as Written;
    expect(event).toBe(parsed.type);
    return parsed;
  });
}

const typesOf = (events: Iterable<ModelEvent>) => eventsOf(events).map(({ type }) => type.replace('response.', ''));

describe('openAiResponses.encoder', () => {
  it('announces each item, writes it piece by piece, and once more whole', () => {
    const events = [start, text('a'), text('b'), ...call(0, 'add', '{"a":', '1}'), finish('tool-calls', 'tool_calls'), end('tool-calls')];
    expect(typesOf(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ]);
    const wire = eventsOf(events);
    expect(wire.map(({ sequence_number }) => sequence_number)).toEqual(wire.map((_, i) => i));
    expect(wire.at(-1)?.response).toMatchObject({
      id: 'r1',
      model: 'm1',
      status: 'completed',
      output: [
        { type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'ab' }] },
        { type: 'function_call', call_id: 'c0', name: 'add', arguments: '{"a":1}' },
      ],
    });
  });

  it('says in each event which item and which part of it is meant, and what it holds', () => {
    const said: ModelEvent[] = [
      start,
      { type: 'reasoning-delta', text: 'h' },
      { type: 'reasoning-delta', text: 'm' },
      text('a'),
      { type: 'refusal-delta', text: 'no' },
      ...call(0, 'add', '{}'),
      finish('tool-calls', 'tool_calls'),
      end('tool-calls'),
    ];
    const wire = eventsOf(said);
    const named = (type: string) =>
      wire.filter((event) => event.type === `response.${type}`).map(({ type: _, sequence_number: __, item_id: ___, ...fields }) => fields);
    const reasoning = { output_index: 0, summary_index: 0 };
    expect(named('reasoning_summary_part.added')).toEqual([{ ...reasoning, part: { type: 'summary_text', text: '' } }]);
    expect(named('reasoning_summary_text.delta')).toEqual(['h', 'm'].map((delta) => ({ ...reasoning, delta })));
    expect(named('reasoning_summary_text.done')).toEqual([{ ...reasoning, text: 'hm' }]);
    expect(named('reasoning_summary_part.done')).toEqual([{ ...reasoning, part: { type: 'summary_text', text: 'hm' } }]);
    const first = { output_index: 1, content_index: 0 };
    expect(named('output_text.delta')).toEqual([{ ...first, delta: 'a', logprobs: [] }]);
    expect(named('output_text.done')).toEqual([{ ...first, text: 'a', logprobs: [] }]);
    expect(named('refusal.delta')).toEqual([{ output_index: 1, content_index: 1, delta: 'no' }]);
    expect(named('refusal.done')).toEqual([{ output_index: 1, content_index: 1, refusal: 'no' }]);
    expect(named('function_call_arguments.done')).toEqual([{ output_index: 2, name: 'add', arguments: '{}' }]);
    expect(named('output_item.added').map(({ item }) => item)).toMatchObject([
      { type: 'reasoning', summary: [] },
      { type: 'message', status: 'in_progress', content: [] },
      { type: 'function_call', status: 'in_progress', arguments: '' },
    ]);
    expect(named('output_item.done').map(({ item }) => item)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }),
        expect.objectContaining({ type: 'function_call', status: 'completed', arguments: '{}' }),
      ]),
    );
    const items = new Set(wire.flatMap(({ item_id }) => (item_id === undefined ? [] : [item_id])));
    expect(items.size).toBe(3);
  });

  it('marks the end of a call when it comes', () => {
    const events: ModelEvent[] = [start, ...call(0, 'add', '{}'), { type: 'tool-call-end', callId: 'c0', index: 0 }, text('b'), end()];
    expect(typesOf(events).slice(3, 7)).toEqual([
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'output_item.added',
    ]);
  });

  it('writes a call whose arguments are a string as a custom tool call, in plain text', () => {
    const input = 'say "é"\n\\ \ud83d\ude00';
    const escaped = JSON.stringify(input).replace('é', '\\u00e9');
    for (const pieces of [[escaped], [...escaped], ['', ' ', escaped]]) {
      const events = [start, ...call(0, 'run', ...pieces), finish('tool-calls', 'x'), end('tool-calls')];
      const wire = eventsOf(events);
      expect(wire.flatMap(({ type, delta }) => (type.endsWith('custom_tool_call_input.delta') ? [delta] : [])).join('')).toBe(input);
      expect(wire.at(-1)?.response).toMatchObject({ output: [{ type: 'custom_tool_call', call_id: 'c0', name: 'run', input }] });
      const back = readBack(openAiResponses, sseWire, [written(openAiResponses, sseWire, events)]);
      const joined = back.map((event) => (event.type === 'tool-call-delta' ? event.text : '')).join('');
      expect(JSON.parse(joined)).toBe(input);
    }
  });

  it.each([
    ['length', 'MAX_TOKENS', 'incomplete', { reason: 'max_output_tokens' }],
    ['content-filter', 'SAFETY', 'incomplete', { reason: 'content_filter' }],
    ['other', 'RECITATION', 'incomplete', { reason: 'RECITATION' }],
    ['error', 'FAILED', 'incomplete', { reason: 'error' }],
    ['pause', 'pause_turn', 'completed', null],
  ] as const)('%s, which the provider called %s, is %s', (reason, raw, status, details) => {
    const last = eventsOf([start, text('a'), finish(reason, raw), end(reason)]).at(-1);
    expect(last).toMatchObject({ type: `response.${status}`, response: { status, incomplete_details: details } });
  });

  it('leaves a call that was cut short incomplete', () => {
    const wire = (pieces: string) => [start, ...call(0, 'run', pieces), finish('length', 'length'), end('length')];
    for (const pieces of ['{"a":', '"rm -rf /tmp']) {
      expect(eventsOf(wire(pieces)).at(-1)?.response).toMatchObject({ output: [{ status: 'incomplete' }] });
      const back = readBack(openAiResponses, sseWire, [written(openAiResponses, sseWire, wire(pieces))]);
      expect(back.map((event) => (event.type === 'tool-call-delta' ? event.text : '')).join('')).toBe(pieces);
      expect(back.some(({ type }) => type === 'tool-call-end')).toBe(false);
    }
  });

  it('takes id, model and time from its options where the events have none, and writes counts only where they are wanted', () => {
    const usage: ModelEvent = { type: 'usage', usage: { inputTokens: 3, outputTokens: 4 }, raw: {} };
    const wire = eventsOf([text('a'), usage, end()], { responseId: 'mine', model: 'gateway', created: 7, includeUsage: false });
    expect(wire[0]?.response).toMatchObject({ id: 'mine', model: 'gateway', created_at: 7 });
    expect(wire.at(-1)?.response).toMatchObject({ usage: null });
    const raw = { input_tokens: 3, output_tokens: 4, cost: 1 };
    expect(eventsOf([start, { ...usage, raw }, end()]).at(-1)?.response).toMatchObject({ usage: raw });
  });

  it('leaves out what the wire has no word for, and what comes after the end of the round', () => {
    const odd: ModelEvent[] = [
      { type: 'diagnostic', code: 'x', message: 'y' },
      { type: 'provider-event', name: 'citation', data: {} },
      { type: 'text-delta', text: 'b', choice: 1 },
      { type: 'tool-call-end', callId: 'c9', index: 9 },
    ];
    expect(typesOf([start, ...odd, end(), text('more'), end()])).toEqual(['created', 'in_progress', 'completed']);
    expect(typesOf([start])).toEqual(['created', 'in_progress']);
  });
});

describe('the official client reads what openAiResponses.encoder writes', () => {
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

  const request = { model: 'm', input: 'Hi' };
  const answer: ModelEvent[] = [
    start,
    { type: 'reasoning-delta', text: 'Hm, ' },
    text('Hà '),
    { type: 'reasoning-delta', text: 'two' },
    text('\n"Nội" 👩‍🚀'),
    { type: 'refusal-delta', text: 'No' },
    ...call(0, 'get_weather', '{"city":'),
    ...call(1, 'add', '{"a":1,', '"b":2}'),
    { type: 'tool-call-delta', callId: 'c0', index: 0, text: '"Tōkyō"}' },
    ...call(2, 'run', '"l', 's\\n"'),
    finish('tool-calls', 'tool_use'),
    { type: 'usage', usage: { inputTokens: 3, outputTokens: 4, reasoningTokens: 2 }, raw: {} },
    end('tool-calls'),
  ];
  const output = [
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm, two' }] },
    {
      type: 'message',
      content: [
        { type: 'output_text', text: 'Hà \n"Nội" 👩‍🚀' },
        { type: 'refusal', refusal: 'No' },
      ],
    },
    { type: 'function_call', call_id: 'c0', name: 'get_weather', arguments: '{"city":"Tōkyō"}' },
    { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{"a":1,"b":2}' },
    { type: 'custom_tool_call', call_id: 'c2', name: 'run', input: 'ls\n' },
  ];

  it('event by event: the same text, calls and token counts', async () => {
    body = written(openAiResponses, sseWire, answer);
    let said = '';
    let tokens: number | undefined;
    const parts = new Map<number, string>();
    for await (const event of await client.responses.create({ ...request, stream: true })) {
      if (event.type === 'response.output_text.delta') said += event.delta;
      if (event.type === 'response.function_call_arguments.delta') {
        parts.set(event.output_index, (parts.get(event.output_index) ?? '') + event.delta);
      }
      if (event.type === 'response.completed') tokens = event.response.usage?.total_tokens;
    }
    expect(said).toBe('Hà \n"Nội" 👩‍🚀');
    expect([...parts.values()]).toEqual(['{"city":"Tōkyō"}', '{"a":1,"b":2}']);
    expect(tokens).toBe(7);
  });

  it('with its helper: a custom tool that the model behind called as a function', async () => {
    const events = [start, ...call(0, 'run', '{"in', 'put":"l', 's\\n"}'), finish('tool-calls', 'tool_use'), end('tool-calls')];
    body = written(openAiResponses, sseWire, events, { customTools: ['run'] });
    const response = await client.responses.stream(request).finalResponse();
    expect(response.output).toMatchObject([{ type: 'custom_tool_call', call_id: 'c0', name: 'run', input: 'ls\n' }]);
  });

  it('with its helper: the same output, by its pieces and by the last event', async () => {
    for (const events of [answer, answer.slice(0, -3)]) {
      body = written(openAiResponses, sseWire, events);
      const response = await client.responses.stream(request).finalResponse();
      expect(response).toMatchObject({ id: 'r1', model: 'm1', output_text: 'Hà \n"Nội" 👩‍🚀', output });
      if (events === answer) {
        expect(response).toMatchObject({ status: 'completed', usage: { input_tokens: 3, output_tokens_details: { reasoning_tokens: 2 } } });
      }
    }
  });

  it('raises what failed, with message and code alone', async () => {
    function* broken(): Iterable<ModelEvent> {
      yield start;
      yield text('Hel');
      throw new InterruptedError('Cut.', { excerpt: 'prompt' });
    }
    body = written(openAiResponses, sseWire, broken());
    expect(new TextDecoder().decode(body)).not.toContain('prompt');
    await expect(client.responses.stream(request).finalResponse()).rejects.toMatchObject({ message: 'Cut.', code: 'interrupted' });
    expect(() => readBack(openAiResponses, sseWire, [body])).toThrow('Cut.');
  });
});

describeCodecLaw(openAiResponses);

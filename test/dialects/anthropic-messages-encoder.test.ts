import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { InterruptedError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { describeCodecLaw, readBack, sseWire, written } from '../support/codecs.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

const message = { role: 'assistant', content: '' } as const;
const start: ModelEvent = { type: 'round-start', responseId: 'r1', model: 'm1' };
const end: ModelEvent = { type: 'round-end', reason: 'stop', message };
const text = (said: string): ModelEvent => ({ type: 'text-delta', text: said });
const reasoning = (said: string): ModelEvent => ({ type: 'reasoning-delta', text: said });
const finish = (reason: 'stop' | 'tool-calls' | 'content-filter', raw: string): ModelEvent => ({ type: 'finish-reason', reason, raw });
const begin = (index: number, name: string): ModelEvent => ({ type: 'tool-call-start', callId: `c${index}`, index, name });
const piece = (index: number, said: string): ModelEvent => ({ type: 'tool-call-delta', callId: `c${index}`, index, text: said });
const usage: ModelEvent = { type: 'usage', usage: { inputTokens: 5, outputTokens: 4, cachedInputTokens: 2 }, raw: { prompt_tokens: 3 } };

/** The events that were written, each under its own name. */
function writtenEvents(events: Iterable<ModelEvent>): Array<{ readonly [key: string]: Json }> {
  const { values, error } = runStage(anthropicMessages.encoder(), events);
  expect(error).toBeUndefined();
  return values.map(({ event, data }) => {
    const parsed = JSON.parse(data) as { readonly [key: string]: Json };
    expect(parsed.type).toBe(event);
    return parsed;
  });
}

/** What was written, in short: `start 0 text`, `delta 0`, `stop 0`. */
const outline = (events: Iterable<ModelEvent>) =>
  writtenEvents(events).map(({ type, index, content_block }) =>
    [
      String(type).replace('content_block_', ''),
      ...(index === undefined ? [] : [index]),
      ...(content_block ? [(content_block as { type: string }).type] : []),
    ].join(' '),
  );

describeCodecLaw(anthropicMessages);

describe('anthropicMessages.encoder', () => {
  it('writes a message: its start, blocks that begin and stop, the stop reason with the counts, its end', () => {
    expect(writtenEvents([start, text('Hi'), begin(0, 'x'), piece(0, '{}'), finish('tool-calls', 'tool_calls'), usage, end])).toEqual([
      {
        type: 'message_start',
        message: {
          id: 'r1',
          type: 'message',
          role: 'assistant',
          model: 'm1',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 0, output_tokens: 0 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'c0', name: 'x', input: {} } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{}' } },
      { type: 'content_block_stop', index: 1 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'tool_use', stop_sequence: null },
        usage: { input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 2 },
      },
      { type: 'message_stop' },
    ]);
  });

  it('stops a block when the next begins, and a call once its arguments are whole', () => {
    expect(outline([start, reasoning('Hm'), text('a'), begin(0, 'x'), piece(0, '{}'), text('b'), begin(1, 'y'), end])).toEqual([
      'message_start',
      'start 0 thinking',
      'delta 0',
      'stop 0',
      'start 1 text',
      'delta 1',
      'stop 1',
      'start 2 tool_use',
      'delta 2',
      'stop 2',
      'start 3 text',
      'delta 3',
      'stop 3',
      'start 4 tool_use',
      'stop 4',
      'message_delta',
      'message_stop',
    ]);
  });

  it('keeps a call open whose arguments are not whole, and stops it where its end is marked', () => {
    const events = [start, begin(0, 'x'), piece(0, '{"a"'), begin(1, 'y'), piece(0, ':1}'), piece(1, '{}'), end];
    expect(outline(events).slice(1, -2)).toEqual([
      'start 0 tool_use',
      'delta 0',
      'start 1 tool_use',
      'delta 0',
      'delta 1',
      'stop 0',
      'stop 1',
    ]);
    const marked: ModelEvent[] = [start, begin(0, 'x'), { type: 'tool-call-end', callId: 'c0', index: 0 }, text('a'), end];
    expect(outline(marked).slice(1, 3)).toEqual(['start 0 tool_use', 'stop 0']);
  });

  it('does not stop a call that ends in the middle, nor a blank one that the token limit may have cut', () => {
    const ended = (reason: 'tool-calls' | 'length', said: string) =>
      outline([start, begin(0, 'x'), piece(0, said), { type: 'finish-reason', reason, raw: '' }, { ...end, reason }]).includes('stop 0');
    expect(ended('length', '{"a"')).toBe(false);
    expect(ended('length', '')).toBe(false);
    expect(ended('length', '{}')).toBe(true);
    expect(ended('tool-calls', '{"a"')).toBe(false);
    expect(ended('tool-calls', '')).toBe(true);
  });

  it('drops white space after a call, and nothing else', () => {
    const events = (late: string) => [start, begin(0, 'x'), piece(0, '{}'), text('a'), piece(0, late), end];
    expect(outline(events(' \n')).filter((line) => line === 'delta 0')).toHaveLength(1);
    expect(outline(events('x')).filter((line) => line === 'delta 0')).toHaveLength(2);
  });

  it('puts counts that come first into the start, and later ones into events of their own', () => {
    const count = (outputTokens: number): ModelEvent => ({ type: 'usage', usage: { inputTokens: 3, outputTokens }, raw: {} });
    const events = writtenEvents([start, count(1), text('a'), count(2), text('b'), end]);
    expect(events[0]).toMatchObject({ message: { usage: { input_tokens: 3, output_tokens: 1 } } });
    expect(events.filter(({ type }) => type === 'message_delta')).toEqual([
      { type: 'message_delta', delta: { stop_reason: null, stop_sequence: null }, usage: { input_tokens: 3, output_tokens: 2 } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { input_tokens: 3, output_tokens: 2 } },
    ]);
  });

  it.each([
    ['stop', 'stop', 'end_turn'],
    ['stop', 'stop_sequence', 'stop_sequence'],
    ['tool-calls', 'tool_calls', 'tool_use'],
    ['length', 'length', 'max_tokens'],
    ['length', 'model_context_window_exceeded', 'model_context_window_exceeded'],
    ['content-filter', 'content_filter', 'refusal'],
    ['pause', 'pause_turn', 'pause_turn'],
    ['error', 'network_error', 'error'],
    ['other', 'novel', 'novel'],
    ['other', '', 'other'],
  ] as const)('writes the reason %s (%s) as %s', (reason, raw, word) => {
    const events = writtenEvents([start, { type: 'finish-reason', reason, raw }, { ...end, reason }]);
    expect(events.find(({ type }) => type === 'message_delta')).toMatchObject({ delta: { stop_reason: word } });
  });

  it('leaves out other choices, diagnostics, and provider events of other dialects', () => {
    const events: ModelEvent[] = [
      start,
      { type: 'text-delta', text: 'b', choice: 1 },
      { type: 'diagnostic', code: 'retried', message: '' },
      { type: 'provider-event', name: 'logprobs', data: { content: [] } },
      { type: 'provider-event', name: 'web_search_call', data: { type: 'web_search_call' } },
      end,
      text('after the end'),
    ];
    expect(outline(events)).toEqual(['message_start', 'message_delta', 'message_stop']);
  });

  it('writes no end where the events have none', () => {
    expect(outline([start, text('a')])).toEqual(['message_start', 'start 0 text', 'delta 0']);
  });

  it('writes what broke the answer as an error event that quotes no foreign error', () => {
    const failed = (error: unknown) => {
      const frames: Json[] = [];
      const out = { enqueue: ({ data }: { data: string }) => frames.push(JSON.parse(data) as Json), error: () => {}, terminate: () => {} };
      anthropicMessages.encoder().fail?.(error, out);
      return frames;
    };
    const overloaded = new ProviderError('Overloaded', { providerCode: '529', retryable: true, raw: null });
    expect(failed(overloaded)).toEqual([{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]);
    expect(failed(new InterruptedError('cut'))).toEqual([{ type: 'error', error: { type: 'api_error', message: 'cut' } }]);
    expect(JSON.stringify(failed(new Error('sk-secret')))).not.toContain('secret');
  });
});

describe('recorded Anthropic streams, read and written', () => {
  /** Deltas joined, and neither what each side makes anew nor what events do not carry. */
  const essence = (events: readonly ModelEvent[]) => {
    const row: Array<Record<string, unknown>> = [];
    for (const event of events) {
      const last = row.at(-1);
      if ('text' in event && last?.type === event.type && last.callId === (event as { callId?: string }).callId) last.text += event.text;
      else if (event.type === 'round-end') row.push({ type: event.type, reason: event.reason, text: event.message.content });
      else if (event.type !== 'diagnostic') row.push({ ...event });
    }
    // Where these stand depends on the event of the wire that they share.
    const shared = new Set(['stop_sequence', 'stop_details', 'container', 'context_management']);
    const isShared = (event: Record<string, unknown>) => shared.has(String(event.name));
    // One server says its service tier beside the message, where nothing is written.
    const isWritten = (event: Record<string, unknown>) => event.name !== 'service_tier';
    return { row: row.filter((event) => isWritten(event) && !isShared(event)), shared: row.filter(isShared) };
  };

  for (const recording of recordings('anthropic')) {
    it(`${recording.file} says the same once more`, () => {
      if (recording.expect?.errors) return;
      const once = readBack(anthropicMessages, sseWire, [recordedBytes(recording)]);
      const twice = readBack(anthropicMessages, sseWire, [written(anthropicMessages, sseWire, once)]);
      expect(essence(twice)).toEqual(essence(once));
    });
  }
});

describe("Anthropic's own client reads what the encoder wrote", () => {
  let body: Uint8Array = new Uint8Array();
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body);
  });
  let client: Anthropic;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new Anthropic({ apiKey: 'none', baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, maxRetries: 0 });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const request = { model: 'm', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi' }] };
  const answer: ModelEvent[] = [
    start,
    reasoning('Hm, '),
    reasoning('é'),
    { type: 'provider-event', name: 'signature', data: { signature: 'sig' } },
    text('Hà '),
    text('\n"Nội" 👩‍🚀'),
    begin(0, 'get_weather'),
    piece(0, '{"city":'),
    piece(0, '"Tōkyō"}'),
    begin(1, 'add'),
    piece(1, '{"a":1,"b":2}'),
    finish('tool-calls', 'tool_calls'),
    usage,
    { ...end, reason: 'tool-calls' },
  ];
  const content = [
    { type: 'thinking', thinking: 'Hm, é', signature: 'sig' },
    { type: 'text', text: 'Hà \n"Nội" 👩‍🚀' },
    { type: 'tool_use', id: 'c0', name: 'get_weather', input: { city: 'Tōkyō' } },
    { type: 'tool_use', id: 'c1', name: 'add', input: { a: 1, b: 2 } },
  ];

  it('as it streams and whole: the same text, calls, reason and token counts', async () => {
    body = written(anthropicMessages, sseWire, answer);
    const stream = client.messages.stream(request);
    let said = '';
    const blocks: unknown[] = [];
    stream.on('text', (delta) => {
      said += delta;
    });
    stream.on('contentBlock', (block) => void blocks.push(block));
    const final = await stream.finalMessage();
    expect(said).toBe('Hà \n"Nội" 👩‍🚀');
    expect(blocks.map((block) => (block as { type: string }).type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
    expect(final).toMatchObject({ id: 'r1', model: 'm1', stop_reason: 'tool_use', content });
    expect(final.usage).toMatchObject({ input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 2 });
  });

  it('with calls whose fragments alternate', async () => {
    const alternating = [begin(0, 'x'), begin(1, 'y'), piece(0, '{"n":'), piece(1, '{"n":'), text('and'), piece(0, '1}'), piece(1, '2}')];
    body = written(anthropicMessages, sseWire, [start, ...alternating, { ...end, reason: 'tool-calls' }]);
    const final = await client.messages.stream(request).finalMessage();
    expect(final.content).toMatchObject([
      { type: 'tool_use', id: 'c0', input: { n: 1 } },
      { type: 'tool_use', id: 'c1', input: { n: 2 } },
      { type: 'text', text: 'and' },
    ]);
  });

  it('and raises the error that broke the answer', async () => {
    const frames: Array<{ event?: string; data: string }> = [];
    const out = { enqueue: (frame: { event?: string; data: string }) => void frames.push(frame), error: () => {}, terminate: () => {} };
    const encoder = anthropicMessages.encoder();
    for (const event of answer.slice(0, 5)) encoder.transform(event, out);
    encoder.fail?.(new ProviderError('Overloaded', { providerCode: 'overloaded_error', retryable: true, raw: null }), out);
    body = sseWire.frame(frames);
    await expect(client.messages.stream(request).finalMessage()).rejects.toThrow('Overloaded');
  });

  for (const recording of recordings('anthropic').filter(({ expect: expected }) => expected && !expected.errors)) {
    it(`from ${recording.file}, read and written`, async () => {
      body = written(anthropicMessages, sseWire, readBack(anthropicMessages, sseWire, [recordedBytes(recording)]));
      const final = await client.messages.stream(request).finalMessage();
      const said = final.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
      const calls = final.content.flatMap((block) => (block.type === 'tool_use' ? [{ id: block.id, name: block.name }] : []));
      const { expect: expected } = recording;
      expect(said).toBe(expected.text);
      // biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
      expect(calls).toEqual(expected.toolCalls.map(({ id, name }: any) => ({ id, name })));
      expect(final.stop_reason).toBe(expected.finishReason);
      expect(final.usage).toMatchObject({ input_tokens: expected.usage.inputTokens, output_tokens: expected.usage.outputTokens });
    });
  }
});

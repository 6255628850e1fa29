import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gemini } from '../../src/dialects/gemini.ts';
import { ProviderError } from '../../src/errors.ts';
import type { FinishReason, ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { sseWire, written } from '../support/codecs.ts';

const start: ModelEvent = { type: 'round-start', responseId: 'r1', model: 'm1' };
const call = (index: number, name: string, ...pieces: string[]): ModelEvent[] => [
  { type: 'tool-call-start', callId: `c${index}`, index, name },
  ...pieces.map((text): ModelEvent => ({ type: 'tool-call-delta', callId: `c${index}`, index, text })),
];
const ended = (reason: FinishReason, raw = ''): ModelEvent[] => [
  { type: 'finish-reason', reason, raw },
  { type: 'round-end', reason, message: { role: 'assistant', content: '' } },
];

function framesOf(events: Iterable<ModelEvent>): { frames: Json[]; error: unknown } {
  const { values, error } = runStage(gemini.encoder(), events);
  return { frames: values.map(({ data }) => JSON.parse(data) as Json), error };
}

const head = { modelVersion: 'm1', responseId: 'r1' };
const part = (content: object) => ({ candidates: [{ content: { parts: [content], role: 'model' }, index: 0 }], ...head });
const last = (finishReason: string, more = {}, ofCandidate = {}) => ({
  candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason, index: 0, ...ofCandidate }],
  ...more,
  ...head,
});

describe('gemini.encoder', () => {
  it('writes text and thoughts as they come, calls when they are whole, reason and counts at the end', () => {
    const usage = { inputTokens: 3, outputTokens: 10, reasoningTokens: 4, cachedInputTokens: 1 };
    const events: ModelEvent[] = [
      start,
      { type: 'reasoning-delta', text: 'Hm' },
      ...call(0, 'add', '{"a":', '1}'),
      { type: 'text-delta', text: 'é' },
      { type: 'tool-call-end', callId: 'c0', index: 0 },
      ...call(1, 'now'),
      { type: 'usage', usage, raw: {} },
      ...ended('tool-calls', 'tool_use'),
    ];
    const usageMetadata = {
      promptTokenCount: 3,
      candidatesTokenCount: 6,
      totalTokenCount: 13,
      thoughtsTokenCount: 4,
      cachedContentTokenCount: 1,
    };
    expect(framesOf(events).frames).toEqual([
      part({ text: 'Hm', thought: true }),
      part({ text: 'é' }),
      part({ functionCall: { id: 'c0', name: 'add', args: { a: 1 } } }),
      part({ functionCall: { id: 'c1', name: 'now', args: {} } }),
      last('STOP', { usageMetadata }),
    ]);
  });

  const words: ReadonlyArray<[FinishReason, string, string]> = [
    ['stop', 'end_turn', 'STOP'],
    ['pause', 'pause_turn', 'STOP'],
    ['length', 'length', 'MAX_TOKENS'],
    ['content-filter', 'content_filter', 'SAFETY'],
    ['content-filter', 'RECITATION', 'RECITATION'],
    ['error', 'MALFORMED_FUNCTION_CALL', 'MALFORMED_FUNCTION_CALL'],
    ['other', 'odd', 'OTHER'],
  ];
  for (const [reason, raw, word] of words) {
    it(`writes ${reason} (${raw}) as ${word}`, () => {
      expect(framesOf([start, ...ended(reason, raw)]).frames).toEqual([last(word)]);
    });
  }

  it('does not write a call whose arguments are no JSON object, and says so', () => {
    const finishMessage = 'The arguments of the call of "add" are no JSON object.';
    for (const args of ['{"a":', '[1]', '5']) {
      expect(framesOf([start, ...call(0, 'add', args), ...ended('tool-calls')]).frames).toEqual([
        last('MALFORMED_FUNCTION_CALL', {}, { finishMessage }),
      ]);
    }
  });

  it('gives each candidate a reason where the round ended and one had none', () => {
    const { values } = runStage(gemini.encoder(), [
      { type: 'text-delta', text: 'a' },
      { type: 'text-delta', text: 'b', choice: 1 },
      { type: 'finish-reason', reason: 'length', raw: 'length' },
      { type: 'round-end', reason: 'length', message: { role: 'assistant', content: 'a' } },
    ] as ModelEvent[]);
    const { candidates } = JSON.parse(values.at(-1)?.data ?? '') as { candidates: Array<{ index: number; finishReason: string }> };
    expect(candidates.map(({ index, finishReason }) => [index, finishReason])).toEqual([
      [0, 'MAX_TOKENS'],
      [1, 'STOP'],
    ]);
  });

  it('ends without a finish reason where its source does', () => {
    expect(framesOf([start, { type: 'text-delta', text: 'a' }]).frames).toEqual([part({ text: 'a' })]);
  });

  it('writes an error in the form of the API, and ends', () => {
    const fails = function* (error: Error): Generator<ModelEvent> {
      yield start;
      throw error;
    };
    const overloaded = new ProviderError('Overloaded.', { providerCode: 'UNAVAILABLE', status: 503, retryable: true, raw: {} });
    expect(framesOf(fails(overloaded))).toMatchObject({
      frames: [{ error: { code: 503, message: 'Overloaded.', status: 'UNAVAILABLE' } }],
    });
    const { frames } = framesOf(fails(new Error('a secret')));
    expect(frames).toEqual([{ error: { code: 500, message: 'The answer failed.', status: 'INTERNAL' } }]);
  });
});

describe('gemini.encoder, read by @google/genai over HTTP', () => {
  let bytes: Uint8Array = new Uint8Array();
  let asked = '';
  const server = createServer((request, response) => {
    asked = `${request.url} ${request.headers['x-goog-api-key']}`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const half = bytes.length >> 1;
    response.write(bytes.subarray(0, half));
    setImmediate(() => response.end(bytes.subarray(half)));
  });
  let client: GoogleGenAI;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new GoogleGenAI({ apiKey: 'test-key', httpOptions: { baseUrl } });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function read() {
    const seen = { text: '', thoughts: '', calls: [] as unknown[], usage: undefined as unknown, finish: undefined as unknown };
    for await (const chunk of await client.models.generateContentStream({ model: 'm1', contents: 'Hi' })) {
      const [candidate] = chunk.candidates ?? [];
      for (const { text, thought } of candidate?.content?.parts ?? []) seen[thought ? 'thoughts' : 'text'] += text ?? '';
      seen.calls.push(...(chunk.functionCalls ?? []));
      seen.usage = chunk.usageMetadata ?? seen.usage;
      seen.finish = candidate?.finishReason ?? seen.finish;
    }
    return seen;
  }

  it('gives the same text, calls and counts, at the path that our requests ask', async () => {
    const usage = { inputTokens: 5, outputTokens: 9, reasoningTokens: 2, totalTokens: 14 };
    bytes = written(gemini, sseWire, [
      start,
      { type: 'reasoning-delta', text: 'Überlegung: ' },
      { type: 'text-delta', text: 'Il fait "beau" ' },
      ...call(0, 'get_weather', '{"city":', '"Paris \\u2603 東京"}'),
      { type: 'text-delta', text: 'à Paris 👩‍🚀\n\nou\r\nailleurs.' },
      ...call(1, 'get_weather', '{"city":"Nice","days":[1,2]}'),
      { type: 'usage', usage, raw: {} },
      ...ended('tool-calls', 'tool_calls'),
    ]);
    expect(await read()).toEqual({
      text: 'Il fait "beau" à Paris 👩‍🚀\n\nou\r\nailleurs.',
      thoughts: 'Überlegung: ',
      calls: [
        { id: 'c0', name: 'get_weather', args: { city: 'Paris ☃ 東京' } },
        { id: 'c1', name: 'get_weather', args: { city: 'Nice', days: [1, 2] } },
      ],
      usage: { promptTokenCount: 5, candidatesTokenCount: 7, thoughtsTokenCount: 2, totalTokenCount: 14 },
      finish: 'STOP',
    });
    const { path } = gemini.encodeRequest({ messages: [] }, { model: 'm1' });
    expect(asked).toBe(`/v1beta${path} test-key`);
  });

  it('raises our errors there', async () => {
    const { values } = runStage(
      gemini.encoder(),
      (function* (): Generator<ModelEvent> {
        yield start;
        throw new ProviderError('Slow down.', { providerCode: 'RESOURCE_EXHAUSTED', status: 429, retryable: true, raw: {} });
      })(),
    );
    bytes = sseWire.frame(values);
    await expect(read()).rejects.toMatchObject({ status: 429 });
  });
});

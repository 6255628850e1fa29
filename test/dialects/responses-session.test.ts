import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { describe, expect, it } from 'vitest';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { responsesSession } from '../../src/dialects/responses-session.ts';
import { ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { Message, ModelRequest, ToolMessage } from '../../src/messages.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { describeCodecLaw } from '../support/codecs.ts';
import { recordedBytes, recordings } from '../support/shared.ts';
import { startSocketServer } from '../support/socket-server.ts';

const decode = (...messages: ReadonlyArray<object | string>) =>
  runStage(
    responsesSession.decoder(),
    messages.map((message) => ({ data: typeof message === 'string' ? message : JSON.stringify(message) })),
  );
const created = { type: 'response.created', response: { id: 'r1', model: 'm-1' } };
const completed = { type: 'response.completed', response: { id: 'r1', output: [] } };

describe('responsesSession reads', () => {
  for (const recording of recordings('openai-responses')) {
    it(`the messages of ${recording.file} as their SSE`, () => {
      const frames = runStage<Uint8Array | string, Frame>(sseParser(), [recordedBytes(recording)]).values;
      const messages = frames.map(({ data }) => ({ data }));
      expect(runStage(responsesSession.decoder(), messages)).toEqual(runStage(openAiResponses.decoder(), frames));
    });
  }

  it.each([
    [
      'a status beside it',
      { type: 'error', status: 400, error: { type: 'invalid_request_error', code: 'bad', message: 'No.' } },
      400,
      false,
    ],
    ['a status that may pass', { type: 'error', status: 503, error: { code: 'bad', message: 'No.' } }, 503, true],
    ['no status but a known type', { type: 'error', error: { type: 'server_error', code: 'bad', message: 'No.' } }, 500, true],
    ['no object of its own', { type: 'error', code: 'bad', message: 'No.', param: null }, undefined, false],
  ])('an error with %s, and starts no round for it', (_, message, status, retryable) => {
    const { values, error } = decode(message);
    expect(values).toEqual([]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: 'bad', status, retryable });
  });

  it('nothing in a `[DONE]` before the first event, the end in one after it', () => {
    expect(decode('[DONE]', created, completed).values).toEqual(decode(created, completed).values);
    expect(decode(created, '[DONE]').values.map(({ type }) => type)).toEqual(['round-start', 'round-end']);
  });

  it('a cut', () => {
    const cut = decode(created, { type: 'response.output_text.delta', delta: 'Hel' });
    expect(cut.error).toMatchObject({ code: 'interrupted', partial: { text: 'Hel' } });
  });
});

const user: Message = { role: 'user', content: 'Hi' };
const result = (toolCallId: string, content: string): ToolMessage => ({ role: 'tool', toolCallId, name: 'f', content });
const bodyOf = (request: ModelRequest) => responsesSession.encodeRequest(request, { model: 'm' }).body;

describe('responsesSession writes', () => {
  it('a request as `response.create`, without what is for HTTP alone', () => {
    const request: ModelRequest = {
      messages: [{ role: 'system', content: 'Be kind.' }, user],
      tools: [{ name: 'f', inputSchema: { type: 'object' } }],
      extra: { store: false, stream: true, background: true },
    };
    const { stream: _, background: __, ...rest } = openAiResponses.encodeRequest(request, { model: 'm' }).body;
    expect(responsesSession.encodeRequest(request, { model: 'm' })).toEqual({
      path: '',
      headers: {},
      body: { type: 'response.create', ...rest },
    });
    expect(rest).toMatchObject({ instructions: 'Be kind.', store: false });
  });

  const calls = [
    { id: 'a', name: 'f', argumentsText: '{}' },
    { id: 'b', name: 'say', argumentsText: '"é"' },
  ];
  const results = [result('a', '1'), result('b', '2')];
  const body = bodyOf({
    messages: [{ role: 'system', content: 'Be kind.' }, user, { role: 'assistant', content: '', toolCalls: calls }, ...results],
    tools: [{ name: 'f', inputSchema: { type: 'object' } }],
    extra: { previous_response_id: 'older' },
  });

  it('results with the id of the response before them, and all but the history once more', () => {
    expect(responsesSession.encodeResults?.(results, { responseId: 'r1', body })).toEqual([
      {
        ...body,
        previous_response_id: 'r1',
        input: [
          { type: 'function_call_output', call_id: 'a', output: '1' },
          { type: 'custom_tool_call_output', call_id: 'b', output: '2' },
        ],
      },
    ]);
    expect(body).toMatchObject({ type: 'response.create', instructions: 'Be kind.', tools: [{ name: 'f' }] });
  });

  it.each([
    ['nothing says what it follows', undefined, body],
    ['the server keeps a conversation', 'r1', { ...body, conversation: 'conv_1' }],
    ['its last items are not the results', 'r1', { ...body, input: [...(body.input as unknown[]), { role: 'user', content: 'more' }] }],
    ['its input is a text', 'r1', { ...body, input: 'text' }],
  ])('the whole request where %s', (_, responseId, whole) => {
    expect(responsesSession.encodeResults?.(results, { responseId, body: whole })).toEqual([whole]);
  });
});

it('the official client reads what responsesSession writes, round after round', async () => {
  const rounds: ModelEvent[][] = ['Grüße', '🛫'].map((words, i) => [
    { type: 'round-start', responseId: `r${i}`, model: 'm' },
    { type: 'text-delta', text: words },
    { type: 'finish-reason', reason: 'stop', raw: 'stop' },
    { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: words } },
  ]);
  const server = await startSocketServer(async (served) => {
    for (const [n, events] of rounds.entries()) {
      await served.message(n);
      served.send(...runStage(responsesSession.encoder(), events).values.map(({ data }) => data));
    }
  });
  const client = new ResponsesWS(new OpenAI({ apiKey: 'key', baseURL: server.url.replace('ws:', 'http:') }));
  const outputs: unknown[] = [];
  client.send({ type: 'response.create', model: 'm', input: 'Hi' });
  for await (const event of client) {
    if (event.type === 'error') throw event.error;
    if (event.type !== 'message' || event.message.type !== 'response.completed') continue;
    const { id, output } = event.message.response;
    outputs.push([id, output]);
    if (outputs.length === rounds.length) break;
    client.send({ type: 'response.create', model: 'm', input: [], previous_response_id: id });
  }
  client.close();
  await server.close();
  const saying = (words: string) => [expect.objectContaining({ content: [expect.objectContaining({ text: words })] })];
  expect(outputs).toEqual([
    ['r0', saying('Grüße')],
    ['r1', saying('🛫')],
  ]);
});

describe('responsesSession tells', () => {
  it.each([
    ['previous_response_not_found', true],
    ['websocket_connection_limit_reached', true],
    ['invalid_request_error', false],
    [undefined, false],
  ])('by the error code %s whether the connection is spent: %s', (providerCode, spent) => {
    expect(responsesSession.isSpent?.(new ProviderError('No.', { providerCode, retryable: false, raw: null }))).toBe(spent);
  });
});

describeCodecLaw(responsesSession);

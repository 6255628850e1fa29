import { type Fixture, type FixtureBlock, LLMock } from '@copilotkit/aimock';
import { lastValueFrom, toArray } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { streamAnswer } from '../../src/answer.ts';
import { responsesSession } from '../../src/dialects/responses-session.ts';
import { InterruptedError, ProviderError } from '../../src/errors.ts';
import type { AnswerEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { ModelRequest } from '../../src/messages.ts';
import { type SocketModelOptions, socketModel } from '../../src/models/socket-model.ts';
import { withRetry } from '../../src/models/with-retry.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { BrowserSocket } from '../support/browser-socket.ts';
import { settled } from '../support/settled.ts';
import { recordedBytes, recordings } from '../support/shared.ts';
import { type ServedSocket, type SocketServer, startSocketServer } from '../support/socket-server.ts';

const KEY = 'sk-verysecretkey123';
const question: ModelRequest = { messages: [{ role: 'user', content: 'Weather?' }] };
const typesOf = (events: readonly AnswerEvent[]) => events.map((event) => (event.type === 'diagnostic' ? event.code : event.type));
const textOf = (events: readonly AnswerEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');

function modelAt(url: string, options: Partial<SocketModelOptions> = {}) {
  const retry = { baseDelayMs: 5, ...options.retry };
  return socketModel({ protocol: responsesSession, url, model: 'm', apiKey: KEY, webSocket: WebSocket, ...options, retry });
}

let asked: string[] = [];
const lookUp = defineTool({
  name: 'look_up',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const,
  execute: ({ city }) => {
    asked.push(city);
    return { city };
  },
});
beforeEach(() => {
  asked = [];
});

describe('responsesSession on a server that nobody here wrote', () => {
  const call = (id: string, city: string): FixtureBlock => ({ type: 'toolCall', id, name: 'look_up', arguments: JSON.stringify({ city }) });
  const say = (text: string): FixtureBlock => ({ type: 'text', text });
  /** What is answered to a user's words, and to results that end with one. */
  const to = (userMessage: string, ...blocks: FixtureBlock[]): Fixture => ({ match: { userMessage }, response: { blocks } });
  const toResult = (toolCallId: string, ...blocks: FixtureBlock[]): Fixture => ({ match: { toolCallId }, response: { blocks } });
  const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 5 });
  const url = () => `${server.url}/v1/responses`;
  let connections = 0;
  class Counted extends WebSocket {
    constructor(...given: ConstructorParameters<typeof WebSocket>) {
      super(...given);
      connections++;
    }
  }
  const ask = (content: string, options: Partial<SocketModelOptions> = {}) =>
    settled(
      streamAnswer({
        model: modelAt(url(), { webSocket: Counted, ...options }),
        request: {
          messages: [
            { role: 'system', content: 'Be kind.' },
            { role: 'user', content },
          ],
        },
        tools: [lookUp],
      }),
    );

  beforeAll(async () => {
    server.addFixtures([
      toResult('c2', call('c3', 'Paris'), call('c4', 'Rome')),
      toResult('c4', say('Done: 🌦')),
      to('Weather', say('Both first. '), call('c1', 'Tōkyō'), call('c2', 'Hà Nội')),
      { ...to('Cut', say('Half of an answer that nobody sees the end of')), truncateAfterChunks: 6 },
      {
        match: { userMessage: 'Fail' },
        response: { error: { message: 'Slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' } },
      },
      to('Hi', say('Grüße 🛫')),
    ]);
    await server.start();
  });
  beforeEach(() => {
    connections = 0;
    server.clearRequests();
  });
  afterAll(() => server.stop());

  it('a text, asked with the key as a header', async () => {
    const { events, error } = await ask('Hi');
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('Grüße 🛫');
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', reason: 'stop', rounds: 1 });
    const [request] = server.getRequests();
    expect(request).toMatchObject({
      method: 'WS',
      path: '/v1/responses',
      body: { model: 'm' },
      headers: { authorization: expect.anything() },
    });
    expect(request?.body?.messages).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
    ]);
  });

  it('three rounds with parallel tools on one connection, in the later ones the results alone', async () => {
    const { events, error } = await ask('Weather?');
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('Both first. Done: 🌦');
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', reason: 'stop', rounds: 3 });
    expect(asked).toEqual(['Tōkyō', 'Hà Nội', 'Paris', 'Rome']);
    expect(connections).toBe(1);
    const results = server
      .getRequests()
      .map(({ body }) =>
        (body as { messages: ReadonlyArray<{ tool_call_id?: string }> }).messages.flatMap((message) => message.tool_call_id ?? []),
      );
    expect(results).toEqual([[], ['c1', 'c2'], ['c3', 'c4']]);
  });

  it('an error message, asked again as long as it may pass', async () => {
    const { events, error } = await ask('Fail', { retry: { maxTries: 2, baseDelayMs: 5 } });
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: 'rate_limit_exceeded', retryable: true });
    expect(typesOf(events)).toEqual(['retried']);
    expect(connections).toBe(2);
  });

  it('an error message that stays', async () => {
    const { error } = await ask('nothing that is known');
    expect(error).toMatchObject({ code: 'provider', providerCode: 'no_fixture_match', retryable: false });
    expect(connections).toBe(1);
  });

  it('a cut in the middle', async () => {
    const { events, error } = await ask('Cut');
    expect(error).toBeInstanceOf(InterruptedError);
    expect(textOf(events)).not.toBe('');
    expect((error as InterruptedError).partial.text).toBe(textOf(events));
  });
});

describe('responsesSession', () => {
  let server: SocketServer;
  afterEach(() => server?.close());

  async function serving(serve: (served: ServedSocket, n: number) => void | Promise<void>, options: Partial<SocketModelOptions> = {}) {
    server = await startSocketServer(serve);
    return modelAt(server.url, options);
  }

  const created = (id?: string) => ({ type: 'response.created', response: { ...(id && { id }), model: 'm-1', status: 'in_progress' } });
  const text = (delta: string) => ({ type: 'response.output_text.delta', delta });
  const completed = (id?: string, output: object[] = []) => ({ type: 'response.completed', response: { ...(id && { id }), output } });
  const callOf = (call_id: string, city: string) => ({
    type: 'function_call',
    id: `fc_${call_id}`,
    call_id,
    name: 'look_up',
    arguments: JSON.stringify({ city }),
  });
  /** A whole round: one that calls, and one that speaks. */
  const calling = (id: string | undefined, callId: string) => [created(id), completed(id, [callOf(callId, callId)])];
  const saying = (id: string, words: string) => [created(id), text(words), completed(id)];
  const refused = (code: string) => ({
    type: 'error',
    status: 400,
    error: { type: 'invalid_request_error', code, message: `No: ${code}.` },
  });
  const ask = (model: ReturnType<typeof modelAt>) => settled(streamAnswer({ model, request: question, tools: [lookUp] }));

  it('goes on by the id of the response before, with the settings once more and the key in the opening alone', async () => {
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(...calling('r1', 'c1'));
        await served.message(1);
        served.send(...calling('r2', 'c2'));
        await served.message(2);
        served.send(...saying('r3', 'Done.'));
      },
      { body: { store: false }, adaptBody: (body) => ({ ...body, service_tier: 'flex' }) },
    );
    const { events, error } = await ask(model);
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('Done.');
    expect(server.connections).toHaveLength(1);
    const { request, received = [], gone } = server.connections[0] ?? {};
    const settings = {
      type: 'response.create',
      model: 'm',
      store: false,
      service_tier: 'flex',
      tools: [expect.objectContaining({ name: 'look_up' })],
    };
    const output = (call_id: string) => ({ type: 'function_call_output', call_id, output: JSON.stringify({ city: call_id }) });
    expect(received).toEqual([
      { ...settings, input: [{ role: 'user', content: 'Weather?' }] },
      { ...settings, previous_response_id: 'r1', input: [output('c1')] },
      { ...settings, previous_response_id: 'r2', input: [output('c2')] },
    ]);
    expect(request?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(received)).not.toContain(KEY);
    expect(await gone).toBe(1000);
  });

  it('sends the whole history on the same connection where responses have no id', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(...calling(undefined, 'c1'));
      await served.message(1);
      served.send(...saying('r2', 'Done.'));
    });
    expect(textOf((await ask(model)).events)).toBe('Done.');
    expect(server.connections).toHaveLength(1);
    const [, second] = server.connections[0]?.received ?? [];
    expect(second).not.toHaveProperty('previous_response_id');
    expect(second?.input).toMatchObject([{ role: 'user' }, { type: 'function_call' }, { type: 'function_call_output', call_id: 'c1' }]);
  });

  it.each(['previous_response_not_found', 'websocket_connection_limit_reached'])(
    'asks on a new connection, with the whole history, after %s, and runs no tool twice',
    async (code) => {
      const model = await serving(async (served, n) => {
        await served.message(0);
        served.send(...(n === 0 ? calling('r1', 'c1') : saying('r2', 'Done.')));
        await served.message(1);
        served.send(refused(code));
      });
      const { events, error } = await ask(model);
      expect(error).toBeUndefined();
      expect(textOf(events)).toBe('Done.');
      expect(typesOf(events)).toContain('retried');
      expect(asked).toEqual(['c1']);
      expect(await server.connections[0]?.gone).toBe(1000);
      const [whole] = server.connections[1]?.received ?? [];
      expect(whole).not.toHaveProperty('previous_response_id');
      expect(whole?.input).toMatchObject([{ role: 'user' }, { type: 'function_call' }, { type: 'function_call_output', call_id: 'c1' }]);
    },
  );

  it('says why its connection can go on no more where it may not ask again', async () => {
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(...calling('r1', 'c1'));
        await served.message(1);
        served.send(refused('previous_response_not_found'));
      },
      { retry: { maxTries: 1 } },
    );
    const { error } = await ask(model);
    expect(error).toMatchObject({ code: 'connection', cause: { providerCode: 'previous_response_not_found' } });
  });

  it('hears on the next round what the server said between two: that the hour is over', async () => {
    const model = await serving(async (served, n) => {
      await served.message(0);
      if (n === 0) served.send(...calling('r1', 'c1'), refused('websocket_connection_limit_reached'));
      else served.send(...saying('r2', 'Done.'));
    });
    const { events, error } = await ask(model);
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('Done.');
    expect(asked).toEqual(['c1']);
  });

  it('raises the same error on a connection that is new', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(refused('previous_response_not_found'));
    });
    const { events, error } = await ask(model);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: 'previous_response_not_found', status: 400 });
    expect(events).toEqual([]);
    expect(server.connections).toHaveLength(1);
  });

  it('asks with the whole history when the connection was lost while the tools ran', async () => {
    const model = await serving(async (served, n) => {
      await served.message(0);
      served.send(...(n === 0 ? calling('r1', 'c1') : saying('r2', 'Done.')));
    });
    const losing = defineTool({
      name: 'look_up',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const,
      execute: async ({ city }) => {
        asked.push(city);
        server.connections[0]?.socket.terminate();
        await server.connections[0]?.gone;
        return 'ok';
      },
    });
    const { events, error } = await settled(streamAnswer({ model, request: question, tools: [losing] }));
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('Done.');
    expect(asked).toEqual(['c1']);
    expect(server.connections[1]?.received[0]?.input).toMatchObject([
      { role: 'user' },
      { type: 'function_call', call_id: 'c1' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
    ]);
  });

  it('asks a round that broke in the middle with the whole history, and runs no call of it twice', async () => {
    const begun = (callId: string) => {
      const item = callOf(callId, callId);
      return [created('r2'), { type: 'response.output_item.done', output_index: 0, item }, text('One moment. ')];
    };
    const model = await serving(
      async (served, n) => {
        await served.message(0);
        if (n === 0) {
          served.send(...calling('r1', 'c1'));
          await served.message(1);
          served.send(...begun('c2'));
          return;
        }
        served.send(...begun('c2'), completed('r2'));
        await served.message(1);
        served.send(...saying('r3', 'Done.'));
      },
      { retry: { maxTries: 1 } },
    );
    const losing = defineTool({
      name: 'look_up',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const,
      annotations: { readOnlyHint: true },
      execute: ({ city }) => {
        asked.push(city);
        if (city === 'c2') server.connections[0]?.socket.terminate();
        return city;
      },
    });
    const again = withRetry(model, { afterEvents: 'restart', baseDelayMs: 5 });
    const { events, error } = await settled(streamAnswer({ model: again, request: question, tools: [losing] }));
    expect(error).toBeUndefined();
    expect(typesOf(events)).toContain('round-restarted');
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', reason: 'stop', rounds: 3 });
    expect(asked).toEqual(['c1', 'c2']);
    const [whole, followUp] = server.connections[1]?.received ?? [];
    expect(whole?.input).toMatchObject([{ role: 'user' }, { type: 'function_call' }, { type: 'function_call_output', call_id: 'c1' }]);
    expect(followUp).toMatchObject({ previous_response_id: 'r2', input: [{ type: 'function_call_output', call_id: 'c2', output: 'c2' }] });
  });

  it('connects again when the connection was lost before the first event', async () => {
    const model = await serving(async (served, n) => {
      await served.message(0);
      if (n === 0) served.socket.terminate();
      else served.send(...saying('r1', 'Hi'));
    });
    const { events, error } = await settled(model(question));
    expect(error).toBeUndefined();
    expect(typesOf(events)).toEqual(['retried', 'round-start', 'text-delta', 'finish-reason', 'round-end']);
  });

  it('reads each round of a relay that ends it with `[DONE]`', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(...calling('r1', 'c1'), '[DONE]');
      await served.message(1);
      served.send(...saying('r2', 'Done.'), '[DONE]');
    });
    const { events } = await ask(model);
    expect(textOf(events)).toBe('Done.');
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', rounds: 2 });
  });

  it('shows no key in an error of a later round', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(...calling('r1', 'c1'));
      await served.message(1);
      served.send(created('r2'), { type: 'error', error: { code: 'bad', message: `The key ${KEY} is no good.` } });
    });
    const { error } = await ask(model);
    expect(error).toMatchObject({ message: expect.stringContaining('The key [redacted] is no good.') });
    expect(JSON.stringify((error as ProviderError).raw)).not.toContain(KEY);
  });

  const [recording] = recordings('openai-responses').filter(({ file }) => file.includes('phase-streamed-on-part-start'));
  it.skipIf(!recording)('raises an InterruptedError with what was there, wherever a recorded stream is cut', async () => {
    const frames = runStage<Uint8Array | string, Frame>(sseParser(), recording ? [recordedBytes(recording)] : []).values;
    const messages = frames.map(({ data }) => data).filter((data) => data !== '[DONE]');
    expect(messages.length).toBeGreaterThan(20);
    const model = await serving(
      async (served, n) => {
        await served.message(0);
        for (const message of messages.slice(0, n + 1)) await new Promise((sent) => served.socket.send(message, sent));
        if (n + 1 < messages.length) served.socket.terminate();
      },
      { retry: { maxTries: 1 } },
    );
    const whole = runStage(
      responsesSession.decoder(),
      messages.map((data) => ({ data })),
    ).values;
    let longest = '';
    for (let n = 0; n < messages.length - 1; n++) {
      const { events, error } = await settled(model(question));
      expect(error).toBeInstanceOf(InterruptedError);
      expect(events).toEqual(whole.slice(0, events.length));
      expect((error as InterruptedError).partial.text).toBe(textOf(events));
      longest = textOf(events);
    }
    expect(longest).toBe(textOf(whole));
    expect(await lastValueFrom(model(question).pipe(toArray()))).toEqual(whole);
  });

  it('takes its key as a header alone', () => {
    const url = 'wss://api.example/v1/responses';
    expect(() => modelAt(url, { authorization: 'message' })).toThrow('not as a message');
    expect(() => modelAt(url, { authorization: 'subprotocol' })).toThrow('not as a subprotocol');
    vi.stubGlobal('WebSocket', BrowserSocket);
    expect(() => modelAt(url, { webSocket: undefined })).toThrow('let a server of yours hold the key');
    expect(() => modelAt(url, { webSocket: undefined, apiKey: undefined })).not.toThrow();
    vi.unstubAllGlobals();
  });
});

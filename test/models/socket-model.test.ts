import { createServer, type Server } from 'node:net';
import { inspect } from 'node:util';
import type { Observable } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { HttpError, LimitError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { ModelRequest } from '../../src/messages.ts';
import type { Gate } from '../../src/models/gate.ts';
import { type SocketModelOptions, socketModel } from '../../src/models/socket-model.ts';
import { type ServedSocket, type SocketServer, startSocketServer } from '../support/socket-server.ts';

const KEY = 'sk-verysecretkey123';
const PROMPT = 'the prompt nobody may read';
const request: ModelRequest = { messages: [{ role: 'user', content: PROMPT }] };
let server: SocketServer;

afterEach(async () => {
  vi.unstubAllGlobals();
  await server?.close();
});

type Serve = (served: ServedSocket, n: number) => void | Promise<void>;

async function serving(serve: Serve, options: Partial<SocketModelOptions> = {}) {
  server = await startSocketServer(serve);
  return modelAt(server.url, options);
}

function modelAt(url: string, options: Partial<SocketModelOptions> = {}) {
  const retry = { baseDelayMs: 5, ...options.retry };
  return socketModel({ protocol: chatChunks, url, model: 'm', apiKey: KEY, webSocket: WebSocket, ...options, retry });
}

/** All events, and the error where one came; neither key nor prompt shows in them. */
async function run(events$: Observable<ModelEvent>): Promise<{ events: ModelEvent[]; error: unknown }> {
  const events: ModelEvent[] = [];
  const error = await new Promise((resolve) => {
    events$.subscribe({ next: (event) => events.push(event), error: resolve, complete: () => resolve(undefined) });
  });
  const shown = `${inspect(error, { depth: 10 })} ${JSON.stringify(error)} ${JSON.stringify(events)}`;
  expect(shown).not.toContain(KEY);
  expect(shown).not.toContain(btoa(KEY).replaceAll('=', ''));
  expect(shown).not.toContain(PROMPT);
  return { events, error };
}

const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: 'r1',
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason }],
});
const typesOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'diagnostic' ? event.code : event.type));
const textOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
const ANSWERED = ['round-start', 'text-delta', 'finish-reason', 'round-end'];
const answering: Serve = async (served) => {
  await served.message(0);
  served.send(chunk({ content: 'Hello' }), chunk({}, 'stop'), '[DONE]');
};

describe('socketModel with chatChunks', () => {
  it('sends the request as one message and reads a chunk from each message', async () => {
    const { events, error } = await run((await serving(answering))(request));
    expect(error).toBeUndefined();
    expect(typesOf(events)).toEqual(ANSWERED);
    expect(server.connections[0]?.received).toMatchObject([{ model: 'm', messages: request.messages, stream: true }]);
    expect(await server.connections[0]?.gone).toBe(1000);
  });

  it('reads parallel calls by index, and opens a connection for each round', async () => {
    const entry = (index: number, name: string, args: string) => ({
      tool_calls: [{ index, id: `c${index}`, function: { name, arguments: args } }],
    });
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(chunk(entry(0, 'f', '{"a":')), chunk(entry(1, 'g', '{"ü":')), chunk(entry(0, '', '1}')), chunk(entry(1, '', '"🛫"}')));
      served.send(chunk({}, 'tool_calls'), '[DONE]');
    });
    const answer = new AbortController().signal;
    const { events } = await run(model(request, answer));
    expect(events.at(-1)).toMatchObject({
      reason: 'tool-calls',
      message: {
        toolCalls: [
          { id: 'c0', argumentsText: '{"a":1}' },
          { id: 'c1', argumentsText: '{"ü":"🛫"}' },
        ],
      },
    });
    await run(model(request, answer));
    expect(server.connections).toHaveLength(2);
  });

  it('ends a round with the token counts that follow the finish reason, or after a while without a word', async () => {
    const model = await serving(
      async (served, n) => {
        await served.message(0);
        served.send(chunk({ content: 'a' }), chunk({}, 'stop'));
        if (n === 0) served.send({ id: 'r1', choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });
      },
      { graceMs: 100 },
    );
    expect(typesOf((await run(model(request))).events)).toEqual(['round-start', 'text-delta', 'finish-reason', 'usage', 'round-end']);
    const before = performance.now();
    expect(typesOf((await run(model(request))).events)).toEqual(ANSWERED);
    expect(performance.now() - before).toBeGreaterThan(90);
  });

  it.each([Infinity, 2 ** 31])('waits for the token counts for ever where it is told so (graceMs: %s)', async (graceMs) => {
    const usage = '{"choices":[],"usage":{"prompt_tokens":3}}';
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(chunk({ content: 'a' }), chunk({}, 'stop'));
        let pongs = 0;
        // A while, in round trips: a timer that overflows fires within one or two.
        served.socket.on('pong', () => (++pongs < 100 ? served.socket.ping() : served.send(usage)));
        served.socket.ping();
      },
      { graceMs },
    );
    const { events, error } = await run(model(request));
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: 'round-end', usage: { inputTokens: 3 } });
  });

  it('waits for the finish reason of each choice', async () => {
    const of = (index: number, finish_reason: string | null) => ({
      id: 'r1',
      choices: [{ index, delta: { content: 'x' }, finish_reason }],
    });
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(of(0, 'stop'));
        setTimeout(() => served.send(of(1, 'stop')), 60);
      },
      { graceMs: 20 },
    );
    const { events, error } = await run(model({ ...request, choices: 2 }));
    expect(error).toBeUndefined();
    expect(events.filter(({ type }) => type === 'finish-reason')).toHaveLength(2);
  });

  it('is interrupted by a cut before the finish reason, and survives one after it', async () => {
    const model = await serving(async (served, n) => {
      await served.message(0);
      served.send(chunk({ content: 'Half' }), ...(n === 0 ? [] : [chunk({}, 'stop')]));
      setTimeout(() => served.socket.terminate(), 20);
    });
    expect((await run(model(request))).error).toMatchObject({ code: 'interrupted', partial: { text: 'Half' } });
    const { events, error } = await run(model(request));
    expect([typesOf(events), error]).toEqual([['round-start', 'text-delta', 'finish-reason', 'cut-after-finish', 'round-end'], undefined]);
  });
});

describe('socketModel', () => {
  it.each([
    ['a server that goes away', 1001],
    ['a lost connection', 1006],
    ['a server error', 1011],
    ['an application code for a busy server', 4429],
    ['a code that nobody here knows', 3000],
  ])('asks again after %s, before the first event', async (_, code) => {
    const model = await serving(async (served, n) => {
      if (n > 0) return answering(served, n);
      await served.message(0);
      if (code === 1006) served.socket.terminate();
      else served.socket.close(code, 'busy');
    });
    expect(typesOf((await run(model(request))).events)).toEqual(['retried', ...ANSWERED]);
  });

  it.each([
    ['by policy', 1008, undefined],
    ['for its size', 1009, undefined],
    ['for its key', 4401, 401],
  ])('raises a ProviderError where the server refuses the request %s', async (_, code, status) => {
    const model = await serving((served) => served.socket.close(code, `no: ${KEY}`));
    const { error } = await run(model(request));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: String(code), status, retryable: false });
    expect(server.connections).toHaveLength(1);
  });

  it.each([
    [400, false, 'speaks WebSocket'],
    [401, false, '`apiKey`'],
    [403, false, '`authorization`'],
    [404, false, 'the path of `url`'],
    [418, false, '`url` and `apiKey`'],
    [503, true, 'asking again'],
  ])(
    'raises an HttpError where the opening is answered with status %d, and says what to do (needs `ws`)',
    async (status, retryable, advice) => {
      server = await startSocketServer(() => {}, { verifyClient: (_info, done) => done(false, status, 'no') });
      const { error } = await run(modelAt(server.url, { retry: { maxTries: 1 } })(request));
      expect(error).toBeInstanceOf(HttpError);
      expect(error).toMatchObject({ status, retryable, message: expect.stringContaining(advice) });
    },
  );

  it('says where nothing listens', async () => {
    const model = await serving(() => {}, { retry: { maxTries: 2 } });
    await server.close();
    const { events, error } = await run(model(request));
    expect(typesOf(events)).toEqual(['retried']);
    expect(error).toMatchObject({ code: 'connection', message: expect.stringContaining('ECONNREFUSED') });
  });

  it('raises a TimeoutError where the opening is not answered', async () => {
    const held = await silentServer();
    const options = { timeouts: { connectMs: 50 }, retry: { maxTries: 1 } };
    const { error } = await run(modelAt(held.url, options)(request));
    expect(error).toMatchObject({ code: 'timeout', kind: 'connect' });
    await held.close();
  });

  it('is interrupted by silence', async () => {
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(chunk({ content: 'Half' }));
      },
      { timeouts: { idleMs: 50 } },
    );
    expect((await run(model(request))).error).toMatchObject({ code: 'interrupted', cause: { kind: 'idle' }, partial: { text: 'Half' } });
  });

  it('passes a binary message on in base64', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(chunk({ content: 'a' }), new Uint8Array([0, 255, 1]), chunk({}, 'stop'), '[DONE]');
    });
    const { events } = await run(model(request));
    expect(events).toContainEqual({ type: 'provider-event', name: 'binary', data: 'AP8B' });
  });

  it.each([
    ['text', 'x'.repeat(2_000)],
    ['text beyond ASCII', 'ü'.repeat(600)],
    ['binary', new Uint8Array(2_000)],
  ])('raises a LimitError at an oversized message (%s), with what was there', async (_, message) => {
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(chunk({ content: 'Half' }), message);
      },
      { maxFrameBytes: 1_000 },
    );
    const { error } = await run(model(request));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ limit: 'maxFrameBytes', partial: { text: 'Half' } });
  });

  it('fails where a class gives what is neither text nor bytes, and the process goes on', async () => {
    class Blobs extends WebSocket {
      constructor(url: string) {
        super(url);
        Object.assign(this, { binaryType: 'blob' });
        Object.defineProperty(this, 'binaryType', { get: () => 'blob', set: () => {} });
      }
    }
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(chunk({ content: 'Half' }), new Uint8Array([1]));
      },
      { webSocket: Blobs },
    );
    const { error } = await run(model(request));
    expect(error).toMatchObject({ code: 'interrupted', message: expect.stringContaining('binaryType'), partial: { text: 'Half' } });
  });

  it('is interrupted when a keep-alive ping goes unanswered', async () => {
    server = await startSocketServer(
      async (served) => {
        await served.message(0);
        served.send(chunk({ content: 'Half' }));
      },
      { autoPong: false },
    );
    const { error } = await run(modelAt(server.url, { keepAlive: { everyMs: 30, answerMs: 40 } })(request));
    expect(error).toMatchObject({ code: 'interrupted', message: expect.stringContaining('ping'), partial: { text: 'Half' } });
    expect(await server.connections[0]?.gone).toBe(1006);
  });

  it('goes on while pings are answered', async () => {
    let pings = 0;
    const model = await serving(
      async (served) => {
        served.socket.on('ping', () => {
          if (++pings === 3) served.send(chunk({ content: 'a' }), chunk({}, 'stop'), '[DONE]');
        });
      },
      { keepAlive: { everyMs: 20, answerMs: 10 } },
    );
    expect(typesOf((await run(model(request))).events)).toEqual(ANSWERED);
  });

  it('bounds messages itself where its class does not: in bytes, not in characters', async () => {
    class Unbounded extends WebSocket {
      constructor(url: string, protocols?: string[], options?: object) {
        super(url, protocols, { ...options, maxPayload: 0 });
      }
    }
    const message = chunk({ content: 'ü'.repeat(200) });
    const bytes = Buffer.byteLength(JSON.stringify(message));
    for (const [maxFrameBytes, name] of [
      [bytes, undefined],
      [bytes - 1, 'maxFrameBytes'],
    ] as const) {
      const model = await serving(
        async (served) => {
          await served.message(0);
          served.send(message, chunk({}, 'stop'), '[DONE]');
        },
        { maxFrameBytes, webSocket: Unbounded, retry: { maxTries: 1 } },
      );
      const { error } = await run(model(request));
      expect((error as { limit?: string } | undefined)?.limit).toBe(name);
      await server.close();
    }
  });

  it('may wait for its opening without end', async () => {
    const model = await serving(answering, { timeouts: { connectMs: Number.POSITIVE_INFINITY } });
    expect(typesOf((await run(model(request))).events)).toEqual(ANSWERED);
  });

  it('holds the network back while the gate is closed, and loses nothing', async () => {
    const words = Array.from({ length: 200 }, (_, n) => `${n} `);
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(...words.map((content) => chunk({ content })), chunk({}, 'stop'), '[DONE]');
      },
      { gate: blinking() },
    );
    expect(textOf((await run(model(request))).events)).toBe(words.join(''));
  });

  it('raises a LimitError where a socket that cannot be held back brings more than `maxQueuedBytes`', async () => {
    const shut: Gate = { open: false, opened: () => new Promise(() => {}) };
    class Unheld extends WebSocket {
      override pause() {}
    }
    let queued = 0;
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send(...Array.from({ length: 50 }, () => chunk({ content: 'x'.repeat(100) })));
        queued++;
      },
      { gate: shut, maxQueuedBytes: 1_000, webSocket: Unheld },
    );
    const subscription = model(request).subscribe();
    const { gone } = await server.connection(0);
    expect([await gone, queued]).toEqual([1000, 1]);
    subscription.unsubscribe();
  });

  it.each([
    ['header', (served: ServedSocket) => served.request.headers.authorization, `Bearer ${KEY}`],
    [
      'subprotocol',
      (served: ServedSocket) => served.request.headers['sec-websocket-protocol'],
      `chat-chunks,bearer.${btoa(KEY).replaceAll('=', '')}`,
    ],
    ['message', (served: ServedSocket) => served.received[0]?.token, KEY],
  ] as const)('sends the key as a %s', async (authorization, keyOf, expected) => {
    const model = await serving(
      async (served) => {
        await served.message(authorization === 'message' ? 1 : 0);
        served.send(chunk({ content: 'a' }), chunk({}, 'stop'), '[DONE]');
      },
      { authorization },
    );
    expect((await run(model(request))).error).toBeUndefined();
    expect(keyOf(server.connections[0] as ServedSocket)).toBe(expected);
  });

  it('makes other ids in each round of an answer, where the server gives none', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] } }] });
      served.send({ choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }, '[DONE]');
    });
    const idIn = async (asked: ModelRequest) =>
      (await run(model(asked))).events.flatMap((event) => (event.type === 'tool-call-start' ? [event.callId] : []));
    const [first] = await idIn(request);
    expect(await idIn(request)).toEqual([first]);
    expect(await idIn({ messages: [...request.messages, { role: 'assistant', content: 'Hm.' }] })).not.toEqual([first]);
  });

  it('says that its time ran out where the key never came', async () => {
    const model = await serving(answering, { apiKey: () => new Promise(() => {}), timeouts: { totalMs: 20 }, retry: { maxTries: 1 } });
    const { error } = await run(model(request));
    expect(error).toMatchObject({ code: 'timeout', kind: 'total', message: expect.stringContaining('20 ms') });
  });

  it('says which error its class threw, and not what it quotes', async () => {
    class Refusing {
      constructor(_url: string, protocols: string[]) {
        throw new SyntaxError(`The subprotocol '${protocols.at(-1)}' is invalid.`);
      }
    }
    const options = { webSocket: Refusing as never, authorization: 'subprotocol', retry: { maxTries: 1 } } as const;
    const { error } = await run(modelAt('ws://127.0.0.1:9', options)(request));
    expect(error).toMatchObject({
      code: 'connection',
      message: expect.stringContaining('No WebSocket to ws://127.0.0.1:9/ (SyntaxError).'),
    });
  });

  it('raises a refusal as one though a bad message was skipped before it', async () => {
    const model = await serving(
      async (served) => {
        await served.message(0);
        served.send('no JSON');
        served.socket.close(1008, 'no');
      },
      { onMalformed: 'skip' },
    );
    const { events, error } = await run(model(request));
    expect(typesOf(events)).toEqual(['frame-skipped']);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: '1008' });
  });

  it('stops while the key is fetched', async () => {
    let resolve = (_: string) => {};
    const apiKey = () => new Promise<string>((resolveKey) => (resolve = resolveKey));
    const subscription = (await serving(answering, { apiKey }))(request).subscribe();
    subscription.unsubscribe();
    resolve(KEY);
    await new Promise((later) => setTimeout(later, 20));
    expect(server.connections).toHaveLength(0);
  });

  it('stops while the connection is being opened', async () => {
    const held = await silentServer();
    const subscription = modelAt(held.url)(request).subscribe({ error: expect.unreachable });
    await held.connected;
    subscription.unsubscribe();
    await held.left;
    await held.close();
  });

  it('throws at the call where options cannot work', () => {
    const options = { protocol: duplexSession, url: 'wss://api.example/v1', model: 'm', webSocket: WebSocket };
    expect(() => socketModel({ ...options, url: 'nowhere' })).toThrow('no ws(s) URL');
    expect(() => socketModel({ ...options, url: 'wss://user:pass@api.example' })).toThrow('no user or password');
    expect(() => socketModel({ ...options, model: '' })).toThrow('`model`');
    expect(() => socketModel({ ...options, keepAlive: { everyMs: 0 } })).toThrow('`keepAlive.everyMs`');
    for (const answerMs of [0, Number.NaN, Infinity, 2 ** 31])
      expect(() => socketModel({ ...options, keepAlive: { answerMs } })).toThrow('`keepAlive.answerMs`');
    for (const graceMs of [-1, '5' as never]) expect(() => socketModel({ ...options, graceMs })).toThrow('`graceMs`');
    expect(() => socketModel({ ...options, maxFrameBytes: 0 })).toThrow('maxFrameBytes');
    vi.stubGlobal('WebSocket', undefined);
    expect(() => socketModel({ ...options, webSocket: undefined })).toThrow('hand it in as `webSocket`');
  });
});

/** Closes after each look, and opens a moment later. */
function blinking(): Gate {
  let looks = 0;
  return {
    get open() {
      return looks++ % 10 !== 0;
    },
    opened: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
}

/** Takes connections and never says a word. */
async function silentServer() {
  let connect = () => {};
  let leave = () => {};
  const connected = new Promise<void>((resolve) => (connect = resolve));
  const left = new Promise<void>((resolve) => (leave = resolve));
  const silent: Server = createServer((socket) => {
    socket.on('data', connect);
    socket.on('error', () => {});
    socket.on('close', leave);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `ws://127.0.0.1:${port}`, connected, left, close: () => new Promise<void>((resolve) => silent.close(() => resolve())) };
}

import { inspect } from 'node:util';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { HttpError, InterruptedError, ProviderError, TimeoutError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { ModelRequest } from '../../src/messages.ts';
import { type HttpModelOptions, httpModel } from '../../src/models/http-model.ts';
import type { Model } from '../../src/models/model.ts';
import {
  answer,
  chunk,
  DONE,
  FINISH,
  frame,
  head,
  json,
  LAST_CHUNK,
  type RawServer,
  rawServer,
  STREAM_HEAD,
  type Step,
  text,
} from '../support/raw-server.ts';

const KEY = 'sk-verysecretkey123';
const PROMPT = 'the prompt nobody may read';
const request: ModelRequest = { messages: [{ role: 'user', content: PROMPT }] };
const OVERLOADED = json(503, { error: { message: 'overloaded' } });
let server: RawServer;

afterEach(() => server?.close());

async function serving(options: Partial<HttpModelOptions>, ...scripts: ReadonlyArray<readonly Step[]>): Promise<Model> {
  server = await rawServer(...scripts);
  return modelAt(`${server.origin}/v1`, options);
}

function modelAt(url: string, options: Partial<HttpModelOptions>): Model {
  return httpModel({ dialect: openAiChat, url, model: 'm', apiKey: KEY, ...options, retry: { baseDelayMs: 5, ...options.retry } });
}

/** All events, and the error where one came. */
async function run(model: Model, signal?: AbortSignal): Promise<{ events: ModelEvent[]; error: unknown }> {
  const events: ModelEvent[] = [];
  const error = await new Promise((resolve) => {
    model(request, signal).subscribe({ next: (event) => events.push(event), error: resolve, complete: () => resolve(undefined) });
  });
  const shown = `${inspect(error, { depth: 10 })} ${JSON.stringify(error)} ${JSON.stringify(events)}`;
  expect(shown).not.toContain(KEY);
  expect(shown).not.toContain(PROMPT);
  return { events, error };
}

const typesOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'diagnostic' ? event.code : event.type));
const textOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
const ANSWERED = ['round-start', 'text-delta', 'finish-reason', 'round-end'];

describe('httpModel', () => {
  const streamed = (body: string) => async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } });

  it('sends nothing for an answer that was aborted before', async () => {
    const fetch = vi.fn();
    const apiKey = vi.fn(() => KEY);
    const { error } = await run(modelAt('https://api.example/v1', { fetch, apiKey }), AbortSignal.abort());
    expect(error).toBeInstanceOf(InterruptedError);
    expect([fetch.mock.calls.length, apiKey.mock.calls.length]).toEqual([0, 0]);
  });

  it('listens to the signal no longer when it is over', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const fetch = streamed('data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
    await run(modelAt('https://api.example/v1', { fetch }), signal);
    expect(added.mock.calls.length).toBeGreaterThan(0);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener));
  });

  it('leaves no timer where it is left', () => {
    vi.useFakeTimers();
    try {
      const subscription = modelAt('https://api.example/v1', { fetch: () => new Promise(() => {}) })(request).subscribe();
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      subscription.unsubscribe();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('hands the decoder its options', async () => {
    const fetch = streamed(
      'data: {broken\n\ndata: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    );
    const { events, error } = await run(modelAt('https://api.example/v1', { fetch, onMalformed: 'skip' }));
    expect([textOf(events), error]).toEqual(['Hi', undefined]);
  });

  it('emits the events of one streamed response and completes', async () => {
    const { events, error } = await run(await serving({}, answer('Hello')));
    expect(error).toBeUndefined();
    expect(typesOf(events)).toEqual(ANSWERED);
    expect(textOf(events)).toBe('Hello');
    expect(JSON.parse(server.exchanges[0]?.body ?? '')).toMatchObject({ model: 'm', stream: true });
  });

  it('asks anew at each subscription, with a key of its own (key rotation)', async () => {
    let n = 0;
    const model = await serving({ apiKey: () => `key-${++n}` }, [OVERLOADED], answer('a'));
    await run(model);
    await run(model);
    expect(server.exchanges.map(({ headers }) => headers.authorization)).toEqual(['Bearer key-1', 'Bearer key-2', 'Bearer key-3']);
  });

  it('raises what the key function throws, and does not ask it again', async () => {
    const apiKey = vi.fn(() => Promise.reject(new Error('vault is closed')));
    const { error } = await run(await serving({ apiKey }, answer('a')));
    expect(error).toEqual(new Error('vault is closed'));
    expect(apiKey).toHaveBeenCalledOnce();
    expect(server.exchanges).toEqual([]);
  });

  it('uses one connection for two answers, since the body is read to its end after the end mark', async () => {
    const late = [STREAM_HEAD, text('a'), FINISH, DONE, { wait: 20 }, LAST_CHUNK];
    const model = await serving({}, late, late);
    await run(model);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await run(model);
    expect(server.connections).toBe(1);
  });

  it('completes a second after the end mark though the server keeps the connection open', async () => {
    const model = await serving({}, [STREAM_HEAD, text('a'), FINISH, DONE, 'hold']);
    const { events, error } = await run(model);
    expect([typesOf(events), error]).toEqual([ANSWERED, undefined]);
    expect(await server.exchanges[0]?.left).toBe(true);
  });

  it('makes ids it has to synthesise differ between the rounds of an answer, and the same each time', async () => {
    const call = frame({ choices: [{ index: 0, delta: { tool_calls: [{ function: { name: 'f', arguments: '{}' } }] } }] });
    const model = await serving({}, [STREAM_HEAD, call, FINISH, DONE, LAST_CHUNK]);
    const idOf = async (messages: ModelRequest['messages']) =>
      (await lastValueFrom(model({ messages }).pipe(toArray()))).flatMap((event) =>
        event.type === 'tool-call-start' ? event.callId : [],
      )[0];
    const first = await idOf(request.messages);
    const second = await idOf([...request.messages, { role: 'assistant', content: '' }]);
    expect(first).toBeDefined();
    expect(second).not.toBe(first);
    expect(await idOf(request.messages)).toBe(first);
  });

  it('throws at the call where options cannot work', () => {
    const options = { dialect: openAiChat, url: 'https://api.example/v1', model: 'm' };
    expect(() => httpModel({ ...options, url: 'nowhere' })).toThrow('no http(s) URL');
    expect(() => httpModel({ ...options, model: '' })).toThrow('`model`');
    expect(() => httpModel({ ...options, timeouts: { idleMs: -1 } })).toThrow('`timeouts.idleMs`');
    expect(() => httpModel({ ...options, retry: { maxTries: 0 } })).toThrow('`retry.maxTries`');
    expect(() => httpModel({ ...options, maxFrameBytes: 0 })).toThrow('maxFrameBytes');
    expect(() => httpModel({ ...options, dialect: { ...openAiChat, framing: 'messages' } })).toThrow('not as messages');
  });
});

describe('httpModel, retrying', () => {
  it('asks again before the first event, three times in all, and says so', async () => {
    const { events, error } = await run(await serving({}, [OVERLOADED], ['reset'], answer('Hello')));
    expect(error).toBeUndefined();
    expect(typesOf(events)).toEqual(['retried', 'retried', ...ANSWERED]);
    expect(events[0]).toMatchObject({
      message: expect.stringMatching(/^Try 1 of 3 failed; asking again in \d ms\. .* answered 503: "overloaded"/),
    });
  });

  it('raises the last error after the last try', async () => {
    const { events, error } = await run(await serving({}, [OVERLOADED]));
    expect(error).toBeInstanceOf(HttpError);
    expect(typesOf(events)).toEqual(['retried', 'retried']);
    expect(server.exchanges.length).toBe(3);
  });

  it.each([
    ['an error status that will not change', json(401, { error: 'no' })],
    ['a used-up quota', json(429, { error: { message: 'quota', code: 'insufficient_quota' } })],
    ['a longer Retry-After than the cap', json(429, { error: 'wait' }, { 'retry-after': '61' })],
    ['one JSON document', json(200, { choices: [] })],
  ])('does not ask again after %s', async (_, response) => {
    expect((await run(await serving({}, [response]))).error).toBeInstanceOf(HttpError);
    expect(server.exchanges.length).toBe(1);
  });

  it('waits as long as Retry-After says', async () => {
    const model = await serving({}, [json(429, { error: 'wait' }, { 'retry-after': '0.2' })], answer('a'));
    expect((await run(model)).error).toBeUndefined();
    const [first, second] = server.exchanges;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(195);
  });

  it('asks again after an error inside a stream that had not begun (BEHAVIOURS row 12)', async () => {
    const overloaded = [STREAM_HEAD, frame({ error: { message: 'overloaded', code: 503 } }), LAST_CHUNK];
    expect(typesOf((await run(await serving({}, overloaded, answer('a')))).events)).toEqual(['retried', ...ANSWERED]);
  });

  it('asks again after a response without any event', async () => {
    expect(typesOf((await run(await serving({}, [STREAM_HEAD, LAST_CHUNK], answer('a')))).events)).toEqual(['retried', ...ANSWERED]);
  });

  it('does not ask again once the model spoke: the error has what came', async () => {
    const { events, error } = await run(await serving({}, [STREAM_HEAD, text('Hel'), { wait: 10 }, 'reset'], answer('a')));
    expect(typesOf(events)).toEqual(['round-start', 'text-delta']);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial.text).toBe('Hel');
    expect((error as InterruptedError).cause).toMatchObject({ name: 'ConnectionError', place: { byteOffset: expect.any(Number) } });
    expect(server.exchanges.length).toBe(1);
  });

  it('raises a typed error for an error inside a stream that had begun (issue vercel/ai#13506, BEHAVIOURS row 12)', async () => {
    const script = [STREAM_HEAD, text('Hel'), frame({ error: { message: 'overloaded', code: 503 } }), LAST_CHUNK];
    const { error } = await run(await serving({}, script));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ status: 503, retryable: true, partial: { text: 'Hel' } });
    expect(server.exchanges.length).toBe(1);
  });

  it('survives a cut after the finish reason', async () => {
    const { events, error } = await run(await serving({}, [STREAM_HEAD, text('a'), FINISH, { wait: 10 }, 'reset']));
    expect([typesOf(events), error]).toEqual([['round-start', 'text-delta', 'finish-reason', 'cut-after-finish', 'round-end'], undefined]);
  });
});

describe('httpModel, unsubscribed', () => {
  it('reaches the server (issue ag-ui-protocol/ag-ui#2288, BEHAVIOURS row 21)', async () => {
    const model = await serving({}, [STREAM_HEAD, text('a'), 'hold']);
    const subscription = model(request).subscribe((event) => event.type === 'text-delta' && subscription.unsubscribe());
    expect(await (await server.exchange(0)).left).toBe(true);
  });

  it('sends nothing more in a backoff', async () => {
    const model = await serving({ retry: { baseDelayMs: 20, random: () => 0.99 } }, [OVERLOADED]);
    await new Promise<void>((resolve) => {
      const subscription = model(request).subscribe(() => {
        setTimeout(() => subscription.unsubscribe());
        setTimeout(resolve, 60);
      });
    });
    expect(server.exchanges.length).toBe(1);
  });

  it('stops when the answer is over, with what came', async () => {
    const over = new AbortController();
    const model = await serving({}, [STREAM_HEAD, text('Hel'), 'hold']);
    const ran = run(model, over.signal);
    const exchange = await server.exchange(0);
    setTimeout(() => over.abort(new Error('enough')), 20);
    const { error } = await ran;
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({ message: 'The answer was aborted.', cause: new Error('enough'), partial: { text: 'Hel' } });
    expect(await exchange.left).toBe(true);
  });

  it('sends nothing when the answer is over before it began', async () => {
    const { error } = await run(await serving({}, answer('a')), AbortSignal.abort());
    expect(error).toBeInstanceOf(InterruptedError);
    expect(server.exchanges).toEqual([]);
  });
});

describe('httpModel, silent servers', () => {
  it('gives up a stream that only heartbeats keep alive (issue anomalyco/opencode#37580, BEHAVIOURS row 14)', async () => {
    const beats = Array.from({ length: 20 }, () => [chunk(': ping\n\n'), frame({ choices: [] }), { wait: 10 }]).flat();
    const model = await serving({ timeouts: { idleMs: 80 } }, [STREAM_HEAD, text('Hel'), ...beats, 'hold']);
    const { error } = await run(model);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({ partial: { text: 'Hel' }, cause: { name: 'TimeoutError', kind: 'idle' } });
    expect(await server.exchanges[0]?.left).toBe(true);
  });

  it('asks again when the head does not come', async () => {
    const model = await serving({ timeouts: { connectMs: 40 } }, ['hold'], answer('a'));
    expect(typesOf((await run(model)).events)).toEqual(['retried', ...ANSWERED]);
    expect(await server.exchanges[0]?.left).toBe(true);
  });
});

/** A response that is fed by hand, for virtual time. */
function fakeResponse() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (c) => {
      controller = c;
    },
  });
  const say = (data: unknown) =>
    controller?.enqueue(new TextEncoder().encode(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`));
  return { response: new Response(body, { headers: { 'content-type': 'text/event-stream' } }), say };
}

describe('httpModel, in virtual time', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const start = (fetch: HttpModelOptions['fetch'], options: Partial<HttpModelOptions> = {}) => {
    const events: ModelEvent[] = [];
    const end: { error?: unknown } = {};
    const model = modelAt('http://localhost/v1', { ...(fetch && { fetch }), retry: { maxTries: 1 }, ...options });
    model(request).subscribe({
      next: (event) => events.push(event),
      error: (error) => (end.error = error),
      complete: () => (end.error = 'none'),
    });
    return { events, end };
  };
  const speech = (content: string) => ({ choices: [{ index: 0, delta: { content } }] });

  it.each([
    ['connect', 30_000, {}],
    ['first-event', 20_000, { firstEventMs: 20_000 }],
    ['total', 10_000, { totalMs: 10_000 }],
  ] as const)('raises the %s limit at %i ms when no response comes', async (kind, ms, timeouts) => {
    const { end } = start(() => new Promise(() => {}), { timeouts });
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(end).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(end.error).toBeInstanceOf(TimeoutError);
    expect(end.error).toMatchObject({ kind, limitMs: ms });
  });

  it('raises the first-event limit though the response began', async () => {
    const { response, say } = fakeResponse();
    const { end, events } = start(async () => response);
    await vi.advanceTimersByTimeAsync(100_000);
    say({ id: 'r1', choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });
    await vi.advanceTimersByTimeAsync(19_999);
    expect([typesOf(events), end]).toEqual([['round-start'], {}]);
    await vi.advanceTimersByTimeAsync(1);
    expect(end.error).toMatchObject({ name: 'InterruptedError', cause: { kind: 'first-event' } });
  });

  it('raises the idle limit after the last word', async () => {
    const { response, say } = fakeResponse();
    const { end } = start(async () => response);
    await vi.advanceTimersByTimeAsync(100_000);
    say(speech('a'));
    await vi.advanceTimersByTimeAsync(59_000);
    say(speech('b'));
    await vi.advanceTimersByTimeAsync(59_999);
    expect(end).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(end.error).toMatchObject({ name: 'InterruptedError', partial: { text: 'ab' }, cause: { kind: 'idle', limitMs: 60_000 } });
  });

  it('takes silence after the finish reason for a diagnostic', async () => {
    const { response, say } = fakeResponse();
    const { end, events } = start(async () => response);
    await vi.advanceTimersByTimeAsync(1);
    say(speech('a'));
    say({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(typesOf(events)).toEqual(['round-start', 'text-delta', 'finish-reason', 'cut-after-finish', 'round-end']);
    expect(end.error).toBe('none');
  });

  it('does not count the time in which the reader is slow', async () => {
    const { response, say } = fakeResponse();
    let open = () => {};
    const gate = { open: true, opened: () => new Promise<void>((resolve) => (open = resolve)) };
    const { end, events } = start(async () => response, { gate });
    await vi.advanceTimersByTimeAsync(1);
    say(speech('a'));
    await vi.advanceTimersByTimeAsync(1);
    gate.open = false;
    say(speech('b'));
    await vi.advanceTimersByTimeAsync(900_000);
    expect([textOf(events), end]).toEqual(['a', {}]);
    gate.open = true;
    open();
    await vi.advanceTimersByTimeAsync(1);
    expect(textOf(events)).toBe('ab');
    await vi.advanceTimersByTimeAsync(59_999);
    expect(end.error).toMatchObject({ cause: { kind: 'idle' } });
  });

  it('leaves no timer behind', async () => {
    const { response, say } = fakeResponse();
    const { end } = start(async () => response);
    await vi.advanceTimersByTimeAsync(1);
    say(speech('a'));
    say({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    say('[DONE]');
    await vi.advanceTimersByTimeAsync(1_001);
    expect(end.error).toBe('none');
    expect(vi.getTimerCount()).toBe(0);
  });
});

it.each([401, 429])('shows the server’s head in no message (%i)', async (status) => {
  const model = await serving({ retry: { maxTries: 1 } }, [head(status, { 'x-key': KEY, 'content-length': 0 })]);
  expect((await run(model)).error).toMatchObject({ status });
});

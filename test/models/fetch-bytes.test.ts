import { inspect } from 'node:util';
import { lastValueFrom, map, type Observable, Subject, tap, toArray } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, HttpError, ProviderError, TimeoutError } from '../../src/errors.ts';
import type { HttpRequest } from '../../src/models/endpoint.ts';
import { type FetchBytesOptions, fetchBytes } from '../../src/models/fetch-bytes.ts';
import { chunk, drained, head, json, LAST_CHUNK, type RawServer, rawServer, STREAM_HEAD, type Step, whole } from '../support/raw-server.ts';

const KEY = 'sk-verysecretkey123';
const PROMPT = 'the prompt nobody may read';
let server: RawServer;

afterEach(() => server?.close());

async function serving(...scripts: ReadonlyArray<readonly Step[]>): Promise<string> {
  server = await rawServer(...scripts);
  return `${server.origin}/v1/chat/completions`;
}

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    url,
    body: JSON.stringify({ messages: [{ role: 'user', content: PROMPT }] }),
    headers: async () => ({
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
      authorization: `Bearer ${KEY}`,
    }),
    framings: ['sse'],
    ...more,
  };
}

const asText = (bytes$: Observable<Uint8Array>) => {
  const decoder = new TextDecoder();
  return lastValueFrom(
    bytes$.pipe(
      map((bytes) => decoder.decode(bytes, { stream: true })),
      toArray(),
      map((pieces) => pieces.join('')),
    ),
  );
};

async function failure<E>(bytes$: Observable<Uint8Array>, kind: new (...args: never[]) => E): Promise<E> {
  const error = await lastValueFrom(bytes$.pipe(toArray())).then(
    () => undefined,
    (raised) => raised,
  );
  expect(error).toBeInstanceOf(kind);
  const shown = `${inspect(error, { depth: 10 })} ${JSON.stringify(error)} ${String(error)}`;
  expect(shown).not.toContain(KEY);
  expect(shown).not.toContain(PROMPT);
  return error as E;
}

/** What a server answers with a status and a JSON body. */
async function refusal(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}, more: Partial<HttpRequest> = {}) {
  const url = await serving([json(status, body, headers)]);
  return failure(fetchBytes(request(url, more)), HttpError);
}

describe('fetchBytes', () => {
  it('posts the body with its headers and emits the response as it arrives', async () => {
    const url = await serving([STREAM_HEAD, chunk('data: a\n\n'), chunk('data: b\n\n'), LAST_CHUNK]);
    expect(await asText(fetchBytes(request(url)))).toBe('data: a\n\ndata: b\n\n');
    expect(server.exchanges[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      body: JSON.stringify({ messages: [{ role: 'user', content: PROMPT }] }),
    });
    expect(server.exchanges[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
    });
  });

  it('sends nothing before it is subscribed, and anew at each subscription', async () => {
    const url = await serving([STREAM_HEAD, chunk('data: a\n\n'), LAST_CHUNK]);
    const headers = vi.fn(request(url).headers);
    const bytes$ = fetchBytes(request(url, { headers }));
    expect([server.connections, headers.mock.calls.length]).toEqual([0, 0]);
    await asText(bytes$);
    await asText(bytes$);
    expect([server.exchanges.length, headers.mock.calls.length]).toEqual([2, 2]);
  });

  it('uses one connection for two bodies that were read to the end', async () => {
    const url = await serving([STREAM_HEAD, chunk('data: a\n\n'), LAST_CHUNK]);
    await asText(fetchBytes(request(url)));
    // A request in the same instant finds the connection not yet put back.
    await settled();
    await asText(fetchBytes(request(url)));
    expect(server.connections).toBe(1);
  });

  it('completes without a value when the body is empty', async () => {
    const url = await serving([head(200, { 'content-type': 'text/event-stream', 'content-length': 0 })]);
    expect(await asText(fetchBytes(request(url)))).toBe('');
  });

  it('emits no chunk without bytes', async () => {
    const pieces = ['', 'data: a\n\n', '', 'data: b\n\n', ''].map((text) => new TextEncoder().encode(text));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const fetch = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    const sizes: number[] = [];
    await lastValueFrom(fetchBytes(request('http://127.0.0.1/v1'), { fetch }).pipe(tap((bytes) => sizes.push(bytes.length))));
    expect(sizes).toEqual([9, 9]);
  });

  it.each([
    ['an object that is labelled as a stream', '{"a":1}', 'text/event-stream', ['sse']],
    ['a list that is labelled as a stream', '[{"a":1}]', 'text/event-stream; charset=utf-8', ['sse']],
    ['a list where lists are streams', '[{"a":1}]', 'application/json', ['sse', 'json-array']],
    ['lines where lines are streams', '{"a":1}', 'application/json', ['ndjson']],
  ] as const)('leaves %s to the decoder', async (_, body, type, framings) => {
    const url = await serving([whole(200, type, body)]);
    expect(await asText(fetchBytes(request(url, { framings })))).toBe(body);
  });

  it('emits a stream that is labelled as something else', async () => {
    for (const type of ['application/json', 'text/plain', 'text/html']) {
      const body = '\ufeff\n\n: ping\n\ndata: a\n\n';
      const url = await serving([whole(200, type, body)]);
      expect(await asText(fetchBytes(request(url)))).toBe(body.slice(1));
      await server.close();
    }
  });
});

describe('fetchBytes, refused', () => {
  it('names key and base URL at 401 and 403', async () => {
    const error = await refusal(401, {
      error: { message: `Incorrect API key provided: ${KEY}.`, type: 'invalid_request_error', code: 'invalid_api_key' },
    });
    expect(error).toMatchObject({ status: 401, retryable: false, contentType: 'application/json' });
    expect(error.message).toBe(
      `${server.origin}/v1/chat/completions answered 401: "Incorrect API key provided: [redacted]." (invalid_api_key). ` +
        'The key is wrong, or belongs to another provider than the base URL: check `apiKey` and `url`.',
    );
    await server.close();
    expect((await refusal(403, { error: 'forbidden' })).message).toContain('check `apiKey` and `url`');
  });

  it('says that no key was sent where none was', async () => {
    const error = await refusal(401, { message: 'No token' }, {}, { headers: async () => ({}) });
    expect(error.message).toContain('No key was sent: set `apiKey`.');
  });

  it('names base URL and model at 404', async () => {
    const error = await refusal(404, { error: { message: 'The model `x` does not exist', code: 'model_not_found' } });
    expect(error.message).toContain('"The model `x` does not exist" (model_not_found). Nothing answers there: check the base URL in `url`');
    expect(error.retryable).toBe(false);
  });

  it.each([
    ['seconds', { 'retry-after': '20' }, 20_000],
    [
      'an HTTP-date, counted from the response’s own date',
      { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:28:05 GMT' },
      5_000,
    ],
    ['a date in the past', { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:27:00 GMT' }, 0],
    ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
    ['nothing', {}, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
  ])('reads Retry-After as %s', async (_, headers, expected) => {
    const error = await refusal(
      429,
      { error: { message: 'Rate limit reached', type: 'tokens', code: 'rate_limit_exceeded' } },
      headers as Record<string, string>,
    );
    expect(error).toMatchObject({ status: 429, retryable: true, retryAfterMs: expected });
    expect(error.message).toContain('Too many requests or tokens: ask again');
  });

  it('does not call a used-up quota retryable', async () => {
    const error = await refusal(429, {
      error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' },
    });
    expect(error.retryable).toBe(false);
    expect(error.message).toContain('check plan and billing');
  });

  it.each([
    [400, false, 'check `model` and what it names'],
    [402, false, 'billing'],
    [405, false, 'base URL'],
    [408, true, 'Ask again'],
    [409, true, 'Ask again'],
    [413, false, 'shorten the messages'],
    [422, false, 'did not accept the request'],
    [425, true, 'Ask again'],
    [500, true, 'failed'],
    [501, false, 'failed'],
    [502, true, 'failed'],
    [503, true, 'failed'],
    [529, true, 'failed'],
  ])('says at %i whether asking again may help (%s)', async (status, retryable, words) => {
    const error = await refusal(status, { detail: 'so it is' });
    expect(error).toMatchObject({ status, retryable });
    expect(error.message).toContain('"so it is"');
    expect(error.message).toContain(words);
  });

  it.each([
    ['{error: {message}}', { error: { message: 'why' } }],
    ['{error: "…"}', { error: 'why' }],
    ['{message}', { object: 'error', message: 'why' }],
    ['{detail}', { detail: 'why' }],
    ['[{error}]', [{ error: { message: 'why' } }]],
    ['{errors: [{message}]}', { errors: [{ message: 'why' }] }],
  ])('finds the message in %s', async (_, body) => {
    expect((await refusal(400, body)).message).toContain('answered 400: "why".');
  });

  it('quotes place and message of a validation error, not the input it repeats', async () => {
    const error = await refusal(422, {
      message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted', input: PROMPT }] },
    });
    expect(error.message).toContain('"body.seed: Extra inputs are not permitted"');
  });

  it('says so when an HTML page comes instead of JSON', async () => {
    const url = await serving([whole(404, 'text/html', '<!DOCTYPE html><title>Sign in</title>')]);
    const error = await failure(fetchBytes(request(url)), HttpError);
    expect(error.message).toContain('Check that `url` is the base URL of the API');
    expect(error.excerpt).toBe('<!DOCTYPE html><title>Sign in</title>');
  });

  it('says so when an HTML page comes instead of a stream', async () => {
    const url = await serving([whole(200, 'text/html', '\n <html><body>Welcome</body></html>')]);
    const error = await failure(fetchBytes(request(url)), HttpError);
    expect(error).toMatchObject({ status: 200, retryable: false });
    expect(error.message).toContain('with an HTML page where a stream was asked for');
  });

  it('says so when one JSON document comes instead of a stream', async () => {
    const url = await serving([json(200, { choices: [{ message: { content: 'Hi' } }] })]);
    const error = await failure(fetchBytes(request(url)), HttpError);
    expect(error.message).toContain('it ignored `stream: true`');
  });

  it.each(['[{"choices":[]}]', ' \n[]'])('says so when a list comes where lists are no streams: %j', async (body) => {
    const fetch = async () => new Response(new TextEncoder().encode(body));
    expect((await failure(fetchBytes(request('http://localhost/'), { fetch }), HttpError)).message).toContain('it ignored `stream: true`');
  });

  it('leaves no timer behind', async () => {
    vi.useFakeTimers();
    try {
      const fetch = async () => new Response('no', { status: 500 });
      await failure(fetchBytes(request('http://localhost/'), { fetch }), HttpError);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('raises a typed error for JSON with an error instead of a stream (issue vercel/ai#4726, BEHAVIOURS row 12)', async () => {
    const raw = { error: { message: 'The server is overloaded', type: 'overloaded_error', code: 529 } };
    const url = await serving([
      head(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }),
      chunk('\n\n'),
      chunk(JSON.stringify(raw)),
      LAST_CHUNK,
    ]);
    const error = await failure(fetchBytes(request(url)), ProviderError);
    expect(error).toMatchObject({ status: 529, retryable: true, raw });
  });

  it('names the place a request was redirected to', async () => {
    const moved = head(307, { location: '/login', 'content-length': 0 });
    const url = await serving([moved], [whole(401, 'text/plain', 'sign in')]);
    const error = await failure(fetchBytes(request(url)), HttpError);
    expect(error.message).toContain(`The request was redirected to ${server.origin}/login`);
  });

  it('gives up an error body that neither ends nor goes on, and raises the status', async () => {
    vi.useFakeTimers();
    try {
      const fetch = async () =>
        new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode('half')) }), { status: 500 });
      const error = failure(fetchBytes(request('http://localhost/'), { fetch }), HttpError);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await error).toMatchObject({ status: 500, excerpt: 'half' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('reads no more than 64 KiB of an error that never ends', async () => {
    let written = 0;
    const flood: Step = async (socket) => {
      while (!socket.destroyed) {
        written += 16_384;
        if (!socket.write(chunk('x'.repeat(16_384)))) await drained(socket);
      }
    };
    const url = await serving([head(500, { 'transfer-encoding': 'chunked' }), flood]);
    const error = await failure(fetchBytes(request(url)), HttpError);
    expect(error.excerpt?.length).toBeLessThan(300);
    await server.exchanges[0]?.left;
    expect(written).toBeLessThan(64 * 2 ** 20);
  });

  it('raises the status though the error body breaks off', async () => {
    const url = await serving([head(503, { 'content-length': 100 }), 'half', 'reset']);
    expect((await failure(fetchBytes(request(url)), HttpError)).status).toBe(503);
  });
});

describe('fetchBytes, cut', () => {
  it('says that nothing listens at the port', async () => {
    const url = await serving([]);
    await server.close();
    const error = await failure(fetchBytes(request(url)), ConnectionError);
    expect(error.message).toBe(
      `No response from ${url} (ECONNREFUSED). Nothing listens there: check that the server runs, and host and port in \`url\`.`,
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each([
    ['ENOTFOUND', 'The host name is not found'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS failed'],
    ['ConnectionRefused', 'Nothing listens there'],
    ['UND_ERR_SOCKET', 'closed the connection'],
    [undefined, 'in a browser also whether the server allows this page (CORS)'],
  ])('says what to do about %s', async (code, words) => {
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('low level'), code && { code }) }));
    const error = await failure(fetchBytes(request('https://api.example/v1?key=abc'), { fetch }), ConnectionError);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('abc');
  });

  it('raises what an injected fetch throws', async () => {
    const fetch = () => {
      throw new Error('no network here');
    };
    expect((await failure(fetchBytes(request('https://api.example/v1'), { fetch }), ConnectionError)).cause).toEqual(
      new Error('no network here'),
    );
  });

  it.each([0, -1, Number.NaN])('throws at the call for a connect timer of %s', (connectMs) => {
    expect(() => fetchBytes(request('https://api.example/v1'), { connectMs })).toThrow(RangeError);
  });

  it('raises a connection error when the server resets before the head', async () => {
    const url = await serving(['reset']);
    expect((await failure(fetchBytes(request(url)), ConnectionError)).place).toEqual({});
  });

  it('emits what came and says where the body broke off', async () => {
    const url = await serving([STREAM_HEAD, chunk('data: a\n\n'), { wait: 20 }, 'reset']);
    const seen: number[] = [];
    const error = await failure(fetchBytes(request(url)).pipe(tap((bytes) => seen.push(bytes.length))), ConnectionError);
    expect(seen).toEqual([9]);
    expect(error.place).toEqual({ byteOffset: 9 });
  });

  it('raises a connection error when the server closes in the middle of a chunked body', async () => {
    const url = await serving([STREAM_HEAD, chunk('data: a\n\n'), 'close']);
    expect((await failure(fetchBytes(request(url)), ConnectionError)).place).toEqual({ byteOffset: 9 });
  });

  it('raises a timeout when the head does not come, and leaves', async () => {
    const url = await serving(['hold']);
    const error = await failure(fetchBytes(request(url), { connectMs: 30 }), TimeoutError);
    expect(error).toMatchObject({ kind: 'connect', limitMs: 30 });
    expect(await (await server.exchange(0)).left).toBe(true);
  });

  it('may wait for the head without end', async () => {
    const url = await serving([{ wait: 20 }, STREAM_HEAD, chunk('data: a\n\n'), LAST_CHUNK]);
    expect(await asText(fetchBytes(request(url), { connectMs: Infinity }))).toBe('data: a\n\n');
  });

  it('does not count the body against the connect timer', async () => {
    const url = await serving([STREAM_HEAD, { wait: 60 }, chunk('data: a\n\n'), LAST_CHUNK]);
    expect(await asText(fetchBytes(request(url), { connectMs: 40 }))).toBe('data: a\n\n');
  });
});

describe('fetchBytes, unsubscribed', () => {
  it('reaches the server in the middle of the body (issue ag-ui-protocol/ag-ui#2288, BEHAVIOURS row 21)', async () => {
    const url = await serving([STREAM_HEAD, chunk('data: a\n\n'), 'hold']);
    const subscription = fetchBytes(request(url)).subscribe(() => subscription.unsubscribe());
    expect(await (await server.exchange(0)).left).toBe(true);
  });

  it('reaches the server before the head', async () => {
    const url = await serving(['hold']);
    const subscription = fetchBytes(request(url)).subscribe();
    const exchange = await server.exchange(0);
    subscription.unsubscribe();
    expect(await exchange.left).toBe(true);
  });

  it('sends nothing when the key comes too late', async () => {
    let hand = (_: Record<string, string>) => {};
    const fetch = vi.fn(async () => new Response('data: a\n\n'));
    const headers = () => new Promise<Record<string, string>>((resolve) => (hand = resolve));
    fetchBytes(request('http://localhost/', { headers }), { fetch }).subscribe().unsubscribe();
    hand({});
    await settled();
    expect(fetch).not.toHaveBeenCalled();
  });

  it('waits for nothing while the gate is closed', async () => {
    const cancel = vi.fn();
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(10)), cancel });
    const gate = { open: false, opened: () => new Promise<void>(() => {}) };
    const next = vi.fn();
    const fetch = async () => new Response(endless, { headers: { 'content-type': 'text/event-stream' } });
    const subscription = fetchBytes(request('http://localhost/'), { fetch, gate }).subscribe(next);
    await settled();
    subscription.unsubscribe();
    await settled();
    expect(next).not.toHaveBeenCalled();
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('cancels the body of a fetch that heeds no signal, also when it comes too late', async () => {
    const cancel = vi.fn();
    const head$ = new Subject<Response>();
    const fetch = () => lastValueFrom(head$);
    const subscription = fetchBytes(request('http://localhost/'), { fetch }).subscribe();
    await settled();
    subscription.unsubscribe();
    head$.next(new Response(new ReadableStream({ cancel })));
    head$.complete();
    await settled();
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('leaves no rejection unhandled (issue elastic/kibana#203816, BEHAVIOURS row 21)', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const late = (): { options: FetchBytesOptions; fail: () => void } => {
      let fail = () => {};
      const fetch = () => new Promise<Response>((_, reject) => (fail = () => reject(new TypeError('late'))));
      return { options: { fetch }, fail: () => fail() };
    };
    const { options, fail } = late();
    const subscription = fetchBytes(request('http://localhost/'), options).subscribe();
    await settled();
    subscription.unsubscribe();
    fail();
    await settled();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type AnswerEvent, type HttpModelOptions, httpModel, isToolstreamError, openAiChat, streamAnswer } from '../../src/index.ts';
import { figure } from '../support/figures.ts';
import { handles, leftBeyond } from '../support/handles.ts';
import { answer, head, type RawServer, rawServer, type Script, STREAM_HEAD, text, whole } from '../support/raw-server.ts';
import { settled } from '../support/settled.ts';

const servers: RawServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const counted = { answers: 0, whole: 0, typedErrors: 0, requests: 0 };
afterAll(() => figure('http-faults', counted));

const KEY = 'sk-verysecretkey123';
const PAGE = '<!DOCTYPE html><html><head><title>Gateway</title></head><body>Sign in</body></html>';

async function ask(scripts: readonly Script[], options: Partial<HttpModelOptions> = {}) {
  const before = handles();
  const server = await rawServer(...scripts);
  servers.push(server);
  const retry = { maxTries: 2, baseDelayMs: 0 };
  const model = httpModel({ dialect: openAiChat, url: `${server.origin}/v1`, model: 'm', apiKey: KEY, retry, ...options });
  const request = { messages: [{ role: 'user' as const, content: 'the prompt nobody may read' }] };
  const { events, error } = await settled<AnswerEvent>(streamAnswer({ model, request, tools: [] }));
  expect(String(error)).not.toMatch(/sk-very|the prompt/);
  expect(error === undefined || isToolstreamError(error)).toBe(true);
  counted.answers++;
  counted[error === undefined ? 'whole' : 'typedErrors']++;
  counted.requests += server.exchanges.length;
  const said = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
  const release = async () => {
    await server.close();
    expect(await leftBeyond(before)).toEqual({});
  };
  return {
    error: isToolstreamError(error) ? error : undefined,
    said,
    server,
    release,
  };
}

const busy = (headers: Record<string, string>) => [whole(429, 'application/json', '{"error":{"message":"slow down"}}', headers)];
const at = (ms: number) => new Date(ms).toUTCString();
const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('a server that is busy', () => {
  it.each([
    ['in seconds', { 'retry-after': '1' }],
    ['as a date, counted from its own clock', { date: at(NOW), 'retry-after': at(NOW + 1_000) }],
  ])('is asked again when it says (%s)', async (_, headers) => {
    const { said, error, server, release } = await ask([busy(headers), answer('Hi')]);
    expect([said, error]).toEqual(['Hi', undefined]);
    const [first, second] = server.exchanges;
    // A timer may fire a fraction early.
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
    await release();
  });

  it.each([
    ['in seconds', { 'retry-after': '3600' }],
    ['as a date', { date: at(NOW), 'retry-after': at(NOW + 3_600_000) }],
  ])('is not waited for where it says too long (%s): the error says how long', async (_, headers) => {
    const { error, server, release } = await ask([busy(headers), answer('Hi')]);
    expect(error).toMatchObject({ code: 'http', status: 429, retryable: true, retryAfterMs: 3_600_000 });
    expect(server.exchanges).toHaveLength(1);
    await release();
  });
});

describe('a proxy that answers with a page', () => {
  it.each([
    [200, 1],
    [502, 2],
    [503, 2],
  ])('%i: a typed error that says so, and nothing of it in the text', async (status, asked) => {
    const { error, said, server, release } = await ask([[whole(status, 'text/html', PAGE)]]);
    expect(error).toMatchObject({ code: 'http', status, contentType: 'text/html' });
    expect([said, server.exchanges.length]).toEqual(['', asked]);
    await release();
  });

  it('in the place of a stream, labelled as one: a typed error all the same', async () => {
    const { error, said, release } = await ask([[head(200, { 'content-type': 'text/event-stream', connection: 'close' }), PAGE, 'close']]);
    expect([error?.code, said]).toEqual(['http', '']);
    await release();
  });

  it('in the middle of a stream: what came is there', async () => {
    const { error, said, release } = await ask([[STREAM_HEAD, text('Hello '), `${PAGE.length.toString(16)}\r\n${PAGE}\r\n`, '0\r\n\r\n']]);
    expect([said, error?.partial.text]).toEqual(['Hello ', 'Hello ']);
    expect(['interrupted', 'provider', 'malformed-frame']).toContain(error?.code);
    await release();
  });

  it('is asked again where its status says that it is for a while', async () => {
    const { said, error, release } = await ask([[whole(502, 'text/html', PAGE)], answer('Hi')]);
    expect([said, error]).toEqual(['Hi', undefined]);
    await release();
  });
});

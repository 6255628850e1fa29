import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpError } from '../../src/errors.ts';
import type { HttpRequest } from '../../src/models/endpoint.ts';
import { fetchBytes } from '../../src/models/fetch-bytes.ts';
import { type Fetch, followingRedirects } from '../../src/models/redirects.ts';
import { chunk, head, LAST_CHUNK, type RawServer, rawServer, type Script, STREAM_HEAD } from '../support/raw-server.ts';

const KEY = 'sk-verysecretkey123';
const BODY = '{"messages":[]}';
const servers: RawServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serving(...scripts: readonly Script[]): Promise<RawServer> {
  const server = await rawServer(...scripts);
  servers.push(server);
  return server;
}

const moved = (status: number, location: string) => [head(status, { location, 'content-length': 0 })];
const stream = [STREAM_HEAD, chunk('data: a\n\n'), LAST_CHUNK];
const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, 'x-api-key': KEY, 'api-key': KEY };

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { url, body: BODY, headers: async () => headers, framings: ['sse'], ...more };
}

async function ask(asked: HttpRequest): Promise<string> {
  return Buffer.concat(await lastValueFrom(fetchBytes(asked).pipe(toArray()))).toString();
}

describe('a request that is redirected', () => {
  it.each([307, 308])('goes on with method, body and key within its origin (%i)', async (status) => {
    const server = await serving(moved(status, '/v2/chat'), stream);
    expect(await ask(request(`${server.origin}/v1/chat`))).toBe('data: a\n\n');
    expect(server.exchanges[1]).toMatchObject({ method: 'POST', path: '/v2/chat', body: BODY, headers });
  });

  it.each([307, 308])('goes on to another origin without anything that may be a key (%i)', async (status) => {
    const other = await serving(stream);
    const server = await serving(moved(status, `${other.origin}/chat`));
    expect(await ask(request(`${server.origin}/v1/chat`))).toBe('data: a\n\n');
    expect(other.exchanges[0]).toMatchObject({
      method: 'POST',
      path: '/chat',
      body: BODY,
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.stringify(other.exchanges[0]?.headers)).not.toContain(KEY);
  });

  it('does not get its key back where it returns to its origin', async () => {
    const other: RawServer = await serving(() => moved(307, `${server.origin}/again`));
    const server: RawServer = await serving(moved(307, `${other.origin}/chat`), stream);
    await ask(request(`${server.origin}/v1/chat`));
    expect(server.exchanges.map((exchange) => JSON.stringify(exchange.headers).includes(KEY))).toEqual([true, false]);
  });

  it.each([301, 302, 303])('is not made a GET without its body (%i): the error says where to', async (status) => {
    const server = await serving(moved(status, '/elsewhere?key=secret-key-9'), stream);
    const error = await ask(request(`${server.origin}/v1/chat`)).catch((raised) => raised);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status, retryable: false });
    expect(error.message).toContain(`redirected to ${server.origin}/elsewhere: use`);
    expect(server.exchanges).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])('goes on where it is a GET (%i)', async (status) => {
    const server = await serving(moved(status, 'rest'), stream);
    expect(await ask(request(`${server.origin}/v1/chat`, { method: 'GET' }))).toBe('data: a\n\n');
    expect(server.exchanges[1]).toMatchObject({ method: 'GET', path: '/v1/rest', body: '' });
  });

  it('gives up after 20 redirects in a row', async () => {
    const server = await serving(moved(307, '/round'));
    const error = await ask(request(`${server.origin}/v1/chat`)).catch((raised) => raised);
    expect(error).toMatchObject({ name: 'HttpError', status: 307 });
    expect(server.exchanges).toHaveLength(21);
  });

  it.each(['', 'ftp://files.example/', 'xhttp://api.example/', 'http://['])(
    'stays where the location is no web address: %j',
    async (location) => {
      const server = await serving(moved(307, location).map((step) => (location === '' ? step.replace(/location: \r\n/, '') : step)));
      const error = await ask(request(`${server.origin}/v1/chat`)).catch((raised) => raised);
      expect(error).toMatchObject({ name: 'HttpError', status: 307 });
      expect(error.message).toContain('Set `url` to where the API is.');
    },
  );

  it('never goes on from https to http', async () => {
    const asked: string[] = [];
    const fetch: Fetch = async (url) => {
      asked.push(url);
      return new Response(null, { status: 307, headers: { location: 'http://api.example/v1' } });
    };
    const { response, redirectedTo } = await followingRedirects(fetch, 'https://api.example/v1', { method: 'POST', headers: {} });
    expect([response.status, redirectedTo, asked.length]).toEqual([307, 'http://api.example/v1', 1]);
  });

  describe('in a page, which is not told where to', () => {
    const page = () => {
      const modes: unknown[] = [];
      const fetch: Fetch = async (_url, { redirect }) => {
        modes.push(redirect);
        const opaque = Object.defineProperties(Response.error(), { type: { value: 'opaqueredirect' } });
        return redirect === 'manual' ? opaque : new Response('data: a\n\n');
      };
      return { fetch, modes };
    };

    it('is left to `fetch` where it has no key that `fetch` would not withhold', async () => {
      const { fetch, modes } = page();
      const init = { method: 'POST', headers: { accept: '*/*', authorization: `Bearer ${KEY}` } };
      const { response } = await followingRedirects(fetch, 'https://api.example/v1', init);
      expect([response.status, modes]).toEqual([200, ['manual', 'follow']]);
    });

    it('is named by the error where it leads to one', async () => {
      const there = { redirected: { value: true }, url: { value: 'https://api.example/login?next=secret' } };
      const fetch: Fetch = async (_url, { redirect }) => {
        if (redirect === 'manual') return Object.defineProperties(Response.error(), { type: { value: 'opaqueredirect' } });
        return Object.defineProperties(new Response('no', { status: 404 }), there);
      };
      const asked = request('https://api.example/v1', { headers: async () => ({ accept: '*/*' }) });
      const error = await lastValueFrom(fetchBytes(asked, { fetch }).pipe(toArray())).catch((raised) => raised);
      expect(error.message).toContain('The request was redirected to https://api.example/login: use');
    });

    it('is an error where it has', async () => {
      const { fetch, modes } = page();
      const error = await lastValueFrom(fetchBytes(request('https://api.example/v1'), { fetch }).pipe(toArray())).catch((raised) => raised);
      expect(error).toMatchObject({ name: 'HttpError', retryable: false });
      expect(error.message).toContain('Set `url` to where the API is.');
      expect(modes).toEqual(['manual']);
    });
  });
});

import { getEventListeners } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeFetch } from '../../src/node.ts';
import { handles, leftBeyond } from '../support/handles.ts';
import { chunk, head, LAST_CHUNK, type RawServer, rawServer, rawTlsServer, STREAM_HEAD, type Step } from '../support/raw-server.ts';
import { selfSigned } from '../support/self-signed.ts';

let server: RawServer;
afterEach(() => server?.close());

async function serving(...scripts: ReadonlyArray<readonly Step[]>): Promise<string> {
  server = await rawServer(...scripts);
  return server.origin;
}

type Body = Awaited<ReturnType<ReturnType<typeof nodeFetch>>>['body'];

async function read(body: Body): Promise<string> {
  const reader = body?.getReader();
  const chunks: Uint8Array[] = [];
  for (;;) {
    const piece = await reader?.read();
    if (!piece?.value) return Buffer.concat(chunks).toString();
    chunks.push(piece.value);
  }
}

const fetch = nodeFetch();
const post = { method: 'POST', body: 'Grüße', headers: { 'x-name': 'value' } };

describe('nodeFetch', () => {
  it('sends method, headers and body, and asks for what is not compressed', async () => {
    const response = await fetch(`${await serving([STREAM_HEAD, chunk('a'), chunk('b'), LAST_CHUNK])}/v1?x=1`, post);
    expect(response).toMatchObject({ ok: true, status: 200, type: 'basic', redirected: false, url: `${server.origin}/v1?x=1` });
    expect(await read(response.body)).toBe('ab');
    expect(server.exchanges[0]).toMatchObject({ method: 'POST', path: '/v1?x=1', body: 'Grüße' });
    expect(server.exchanges[0]?.headers).toMatchObject({ 'x-name': 'value', 'content-length': '7', 'accept-encoding': 'identity' });
    expect(server.exchanges[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  it('gets where no method is named, without a length', async () => {
    await read((await fetch(await serving([STREAM_HEAD, LAST_CHUNK]), {})).body);
    expect(server.exchanges[0]?.method).toBe('GET');
    expect(server.exchanges[0]?.headers).not.toHaveProperty('content-length');
  });

  it('leaves another encoding to who asks for it', async () => {
    await read((await fetch(await serving([STREAM_HEAD, LAST_CHUNK]), { headers: { 'accept-encoding': 'br' } })).body);
    expect(server.exchanges[0]?.headers).toMatchObject({ 'accept-encoding': 'br' });
  });

  it('gives headers by any spelling, several of one name as one, none as null', async () => {
    const headers = 'HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n';
    const response = await fetch(await serving([headers]), post);
    expect([response.ok, response.status]).toEqual([false, 429]);
    expect(['Retry-After', 'set-cookie', 'x-none'].map((name) => response.headers.get(name))).toEqual(['3', 'a=1, b=2', null]);
  });

  it.each([
    [200, true],
    [299, true],
    [300, false],
  ])('%i is ok: %s', async (status, ok) => {
    const response = await fetch(await serving([head(status, { 'content-length': 0 })]), post);
    expect(response.ok).toBe(ok);
  });

  it('hands a redirect back as it came', async () => {
    const response = await fetch(await serving([head(307, { location: '/there', 'content-length': 0 })]), post);
    expect([response.status, response.headers.get('location'), server.exchanges.length]).toEqual([307, '/there', 1]);
  });

  it.each([
    ['gzip', gzipSync('compressed')],
    ['x-gzip', gzipSync('compressed')],
    ['br', brotliCompressSync('compressed')],
    ['deflate', deflateSync('compressed')],
    ['GZIP', gzipSync('compressed')],
    ['identity', Buffer.from('compressed')],
  ])('takes a body that comes as %s though it was not asked for', async (encoding, body) => {
    const url = await serving([head(200, { 'content-encoding': encoding, 'content-length': body.length }), body]);
    expect(await read((await fetch(url, post)).body)).toBe('compressed');
  });

  it('says which encoding it does not take, and lets go of the connection', async () => {
    const before = handles();
    const url = await serving([head(200, { 'content-encoding': 'zstd' }), 'hold']);
    await expect(fetch(url, post)).rejects.toThrow(new TypeError('The response is encoded as "zstd", though `identity` was asked for.'));
    await server.exchanges[0]?.left;
    await server.close();
    expect(await leftBeyond(before)).toEqual({});
  });

  it('rejects what compressed bytes do not come to', async () => {
    const url = await serving([head(200, { 'content-encoding': 'gzip', 'content-length': 5 }), 'plain']);
    await expect(read((await fetch(url, post)).body)).rejects.toMatchObject({ code: 'Z_DATA_ERROR' });
  });

  it('refuses a body that is no text', async () => {
    await expect(fetch('http://127.0.0.1:9', { method: 'POST', body: new Uint8Array(1) })).rejects.toThrow(/`nodeFetch` sends text/);
  });

  it.each([
    ['204', 204, 'POST', {}],
    ['304', 304, 'POST', {}],
    ['an answer to HEAD', 200, 'HEAD', { 'content-length': 20 }],
    ['a length of nothing', 200, 'POST', { 'content-length': 0 }],
  ])('reads no compressed bytes where there is no body: %s', async (_, status, method, headers) => {
    const url = await serving([head(status, { 'content-encoding': 'gzip', ...headers })]);
    expect(await read((await fetch(url, { method })).body)).toBe('');
  });

  it('gives the status of a refusal whose body it cannot read', async () => {
    const url = await serving([head(401, { 'content-encoding': 'zstd', 'content-length': 3 }), 'abc']);
    const response = await fetch(url, post);
    expect([response.status, await read(response.body)]).toEqual([401, 'abc']);
  });

  it('rejects where the server offers another protocol instead of a response', async () => {
    const url = await serving(['HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 'hold']);
    await expect(fetch(url, post)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses a name and a password that stand in the URL', async () => {
    await expect(fetch('http://me:secret@127.0.0.1:9', post)).rejects.toThrow(
      /^`nodeFetch` sends no name and password that stand in a URL/,
    );
  });

  it.each([
    ['Headers', new Headers({ 'x-name': 'value' })],
    ['pairs', [['x-name', 'value']] as Array<[string, string]>],
  ])('sends headers that come as %s', async (_, headers) => {
    await read((await fetch(await serving([STREAM_HEAD, LAST_CHUNK]), { headers })).body);
    expect(server.exchanges[0]?.headers).toMatchObject({ 'x-name': 'value' });
  });

  it('sends a header beyond ASCII as one byte a character, whatever the body is', async () => {
    const heads: Buffer[] = [];
    const http = createServer((request, response) => {
      heads.push(Buffer.from(request.headers['x-title'] as string, 'latin1'));
      response.end();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    await read((await fetch(url, { ...post, headers: { 'x-title': 'Café' } })).body);
    expect(heads).toEqual([Buffer.from('Café', 'latin1')]);
    http.close();
  });

  it('has one reader, and one read at a time', async () => {
    const { body, headers } = await fetch(await serving([STREAM_HEAD, 'hold']), post);
    expect(headers.get('constructor')).toBe(null);
    const reader = body?.getReader();
    expect(() => body?.getReader()).toThrow(new TypeError('The body has a reader already.'));
    const first = reader?.read();
    await expect(reader?.read()).rejects.toThrow(new TypeError('The read before this one is still waiting.'));
    await reader?.cancel();
    expect(await first).toEqual({ done: true, value: undefined });
  });

  it('uses the connections of an agent that is handed in', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = await serving([STREAM_HEAD, chunk('a'), LAST_CHUNK]);
    const asked = nodeFetch({ agent });
    await Promise.all([1, 2, 3].map(async () => read((await asked(url, post)).body)));
    expect([server.connections, server.exchanges.length]).toEqual([1, 3]);
    agent.destroy();
  });

  it('speaks TLS', async () => {
    server = await rawTlsServer(selfSigned(), [STREAM_HEAD, chunk('a'), LAST_CHUNK]);
    await expect(fetch(server.origin, post)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it.each([
    ['after all was read', true, 1],
    ['before that', false, 2],
  ])('a body that is cancelled %s: its connection serves again: %s', async (_, reads, connections) => {
    const agent = new Agent({ keepAlive: true });
    const asked = nodeFetch({ agent });
    const url = await serving([STREAM_HEAD, chunk('a'), ...(reads ? [LAST_CHUNK] : ['hold' as const])], [STREAM_HEAD, LAST_CHUNK]);
    const { body } = await asked(url, post);
    const reader = body?.getReader();
    expect((await reader?.read())?.value).toHaveLength(1);
    if (reads) expect(await reader?.read()).toEqual({ done: true, value: undefined });
    await reader?.cancel();
    expect(await reader?.read()).toEqual({ done: true, value: undefined });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await read((await asked(url, post)).body);
    expect(server.connections).toBe(connections);
    agent.destroy();
  });

  it('gives what came before the connection broke, then the error', async () => {
    const { body } = await fetch(await serving([STREAM_HEAD, chunk('a'), { wait: 20 }, 'reset']), post);
    const reader = body?.getReader();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('a');
    await expect(reader?.read()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(reader?.read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  describe('aborted', () => {
    it('before it begins: nothing is sent', async () => {
      const reason = new Error('enough');
      await expect(fetch(await serving(['hold']), { ...post, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(server.connections).toBe(0);
    });

    it.each([
      ['before the head', ['hold']],
      ['within the body', [STREAM_HEAD, chunk('a'), 'hold']],
    ] satisfies Array<[string, Step[]]>)('%s: the server sees it, and nothing is left', async (_, script) => {
      const before = handles();
      const url = await serving(script);
      const aborting = new AbortController();
      const reason = new Error('enough');
      const asked = fetch(url, { ...post, signal: aborting.signal }).then(({ body }) => read(body));
      const exchange = await server.exchange(0);
      setTimeout(() => aborting.abort(reason), 20);
      await expect(asked).rejects.toBe(reason);
      expect(await exchange.left).toBe(true);
      await server.close();
      expect(await leftBeyond(before)).toEqual({});
    });

    it.each([null, 0, '', false])('for a reason that is %j: that is what it rejects with', async (reason) => {
      const aborting = new AbortController();
      const asked = fetch(await serving(['hold']), { ...post, signal: aborting.signal });
      await server.exchange(0);
      aborting.abort(reason);
      await expect(asked).rejects.toBe(reason);
    });

    it.each([1, 70])('when all of %i KiB has come and nothing is read: a body that was given up never looks whole', async (kib) => {
      const aborting = new AbortController();
      const pieces = Array.from({ length: kib }, () => chunk('x'.repeat(1024)));
      const { body } = await fetch(await serving([STREAM_HEAD, ...pieces, LAST_CHUNK]), { ...post, signal: aborting.signal });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const reason = new Error('enough');
      aborting.abort(reason);
      await expect(read(body)).rejects.toBe(reason);
    });

    it('after the end: no listener is left at the signal', async () => {
      const { signal } = new AbortController();
      const { body } = await fetch(await serving([STREAM_HEAD, chunk('a'), LAST_CHUNK]), { ...post, signal });
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      await read(body);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });
  });

  it.each([1, 66, 70, 76, 84, 92, 100, 130, 400])(
    'gives all of %i KiB that came before the connection broke, however late they are read',
    async (kib) => {
      const pieces = Array.from({ length: kib }, () => chunk('x'.repeat(1024)));
      const { body } = await fetch(await serving([STREAM_HEAD, ...pieces, 'close']), post);
      const reader = body?.getReader();
      await new Promise((resolve) => setTimeout(resolve, 200));
      let bytes = 0;
      const all = (async () => {
        for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) bytes += piece.value.length;
      })();
      await expect(all).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(bytes).toBe(kib * 1024);
    },
  );

  it('names what was wrong with a chunk', async () => {
    const { body } = await fetch(await serving([STREAM_HEAD, chunk('a'), { wait: 20 }, 'zz\r\n', 'hold']), post);
    await expect(read(body)).rejects.toMatchObject({ code: 'HPE_INVALID_CHUNK_SIZE' });
  });

  it('holds 64 KiB of a body that is not read, and goes on where it was', async () => {
    const sent = Buffer.alloc(32 * 1024 * 1024, 'x');
    let socket: Socket | undefined;
    const http = createServer((_, response) => {
      socket = response.socket ?? undefined;
      response.end(sent);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { body } = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    // What the kernel takes on both sides is not ours.
    expect(socket?.writableLength).toBeGreaterThan(16 * 1024 * 1024);
    const reader = body?.getReader();
    let held = 0;
    let all = 0;
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      if (held === 0) held = (reader as unknown as { heldBytes: number }).heldBytes + piece.value.length;
      all += piece.value.length;
    }
    expect(held).toBeLessThanOrEqual(2 * 64 * 1024);
    expect(all).toBe(sent.length);
    http.close();
  });
});

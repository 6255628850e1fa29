import { inspect } from 'node:util';
import type { Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { measureLatency } from '../../operators/measureLatency.ts';
import { toSse } from '../../operators/toSse.ts';
import { streamAnswer } from '../../src/answer.ts';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import * as shop from '../../src/dialects/index.ts';
import { responsesSession } from '../../src/dialects/responses-session.ts';
import type { AnyEvent } from '../../src/events.ts';
import { sseResponse } from '../../src/interop/sse-response.ts';
import { fallback } from '../../src/models/fallback.ts';
import { type HttpModelOptions, httpModel } from '../../src/models/http-model.ts';
import type { Model } from '../../src/models/model.ts';
import { presets } from '../../src/models/presets.ts';
import { resumeByLastEventId } from '../../src/models/resume-by-last-event-id.ts';
import { type SocketModelOptions, socketModel } from '../../src/models/socket-model.ts';
import { withRetry } from '../../src/models/with-retry.ts';
import { memoryJournal } from '../../src/tools/tool-journal.ts';
import { settled } from '../support/settled.ts';
import { startSocketServer } from '../support/socket-server.ts';

const KEY = 'sk-Very/Secret+key=="quoted"&42';
const PROMPT = 'the prompt nobody may read';
const request = { messages: [{ role: 'user', content: PROMPT }] } as const;
const dialects = Object.values(shop).filter(
  (given): given is Dialect => typeof given === 'object' && given !== null && 'encodeRequest' in given && 'encoder' in given,
);

/** Every way of writing the key down that a server or a log has. */
const FORMS = [KEY, encodeURIComponent(KEY), JSON.stringify(KEY).slice(1, -1), KEY.slice(0, 8)];

function expectHidden(things: readonly unknown[], ...more: readonly string[]): void {
  for (const thing of things) {
    const text = [inspect(thing, { depth: 12, showHidden: true }), JSON.stringify(thing), String(thing), (thing as Error)?.stack].join(' ');
    for (const form of [...FORMS, ...more, PROMPT]) expect(text.includes(form), text.slice(0, 3000)).toBe(false);
  }
}

const spies = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
beforeEach(() => spies.forEach((name) => void vi.spyOn(console, name).mockImplementation(() => {})));
afterEach(() => {
  for (const name of spies) expect(console[name]).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

const sse = (body: string) => new Response(body, { headers: { 'content-type': 'text/event-stream' } });

/** What a server says that knows the key, in place of an answer. (An answer is its own word, and passes untouched.) */
const replies: Readonly<Record<string, () => Response>> = {
  'an HTTP error': () => Response.json({ error: { message: `Bad key: ${KEY}` } }, { status: 401 }),
  'an HTTP error that asks to come again': () => new Response(`Bad key: ${KEY}`, { status: 503, headers: { 'retry-after': '0' } }),
  'an error in the stream': () => sse(`data: ${JSON.stringify({ error: { message: KEY, code: KEY, type: KEY, param: [KEY] } })}\n\n`),
  'an error event in plain text': () => sse(`event: error\ndata: ${KEY}\n\n`),
  'a frame that is none': () => sse(`data: ${KEY}\n\n`),
  'a frame whose excerpt ends within the key': () => sse(`data: ${'x'.repeat(190)}${KEY}${'y'.repeat(99)}\n\n`),
  'an error whose excerpt ends within the key': () => sse(`data: ${JSON.stringify({ error: { pad: 'x'.repeat(170), message: KEY } })}\n\n`),
  'a web page': () => new Response(`<html>${KEY}</html>`, { headers: { 'content-type': 'text/html' } }),
  'fields of other kinds than the wire has': () =>
    sse(`data: ${JSON.stringify({ choices: KEY, candidates: KEY, message: KEY, delta: KEY })}\n\n`),
  nothing: () => sse(''),
};

class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly config = { headers: { authorization: `Bearer ${KEY}` }, data: PROMPT };
}

/** Whatever goes out of an answer: events, error, latency report, SSE text. */
async function everythingOf(model: Model): Promise<unknown[]> {
  const seen: unknown[] = [];
  const answer$ = () => streamAnswer({ model, request, journal: memoryJournal() });
  const { events, error } = await settled(
    answer$().pipe(measureLatency({ onReport: (report) => seen.push(report) })) as Observable<AnyEvent>,
  );
  expect(error).toBeInstanceOf(Error);
  const lines = await settled(answer$().pipe(toSse()));
  const body = await sseResponse(new Request('https://example.com'), answer$).text();
  return [...seen, ...events, error, ...lines.events, body];
}

const keyed = (dialect: Dialect, fetch: HttpModelOptions['fetch']): HttpModelOptions => ({
  dialect,
  url: `https://api.example/v1?key=${encodeURIComponent(KEY)}`,
  model: 'm',
  apiKey: KEY,
  headers: { 'x-secret': KEY },
  retry: { maxTries: 2, baseDelayMs: 0 },
  ...(fetch && { fetch }),
});

describe('no output shows the key or the prompt, wherever the key was given', () => {
  it.each(dialects.filter(({ framing }) => framing !== 'messages').map((dialect) => [dialect.name, dialect] as const))(
    'over HTTP: %s',
    async (_, dialect) => {
      for (const reply of Object.values(replies)) {
        expectHidden(await everythingOf(httpModel(keyed(dialect, async () => reply()))));
        expectHidden(await everythingOf(httpModel({ ...keyed(dialect, async () => reply()), onMalformed: 'skip' })));
      }
    },
  );

  it('where fetch itself fails, with the request on its error', async () => {
    for (const failing of [
      async () => Promise.reject(new ClientError(`request failed: ${KEY}`, { cause: new ClientError(KEY) })),
      async () => Promise.reject({ headers: { authorization: KEY } }),
      async () => Promise.reject(`failed: ${KEY}`),
    ]) {
      expectHidden(await everythingOf(httpModel(keyed(shop.openAiChat, failing))));
    }
  });

  it('where the body fails half-way, with the request on its error', async () => {
    const half = new TextEncoder().encode('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n');
    const fetch = async () => {
      let told = false;
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        if (told) controller.error(new ClientError(`lost: ${KEY}`));
        else controller.enqueue(half);
        told = true;
      };
      return new Response(new ReadableStream({ pull }), { headers: { 'content-type': 'text/event-stream' } });
    };
    expectHidden(await everythingOf(httpModel(keyed(shop.openAiChat, fetch))));
  });

  it('through the wrappers: withRetry, fallback, presets, resuming', async () => {
    const first = () => sse('id: 1\ndata: {"id":"r","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n');
    for (const reply of Object.values(replies)) {
      const model = () => httpModel(keyed(shop.openAiChat, async () => reply()));
      expectHidden(await everythingOf(withRetry(model(), { maxTries: 2, baseDelayMs: 0, afterEvents: 'restart' })));
      expectHidden(await everythingOf(fallback([{ name: 'a', model: model() }, model()], { when: () => true })));
      const retry = { maxTries: 2, baseDelayMs: 0 };
      expectHidden(await everythingOf(httpModel({ ...presets.openAi({ apiKey: KEY, model: 'm' }), retry, fetch: async () => reply() })));
      let n = 0;
      const resumed = { ...keyed(shop.openAiChat, async () => (n++ % 2 === 0 ? first() : reply())), resumeRequest: resumeByLastEventId };
      expectHidden(await everythingOf(httpModel(resumed)));
    }
  });

  const protocols = [
    [duplexSession, 'header'],
    [duplexSession, 'subprotocol'],
    [duplexSession, 'message'],
    [chatChunks, 'header'],
    [responsesSession, 'header'],
  ] as const;
  it.each(protocols.map(([protocol, place]) => [protocol.name, place, protocol] as const))(
    'over a WebSocket: %s, the key in a %s',
    async (_, authorization, protocol) => {
      const frames = [
        { type: 'error', error: { message: KEY, code: KEY } },
        KEY,
        { type: 'x', error: KEY },
        ...(authorization === 'subprotocol' ? [Buffer.from(KEY).toString('base64url')] : []),
        `${'x'.repeat(190)}${KEY}${'y'.repeat(99)}`,
      ];
      for (const [n, said] of [...frames.entries(), [-1, ''] as const]) {
        const server = await startSocketServer(
          ({ socket, send }) => {
            if (n >= 0) send(said);
            socket.close(4000 + 401, n === -1 ? KEY : 'no');
          },
          { handleProtocols: (offered) => [...offered][0] ?? false },
        );
        const options: SocketModelOptions = {
          protocol,
          url: `${server.url}?key=${encodeURIComponent(KEY)}`,
          model: 'm',
          apiKey: KEY,
          authorization,
          webSocket: WebSocket,
          retry: { maxTries: 1 },
        };
        const sent = authorization === 'subprotocol' ? [Buffer.from(KEY).toString('base64url')] : [];
        expectHidden(await everythingOf(socketModel(options)), ...sent);
        await server.close();
      }
    },
  );

  it('over a WebSocket that cannot be made: a subprotocol that is none, a server that is gone', async () => {
    const options = { protocol: duplexSession, model: 'm', apiKey: KEY, webSocket: WebSocket, retry: { maxTries: 1 } } as const;
    const url = `ws://127.0.0.1:1/x?key=${encodeURIComponent(KEY)}`;
    expectHidden(await everythingOf(socketModel({ ...options, url, authorization: 'subprotocol', subprotocols: [`no good ${KEY}`] })));
    expectHidden(await everythingOf(socketModel({ ...options, url, headers: { 'x-secret': KEY } })));
  });
});

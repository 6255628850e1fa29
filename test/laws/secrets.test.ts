import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { measureLatency } from '../../operators/measureLatency.ts';
import { streamAnswer } from '../../src/answer.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { isToolstreamError } from '../../src/errors.ts';
import type { LatencyReport } from '../../src/latency/report.ts';
import { httpRequest } from '../../src/models/endpoint.ts';
import { fetchBytes } from '../../src/models/fetch-bytes.ts';
import { httpModel } from '../../src/models/http-model.ts';
import type { Fetch } from '../../src/models/redirects.ts';
import { figure } from '../support/figures.ts';
import { settled } from '../support/settled.ts';
import { runs } from './support.ts';

const PROMPT = 'the prompt nobody may read';
const request = { messages: [{ role: 'user', content: PROMPT }] };

/** A key as providers make them, and then some: anything a header can hold, without spaces. */
const keys = fc
  .string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 8, maxLength: 60 })
  .filter(
    (key) => !'data: {"error":{"message":"Bad key, sent to https://api.example/v1/chat/completions?api-version=2024-10-21"}}'.includes(key),
  );

/** What a server can say; `echo` is what it was sent. */
const answers: Readonly<Record<string, (echo: string) => Response>> = {
  'an HTTP error with the key in its message': (echo) => Response.json({ error: { message: `Bad key: ${echo}` } }, { status: 401 }),
  'an HTTP error whose message escapes slashes': (echo) =>
    new Response(JSON.stringify({ detail: `Bad key: ${echo}` }).replaceAll('/', '\\/'), { status: 400 }),
  'an HTTP error in plain text': (echo) => new Response(`Bad key: ${echo}`, { status: 500 }),
  'an HTTP error in JSON of its own': (echo) => Response.json({ [echo]: echo }, { status: 403 }),
  'a web page': (echo) => new Response(`<html>${echo}</html>`, { headers: { 'content-type': 'text/html' } }),
  'a JSON document': (echo) => Response.json({ headers: echo }),
  'an error in a JSON document': (echo) => Response.json({ error: { message: echo, code: 'invalid_api_key' } }),
  'an error inside the stream': (echo) => stream(`data: ${JSON.stringify({ error: { message: `Bad key: ${echo}`, code: 401 } })}\n\n`),
  'an error line inside the stream': (echo) => stream(`error: Bad key: ${echo}\n\n`),
  'a frame that is none': (echo) => stream(`data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: ${echo}\n\n`),
  'a stream that is cut': () => stream('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'),
  nothing: () => stream(''),
};

const stream = (body: string) => new Response(body, { headers: { 'content-type': 'text/event-stream' } });

const places = {
  apiKey: (key: string) => ({ apiKey: key }),
  'an apiKey function': (key: string) => ({ apiKey: async () => key }),
  'a header': (key: string) => ({ headers: { 'x-secret': key } }),
  'the query of the URL': (key: string) => ({ url: `https://api.example/v1?api-version=2024-10-21&key=${encodeURIComponent(key)}` }),
};

/** Whatever a log could show of something. */
const shown = (thing: unknown) => `${inspect(thing, { depth: 12 })} ${JSON.stringify(thing)} ${String(thing)}`;

/** Sends whatever it was sent back, in this kind of answer. */
const echoing =
  (kind: string): Fetch =>
  async (url, init) => {
    const { authorization = '', 'x-secret': secret = '' } = init.headers as Record<string, string>;
    const answer = answers[kind] as (echo: string) => Response;
    return answer(`${authorization} ${secret} ${new URL(url).searchParams.get('key') ?? ''} ${url}`);
  };

function expectHidden(things: readonly unknown[], key: string, kind: string): void {
  for (const thing of things) {
    const text = shown(thing);
    for (const form of [key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1), PROMPT]) {
      expect(text.includes(form), `${kind}: ${text}`).toBe(false);
    }
  }
}

describe('law: no error, diagnostic, latency report or printed request shows a key or the prompt', () => {
  let answered = 0;
  afterAll(() => figure('law-secrets', { answers: answered, kinds: Object.keys(answers).length, places: Object.keys(places).length }));

  for (const [place, at] of Object.entries(places)) {
    it(`where the key is given as ${place}`, async () => {
      await fc.assert(
        fc.asyncProperty(keys, fc.constantFrom(...Object.keys(answers)), async (key, kind) => {
          const endpoint = { dialect: openAiChat, url: 'https://api.example/v1', model: 'm', fetch: echoing(kind), ...at(key) };
          const model = httpModel({ ...endpoint, retry: { maxTries: 2, baseDelayMs: 0 } });
          const seen: unknown[] = [httpRequest(endpoint, request)];
          const onReport = (report: LatencyReport) => seen.push(report);
          const { events, error } = await settled(streamAnswer({ model, request }).pipe(measureLatency({ onReport })));
          expect(isToolstreamError(error)).toBe(true);
          expectHidden([...seen, ...events, error], key, kind);
          answered++;
        }),
        runs(100),
      );
    });

    it(`where the key is given as ${place}, by fetchBytes alone`, async () => {
      await fc.assert(
        fc.asyncProperty(keys, fc.constantFrom(...Object.keys(answers)), async (key, kind) => {
          const endpoint = { dialect: openAiChat, url: 'https://api.example/v1', model: 'm', ...at(key) };
          const { error } = await settled(fetchBytes(httpRequest(endpoint, request), { fetch: echoing(kind) }));
          expectHidden([error], key, kind);
          answered++;
        }),
        runs(100),
      );
    });
  }
});

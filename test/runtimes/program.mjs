// What a user's program does, with web APIs alone: this same file runs under every runtime, and what it reports is compared.
import { from, lastValueFrom, tap, toArray } from 'rxjs';
import {
  accumulateToolCalls,
  collectAnswer,
  decode,
  defineTool,
  fetchBytes,
  httpModel,
  httpRequest,
  isToolstreamError,
  measureLatency,
  openAiChat,
  parseSse,
  sseParser,
  streamAnswer,
  toAsyncIterable,
  toReadableStream,
  toTransformStream,
} from 'toolstream';

const request = { messages: [{ role: 'user', content: '15 + 27, and a flight to HAN?' }] };
const endpoint = (url) => ({ dialect: openAiChat, url, model: 'm', apiKey: () => 'secret' });
const ask = (url, options, tools = []) => streamAnswer({ model: httpModel({ ...endpoint(url), ...options }), request, tools });

/**
 * @param origin where the scripted server is.
 * @param nowhere a URL where nothing listens.
 * @returns what happened, the same on every runtime.
 */
export async function report(origin, nowhere) {
  return {
    answer: await wholeAnswer(`${origin}/flight/v1`),
    bytes: await fromTheBytes(`${origin}/words/v1`),
    pulled: await pulled(`${origin}/words/v1`),
    held: await holdBack(origin),
    left: await leaveInTheMiddle(origin),
    failures: await failures(origin, nowhere),
  };
}

const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

const add = defineTool({
  name: 'add',
  description: 'Adds two numbers',
  parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  annotations: { readOnlyHint: true },
  execute: ({ a, b }) => a + b,
});

/** A slow tool that says how far it is; `ended` tells what became of it. */
const search = (ended = () => {}) =>
  defineTool({
    name: 'search',
    description: 'Searches flights',
    parameters: { type: 'object', properties: { to: { type: 'string', minLength: 3 } }, required: ['to'] },
    annotations: { readOnlyHint: true },
    async *execute({ to }, { signal }) {
      try {
        for (const found of [1, 2, 3]) {
          await pause(100, signal);
          yield { found };
        }
        return `3 flights to ${to} 🛫`;
      } finally {
        ended(signal.aborted ? 'aborted' : 'regularly');
      }
    },
  });

/** Two rounds and three calls of two tools, one of them refused by its schema; text flows while the slow one runs. */
async function wholeAnswer(url) {
  const events = [];
  const collected$ = ask(url, {}, [add, search()]).pipe(
    measureLatency(),
    tap((event) => events.push(event)),
    collectAnswer(),
  );
  const collected = await lastValueFrom(collected$);
  const all = (type) => events.filter((event) => event.type === type);
  const at = (type) => events.findIndex((event) => event.type === type && event.name === 'search');
  const textWhileSearching = events.slice(at('tool-started'), at('tool-result')).filter(({ type }) => type === 'text-delta');
  return {
    texts: [1, 2].map((round) =>
      all('text-delta')
        .flatMap((event) => (event.round === round ? [event.text] : []))
        .join(''),
    ),
    calls: all('tool-call').map((event) => [event.callId, event.name, event.arguments]),
    progress: all('tool-progress').map(({ callId, value }) => [callId, value]),
    // In the order of the calls, not of their ends.
    results: ['call_1', 'call_2', 'call_3'].map((id) =>
      all('tool-result').flatMap(({ callId, outcome }) => (callId === id ? [outcome] : [])),
    ),
    ends: all('answer-end').map(({ reason, rounds, messages }) => ({ reason, rounds, messages: messages.length })),
    latency: all('latency').map(({ report: { ended, rounds, tools } }) => ({ ended, rounds: rounds.count, tools: tools.count })),
    textFlowsWhileSearching: textWhileSearching.length >= 5,
    collected: [collected.text, collected.finishReason],
  };
}

/** The body comes byte by byte; read by the operators, and by the same stages under Web Streams. */
async function fromTheBytes(url) {
  const body = httpRequest(endpoint(url), request);
  const events$ = fetchBytes(body).pipe(parseSse(), decode(openAiChat), accumulateToolCalls(), toArray());
  const { body: readable } = await fetch(body.url, { method: 'POST', body: body.body });
  const frames = [];
  for await (const { data } of readable.pipeThrough(toTransformStream(sseParser()))) frames.push(data);
  const single = Array.from(new TextEncoder().encode('\ufeffid: 7\r\ndata: né 🛫\r\n\r\n'), (byte) => Uint8Array.of(byte));
  return {
    text: textOf(await lastValueFrom(events$)),
    frames,
    single: await lastValueFrom(from(single).pipe(parseSse(), toArray())),
  };
}

/** A reader that is slower than the network. */
async function pulled(url) {
  const source = (gate) => ask(url, { gate });
  const read = [];
  for await (const event of toReadableStream(source, { highWaterMark: 2 })) {
    await pause(1);
    read.push(event);
  }
  const first = [];
  for await (const event of toAsyncIterable(source)) {
    if (first.push(event.type) === 2) break;
  }
  const reader = toReadableStream(source).getReader();
  const second = (await reader.read()).value.type;
  await reader.cancel();
  return { text: textOf(read), last: read.at(-1).type, first, second };
}

/**
 * Reads a little of a very long answer and pauses: soon the server cannot write any more, and has most of it left. What the runtime itself
 * takes in until then differs: 4 to 9 MB, in Chromium 64 MB (as with a bare `fetch`).
 */
async function holdBack(origin) {
  const flooded = async () => (await fetch(`${origin}/flooded`)).json();
  const reader = toReadableStream((gate) => ask(`${origin}/flood/v1`, { gate })).getReader();
  for (let read = 0; read < 5; read++) await reader.read();
  let before = -1;
  let now = 0;
  for (let looks = 0; looks < 10 && now !== before; looks++) {
    before = now;
    await pause(100);
    now = await flooded();
  }
  await reader.cancel();
  return { steady: now === before, early: now < 128e6 };
}

/** Unsubscribes while text comes and a tool runs. */
async function leaveInTheMiddle(origin) {
  const seen = [];
  let late = 0;
  let left = false;
  const toolEnded = await new Promise((resolve, reject) => {
    const subscription = ask(`${origin}/endless/v1`, {}, [search(resolve)]).subscribe({
      next: ({ type }) => {
        if (left) late++;
        seen.push(type);
        if (type !== 'text-delta' || !seen.includes('tool-started')) return;
        left = true;
        subscription.unsubscribe();
      },
      error: reject,
    });
  });
  const connectionClosed = await (await fetch(`${origin}/was-left`)).json();
  return { toolEnded, connectionClosed, late, last: seen.at(-1) };
}

/** What goes wrong is the same typed error, whatever the runtime's own says. */
async function failures(origin, nowhere) {
  const once = { retry: { maxTries: 1 } };
  return {
    denied: await failureOf(ask(`${origin}/denied/v1`)),
    nowhere: await failureOf(ask(nowhere, once)),
    silent: await failureOf(ask(`${origin}/silent/v1`, { ...once, timeouts: { firstEventMs: 150 } })),
    reset: await failureOf(ask(`${origin}/reset/v1`)),
    closed: await failureOf(ask(`${origin}/closed/v1`)),
    ended: await failureOf(ask(`${origin}/ended/v1`)),
  };
}

async function failureOf(answer$) {
  const error = await lastValueFrom(answer$).catch((raised) => raised);
  if (!isToolstreamError(error)) throw error;
  const { name, code, status, kind, partial } = error;
  return { name, code, status, kind, partial: partial.text };
}

const textOf = (events) => events.map(({ type, text }) => (type === 'text-delta' ? text : '')).join('');

// A user's program over WebSockets, with the runtime's own class or the one handed in: the same file everywhere, and what it reports is compared.
import { lastValueFrom, tap } from 'rxjs';
import { chatChunks, defineTool, duplexSession, isToolstreamError, socketModel, streamAnswer } from 'toolstream';

const request = { messages: [{ role: 'user', content: '15 + 27, and 1 + 2?' }] };

/**
 * @param host where the scripted server is.
 * @param who whose connections these are.
 * @param apiKey the key it wants.
 * @param nowhere a URL where nothing listens.
 * @param webSocket a class; without it the runtime's own.
 * @returns what happened.
 */
export async function report(host, who, apiKey, nowhere, webSocket) {
  const given = {
    apiKey,
    webSocket,
    modelAt: (script, options = {}) =>
      socketModel({
        protocol: chatChunks,
        url: `ws://${host}/${who}/${script}`,
        model: 'm',
        apiKey,
        webSocket,
        retry: { maxTries: 1 },
        ...options,
      }),
    ask: async (question) => (await fetch(`http://${host}/${who}/${question}`)).json(),
  };
  if (webSocket === undefined && globalThis.WebSocket === undefined) return { without: thrown(() => given.modelAt('key')) };
  const { prototype } = webSocket ?? globalThis.WebSocket;
  const { codes } = await outcome(given.modelAt('chunks')(request));
  return {
    diagnostics: codes,
    duplex: await twoRounds(given),
    chunks: await parallelCalls(given),
    keys: await keys(given),
    // Only what can ping is pinged for, and only what can leave a deaf peer meets one: it could not end otherwise.
    pings: codes.includes('no-keep-alive') ? 'none' : await pings(given),
    deaf: typeof prototype.terminate === 'function' ? await deaf(given) : 'not tried',
    ends: await ends(given, nowhere),
    left: await left(given),
    flood: await flood(given),
  };
}

/** Two calls that wait for each other, and their results on the same connection. */
async function twoRounds({ modelAt }) {
  let started = 0;
  let goOn;
  const bothStarted = new Promise((resolve) => (goOn = resolve));
  const add = defineTool({
    name: 'add',
    description: 'Adds two numbers',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
    async execute({ a, b }) {
      if (++started === 2) goOn();
      await bothStarted;
      return a + b;
    },
  });
  const answer$ = streamAnswer({ model: modelAt('duplex', { protocol: duplexSession }), request, tools: [add] });
  const { events, text, error } = await outcome(answer$);
  const { reason, rounds, messages } = events.at(-1);
  return { text, error, reason, rounds, messages: messages?.length };
}

async function parallelCalls({ modelAt }) {
  const { events, error } = await outcome(modelAt('chunks')(request));
  return { error, calls: events.at(-1).message?.toolCalls?.map(({ id, name, argumentsText }) => [id, name, argumentsText]) };
}

/** How the server got the key. */
async function keys({ modelAt }) {
  const sent = async (options) => (await outcome(modelAt('key', options)(request))).text;
  const team = { authorization: 'header', headers: { 'x-team': 'blue' }, subprotocols: ['v2'] };
  return {
    unsaid: await sent({}),
    header: thrown(() => modelAt('key', team)) ?? (await sent(team)),
    subprotocol: await sent({ authorization: 'subprotocol', subprotocols: ['v2'] }),
    message: await sent({ authorization: 'message' }),
    // The class that is there anyway, handed in.
    handedIn: globalThis.WebSocket && (await sent({ webSocket: globalThis.WebSocket })),
  };
}

async function pings({ modelAt }) {
  const answered = await outcome(modelAt('pinged', { keepAlive: { everyMs: 20, answerMs: 1_000 } })(request));
  const unanswered = await outcome(modelAt('mute', { keepAlive: { everyMs: 20, answerMs: 300 } })(request));
  return { answered: answered.text, unanswered: unanswered.error, said: / ping /.test(unanswered.message) };
}

/** A peer that hears no farewell: the process ends all the same. */
async function deaf({ modelAt }) {
  return new Promise((resolve, reject) => {
    const subscription = modelAt('deaf')(request).subscribe({
      next: ({ type, text }) => {
        if (type !== 'text-delta') return;
        subscription.unsubscribe();
        resolve(text);
      },
      error: reject,
    });
  });
}

async function ends({ modelAt, ask }, nowhere) {
  const after = await outcome(modelAt('ended-after')(request));
  const binary = await outcome(modelAt('binary')(request));
  const errorAt = async (script, options) => (await outcome(modelAt(script, options)(request))).error;
  const oversized = await errorAt('oversized', { maxFrameBytes: 1_000 });
  return {
    after: { text: after.text, last: after.events.at(-1).type, error: after.error },
    before: await errorAt('ended-before'),
    cut: await errorAt('cut'),
    refused: await errorAt('refused'),
    nowhere: await errorAt('', { url: nowhere }),
    denied: await errorAt('denied'),
    silent: await errorAt('silent', { timeouts: { connectMs: 200 } }),
    oversized,
    oversizedGone: typeof (await ask('gone/oversized')),
    binary: [binary.events.filter(({ type }) => type === 'provider-event'), binary.error],
  };
}

/** Unsubscribes in the middle of an answer, and while the connection is being opened. */
async function left({ modelAt, ask }) {
  let words = 0;
  await new Promise((resolve, reject) => {
    const subscription = modelAt('endless')(request).subscribe({
      next: ({ type }) => {
        if (type !== 'text-delta' || ++words < 3) return;
        subscription.unsubscribe();
        resolve();
      },
      error: reject,
    });
  });
  const code = await ask('gone/endless');
  const opening = modelAt('held')(request).subscribe({ error: () => (words = -1) });
  await ask('held');
  opening.unsubscribe();
  return { code, words, unheld: await ask('unheld') };
}

/** Reads one word and pauses until the server cannot write any more, or has all written, or has lost the connection. */
async function flood({ modelAt, ask }) {
  let open = true;
  let words = 0;
  let stoppedAt = 0;
  const gate = {
    get open() {
      return open;
    },
    async opened() {
      let now = await ask('flood');
      for (let before; before !== now.bytes && !now.over; now = await ask('flood')) {
        before = now.bytes;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      stoppedAt = now.bytes;
      open = true;
    },
  };
  const closing = tap(({ type }) => {
    if (type === 'text-delta' && ++words === 1) open = false;
  });
  const { error } = await outcome(modelAt('flood', { gate, maxQueuedBytes: 1e6 })(request).pipe(closing));
  return { early: stoppedAt < 24e6, words: error ? 'some' : words, error: error && { ...error, partial: undefined } };
}

/** Everything that came, and the error where one came. */
async function outcome(events$) {
  const events = [];
  let raised;
  await lastValueFrom(events$.pipe(tap((event) => events.push(event)))).catch((error) => (raised = error));
  if (raised !== undefined && !isToolstreamError(raised)) throw raised;
  const text = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
  const codes = events.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : []));
  return { events, text, codes, error: raised && shown(raised), message: raised?.message };
}

const shown = ({ name, status, kind, limit, partial }) => ({ name, status, kind, limit, partial: partial?.text });

function thrown(make) {
  try {
    make();
    return undefined;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

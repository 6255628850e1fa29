/**
 * A process in which answers of every kind run side by side, without a pause, until it is told to stop: whole ones, cut ones that are asked again, failing
 * ones, ones that are left, slow readers, over HTTP and WebSockets. When the parent asks, it says what is in use and how the answers so far ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import {
  type AnswerEvent,
  anthropicMessages,
  chatChunks,
  type Dialect,
  defineTool,
  duplexSession,
  fallback,
  httpModel,
  isToolstreamError,
  type Model,
  ollama,
  openAiChat,
  socketModel,
  streamAnswer,
  toReadableStream,
  withRetry,
} from '../../src/index.ts';
import { randomFrom } from '../../src/testing/splits.ts';
import { type Habit, LONG_PIECE, type Spoken, TEXT } from './soak-answer.ts';

const [port = '', lanes = '100'] = process.argv.slice(2);
const random = randomFrom(7);
const request = { messages: [{ role: 'user' as const, content: 'go' }] };

const dialects: Record<Spoken, Dialect> = { chat: openAiChat, anthropic: anthropicMessages, ollama };
const at = (spoken: Spoken, model: Habit) => ({ dialect: dialects[spoken], url: `http://127.0.0.1:${port}/${spoken}`, model });
const retry = { maxTries: 12, baseDelayMs: 5, maxDelayMs: 50 };
const once = { retry: { maxTries: 1 } };
const again = (model: Model) => withRetry(model, { ...retry, afterEvents: 'restart' });
const timeouts = { firstEventMs: 400, idleMs: 200 };
const duplex = { protocol: duplexSession, url: `ws://127.0.0.1:${port}/duplex`, webSocket: WebSocket };
const chunks = { protocol: chatChunks, url: `ws://127.0.0.1:${port}/chunks`, webSocket: WebSocket, graceMs: 50 };

/** How often the tools of one answer ran; `look` throws and `wait` never ends where there is to be trouble. */
class Tools {
  looks = 0;
  waits = 0;
  readonly tools;

  constructor(trouble: boolean) {
    const look = defineTool({
      name: 'look',
      description: 'Looks a city up',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      annotations: { readOnlyHint: true },
      execute: ({ city }) => {
        this.looks++;
        if (trouble) throw new Error('no');
        return city;
      },
    });
    const began = () => {
      this.waits++;
    };
    const wait = defineTool({
      name: 'wait',
      description: 'Waits',
      parameters: { type: 'object', properties: { ms: { type: 'number' } }, required: ['ms'] },
      timeoutMs: trouble ? 50 : 10_000,
      execute: async function* ({ ms }, { signal }) {
        began();
        yield 'waiting';
        await sleep(trouble ? 60_000 : ms, undefined, { signal });
        return 'waited';
      },
    });
    this.tools = [look, wait];
  }
}

/** What there is to see of an answer while it comes: its text as it stands after restarts. */
class Seen {
  text = '';
  private rounds = '';

  saw(event: AnswerEvent): void {
    if (event.type === 'text-delta') this.text += event.text;
    else if (event.type === 'round-restarted') this.text = this.rounds;
    else if (event.type === 'round-end') this.rounds = this.text;
  }
}

const codeOf = (error: unknown) => (isToolstreamError(error) ? error.code : `untyped ${(error as Error)?.name}`);

/** Asks and says how it ended: `answered` only where text and effects are what they have to be. */
function answer(model: Model, { leaving = false, trouble = false } = {}): Promise<string> {
  const ran = new Tools(trouble);
  const seen = new Seen();
  const leaveAfter = leaving ? 1 + Math.floor(random() * 30) : Infinity;
  let events = 0;
  return new Promise((resolve) => {
    const subscription = streamAnswer({ model, request, tools: ran.tools }).subscribe({
      next: (event) => {
        seen.saw(event);
        if (++events === leaveAfter) {
          // Not within `next`: the subscription may not be there yet.
          queueMicrotask(() => subscription.unsubscribe());
          resolve('left');
        }
      },
      error: (error) => resolve(ran.looks > 2 || ran.waits > 1 ? 'an effect too many' : codeOf(error)),
      complete: () => resolve(verdict(seen.text, ran)),
    });
  });
}

function verdict(text: string, { looks, waits }: Tools): string {
  if (text !== TEXT) return 'another text';
  return looks === 2 && waits === 1 ? 'answered' : `${looks} and ${waits} effects`;
}

/** Reads an answer more slowly than it comes. */
async function slowly(): Promise<string> {
  const stream = toReadableStream((gate) => streamAnswer({ model: httpModel({ ...at('chat', 'long'), gate }), request }), {
    highWaterMark: 2,
  });
  let length = 0;
  try {
    for await (const event of stream as ReadableStream<AnswerEvent> & AsyncIterable<AnswerEvent>) {
      if (event.type !== 'text-delta') continue;
      length += event.text.length;
      await sleep(10);
    }
  } catch (error) {
    return codeOf(error);
  }
  return length === 64 * LONG_PIECE ? 'answered' : 'another text';
}

interface Kind {
  readonly ask: () => Promise<string>;
  /** How it may end; anything else is a fault. */
  readonly may: readonly string[];
}

const kind = (model: Model, also: readonly string[] = [], how: { readonly leaving?: boolean; readonly trouble?: boolean } = {}): Kind => ({
  ask: () => answer(model, how),
  may: ['answered', ...also],
});
const leaving = { leaving: true };
const whole = {
  chat: httpModel(at('chat', 'whole')),
  anthropic: httpModel(at('anthropic', 'whole')),
  ollama: httpModel(at('ollama', 'whole')),
  duplex: socketModel({ ...duplex, model: 'whole' }),
  chunks: socketModel({ ...chunks, model: 'whole' }),
};
/** With twelve tries that break every other time, one answer in some thousand is given up. */
const givenUp = ['interrupted', 'connection'];
/** Asked once, on a connection that the server may have closed in the same moment. */
const inSilence = ['timeout', ...givenUp];
const kinds: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(Object.entries(whole).map(([name, model]) => [name, kind(model)])),
  'chat, cut and asked again': kind(again(httpModel({ ...at('chat', 'cut'), ...once })), givenUp),
  'anthropic, cut and asked again': kind(again(httpModel({ ...at('anthropic', 'cut'), ...once })), givenUp),
  'duplex, cut and asked again': kind(again(socketModel({ ...duplex, ...once, model: 'cut' })), givenUp),
  'chunks, cut': kind(socketModel({ ...chunks, retry, model: 'cut' }), givenUp),
  'busy, asked again': kind(httpModel({ ...at('chat', 'busy'), retry }), ['http']),
  'refused, then another': kind(fallback([httpModel(at('chat', 'refused')), whole.anthropic])),
  'malformed frames': kind(httpModel(at('ollama', 'broken')), ['malformed-frame']),
  'errors in the stream': kind(httpModel(at('chat', 'failing')), ['provider']),
  silence: kind(httpModel({ ...at('chat', 'silent'), ...once, timeouts }), inSilence),
  'silence, duplex': kind(socketModel({ ...duplex, ...once, model: 'silent', timeouts }), inSilence),
  'chat, left': kind(whole.chat, ['left'], leaving),
  'anthropic, left': kind(whole.anthropic, ['left'], leaving),
  'duplex, left': kind(whole.duplex, ['left'], leaving),
  'cut and left': kind(again(httpModel({ ...at('chat', 'cut'), ...once })), ['left', ...givenUp], leaving),
  'tools that fail': kind(whole.chat, [], { trouble: true }),
  'slow readers': { ask: slowly, may: ['answered'] },
};

const ends: Record<string, Record<string, number>> = {};
const faults: string[] = [];
let asked = 0;
let over = 0;
let stopping = false;

async function lane(): Promise<void> {
  const names = Object.keys(kinds);
  while (!stopping) {
    const name = names[asked++ % names.length] as string;
    const { ask, may } = kinds[name] as Kind;
    const how = await ask();
    ends[name] ??= {};
    ends[name][how] = (ends[name][how] ?? 0) + 1;
    over++;
    if (!may.includes(how)) faults.push(`${name}: ${how}`);
  }
}

/** What the process holds, by kind; without what is over by itself at the next turn. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const what of process.getActiveResourcesInfo()) if (what !== 'Immediate') counts[what] = (counts[what] ?? 0) + 1;
  return counts;
}

function sample() {
  global.gc?.();
  const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
  return { heapUsed, rss, external, arrayBuffers, handles: handles(), asked, over };
}

/** Runs out the answers that are open, then waits for what is left to go. */
async function stop(done: Promise<unknown>) {
  stopping = true;
  await done;
  const deadline = performance.now() + 20_000;
  for (;;) {
    await sleep(100);
    const left = Object.entries(handles()).filter(([what, count]) => count > (before[what] ?? 0));
    if (left.length === 0 || performance.now() > deadline) return Object.fromEntries(left);
  }
}

process.on('message', async (message) => {
  if (message === 'sample') process.send?.(sample());
  else {
    const left = await stop(running);
    process.send?.({ ...sample(), heapAtTheStart, ends, faults, unended: asked - over, left }, () => process.exit());
  }
});

// The channel to the parent counts among what was there before, and so do the streams that open when something first looks at them.
void [process.stdout, process.stderr];
const before = handles();
const heapAtTheStart = sample().heapUsed;
const running = Promise.all(Array.from({ length: Number(lanes) }, lane));

import { afterEach, describe, expect, it } from 'vitest';
import {
  type AnyEvent,
  type Dialect,
  type HttpModelOptions,
  httpModel,
  InterruptedError,
  type ModelEvent,
  openAiChat,
  openAiResponses,
  ProviderError,
  resumeByLastEventId,
  runStage,
} from '../../src/index.ts';
import { type ScriptedRound, spellOut } from '../../src/testing/script.ts';
import { figure } from '../support/figures.ts';
import { type Exchange, type RawServer, rawServer, type Step } from '../support/raw-server.ts';

const servers: RawServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';
/** Of a longer body than comes: without its length, undici takes a reset for the end. */
const LONG_HEAD = HEAD.replace('\r\n\r\n', '\r\ncontent-length: 1000000\r\n\r\n');
const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
const request = { messages: [{ role: 'user', content: 'go' }] } as const;
const round: ScriptedRound = [
  'I look. ',
  { call: 'look', arguments: { city: 'Köln "am" Rhein' }, fragmentLength: 4, id: 'c1' },
  { call: 'look', arguments: { city: 'Rom' }, fragmentLength: 3, id: 'c2' },
  'Grüße 🌍',
];

/** A response as SSE events, with ids `e0`, `e1` … where they are wanted. */
function sse(dialect: Dialect, { ids = false, responseId = 'resp_1' } = {}) {
  const frames = runStage(dialect.encoder({ responseId }), spellOut(round, () => 0) as ModelEvent[]).values;
  const events = frames.map(
    ({ event, data }, i) => `${ids ? `id: e${i}\n` : ''}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`,
  );
  const bytes = (from: number) => new TextEncoder().encode(events.slice(from).join(''));
  return { whole: bytes(0), from: bytes, count: events.length };
}

type Options = Omit<HttpModelOptions, 'url' | 'model'>;

/** Serves the scripts, asks once, and gives what came; the breaks that were mended apart. */
async function ask(options: Options, ...scripts: Array<readonly Step[] | ((exchange: Exchange) => readonly Step[])>) {
  const server = await rawServer(...scripts);
  servers.push(server);
  const model = httpModel({ url: `${server.origin}/v1`, model: 'm', ...options, retry: { baseDelayMs: 1, ...options.retry } });
  const events: AnyEvent[] = [];
  const broke: string[] = [];
  const notes: string[] = [];
  const error = await new Promise<unknown>((resolve) => {
    model(request).subscribe({
      next: (event) => {
        if (event.type === 'diagnostic') {
          broke.push(event.code);
          notes.push(event.message);
        } else events.push(event);
      },
      error: resolve,
      complete: () => resolve(undefined),
    });
  });
  return { events, broke, notes, error, server };
}

const cutAt = (bytes: Uint8Array, at: number, how: 'reset' | 'close' = 'reset'): readonly Step[] => [
  how === 'reset' ? LONG_HEAD : HEAD,
  bytes.slice(0, at),
  how,
];
const textOf = (events: readonly AnyEvent[]) =>
  (events as ModelEvent[]).map((event) => (event.type === 'text-delta' ? event.text : '')).join('');

describe('a background response whose connection breaks', () => {
  const background = { dialect: openAiResponses, body: { background: true } };
  const wire = sse(openAiResponses);
  /** What OpenAI does: the events after `starting_after`. */
  const rest = ({ method, path, body }: Exchange) => {
    const url = new URL(path, 'http://x');
    expect([method, url.pathname, url.searchParams.get('stream'), body]).toEqual(['GET', '/v1/responses/resp_1', 'true', '']);
    return wire.from(Number(url.searchParams.get('starting_after')) + 1);
  };
  const goingOn = (exchange: Exchange) => [HEAD, exchange.method === 'GET' ? rest(exchange) : wire.whole, 'close'] as const;

  it('law: cut at any byte, its events are those of the whole, with no gap and no repeat', { timeout: 60_000 }, async () => {
    const { events: expected } = await ask(background, [HEAD, wire.whole, 'close']);
    let mended = 0;
    for (let at = 0; at < wire.whole.length; at += 13) {
      const { events, broke, error } = await ask(background, cutAt(wire.whole, at, at % 2 ? 'reset' : 'close'), goingOn);
      expect({ at, events, error }).toEqual({ at, events: expected, error: undefined });
      if (broke.includes('resumed')) mended++;
    }
    // The others came before the first event or after the last word.
    figure('resumed', { cuts: Math.ceil(wire.whole.length / 13), mended });
    expect(mended).toBeGreaterThan((wire.whole.length / 13) * 0.8);
  });

  it('breaks again and again, and goes on each time, even where the server repeats what was known', async () => {
    const { events: expected } = await ask(background, [HEAD, wire.whole, 'close']);
    const { events, broke, error } = await ask({ ...background, retry: { maxTries: 2 } }, (exchange) => {
      const after = Number(new URL(exchange.path, 'http://x').searchParams.get('starting_after') ?? -1);
      const known = Math.max(0, after - 2);
      const two = wire.from(known).length - wire.from(after + 3).length;
      return cutAt(wire.from(known), two, 'close');
    });
    expect({ events, error }).toEqual({ events: expected, error: undefined });
    expect(broke.length).toBeGreaterThan(3);
  });

  it('is interrupted where no try brings anything, with what came', async () => {
    const { events, error, broke, server } = await ask(background, cutAt(wire.whole, 1500), ['reset']);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial.text).toBe(textOf(events));
    expect(textOf(events)).not.toBe('');
    expect(broke).toEqual(['resumed', 'resumed']);
    expect(server.exchanges).toHaveLength(3);
  });

  it('says how far it came, and waits twice as long for the next try', async () => {
    const three = wire.whole.length - wire.from(3).length;
    const retry = { baseDelayMs: 4, random: () => 1 };
    const { notes } = await ask({ ...background, retry }, cutAt(wire.whole, three), ['reset'], goingOn);
    expect(notes.map((note) => note.split('. ')[0])).toEqual([
      'The response broke off after 3 frames; asking for the rest in 4 ms',
      'The response broke off after 3 frames; asking for the rest in 8 ms',
    ]);
  });

  it('is asked for again where the server was not there for a moment, with the key', async () => {
    const { events, broke, server } = await ask(
      { ...background, apiKey: 'secret-key' },
      cutAt(wire.whole, 900),
      [UNAVAILABLE, 'close'],
      goingOn,
    );
    expect([textOf(events), broke]).toEqual(['I look. Grüße 🌍', ['resumed', 'resumed']]);
    expect(server.exchanges.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer secret-key'));
  });

  it('is whole without the blank line behind its last event', async () => {
    const { events: expected } = await ask(background, [HEAD, wire.whole, 'close']);
    const { events, broke, error } = await ask(background, cutAt(wire.whole, wire.whole.length - 2, 'close'), goingOn);
    expect({ events, broke, error }).toEqual({ events: expected, broke: [], error: undefined });
  });

  it.each(['close', 'reset'] as const)(
    'fails with the error that the server wrote last, half a line of it, where it is not kept (%s)',
    async (how) => {
      const cut = new TextEncoder().encode(
        `${new TextDecoder().decode(wire.whole.slice(0, wire.whole.length - wire.from(3).length))}event: error\ndata: overloaded`,
      );
      const { error } = await ask({ dialect: openAiResponses }, cutAt(cut, cut.length, how));
      expect(error).toBeInstanceOf(ProviderError);
      expect((error as Error).message).toContain('overloaded');
    },
  );

  it('is interrupted by the break itself where the server has forgotten it', async () => {
    const { error } = await ask(background, cutAt(wire.whole, 900), [NOT_FOUND, 'close']);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).message).toMatch(/^The response broke off before the model was done/);
  });

  it('is not asked for where it ended with its connection, or had all its words', async () => {
    const { server, error } = await ask({ dialect: openAiResponses }, cutAt(wire.whole, 900), goingOn);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(server.exchanges).toHaveLength(1);
    const done = await ask(background, [HEAD, wire.whole, 'reset'], goingOn);
    expect([done.error, done.server.exchanges.length]).toEqual([undefined, 1]);
  });

  it('is asked for after silence, but not when all its time has run out', async () => {
    const { events, broke } = await ask({ ...background, timeouts: { idleMs: 60 } }, [HEAD, wire.whole.slice(0, 1500), 'hold'], goingOn);
    expect(textOf(events)).toBe('I look. Grüße 🌍');
    expect(broke).toEqual(['resumed']);
    const late = await ask({ ...background, timeouts: { totalMs: 60 } }, [HEAD, wire.whole.slice(0, 1500), 'hold'], goingOn);
    expect(late.error).toBeInstanceOf(InterruptedError);
    expect(late.server.exchanges).toHaveLength(1);
  });
});

describe('resumeByLastEventId', () => {
  const wire = sse(openAiChat, { ids: true });
  const options = { dialect: openAiChat, resumeRequest: resumeByLastEventId };
  const positionOf = ({ headers }: Exchange) => Number(headers['last-event-id']?.slice(1) ?? -1);

  it('law: cut at any byte, the events are those of the whole, whether the server sends the rest, repeats the last, or begins anew', {
    timeout: 60_000,
  }, async () => {
    const { events: expected } = await ask(options, [HEAD, wire.whole, 'close']);
    const habits = [(known: number) => known + 1, (known: number) => Math.max(0, known), () => 0];
    for (let at = 0; at < wire.whole.length; at += 19) {
      const habit = habits[at % habits.length] as (known: number) => number;
      const { events, error } = await ask(options, cutAt(wire.whole, at, at % 2 ? 'reset' : 'close'), (exchange) => {
        expect([exchange.method, JSON.parse(exchange.body).stream]).toEqual(['POST', true]);
        return [HEAD, wire.from(habit(positionOf(exchange))), 'close'];
      });
      expect({ at, events, error }).toEqual({ at, events: expected, error: undefined });
    }
  });

  it('stops where the server answers anew: the break goes out, and nothing of the other answer', async () => {
    const other = sse(openAiChat, { ids: true, responseId: 'resp_2' });
    const { events, error } = await ask(options, cutAt(wire.whole, 700), [HEAD, other.whole, 'close']);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).message).toMatch(/^The response broke off before the model was done/);
    expect('I look. Grüße 🌍'.startsWith(textOf(events))).toBe(true);
  });

  it('asks for nothing behind the end mark, though it has no blank line and no reason came before', async () => {
    const end = 'id: 2\ndata: [DONE]';
    const said = 'id: 1\ndata: {"id":"r","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';
    const { events, broke, error } = await ask(options, [HEAD, said, end, 'close']);
    expect([textOf(events), events.at(-1)?.type, broke, error]).toEqual(['Hi', 'round-end', [], undefined]);
  });

  it('asks for nothing where the events have no ids', async () => {
    const { server, error } = await ask(options, cutAt(sse(openAiChat).whole, 700), [HEAD, wire.whole, 'close']);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(server.exchanges).toHaveLength(1);
  });

  it('waits as long as the stream’s `retry:` says', async () => {
    const patient = new TextEncoder().encode(`retry: 120\n${new TextDecoder().decode(wire.whole)}`);
    const { server } = await ask(options, cutAt(patient, 700), (exchange) => [HEAD, wire.from(positionOf(exchange) + 1), 'close']);
    const [first, second] = server.exchanges;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(115);
  });
});

describe('a resumeRequest of one’s own', () => {
  const wire = sse(openAiChat);

  it('is told how far the response came, and says how the rest is had; its key goes to no other origin', async () => {
    const elsewhere = await rawServer([HEAD, wire.from(3), 'close']);
    servers.push(elsewhere);
    const third = wire.whole.length - wire.from(3).length;
    const points: unknown[] = [];
    const { events, server } = await ask(
      {
        dialect: openAiChat,
        apiKey: 'secret-key',
        resumeRequest: ({ request: { url, body }, first, last, lastEventId }) => {
          points.push([new URL(url).pathname, JSON.parse(body).model, JSON.parse(first.data).id, last.data.length > 0, lastEventId]);
          return { url: `${elsewhere.origin}/rest?of=1`, method: 'GET', headers: { 'x-mine': 'yes' } };
        },
      },
      [HEAD, wire.whole.slice(0, third), 'reset'],
    );
    expect(textOf(events)).toBe('I look. Grüße 🌍');
    expect(points).toEqual([['/v1/chat/completions', 'm', 'resp_1', true, undefined]]);
    expect(server.exchanges[0]?.headers.authorization).toBe('Bearer secret-key');
    expect(elsewhere.exchanges[0]).toMatchObject({ method: 'GET', path: '/rest?of=1', headers: { 'x-mine': 'yes' } });
    expect(JSON.stringify(elsewhere.exchanges[0]?.headers)).not.toContain('secret-key');
  });

  it('raises what it throws', async () => {
    const own = new Error('own');
    const { error } = await ask(
      {
        dialect: openAiChat,
        resumeRequest: () => {
          throw own;
        },
      },
      cutAt(wire.whole, 700),
    );
    expect(error).toMatchObject({ name: 'InterruptedError', cause: own });
  });

  it('sends nothing more after unsubscribing in the wait, nor when the answer is over', async () => {
    const server = await rawServer(cutAt(wire.whole, 700));
    servers.push(server);
    const retry = { baseDelayMs: 60_000, maxDelayMs: 60_000, random: () => 1 };
    const model = httpModel({ url: server.origin, model: 'm', dialect: openAiChat, resumeRequest: () => ({}), retry });
    await new Promise<void>((resolve) => {
      const subscription = model(request).subscribe((event) => {
        if (event.type !== 'diagnostic') return;
        setTimeout(() => {
          subscription.unsubscribe();
          resolve();
        });
      });
    });
    const answer = new AbortController();
    const error = await new Promise<unknown>((resolve) => {
      model(request, answer.signal).subscribe({ next: (event) => event.type === 'diagnostic' && answer.abort(), error: resolve });
    });
    expect(error).toBeInstanceOf(InterruptedError);
    expect(server.exchanges).toHaveLength(2);
  });
});

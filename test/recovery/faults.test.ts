import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import { firstValueFrom, tap } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AnswerEvent,
  anthropicMessages,
  type HttpModelOptions,
  httpModel,
  isToolstreamError,
  openAiChat,
  type RetryPolicy,
  streamAnswer,
  TimeoutError,
  type ToolstreamError,
  withRetry,
} from '../../src/index.ts';
import { faults } from '../rounds/events.ts';
import { figure } from '../support/figures.ts';
import { handles, leftBeyond } from '../support/handles.ts';
import { inLanes } from '../support/lanes.ts';
import { chunkOf, head, LAST_CHUNK, type RawServer, rawServer, type Script, type Step, trickle } from '../support/raw-server.ts';
import {
  Effects,
  type RecordedAnswer,
  recordedAnswer,
  response,
  textThatStands,
  textWithin,
  unsettled,
} from '../support/recorded-answer.ts';
import { settled } from '../support/settled.ts';
import { hasShared } from '../support/shared.ts';

const servers: RawServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

/** A server whose scripts are followed for the first round; the second, with the results, says `Done.` */
async function serving(
  recorded: RecordedAnswer,
  script: (exchange: Parameters<Extract<Script, (...args: never[]) => unknown>>[0]) => readonly Step[],
) {
  const done = response(recorded.dialect, ['Done.']);
  const server = await rawServer((exchange) =>
    /"tool_result"|"role":"tool"/.test(exchange.body) ? [Buffer.concat([Buffer.from(CLOSING), done]), 'close'] : script(exchange),
  );
  servers.push(server);
  return server;
}

const CLOSING = head(200, { 'content-type': 'text/event-stream', connection: 'close' });

interface Asked extends Pick<HttpModelOptions, 'timeouts' | 'headers'> {
  readonly retry?: RetryPolicy;
  /** Told of each event. */
  readonly watched?: (event: AnswerEvent) => void;
}

/** One answer, with tools, and what is true of each whatever happened to it. */
async function ask(recorded: RecordedAnswer, { origin }: Pick<RawServer, 'origin'>, { retry, watched = () => {}, ...options }: Asked = {}) {
  const effects = new Effects(recorded);
  const http = httpModel({ dialect: recorded.dialect, url: origin, model: 'm', retry: { maxTries: 1 }, ...options });
  const model = retry ? withRetry(http, { baseDelayMs: 0, ...retry }) : http;
  const request = { messages: [{ role: 'user' as const, content: 'go' }] };
  const { events, error } = await settled<AnswerEvent>(streamAnswer({ model, request, tools: effects.tools }).pipe(tap(watched)));
  const text = textThatStands(events);
  const end = events.find((event) => event.type === 'answer-end');
  const partial = isToolstreamError(error) ? error.partial : undefined;
  const broken = {
    untyped: error === undefined || isToolstreamError(error) ? undefined : error,
    endings: (end ? 1 : 0) + (error ? 1 : 0),
    unwanted: effects.unwanted,
    unsettled: unsettled(events),
    lostWithTheError: partial && partial.text !== text ? [partial.text, text] : undefined,
    history: faults(end?.messages ?? partial?.messages ?? []),
  };
  tally.answers++;
  tally.effectsNobodyAskedFor += broken.unwanted.length;
  tally.callsWithoutOneResult += broken.unsettled.length;
  tally.errorsThatLostText += broken.lostWithTheError ? 1 : 0;
  expect(broken).toEqual({
    ...broken,
    untyped: undefined,
    endings: 1,
    unwanted: [],
    unsettled: [],
    lostWithTheError: undefined,
    history: [],
  });
  return {
    events,
    error: error as ToolstreamError | undefined,
    text,
    effects,
    ended: error ? (error as ToolstreamError).code : 'answered',
  };
}

/** Of all answers of one test. */
const tally = { answers: 0, effectsNobodyAskedFor: 0, callsWithoutOneResult: 0, errorsThatLostText: 0 };
beforeEach(() => {
  for (const key of Object.keys(tally) as Array<keyof typeof tally>) tally[key] = 0;
});

/** Waits until each connection that carried a request is left, then for sockets and timers to be as before; gives the number of connections. */
async function released(server: RawServer, before: Record<string, number>): Promise<number> {
  const { length } = await Promise.all(server.exchanges.map(({ left }) => left));
  await server.close();
  expect(await leftBeyond(before)).toEqual({});
  return length;
}

const count = (counts: Record<string, number>, what: string) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

const RECORDED = {
  'anthropic-messages': () =>
    recordedAnswer(anthropicMessages, 'anthropic/anthropic-call-with-tools-anthropic-claude-sonnet-4-0-stream.sse'),
  'openai-chat': () => recordedAnswer(openAiChat, 'openai-chat/mistral-agent-tool-sessions-parallel-tool-calls-single-turn-streaming.sse'),
} as const;

describe.skipIf(!hasShared).each(Object.entries(RECORDED))('a recorded %s answer', (name, read) => {
  const recorded = hasShared ? read() : (undefined as never);
  const HEAD = Buffer.from(
    head(200, { 'content-type': 'text/event-stream', 'content-length': recorded?.bytes.length ?? 0, connection: 'close' }),
  );
  const wire = Buffer.concat([HEAD, recorded?.bytes ?? HEAD]);
  const everyByte = Array.from(wire, (_, at) => at);
  const cutOf = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) => Number(headers['x-cut']);

  it.each(['reset', 'close'] as const)(
    'law: %s at any byte: nothing before it is lost, nothing that was cut runs',
    { timeout: 240_000 },
    async (how) => {
      const before = handles();
      const ends: Record<string, number> = {};
      const server = await serving(recorded, (exchange) => [wire.subarray(0, cutOf(exchange)), how]);
      let effects = 0;
      // Either end of a connection is the same to the library; every byte for one of them will do.
      const places = everyByte.filter((at) => how === 'reset' || at % 5 === 0);
      await inLanes(places, async (at) => {
        const answer = await ask(recorded, server, { headers: { 'x-cut': String(at) } });
        count(ends, answer.ended);
        effects += answer.effects.seen.length;
        const came = at - HEAD.length;
        const words = answer.text.replace(/Done\.$/, '');
        const known = textWithin(recorded, came);
        expect({ at, kept: words.startsWith(known), real: recorded.text.startsWith(words) }).toEqual({ at, kept: true, real: true });
        if (answer.ended === 'answered')
          expect({ at, ...answer.effects, complete: answer.effects.complete }).toMatchObject({ at, complete: true });
      });
      const connectionsReleased = await released(server, before);
      figure(`cut-at-every-byte-${name}-${how}`, { places: places.length, ends, effects, ...tally, connectionsReleased });
    },
  );

  it('law: reset at any byte and asked again, it is whole, and each effect happened once', { timeout: 240_000 }, async () => {
    const before = handles();
    const tries = new Map<number, number>();
    let restarted = 0;
    // Three requests each: every byte in CI.
    const places = everyByte.filter((at) => process.env.CI || at % 3 === 0);
    const server = await serving(recorded, (exchange) => {
      const at = cutOf(exchange);
      tries.set(at, (tries.get(at) ?? 0) + 1);
      return tries.get(at) === 1 ? [wire.subarray(0, at), 'reset'] : [wire, 'close'];
    });
    await inLanes(places, async (at) => {
      const answer = await ask(recorded, server, { headers: { 'x-cut': String(at) }, retry: { afterEvents: 'restart' } });
      expect({ at, error: answer.error, text: answer.text, complete: answer.effects.complete }).toEqual({
        at,
        error: undefined,
        text: `${recorded.text}Done.`,
        complete: true,
      });
      if (answer.events.some(({ type }) => type === 'round-restarted')) restarted++;
    });
    const connectionsReleased = await released(server, before);
    expect(restarted).toBeGreaterThan(places.length / 2);
    figure(`restarted-at-every-byte-${name}`, { places: places.length, restarted, ...tally, connectionsReleased });
  });

  const events = () => recorded.ends.map((end, i) => recorded.bytes.subarray(recorded.ends[i - 1] ?? 0, end));
  const CHUNKED = head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' });

  it('stalls after any event: what came is there, with an error that says so, and the connection is left', async () => {
    const before = handles();
    const ends: Record<string, number> = {};
    const server = await serving(recorded, (exchange) => [wire.subarray(0, cutOf(exchange)), 'hold']);
    const places = [0, ...recorded.ends].map((end) => end + HEAD.length);
    await inLanes(places, async (at) => {
      const timeouts = { idleMs: 2_000, firstEventMs: 2_000 };
      const answer = await ask(recorded, server, { headers: { 'x-cut': String(at) }, timeouts });
      count(ends, answer.ended);
      const words = textWithin(recorded, at - HEAD.length);
      expect({ at, text: answer.text }).toEqual({ at, text: answer.error ? words : `${recorded.text}Done.` });
      if (answer.error) expect(answer.error.code === 'timeout' ? answer.error : answer.error.cause).toBeInstanceOf(TimeoutError);
    });
    const connectionsReleased = await released(server, before);
    expect(ends.answered).toBe(2);
    figure(`stalls-${name}`, { places: places.length, ends, ...tally, connectionsReleased });
  });

  it('trickles in byte by byte, each in a chunk of its own: the same answer', async () => {
    const whole = await serving(recorded, () => [wire, 'close']);
    const slow = await serving(recorded, () => [
      CHUNKED,
      ...trickle(recorded.bytes).map((byte) => chunkOf(byte as Uint8Array)),
      LAST_CHUNK,
    ]);
    const [expected, came] = [await ask(recorded, whole), await ask(recorded, slow)];
    const shape = ({ events: all }: typeof came) =>
      all.map((event) => JSON.stringify({ ...event, durationMs: 0 })).filter((event) => !/"tool-(started|result)"/.test(event));
    expect(shape(came)).toEqual(shape(expected));
    expect([came.ended, came.effects.complete]).toEqual(['answered', true]);
  });

  it('has any one of its events twice: nothing runs that was not asked for, each call has one result', async () => {
    const ends: Record<string, number> = {};
    const server = await serving(recorded, (exchange) => {
      const all = events();
      const twice = cutOf(exchange);
      return [CHUNKED, ...[...all.slice(0, twice + 1), ...all.slice(twice)].map(chunkOf), LAST_CHUNK];
    });
    await inLanes(Array.from(events().keys()), async (twice) => {
      const answer = await ask(recorded, server, { headers: { 'x-cut': String(twice) } });
      count(ends, answer.ended);
    });
    figure(`event-twice-${name}`, { places: recorded.ends.length, ends, ...tally });
  });

  const part = recorded?.bytes.subarray(0, recorded.ends.at(Math.floor(recorded.ends.length / 2) - 1)) ?? wire;
  it.each<[string, readonly Step[]]>([
    ['the connection closes between two chunks', [CHUNKED, chunkOf(part), 'close']],
    ['the connection closes within a chunk', [CHUNKED, 'fff\r\n', part, 'close']],
    ['the connection closes within a chunk’s size', [CHUNKED, chunkOf(part), '1f', 'close']],
    ['a chunk’s size is no number', [CHUNKED, chunkOf(part), 'zz\r\n', recorded?.bytes ?? '', 'close']],
    ['a chunk is longer than its size', [CHUNKED, chunkOf(part), '3\r\ndata: {}\r\n', 'close']],
    ['the last chunk comes too early', [CHUNKED, chunkOf(part), LAST_CHUNK]],
    [
      'the content length is too small',
      [head(200, { 'content-type': 'text/event-stream', 'content-length': part.length }), recorded?.bytes ?? ''],
    ],
    ['the content length is too large', [head(200, { 'content-type': 'text/event-stream', 'content-length': 99_999 }), part, 'close']],
    ['the body ends by half of the connection closing, and the server goes on listening', [CLOSING, part, 'close']],
  ])('breaks where %s: what came is there, and the next answer is whole', async (_, script) => {
    let asked = 0;
    const server = await serving(recorded, () => (asked++ === 0 ? script : [wire, 'close']));
    const broken = await ask(recorded, server);
    expect([broken.ended, broken.text]).toEqual(['interrupted', textWithin(recorded, part.length)]);
    const next = await ask(recorded, server);
    expect([next.ended, next.text, next.effects.complete]).toEqual(['answered', `${recorded.text}Done.`, true]);
    await Promise.all(server.exchanges.slice(0, 1).map(({ left }) => left));
  });

  it('is whole though more was promised: a content length that is too large breaks off after the last word', async () => {
    const tooLarge = head(200, { 'content-type': 'text/event-stream', 'content-length': 99_999 });
    const server = await serving(recorded, () => [tooLarge, recorded.bytes, 'close']);
    const { ended, effects } = await ask(recorded, server);
    expect([ended, effects.complete]).toEqual(['answered', true]);
  });

  it.each(['gzip', 'br', 'deflate'] as const)(
    'comes compressed (%s): each event at once; cut within, what came before is there',
    async (coding) => {
      const pieces = await compressed(coding, events());
      const HEAD_OF = head(200, { 'content-type': 'text/event-stream', 'content-encoding': coding, connection: 'close' });
      // The server says an event only when the text of those before it has reached the subscriber.
      let said = '';
      let heard: () => void = () => {};
      const hears = (words: string) =>
        new Promise<void>((resolve) => {
          heard = () => said.length >= words.length && resolve();
          heard();
        });
      const steps = pieces.flatMap((piece, i): Step[] => [piece, async () => hears(textWithin(recorded, recorded.ends[i] ?? 0))]);
      const server = await serving(recorded, () => [HEAD_OF, ...steps, 'close']);
      const watched = (event: AnswerEvent) => {
        if (event.type === 'text-delta') said += event.text;
        heard();
      };
      const { ended, text, effects } = await ask(recorded, server, { watched });
      expect([ended, text, effects.complete]).toEqual(['answered', `${recorded.text}Done.`, true]);

      const all = Buffer.concat(pieces);
      const ends: Record<string, number> = {};
      const cutting = await serving(recorded, (exchange) => [
        Buffer.concat([Buffer.from(HEAD_OF), all.subarray(0, cutOf(exchange))]),
        'close',
      ]);
      const places = Array.from({ length: Math.ceil(all.length / 7) }, (_, i) => i * 7);
      await inLanes(places, async (at) => {
        const answer = await ask(recorded, cutting, { headers: { 'x-cut': String(at) } });
        count(ends, answer.ended);
        let length = 0;
        const whole = pieces.filter((piece) => {
          length += piece.length;
          return length <= at;
        }).length;
        const known = textWithin(recorded, recorded.ends[whole - 1] ?? 0);
        expect({ at, kept: answer.text.startsWith(known) }).toEqual({ at, kept: true });
      });
      figure(`compressed-${coding}-cut-${name}`, { places: places.length, ends, ...tally });
    },
  );

  it('is left in the middle: the next one comes over another connection, and is whole', async () => {
    let asked = 0;
    const server = await serving(recorded, () => (asked++ === 0 ? [CHUNKED, chunkOf(part), 'hold'] : [wire]));
    const http = httpModel({ dialect: recorded.dialect, url: server.origin, model: 'm' });
    await firstValueFrom(http({ messages: [{ role: 'user', content: 'go' }] }));
    const { ended, effects } = await ask(recorded, server);
    expect([ended, effects.complete, server.exchanges.map(({ connection }) => connection).slice(0, 2)]).toEqual(['answered', true, [1, 2]]);
    expect(await server.exchanges[0]?.left).toBe(true);
  });
});

/** The pieces in which a server that flushes after each event sends them. */
async function compressed(coding: 'gzip' | 'br' | 'deflate', events: readonly Uint8Array[]): Promise<Buffer[]> {
  const stream = coding === 'gzip' ? createGzip() : coding === 'br' ? createBrotliCompress() : createDeflate();
  const kind = coding === 'br' ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH;
  const pieces: Buffer[] = [];
  for (const event of events) {
    stream.write(event);
    await new Promise<void>((resolve) => stream.flush(kind, resolve));
    pieces.push(stream.read() as Buffer);
  }
  stream.end();
  await new Promise((resolve) => stream.once('readable', resolve));
  pieces.push((stream.read() as Buffer | null) ?? Buffer.alloc(0));
  return pieces;
}

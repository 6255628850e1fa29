import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { InterruptedError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { openAiChatBytes, splitBytes } from '../../src/testing/index.ts';
import { figure } from '../support/figures.ts';
import { moreThan } from '../support/reach.ts';
import { recordedBytes, recordings } from '../support/shared.ts';
import { bytesOf, coverage, type DrawnAnswer, drawnAnswer, errorFacts, read, runs, said, textOf } from './support.ts';

/** What a network or a server may do to bytes. */
const spoiling = fc.oneof(
  fc.record({ how: fc.constant('leave' as const) }),
  fc.record({ how: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ how: fc.constant('overwrite' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({
    how: fc.constant('insert' as const),
    at: fc.nat(),
    text: fc.constantFrom(
      '\n\nerror: overloaded\n\n',
      '\n\ndata: {"error":{"message":"no"}}\n\n',
      '\ufeff',
      '\n\n',
      '\n\ndata: nonsense\n\n',
      '\0',
    ),
  }),
);

function spoil(bytes: Uint8Array, spoilt: typeof spoiling extends fc.Arbitrary<infer S> ? S : never): Uint8Array {
  if (spoilt.how === 'leave') return bytes;
  const at = spoilt.at % (bytes.length + 1);
  if (spoilt.how === 'cut') return bytes.slice(0, at);
  if (spoilt.how === 'overwrite') return bytes.map((old, i) => (i === at ? spoilt.byte : old));
  return Uint8Array.of(...bytes.slice(0, at), ...new TextEncoder().encode(spoilt.text), ...bytes.slice(at));
}

describe('law: any split of the bytes gives the same events and the same error', () => {
  const met = coverage(
    'splits',
    'round-start',
    'text-delta',
    'reasoning-delta',
    'tool-call-start',
    'tool-call-delta',
    'finish-reason',
    'usage',
    'round-end',
    'tool-call',
  );

  it('of whole answers, and of spoilt ones', () => {
    const errors = new Map<string, number>();
    const split = fc.oneof(
      fc.constantFrom('whole' as const, 'single' as const),
      fc.record({ seed: fc.nat(), longest: fc.integer({ min: 1, max: 64 }) }),
    );
    fc.assert(
      fc.property(
        drawnAnswer(),
        spoiling,
        split,
        fc.constantFrom('error' as const, 'skip' as const),
        (answer, spoilt, how, onMalformed) => {
          const bytes = spoil(bytesOf(answer), spoilt);
          const whole = read([bytes], { onMalformed });
          const pieces = read(splitBytes(bytes, how), { onMalformed });
          expect(pieces.events).toEqual(whole.events);
          expect(errorFacts(pieces.error)).toEqual(errorFacts(whole.error));
          expect(pieces.completed).toBe(whole.completed);
          met(pieces.events);
          const name = whole.error instanceof Error ? whole.error.name : 'none';
          errors.set(name, (errors.get(name) ?? 0) + 1);
        },
      ),
      runs(120),
    );
    figure('law-any-split-of-what-is-spoilt', { ends: Object.fromEntries(errors) });
    for (const name of ['none', 'InterruptedError', 'MalformedFrameError', 'ProviderError'])
      expect(errors.get(name), name).toBeGreaterThan(0);
  });

  it.skipIf(recordings('openai-chat').length === 0)('of every recording', () => {
    for (const recording of recordings('openai-chat')) {
      const bytes = recordedBytes(recording);
      const whole = read([bytes]);
      for (const split of ['single', { seed: 1 }, { seed: 2, longest: 3 }] as const) {
        const { events, error } = read(splitBytes(bytes, split));
        expect(events, recording.file).toEqual(whole.events);
        expect(errorFacts(error), recording.file).toEqual(errorFacts(whole.error));
      }
    }
  });
});

describe('law: a prefix of the bytes before the finish reason gives a prefix of the events, then settling events, then one InterruptedError', () => {
  const met = coverage('prefixes', 'round-start', 'text-delta', 'tool-call-start', 'tool-call-delta', 'tool-call');
  const cutAnswer = drawnAnswer().chain((answer) =>
    fc.tuple(fc.constant(answer), fc.nat(), fc.constantFrom('error' as const, 'skip' as const)),
  );

  it('when the body just ends', () => {
    fc.assert(
      fc.property(cutAnswer, ([answer, cut, onMalformed]) => {
        const bytes = bytesOf(answer).slice(0, cut % (finishAt(answer) + 1));
        const { events, error } = read([bytes], { onMalformed });
        expectPrefix(events, read([bytesOf(answer)]).events);
        expect(error).toBeInstanceOf(InterruptedError);
        expectPartial(error as InterruptedError, events);
        met(events);
      }),
      runs(120),
    );
  });

  it('when the connection breaks', () => {
    const reset = new Error('connection reset');
    fc.assert(
      fc.property(cutAnswer, ([answer, cut, onMalformed]) => {
        const bytes = bytesOf(answer).slice(0, cut % (finishAt(answer) + 1));
        const { events, error } = read([bytes], { onMalformed, thenError: reset });
        expectPrefix(events, read([bytesOf(answer)]).events);
        // Before the first event there is no answer to interrupt: the connection's own error says more.
        if (events.length === 0 && error === reset) return;
        expect(error).toBeInstanceOf(InterruptedError);
        expect((error as InterruptedError).cause).toBe(reset);
        expectPartial(error as InterruptedError, events);
      }),
      runs(120),
    );
  });

  it('at every single byte of one answer', () => {
    const [answer] = fc.sample(drawnAnswer(), { numRuns: 1, seed: 7 }) as [DrawnAnswer];
    const whole = read([bytesOf(answer)]).events;
    for (let length = 0; length <= finishAt(answer); length++) {
      const { events, error } = read([bytesOf(answer).slice(0, length)]);
      expectPrefix(events, whole);
      expect(error, `after ${length} bytes`).toBeInstanceOf(InterruptedError);
    }
  });

  it.skipIf(recordings('openai-chat').length === 0)('of every recording, cut at sampled bytes and round the edges of frames', () => {
    const reset = new Error('connection reset');
    let cuts = 0;
    for (const recording of recordings('openai-chat')) {
      const bytes = recordedBytes(recording);
      const { events: whole } = read([bytes]);
      const edges = edgesBeforeFinish(bytes);
      const last = edges.at(-1) ?? 0;
      const sampled = fc.sample(fc.nat(last), { numRuns: 20, seed: last });
      const near = [1, 2, edges.length - 2, edges.length - 1].flatMap((i) => [-1, 0, 1].map((by) => (edges[i] ?? 0) + by));
      for (const at of [...sampled, ...near].filter((offset) => offset >= 0 && offset <= last)) {
        const onMalformed = at % 2 === 0 ? 'error' : 'skip';
        for (const thenError of [undefined, reset]) {
          const { events, error } = read([bytes.slice(0, at)], { onMalformed, ...(thenError && { thenError }) });
          expectPrefix(events, whole);
          if (events.length === 0 && thenError) continue;
          expect(error, `${recording.file} after ${at} bytes`).toBeInstanceOf(InterruptedError);
          expectPartial(error as InterruptedError, events);
        }
        cuts++;
      }
    }
    figure('law-recordings-cut', { recordings: recordings('openai-chat').length, places: cuts });
    expect(cuts).toBeGreaterThan(1000);
  });

  /** Where the frames of a body end, before the one that says how the model or the answer ended. */
  function edgesBeforeFinish(bytes: Uint8Array): number[] {
    const edges = [0];
    const [parser, decoder] = [sseParser(), openAiChat.decoder()];
    let over = false;
    const end = () => {
      over = true;
    };
    const finishes = ({ type }: ModelEvent) => type === 'finish-reason' || type === 'round-end';
    const events = { enqueue: (event: ModelEvent) => finishes(event) && end(), error: end, terminate: end };
    for (let at = 0; at < bytes.length && !over; at++) {
      const frames: Frame[] = [];
      parser.transform(bytes.subarray(at, at + 1), { enqueue: (frame) => frames.push(frame), error: end, terminate: end });
      for (const frame of frames) decoder.transform(frame, events);
      if (frames.length > 0 && !over) edges.push(at + 1);
    }
    return edges;
  }

  /** Where the frame with the finish reason begins: only before it is a cut an interruption for sure. */
  function finishAt({ round, style }: DrawnAnswer): number {
    return openAiChatBytes(
      round.slice(
        0,
        round.findIndex((event) => event.type === 'finish-reason'),
      ),
      style,
    ).length;
  }

  function expectPrefix(events: readonly (ModelEvent | ToolCall)[], whole: readonly (ModelEvent | ToolCall)[]): void {
    let same = 0;
    while (same < events.length && sameEvent(events[same], whole[same])) same++;
    let starts = 0;
    for (const event of events.slice(same)) {
      expect(['tool-call', 'tool-call-start', 'tool-call-delta', 'diagnostic']).toContain(event.type);
      if (event.type === 'tool-call-start') starts++;
      if (event.type !== 'tool-call' || event.arguments._tag === 'Left') continue;
      // Right only for a call that was whole, and after which another had begun: its start was held back for its name.
      expect(starts, 'a call that was cut short').toBeGreaterThan(0);
      const { argumentsText: _, ...rest } = event;
      expect(whole).toContainEqual(expect.objectContaining(rest));
    }
    const begun = events.filter((event) => event.type === 'tool-call-start').map((event) => event.callId);
    const settled = events.filter((event) => event.type === 'tool-call').map((event) => event.callId);
    expect(settled.sort(), 'one tool-call for each that began').toEqual(begun.sort());
  }

  function expectPartial(error: InterruptedError, events: readonly (ModelEvent | ToolCall)[]): void {
    expect(error.partial.text).toBe(textOf(events.filter((event) => !event.choice)));
    expect(error.partial.toolCalls).toEqual(events.filter((event) => event.type === 'tool-call'));
  }
});

describe('law: decode after encode is the identity, adjacent deltas joined', () => {
  const met = coverage(
    'codec',
    'round-start',
    'text-delta',
    'reasoning-delta',
    'tool-call-start',
    'tool-call-delta',
    'finish-reason',
    'usage',
    'round-end',
    'diagnostic',
  );

  it('on every drawn round, in every style that can be told apart', () => {
    const styles = new Set<string>();
    fc.assert(
      fc.property(drawnAnswer(), ({ round, style }) => {
        const { events, completed } = read([openAiChatBytes(round, style)]);
        expect(completed).toBe(true);
        expect(said(events)).toEqual(said(round));
        const drawnCalls = round.filter((event) => event.type === 'tool-call-start');
        const readCalls = events.filter((event) => event.type === 'tool-call-start');
        // A call starts with the first of its arguments, so that interleaved calls may start in another order.
        readCalls.sort((a, b) => a.index - b.index);
        if (style.ids === 'none') expect(readCalls.map((call) => call.name)).toEqual(drawnCalls.map((call) => call.name));
        else expect(readCalls).toEqual(drawnCalls);
        for (const type of ['round-start', 'finish-reason', 'usage'] as const) {
          expect(events.filter((event) => event.type === type)).toEqual(round.filter((event) => event.type === type));
        }
        const [drawnEnd, readEnd] = [round.at(-1), events.at(-1)];
        if (drawnEnd?.type !== 'round-end' || readEnd?.type !== 'round-end') throw new Error('a round ends with round-end');
        const { native, ...message } = readEnd.message;
        expect(native?.dialect).toBe('openai-chat');
        const withoutIds = (from: typeof message) => ({
          ...from,
          toolCalls: from.toolCalls?.map(({ name, argumentsText }) => ({ name, argumentsText })),
        });
        expect(withoutIds(message)).toEqual(withoutIds(drawnEnd.message));
        expect([readEnd.reason, readEnd.usage]).toEqual([drawnEnd.reason, drawnEnd.usage]);
        met(events);
        styles.add(`${style.ids}/${style.indexes}`);
      }),
      runs(600),
    );
    console.info(`codec: styles of ids/indexes met: ${[...styles].sort().join(' ')}`);
    expect(styles.size).toBeGreaterThan(moreThan(8));
  });
});

function sameEvent(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

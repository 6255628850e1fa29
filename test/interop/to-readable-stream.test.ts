import { interval, map, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { LimitError } from '../../src/errors.ts';
import { toAsyncIterable } from '../../src/interop/to-async-iterable.ts';
import { toReadableStream } from '../../src/interop/to-readable-stream.ts';
import type { Gate } from '../../src/models/gate.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { DONE, drained, FINISH, LAST_CHUNK, type RawServer, rawServer, STREAM_HEAD, type Step, text } from '../support/raw-server.ts';

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

async function drain<T>(values: AsyncIterable<T>): Promise<{ values: T[]; error?: unknown }> {
  const seen: T[] = [];
  try {
    for await (const value of values) seen.push(value);
    return { values: seen };
  } catch (error) {
    return { values: seen, error };
  }
}

/** Both forms promise the same. */
const forms = [
  ['toReadableStream', <T>(source: (gate: Gate) => Observable<T>, options?: object): AsyncIterable<T> => toReadableStream(source, options)],
  ['toAsyncIterable', toAsyncIterable],
] as const;

describe.each(forms)('%s', (_, pullable) => {
  it('reads every event in order, then the end', async () => {
    expect(await drain(pullable(() => of('a', 'b', 'c')))).toEqual({ values: ['a', 'b', 'c'] });
  });

  it('subscribes at the first read and not before', async () => {
    const source = vi.fn(() => of('a'));
    const values = pullable(source);
    await settled();
    expect(source).not.toHaveBeenCalled();
    await drain(values);
    expect(source).toHaveBeenCalledOnce();
  });

  it('raises an error after all events before it have been read', async () => {
    const error = new Error('cut');
    const source = new Observable<number>((subscriber) => {
      for (let n = 0; n < 100; n++) subscriber.next(n);
      subscriber.error(error);
    });
    const read = await drain(pullable(() => source));
    expect(read.values.length).toBe(100);
    expect(read.error).toBe(error);
  });

  it('raises what making the events throws', async () => {
    const error = new TypeError('no such model');
    const source = () => {
      throw error;
    };
    expect(await drain(pullable(source))).toEqual({ values: [], error });
    expect(await drain(pullable(() => throwError(() => error)))).toEqual({ values: [], error });
  });

  it('unsubscribes when the reader leaves early', async () => {
    const stopped = vi.fn();
    const source = new Observable<number>((subscriber) => {
      const subscription = interval(1).subscribe(subscriber);
      return () => {
        stopped();
        subscription.unsubscribe();
      };
    });
    for await (const n of pullable(() => source)) if (n === 2) break;
    expect(stopped).toHaveBeenCalledOnce();
  });

  it('closes the gate while its queue is full, and opens it when one more can be taken', async () => {
    const events$ = new Subject<number>();
    let gate: Gate | undefined;
    const read = pullable(
      (given) => {
        gate = given;
        return events$;
      },
      { highWaterMark: 2 },
    )[Symbol.asyncIterator]();
    const first = read.next();
    await settled();
    events$.next(0);
    expect([(await first).value, gate?.open]).toEqual([0, true]);
    events$.next(1);
    expect(gate?.open).toBe(true);
    events$.next(2);
    expect(gate?.open).toBe(false);
    const opened = vi.fn();
    void gate?.opened().then(opened);
    await settled();
    expect(opened).not.toHaveBeenCalled();
    expect((await read.next()).value).toBe(1);
    await settled();
    expect([opened.mock.calls.length, gate?.open]).toEqual([1, true]);
    await read.return?.();
  });

  it('opens the gate when the reader leaves, so that nothing waits for it', async () => {
    let opened: Promise<void> | undefined;
    const source = (gate: Gate) =>
      new Observable<number>((subscriber) => {
        for (let n = 0; !subscriber.closed && gate.open; n++) subscriber.next(n);
        opened = gate.opened();
      });
    for await (const _ of pullable(source)) break;
    await opened;
    expect(opened).toBeInstanceOf(Promise);
  });

  it('errors when a source that heeds no gate runs too far ahead, and stops it', async () => {
    let made = 0;
    const firehose = new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(made++);
    });
    const { values, error } = await drain(pullable(() => firehose, { highWaterMark: 2, maxQueued: 50 }));
    expect(values.length).toBeGreaterThanOrEqual(50);
    expect(made).toBeLessThan(60);
    expect(error).toBeInstanceOf(LimitError);
    expect((error as LimitError).message).toContain('Hand the gate to `httpModel`');
  });

  it('throws where a number makes no sense', () => {
    expect(() => pullable(() => NEVER, { highWaterMark: 0 })[Symbol.asyncIterator]()).toThrow(
      '`highWaterMark` is a number of events from 1',
    );
    expect(() => pullable(() => NEVER, { maxQueued: 2 })[Symbol.asyncIterator]()).toThrow('`maxQueued` is at least `highWaterMark`');
  });
});

describe('toAsyncIterable', () => {
  it('subscribes anew for each loop', async () => {
    const source = vi.fn(() => of('a'));
    const values = toAsyncIterable(source);
    await drain(values);
    await drain(values);
    expect(source).toHaveBeenCalledTimes(2);
  });

  it('answers steps that are asked for together in order', async () => {
    const iterator = toAsyncIterable(() => of(1, 2))[Symbol.asyncIterator]();
    const steps = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
    expect(steps.map(({ value, done }) => [value, done])).toEqual([
      [1, false],
      [2, false],
      [undefined, true],
      [undefined, true],
    ]);
  });
});

describe('backpressure, over real HTTP', () => {
  let server: RawServer;
  afterEach(() => server?.close());

  const WORD = 'x'.repeat(200);
  const WORDS = 100_000;

  /** Writes as fast as the socket takes it, and counts. */
  function fastServer() {
    const counted = { bytes: 0, words: 0 };
    const flood: Step = async (socket) => {
      const line = text(WORD).repeat(10);
      while (counted.words < WORDS && !socket.destroyed) {
        counted.words += 10;
        counted.bytes += line.length;
        if (!socket.write(line)) await drained(socket);
      }
    };
    return { counted, script: [STREAM_HEAD, flood, FINISH, DONE, LAST_CHUNK] };
  }

  it.each(forms)(
    'stops a fast server while a slow reader is full, then reads everything (%s; issue vercel/ai#16753, BEHAVIOURS row 18)',
    async (_, pullable) => {
      const { counted, script } = fastServer();
      server = await rawServer(script);
      const timeouts = { idleMs: 300, totalMs: 10_000 };
      let ahead = 0;
      let words = 0;
      const reader = pullable(
        (gate) =>
          httpModel({ dialect: openAiChat, url: server.origin, model: 'm', gate, timeouts })({ messages: [] }).pipe(
            map((event) => {
              ahead++;
              return event;
            }),
          ),
        { highWaterMark: 16 },
      )[Symbol.asyncIterator]();

      // Slow: a few events, then nothing for longer than the idle limit.
      for (let n = 0; n < 5; n++) if ((await reader.next()).value?.type === 'text-delta') words++;
      await new Promise((resolve) => setTimeout(resolve, 200));
      const held = { ...counted };
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(counted).toEqual(held);
      expect(held.words).toBeLessThan(WORDS / 2);
      // The mark, and what one piece of 4096 bytes holds.
      expect(ahead - 5).toBeLessThanOrEqual(16 + Math.ceil(4096 / text(WORD).length) + 1);
      expect(process.memoryUsage().rss - before).toBeLessThan(16 * 2 ** 20);

      for (;;) {
        const { done, value } = await reader.next();
        if (done) break;
        if (value.type === 'text-delta') words++;
      }
      expect([words, counted.words]).toEqual([WORDS, WORDS]);
    },
  );

  it('reaches the server when the stream is cancelled (issue ag-ui-protocol/ag-ui#2288, BEHAVIOURS row 21)', async () => {
    server = await rawServer([STREAM_HEAD, text('a'), 'hold']);
    const model = httpModel({ dialect: openAiChat, url: server.origin, model: 'm' });
    const reader = toReadableStream(() => model({ messages: [] })).getReader();
    await reader.read();
    await reader.cancel();
    expect(await (await server.exchange(0)).left).toBe(true);
  });
});

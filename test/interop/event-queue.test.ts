import { Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { LimitError } from '../../src/errors.ts';
import { EventQueue, type PullOptions } from '../../src/interop/event-queue.ts';
import type { Gate } from '../../src/models/gate.ts';

const over = { done: true, value: undefined };

/** A queue whose source is pushed by hand, and its gate. */
function byHand(options: PullOptions = {}) {
  const source$ = new Subject<number>();
  const gates: Gate[] = [];
  const queue = new EventQueue<number>((gate) => {
    gates.push(gate);
    return source$;
  }, options);
  const gate = () => gates[0] as Gate;
  const push = (...values: number[]) => values.forEach((value) => void source$.next(value));
  const opens = (after: () => void) => {
    let opened = false;
    const waits = gate()
      .opened()
      .then(() => {
        opened = true;
      });
    const act = () => {
      after();
      return waits;
    };
    return [() => opened, act] as const;
  };
  return { source$, gates, queue, gate, push, opens };
}

describe('EventQueue', () => {
  it('hands on each event once, in order, then the end as often as it is asked', async () => {
    const { queue, push, source$ } = byHand();
    const first = queue.next();
    push(1, 2, 3, 4, 5);
    source$.complete();
    const rest = [await queue.next(), await queue.next(), await queue.next(), await queue.next()];
    expect([await first, ...rest].map(({ value }) => value)).toEqual([1, 2, 3, 4, 5]);
    expect([await queue.next(), await queue.next()]).toEqual([over, over]);
  });

  it('raises an error once, after what came before it, then is over', async () => {
    const failure = new Error('no');
    const { queue, push, source$, gates } = byHand();
    const first = queue.next();
    push(1, 2);
    source$.error(failure);
    push(3);
    expect([(await first).value, (await queue.next()).value]).toEqual([1, 2]);
    await expect(queue.next()).rejects.toBe(failure);
    expect([await queue.next(), await queue.next()]).toEqual([over, over]);
    expect(gates).toHaveLength(1);
  });

  it('asks for the source once, even where it throws or is over at once', async () => {
    let asked = 0;
    const failure = new Error('no');
    const throwing = new EventQueue(() => {
      asked++;
      throw failure;
    });
    await expect(throwing.next()).rejects.toBe(failure);
    expect(await throwing.next()).toEqual(over);
    const failing = new EventQueue(() => {
      asked++;
      return throwError(() => failure);
    });
    await expect(failing.next()).rejects.toBe(failure);
    expect(await failing.next()).toEqual(over);
    expect(asked).toBe(2);
  });

  it('counts what waits, also after some was read', async () => {
    const { queue, push } = byHand();
    const first = queue.next();
    push(1);
    await first;
    expect(queue.size).toBe(0);
    push(2, 3, 4, 5);
    await queue.next();
    expect(queue.size).toBe(3);
    await queue.next();
    await queue.next();
    expect(queue.size).toBe(1);
  });

  it('shuts its gate at the mark and opens it below, and when it is over', async () => {
    const { queue, gate, push, opens, source$ } = byHand({ highWaterMark: 2 });
    const first = queue.next();
    push(0);
    await first;
    push(1);
    expect(gate().open).toBe(true);
    push(2);
    expect(gate().open).toBe(false);
    const [opened, read] = opens(() => void queue.next());
    await Promise.resolve();
    expect(opened()).toBe(false);
    await read();
    expect([opened(), gate().open]).toEqual([true, true]);
    push(3);
    expect(gate().open).toBe(false);
    const [, end] = opens(() => source$.complete());
    await end();
    expect(gate().open).toBe(true);
  });

  it('is over when it is cancelled: the source is left, what waits is forgotten, whoever waits is told', async () => {
    const { queue, gate, push, source$ } = byHand({ highWaterMark: 1 });
    const first = queue.next();
    push(1, 2);
    await first;
    queue.cancel();
    expect(source$.observed).toBe(false);
    expect([queue.size, gate().open]).toEqual([0, true]);
    expect(await queue.next()).toEqual(over);
    const idle = byHand();
    const waits = idle.queue.next();
    idle.queue.cancel();
    expect(await waits).toEqual(over);
    const unread = byHand();
    unread.queue.cancel();
    expect(await unread.queue.next()).toEqual(over);
    expect(unread.gates).toEqual([]);
  });

  it('holds as many as its bound, and ends at one more', async () => {
    const { queue, push, source$ } = byHand({ highWaterMark: 1, maxQueued: 2 });
    const first = queue.next();
    push(0);
    await first;
    push(1, 2);
    expect(source$.observed).toBe(true);
    push(3);
    expect(source$.observed).toBe(false);
    expect([(await queue.next()).value, (await queue.next()).value]).toEqual([1, 2]);
    await expect(queue.next()).rejects.toBeInstanceOf(LimitError);
  });

  it('stops a source that emits without a pause at the bound', async () => {
    let emitted = 0;
    const endless$ = new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(emitted++);
    });
    const queue = new EventQueue(() => endless$, { highWaterMark: 1, maxQueued: 3 });
    expect((await queue.next()).value).toBe(0);
    expect(emitted).toBeLessThan(10);
  });

  it('has bounds from one event on, and holds no fewer than its mark', () => {
    const make = (options: PullOptions) => () => new EventQueue(() => of(1), options);
    expect(make({ highWaterMark: 1, maxQueued: 1 })).not.toThrow();
    for (const highWaterMark of [0, 0.5, Number.NaN]) expect(make({ highWaterMark })).toThrow(RangeError);
    for (const maxQueued of [1, Number.NaN]) expect(make({ highWaterMark: 2, maxQueued })).toThrow(RangeError);
  });
});

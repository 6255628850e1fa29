import { type Observable, takeUntil, tap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { TimeoutError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import { checkedTimeouts, isProgress, type Timeouts, TryClock } from '../../src/models/try-clock.ts';

const values: { [key: string]: ModelEvent } = {
  s: { type: 'round-start' },
  u: { type: 'usage', usage: {}, raw: {} },
  d: { type: 'diagnostic', code: 'x', message: '' },
  t: { type: 'text-delta', text: 'a' },
  c: { type: 'tool-call-delta', callId: 'c', index: 0, text: '{' },
  f: { type: 'finish-reason', reason: 'stop', raw: 'stop' },
  e: { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } },
};

/** Runs events past a clock in virtual milliseconds, one a frame. */
function check(marbles: string, expected: string, kind: TimeoutError['kind'] | undefined, limits: Timeouts, subscribed?: string) {
  new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable, expectSubscriptions }) => {
    const clock = new TryClock(checkedTimeouts(limits));
    const source = cold(marbles, values);
    const timed$: Observable<ModelEvent> = source.pipe(
      takeUntil(clock.limits$),
      tap((event) => clock.saw(event)),
    );
    expectObservable(timed$).toBe(expected, values, kind && expect.objectContaining({ name: 'TimeoutError', kind }));
    if (subscribed) expectSubscriptions(source.subscriptions).toBe(subscribed);
  });
}

const limits = { firstEventMs: 8, idleMs: 4, totalMs: 30 } as const;

describe('TryClock', () => {
  it('raises when the first word does not come', () => {
    check('----------t', '--------#', 'first-event', limits, '^-------!');
  });

  it('takes no framing, token count or diagnostic for the first word', () => {
    check('-s-u-d-u---t', '-s-u-d-u#', 'first-event', limits);
  });

  it('raises when the model falls silent', () => {
    check('-t--t------t', '-t--t---#', 'idle', limits, '^-------!');
  });

  it('lets a slow but steady model speak', () => {
    check('-------t--c--t--t--(ef|)', '-------t--c--t--t--(ef|)', undefined, limits);
  });

  it('takes no heartbeat for progress (issue anomalyco/opencode#37580, BEHAVIOURS row 14)', () => {
    check('-tu-u-u-u-u-u-t', '-tu-u#', 'idle', limits);
  });

  it('bounds the whole try however lively it is', () => {
    check('t-t-t-t-t--t-t-t', 't-t-t-t-t-#', 'total', { ...limits, totalMs: 10 });
  });

  it('counts nothing after the end of the round', () => {
    check('-t-f-e------------------------------------|', '-t-f-e------------------------------------|', undefined, limits);
  });

  it('goes on counting after the finish reason', () => {
    check('-t-f-----|', '-t-f---#', 'idle', limits);
  });

  it('knows no limit that is Infinity', () => {
    const none = { firstEventMs: Infinity, idleMs: Infinity, totalMs: Infinity };
    check('100s t 9999s t|', '100s t 9999s t|', undefined, none);
  });

  it('counts limits that are longer than any timer', () => {
    check('- 2000000s t--|', '- 2000000s t--|', undefined, { firstEventMs: 2 ** 33, idleMs: Infinity, totalMs: Infinity });
    check('- 200000000s t', '100000000s #', 'first-event', { firstEventMs: 1e11, idleMs: Infinity, totalMs: Infinity });
  });

  it('stands still while the reader holds the network back', () => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable }) => {
      const clock = new TryClock(checkedTimeouts({ firstEventMs: 8, idleMs: 4, totalMs: 10 }));
      // A gate with synchronous thenables: virtual time waits for no promise.
      const waiting: Array<() => void> = [];
      // biome-ignore lint/suspicious/noThenProperty: the thenable is the point.
      const opened = () => ({ then: (done: () => void) => waiting.push(done) }) as unknown as Promise<void>;
      const gate = clock.watch({ open: false, opened });
      const held$ = cold('--h-----------g').pipe(
        tap((step) => (step === 'h' ? void gate.opened() : waiting.forEach((done) => void done()))),
      );
      const timed$ = cold('-t-----------------', values).pipe(
        takeUntil(clock.limits$),
        tap((event) => clock.saw(event)),
      );
      held$.subscribe();
      // Silent for 1 before the gate closed at 2, and for 3 more after it opened at 14.
      expectObservable(timed$).toBe('-t---------------#', values, expect.objectContaining({ kind: 'idle' }));
    });
  });
});

describe('isProgress', () => {
  it('does not count empty text', () => {
    expect(isProgress({ type: 'text-delta', text: '' })).toBe(false);
    expect(isProgress({ type: 'tool-call-delta', callId: 'a', index: 0, text: '' })).toBe(false);
  });
});

describe('checkedTimeouts', () => {
  it('fills in the defaults', () => {
    expect(checkedTimeouts({ idleMs: 5 })).toEqual({ connectMs: 30_000, firstEventMs: 120_000, idleMs: 5, totalMs: 600_000 });
  });

  it.each([0, -1, Number.NaN, '5' as unknown as number])('throws for %s', (ms) => {
    expect(() => checkedTimeouts({ totalMs: ms })).toThrow(RangeError);
    expect(() => checkedTimeouts({ totalMs: ms })).toThrow('`timeouts.totalMs` is a positive number of milliseconds, or Infinity');
  });
});

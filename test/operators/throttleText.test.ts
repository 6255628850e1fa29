import fc from 'fast-check';
import { concat, delay, EMPTY, NEVER, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { throttleText } from '../../operators/throttleText.ts';
import type { AnyEvent, TextDelta } from '../../src/events.ts';
import { text } from '../rounds/events.ts';
import { describeCompliance } from '../support/compliance.ts';

const marbles = (test: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

const letters = Object.fromEntries([...'abcdef'].map((letter) => [letter, text(letter) as AnyEvent]));
const events: Record<string, AnyEvent> = { ...letters, x: { type: 'round-start' }, y: text('bc') };

describe('throttleText', () => {
  it('joins the text of an interval, and lets no other event pass it', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('      a-bc-----d-ex-f---|', events);
      const expected = '         a---y----d--(ex)f-|';
      expectObservable(source.pipe(throttleText({ intervalMs: 4 }))).toBe(expected, events);
      expectSubscriptions(source.subscriptions).toBe('^-----------------!');
    });
  });

  it('leaves no timer behind, however it ends', () => {
    vi.useFakeTimers();
    try {
      const held = [text('a'), text('b')];
      const endings = [NEVER, EMPTY, throwError(() => new Error('cut'))];
      for (const ending of endings) {
        const subscription = concat(of(...held), ending)
          .pipe(throttleText({ intervalMs: 9 }))
          .subscribe({ error: () => {} });
        subscription.unsubscribe();
        expect(vi.getTimerCount()).toBe(0);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets go of what it holds at the end', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('ab-c|', events).pipe(throttleText({ intervalMs: 9 }))).toBe('a---(y|)', { ...events, y: text('bc') });
    });
  });

  it('lets go of what it holds before an error', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('ab-c#', events).pipe(throttleText({ intervalMs: 9 }))).toBe('a---(y#)', events);
    });
  });

  it('stops the source and the clock when it is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('      ab-----', events);
      const result = source.pipe(throttleText({ intervalMs: 4 }));
      expectObservable(result, ' ^--!').toBe('a', events);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });

  it('does not join the text of different choices', () => {
    marbles(({ cold, expectObservable }) => {
      const values = { a: text('a'), b: { ...text('b'), choice: 1 }, c: { ...text('c'), choice: 1 }, y: { ...text('bc'), choice: 1 } };
      expectObservable(cold('abac|', values).pipe(throttleText({ intervalMs: 9 }))).toBe('a---(ya|)', values);
    });
  });

  it('keeps the order when an event comes in while held text goes out', () => {
    const seen: AnyEvent[] = [];
    const other = { ...text('b'), choice: 1 };
    marbles(({ cold }) => {
      const source = new Subject<AnyEvent>();
      cold('aab', { a: text('a'), b: other }).subscribe((event) => source.next(event));
      source.pipe(throttleText({ intervalMs: 5 })).subscribe((event) => {
        if (seen.push(event) === 2) source.next({ type: 'x' });
      });
    });
    expect(seen).toEqual([text('a'), text('a'), other, { type: 'x' }]);
  });

  it('law: text and the order of everything stay; a text no other event pushes out comes an interval after the last', () => {
    const step = fc.record({ gap: fc.integer({ min: 1, max: 9 }), letter: fc.option(fc.constantFrom(...'abc'), { freq: 6 }) });
    let joins = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (steps, intervalMs) => {
        const seen: Array<{ at: number; said: string }> = [];
        const scheduler = new TestScheduler(() => {});
        scheduler.run(() => {
          const steps$ = steps.map(({ gap, letter }) => of<AnyEvent>(letter ? text(letter) : { type: 'x' }).pipe(delay(gap)));
          concat(...steps$, NEVER)
            .pipe(throttleText({ intervalMs }))
            .subscribe((event) => seen.push({ at: scheduler.now(), said: event.type === 'x' ? '|' : (event as TextDelta).text }));
        });
        expect(seen.map(({ said }) => said).join('')).toBe(steps.map(({ letter }) => letter ?? '|').join(''));
        seen.slice(1).forEach(({ at, said }, i) => {
          const before = seen[i];
          const next = seen[i + 2];
          const pushed = next?.said === '|' && next.at === at;
          if (before && said !== '|' && before.said !== '|' && !pushed) expect(at - before.at).toBeGreaterThanOrEqual(intervalMs);
          if (said.length > 1) joins++;
        });
      }),
      { numRuns: 300 },
    );
    expect(joins).toBeGreaterThan(10);
  });

  it.each([0, -1, Number.NaN])('throws at once at intervalMs %d', (intervalMs) => {
    expect(() => throttleText({ intervalMs })).toThrow(/more than 0/);
  });
});

describeCompliance('throttleText', {
  operator: () => throttleText({ intervalMs: 1000 }),
  inputs: [text('a'), { type: 'x' }, text('b'), { type: 'x' }],
});

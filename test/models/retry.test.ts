import { type Observable, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { ConnectionError, HttpError, InterruptedError, ProviderError, TimeoutError } from '../../src/errors.ts';
import type { AnyEvent } from '../../src/events.ts';
import { beforeFirstEvent, checkedRetry, isRetryable, type RetryOptions, retrying } from '../../src/models/retry.ts';

const rules = (options: RetryOptions) => ({ ...checkedRetry(options), retryIf: beforeFirstEvent });
const failed = new ConnectionError('no route');
const limited = (retryAfterMs: number) => new HttpError('slow down', { status: 429, retryable: true, retryAfterMs });
const values: { [key: string]: AnyEvent } = { s: { type: 'round-start' }, t: { type: 'text-delta' }, d: { type: 'diagnostic' } };

/** `tries` as marbles, in the order in which they are sent; what comes out is compared by `type`, a repetition as `r`. */
function check(
  tries: ReadonlyArray<{ marbles: string; error?: unknown; subscribed: string }>,
  expected: string,
  expectedError: unknown,
  options: RetryOptions,
) {
  new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable, expectSubscriptions }) => {
    const sources = tries.map(({ marbles, error = failed }) => cold(marbles, values, error));
    const model$ = retrying((n): Observable<AnyEvent> => sources[n - 1] as Observable<AnyEvent>, rules(options));
    const r = expect.objectContaining({ type: 'diagnostic', code: 'retried' });
    expectObservable(model$).toBe(expected, { ...values, r }, expectedError);
    for (const [i, { subscribed }] of tries.entries()) {
      const source = sources[i];
      if (source) expectSubscriptions(source.subscriptions).toBe(subscribed);
    }
  });
}

const options = { baseDelayMs: 4, random: () => 1 } as const;

describe('retrying, before the first event', () => {
  it('asks again while nothing has come, after a wait it announces', () => {
    check(
      [
        { marbles: '----#', subscribed: '^---!' },
        { marbles: 's-t-|', subscribed: '--------^---!' },
      ],
      '----r---s-t-|',
      undefined,
      options,
    );
  });

  it('doubles the wait up to its bound and gives up after the last try', () => {
    check(
      [
        { marbles: '#', subscribed: '(^!)' },
        { marbles: '#', subscribed: '----(^!)' },
        { marbles: '#', subscribed: '----------(^!)' },
        { marbles: '#', subscribed: '----------------(^!)' },
      ],
      'r---r-----r-----#',
      failed,
      { ...options, maxTries: 4, maxDelayMs: 6 },
    );
  });

  it('waits a random part of the bound', () => {
    check(
      [
        { marbles: '#', subscribed: '(^!)' },
        { marbles: 's|', subscribed: '--^!' },
      ],
      'r-s|',
      undefined,
      { ...options, random: () => 0.5 },
    );
  });

  it('waits as long as Retry-After says', () => {
    check(
      [
        { marbles: '#', error: limited(7), subscribed: '(^!)' },
        { marbles: 's|', subscribed: '-------^!' },
      ],
      'r------s|',
      undefined,
      { ...options, maxDelayMs: 1 },
    );
  });

  it('raises at once what would have to wait longer than the cap', () => {
    const error = limited(8);
    check([{ marbles: '--#', error, subscribed: '^-!' }], '--#', error, { ...options, maxRetryAfterMs: 7 });
  });

  it('never repeats a try that emitted an event (issue mastra-ai/mastra#24211, BEHAVIOURS row 20)', () => {
    check([{ marbles: '--s-#', subscribed: '^---!' }], '--s-#', failed, options);
  });

  it('does not take a diagnostic for an event', () => {
    check(
      [
        { marbles: '--d-#', subscribed: '^---!' },
        { marbles: '|', subscribed: '--------(^!)' },
      ],
      '--d-r---|',
      undefined,
      options,
    );
  });

  it('raises what asking again cannot help', () => {
    const error = new HttpError('wrong key', { status: 401, retryable: false });
    check([{ marbles: '--#', error, subscribed: '^-!' }], '--#', error, options);
  });

  it('sends nothing more after unsubscribing in the wait', () => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<AnyEvent>('-#', values, failed);
      const r = expect.objectContaining({ code: 'retried' });
      const model$ = retrying(() => source, rules(options));
      expectObservable(model$, '^--!').toBe('-r', { r });
      expectSubscriptions(source.subscriptions).toBe(['^!']);
    });
  });

  it('ends the wait when the answer is not wanted any more', () => {
    const aborted$ = new Subject<never>();
    const errors: unknown[] = [];
    new TestScheduler(() => {}).run(({ cold, flush }) => {
      const cancellation = { aborted$, isWanted: () => true };
      retrying(() => cold<AnyEvent>('#', {}, failed), rules({ ...options, maxTries: 2 }), cancellation).subscribe({
        error: (error) => errors.push(error),
      });
      cold('--a').subscribe(() => aborted$.error('aborted'));
      flush();
    });
    expect(errors).toEqual(['aborted']);
  });

  it('says how often it tried, how long it waits, and why', () => {
    const seen: unknown[] = [];
    retrying<AnyEvent>(() => throwError(() => failed), rules({ ...options, maxTries: 2 }))
      .subscribe((event) => seen.push(event))
      .unsubscribe();
    expect(seen).toEqual([{ type: 'diagnostic', code: 'retried', message: 'Try 1 of 2 failed; asking again in 4 ms. no route' }]);
  });
});

describe('isRetryable', () => {
  const http = (status: number, retryable: boolean) => new HttpError('', { status, retryable });
  it.each([
    ['no connection', failed, true],
    ['no response in time', new TimeoutError('connect', 1), true],
    ['no first event in time', new TimeoutError('first-event', 1), true],
    ['the total limit', new TimeoutError('total', 1), false],
    ['a response without an event', new InterruptedError('empty'), true],
    ['503', http(503, true), true],
    ['401', http(401, false), false],
    ['an overloaded provider', new ProviderError('', { retryable: true, raw: {} }), true],
    ['a refusing provider', new ProviderError('', { retryable: false, raw: {} }), false],
    ['the caller’s own error', new Error('no key'), false],
  ])('%s: %s', (_, error, expected) => {
    expect(isRetryable(error)).toBe(expected);
  });
});

describe('checkedRetry', () => {
  it.each([
    [{ maxTries: 0 }, '`retry.maxTries` is a whole number from 1'],
    [{ maxTries: 1.5 }, '`retry.maxTries` is a whole number from 1'],
    [{ baseDelayMs: -1 }, '`retry.baseDelayMs` is a number of milliseconds'],
    [{ maxRetryAfterMs: Number.NaN }, '`retry.maxRetryAfterMs` is a number of milliseconds'],
  ])('throws for %o', (wrong, words) => {
    expect(() => checkedRetry(wrong)).toThrow(RangeError);
    expect(() => checkedRetry(wrong)).toThrow(words);
  });
});

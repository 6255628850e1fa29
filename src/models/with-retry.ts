import { defer } from 'rxjs';
import type { Model } from './model.ts';
import { cancellationBy, checkedRetry, isRestartable, isRetryable, type RetryOptions, retrying } from './retry.ts';

/** When a round is asked again, and what becomes of one that broke in the middle. */
export interface RetryPolicy extends RetryOptions {
  /**
   * A round that breaks after its first event: `fail` raises the error, `restart` asks the whole round again. Default: `fail`, since its text may
   * have been shown.
   */
  readonly afterEvents?: 'fail' | 'restart';
  /**
   * Which errors are worth another try, in place of the default: a lost connection, silence, and where the error says `retryable`. Asked
   * after the first event only with `afterEvents: 'restart'`; never about an error after `round-end`.
   */
  readonly retryIf?: (error: unknown) => boolean;
}

/**
 * A model that asks again where another model would fail.
 *
 * ```text
 * try 1    s-t-t-#                    (the connection is lost)
 * try 2              s-t-t-t-e|       (round start, text, …, round end)
 * result   s-t-t-r---Rs-t-t-t-e|      r: `diagnostic` with the code `retried`   R: `round-restarted`
 * ```
 *
 * Emits the events of the tries. Before the first event a try is repeated in silence, save for a `diagnostic`. After it, with `afterEvents:
 * 'restart'`, a `round-restarted` goes out right before the first event of the next try: whatever the round said so far is void then. Every
 * operator here heeds it: text is dropped, open calls are forgotten, and `executeTools` hands what it ran on to the equal calls of the new try,
 * so that nothing runs twice. A try that brings nothing takes nothing back.
 *
 * Errors with the last try's error; where that try brought nothing, its `partial` is what the one before brought.
 *
 * Buffers nothing. Unsubscribing, and the `answer` signal, end a try or a wait at once.
 *
 * `httpModel` and `socketModel` retry by themselves before the first event: give theirs `retry: { maxTries: 1 }`, or the tries multiply.
 *
 * @param model - Any model.
 * @param policy - `afterEvents` (default `fail`), `retryIf`, `maxTries` (default 3, the first included), `baseDelayMs` (500), `maxDelayMs` (8 000) and
 * `maxRetryAfterMs` (60 000), in milliseconds, `random`.
 * @throws TypeError or RangeError at the call for a policy that cannot work.
 *
 * @example
 * ```ts
 * import { concat, defer, of, throwError } from 'rxjs';
 * import { collectAnswer, InterruptedError, type Model, type ModelEvent, streamAnswer, withRetry } from 'toolstream';
 *
 * let tries = 0;
 * const cut = throwError(() => new InterruptedError('The connection was lost.'));
 * const flaky: Model = () =>
 *   defer(() => {
 *     const text = of<ModelEvent[]>({ type: 'round-start' }, { type: 'text-delta', text: 'Hel' });
 *     if (++tries === 1) return concat(text, cut);
 *     return concat(text, of<ModelEvent[]>({ type: 'text-delta', text: 'lo' }, { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'Hello' } }));
 *   });
 *
 * const model = withRetry(flaky, { afterEvents: 'restart', baseDelayMs: 1 });
 * streamAnswer({ model, request: { messages: [{ role: 'user', content: 'Hi' }] } })
 *   .pipe(collectAnswer())
 *   .subscribe(({ text }) => console.log(text)); // Hello
 * ```
 *
 * @see {@link RoundRestarted}
 */
export function withRetry(model: Model, policy: RetryPolicy = {}): Model {
  if (typeof model !== 'function') throw new TypeError('withRetry: `model` is no function: give one, e.g. httpModel(endpoint).');
  const { afterEvents = 'fail', retryIf } = policy;
  if (afterEvents !== 'fail' && afterEvents !== 'restart') {
    throw new TypeError(`withRetry: \`afterEvents\` is ${JSON.stringify(afterEvents)}: use 'fail' or 'restart'.`);
  }
  if (retryIf !== undefined && typeof retryIf !== 'function')
    throw new TypeError('withRetry: `retryIf` is no function. Give one, or leave it out.');
  const rules = {
    ...checkedRetry(policy),
    retryIf: (error: unknown, begun: boolean) => {
      if (begun && afterEvents === 'fail') return false;
      return retryIf ? retryIf(error) : begun ? isRestartable(error) : isRetryable(error);
    },
  };
  return (request, answer) => retrying(() => defer(() => model(request, answer)), rules, cancellationBy(answer));
}

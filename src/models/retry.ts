import { catchError, concat, defer, NEVER, type Observable, of, switchMap, takeUntil, tap, timer } from 'rxjs';
import { ConnectionError, HttpError, InterruptedError, ProviderError, TimeoutError } from '../errors.ts';
import type { AnyEvent, Diagnostic } from '../events.ts';

/** When a request is sent again. */
export interface RetryOptions {
  /** How often the request is sent at most; 1 switches retries off. Default: 3. */
  readonly maxTries?: number;
  /** Before the second try at most this long, then twice as long each time, in milliseconds. Default: 500. */
  readonly baseDelayMs?: number;
  /** The longest wait that was not asked for by the server, in milliseconds. Default: 8 000. */
  readonly maxDelayMs?: number;
  /** A longer `Retry-After` is not waited for: its error goes out at once. Milliseconds. Default: 60 000. */
  readonly maxRetryAfterMs?: number;
  /** From 0 to below 1; the wait is a random part of the longest. Default: `Math.random`. */
  readonly random?: () => number;
}

/** The defaults of {@link RetryOptions}. */
export const DEFAULT_RETRY = { maxTries: 3, baseDelayMs: 500, maxDelayMs: 8_000, maxRetryAfterMs: 60_000 } as const;

/** How a caller says that the answer is not wanted any more. */
export interface Cancellation {
  /** Errors when it is no longer wanted; ends a wait. */
  readonly aborted$: Observable<never>;
  readonly isWanted: () => boolean;
}

/**
 * Asks again while nothing has come. A try that emitted any event but a `diagnostic` is never repeated: its text may have been shown and
 * its calls may have run.
 *
 * Each repetition is announced at once by a `diagnostic` with the code `retried`, then waited for: `Retry-After` where the server
 * said so, at least a random part of a doubling delay. Unsubscribing ends the wait.
 *
 * @param ask - Sends one try, counted from 1.
 * @param options - See {@link RetryOptions}.
 * @param cancellation - See {@link Cancellation}.
 */
export function retryBeforeFirstEvent<E extends AnyEvent>(
  ask: (attempt: number) => Observable<E>,
  options: Required<RetryOptions>,
  { aborted$, isWanted }: Cancellation = { aborted$: NEVER, isWanted: () => true },
): Observable<E | Diagnostic> {
  const attempt = (n: number): Observable<E | Diagnostic> =>
    defer(() => {
      let begun = false;
      return ask(n).pipe(
        tap((event) => {
          begun ||= event.type !== 'diagnostic';
        }),
        catchError((error) => {
          const waitMs = begun || n >= options.maxTries || !isWanted() ? undefined : waitBefore(n, error, options);
          if (waitMs === undefined) throw error;
          const again$ = timer(waitMs).pipe(
            takeUntil(aborted$),
            switchMap(() => attempt(n + 1)),
          );
          return concat(of(retried(n, options.maxTries, error, waitMs)), again$);
        }),
      );
    });
  return attempt(1);
}

/** Whether asking again may help, for an error that came before the first event. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TimeoutError) return error.kind === 'connect' || error.kind === 'first-event';
  if (error instanceof HttpError || error instanceof ProviderError) return error.retryable;
  // A response without a single event: a server that gave up, not an answer.
  return error instanceof ConnectionError || error instanceof InterruptedError;
}

/** Milliseconds to wait after try `n`; `undefined` where the error must go out. */
function waitBefore(n: number, error: unknown, options: Required<RetryOptions>): number | undefined {
  if (!isRetryable(error)) return undefined;
  const asked = error instanceof HttpError ? (error.retryAfterMs ?? 0) : 0;
  if (asked > options.maxRetryAfterMs) return undefined;
  const longest = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (n - 1));
  return Math.max(asked, Math.round(options.random() * longest));
}

function retried(n: number, maxTries: number, error: unknown, waitMs: number): Diagnostic {
  const why = error instanceof Error ? error.message : String(error);
  return { type: 'diagnostic', code: 'retried', message: `Try ${n} of ${maxTries} failed; asking again in ${waitMs} ms. ${why}` };
}

/** Fills in the defaults; throws a RangeError where a number makes no sense. */
export function checkedRetry(options: RetryOptions = {}): Required<RetryOptions> {
  const {
    maxTries = DEFAULT_RETRY.maxTries,
    baseDelayMs = DEFAULT_RETRY.baseDelayMs,
    maxDelayMs = DEFAULT_RETRY.maxDelayMs,
    maxRetryAfterMs = DEFAULT_RETRY.maxRetryAfterMs,
    random = Math.random,
  } = options;
  if (!(Number.isInteger(maxTries) && maxTries >= 1)) {
    throw new RangeError(`\`retry.maxTries\` is a whole number from 1 (no retries); this is ${maxTries}.`);
  }
  for (const [name, ms] of Object.entries({ baseDelayMs, maxDelayMs, maxRetryAfterMs })) {
    if (!(ms >= 0)) throw new RangeError(`\`retry.${name}\` is a number of milliseconds from 0; this is ${ms}.`);
  }
  return { maxTries, baseDelayMs, maxDelayMs, maxRetryAfterMs, random };
}

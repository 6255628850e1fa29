import { catchError, concat, defer, NEVER, type Observable, of, switchMap, takeUntil, throwError, timer } from 'rxjs';
import {
  ConnectionError,
  HttpError,
  InterruptedError,
  isToolstreamError,
  type PartialAnswer,
  ProviderError,
  TimeoutError,
  withPartial,
} from '../errors.ts';
import type { AnyEvent, Diagnostic, RoundRestarted } from '../events.ts';
import type { Stage } from '../stage.ts';
import { through } from '../through.ts';

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

/** What decides whether another try is made. */
export interface RetryRules extends Required<RetryOptions> {
  /** Whether asking again may help. `begun`: events have come already. */
  readonly retryIf: (error: unknown, begun: boolean) => boolean;
}

/**
 * Asks again where `retryIf` says yes. What a broken try emitted stands until the next one's first event: a `round-restarted` goes out
 * before that, so that nothing is taken back for a try that brings nothing. After `round-end` nothing is repeated.
 *
 * Each repetition is announced at once by a `diagnostic` with the code `retried`, then waited for: `Retry-After` where the server
 * said so, at least a random part of a doubling delay. Unsubscribing ends the wait.
 *
 * @param ask - Sends one try, counted from 1.
 * @param rules - See {@link RetryRules}.
 * @param cancellation - See {@link Cancellation}.
 */
export function retrying<E extends AnyEvent>(
  ask: (attempt: number) => Observable<E>,
  rules: RetryRules,
  { aborted$, isWanted }: Cancellation = { aborted$: NEVER, isWanted: () => true },
): Observable<E | Diagnostic | RoundRestarted> {
  return defer(() => {
    /** Why the try failed whose events are out, until the next one's take their place. */
    let cut: unknown;
    const attempt = (n: number): Observable<E | Diagnostic | RoundRestarted> =>
      defer(() => {
        let begun = false;
        let ended = false;
        const watch: Stage<E, E | RoundRestarted> = {
          transform: (event, out) => {
            if (!begun && event.type !== 'diagnostic') {
              begun = true;
              if (cut !== undefined) out.enqueue(restarted(n, cut));
              cut = undefined;
            }
            ended ||= event.type === 'round-end';
            out.enqueue(event);
          },
        };
        return ask(n).pipe(
          through(() => watch),
          catchError((error) => {
            const again = n < rules.maxTries && !ended && isWanted() && rules.retryIf(error, begun);
            const waitMs = again ? waitBefore(n, error, rules) : undefined;
            if (waitMs === undefined) throw error;
            if (begun) cut = error;
            const again$ = timer(waitMs).pipe(
              takeUntil(aborted$),
              switchMap(() => attempt(n + 1)),
            );
            return concat(of(retried(n, rules.maxTries, error, waitMs)), again$);
          }),
        );
      });
    return attempt(1).pipe(
      // A try that brought nothing took nothing back: what came before it still stands.
      catchError((error) => throwError(() => (isToolstreamError(cut) ? withWhatCame(error, cut.partial) : error))),
    );
  });
}

/** The rule before the first event: {@link isRetryable}. A try that emitted any event but a `diagnostic` is never repeated. */
export const beforeFirstEvent = (error: unknown, begun: boolean): boolean => !begun && isRetryable(error);

/** Whether asking again may help, for an error that came before the first event. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TimeoutError) return error.kind === 'connect' || error.kind === 'first-event';
  if (error instanceof HttpError || error instanceof ProviderError) return error.retryable;
  // A response without a single event: a server that gave up, not an answer.
  return error instanceof ConnectionError || error instanceof InterruptedError;
}

/** The same for a round that broke in the middle: silence counts as a break, having run out of all its time does not. */
export function isRestartable(error: unknown): boolean {
  if (error instanceof InterruptedError && error.cause instanceof TimeoutError) return error.cause.kind !== 'total';
  return isRetryable(error);
}

/** Milliseconds to wait after try `n`; `undefined` where the server asks for more than is waited for. */
function waitBefore(n: number, error: unknown, options: Required<RetryOptions>): number | undefined {
  const asked = error instanceof HttpError ? (error.retryAfterMs ?? 0) : 0;
  if (asked > options.maxRetryAfterMs) return undefined;
  const longest = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (n - 1));
  return Math.max(asked, Math.round(options.random() * longest));
}

function retried(n: number, maxTries: number, error: unknown, waitMs: number): Diagnostic {
  return {
    type: 'diagnostic',
    code: 'retried',
    message: `Try ${n} of ${maxTries} failed; asking again in ${waitMs} ms. ${messageOf(error)}`,
  };
}

const restarted = (attempt: number, error: unknown): RoundRestarted => ({ type: 'round-restarted', attempt, message: messageOf(error) });

function withWhatCame(error: unknown, came: PartialAnswer): unknown {
  return withPartial(error, (partial) => ({ ...came, ...(partial.usage && { usage: partial.usage }) }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

import { Observable, Subscriber, takeUntil, timer } from 'rxjs';
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
import { abortionOf } from './abortion.ts';

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
  cancellation: Cancellation = cancellationBy(undefined),
): Observable<E | Diagnostic | RoundRestarted> {
  return new Observable((subscriber) => new Tries(ask, rules, cancellation, subscriber).begin(1));
}

/** An answer's signal as a {@link Cancellation}. */
export const cancellationBy = (answer: AbortSignal | undefined): Cancellation => ({
  aborted$: abortionOf(answer),
  isWanted: () => answer?.aborted !== true,
});

type Target<E> = Subscriber<E | Diagnostic | RoundRestarted>;

class Tries<E extends AnyEvent> {
  /** Why the try failed whose events are out, until the next one's take their place. */
  private cut: unknown;
  private readonly ask: (attempt: number) => Observable<E>;
  private readonly rules: RetryRules;
  private readonly cancellation: Cancellation;
  private readonly target: Target<E>;

  constructor(ask: (attempt: number) => Observable<E>, rules: RetryRules, cancellation: Cancellation, target: Target<E>) {
    this.ask = ask;
    this.rules = rules;
    this.cancellation = cancellation;
    this.target = target;
  }

  begin(n: number): void {
    let events$: Observable<E | RoundRestarted>;
    try {
      events$ = this.ask(n);
    } catch (error) {
      this.raise(error);
      return;
    }
    if (this.cut !== undefined) events$ = events$.pipe(through(() => this.announcing(n)));
    events$.subscribe(new Attempt(this.target, (error, seen) => this.failed(n, error, seen)));
  }

  /** Says that this try takes the place of what was cut, before its first event. */
  private announcing(n: number): Stage<E | RoundRestarted, E | RoundRestarted> {
    return {
      transform: (event, out) => {
        if (this.cut !== undefined && event.type !== 'diagnostic') {
          out.enqueue(restarted(n, this.cut));
          this.cut = undefined;
        }
        out.enqueue(event);
      },
    };
  }

  private failed(n: number, error: unknown, { begun, ended }: Seen): void {
    const { rules, cancellation, target } = this;
    let waitMs: number | undefined;
    try {
      const again = n < rules.maxTries && !ended && cancellation.isWanted() && rules.retryIf(error, begun);
      waitMs = again ? waitBefore(n, error, rules) : undefined;
    } catch (thrown) {
      this.raise(thrown);
      return;
    }
    if (waitMs === undefined) {
      this.raise(error);
      return;
    }
    if (begun) this.cut = error;
    target.next(retried(n, rules.maxTries, error, waitMs));
    const wait$ = timer(waitMs).pipe(takeUntil(cancellation.aborted$));
    target.add(wait$.subscribe({ next: () => this.begin(n + 1), error: (aborted) => this.raise(aborted) }));
  }

  /** A try that brought nothing took nothing back: what came before it still stands. */
  private raise(error: unknown): void {
    this.target.error(isToolstreamError(this.cut) ? withWhatCame(error, this.cut.partial) : error);
  }
}

/** What came of a try before it failed. */
interface Seen {
  /** An event other than a `diagnostic`. */
  readonly begun: boolean;
  /** Its `round-end`. */
  readonly ended: boolean;
}

/** Hands on the events of one try, not its error. */
class Attempt<E extends AnyEvent> extends Subscriber<E> implements Seen {
  begun = false;
  ended = false;
  private readonly target: Subscriber<E>;
  private readonly failed: (error: unknown, seen: Seen) => void;

  constructor(target: Subscriber<E>, failed: (error: unknown, seen: Seen) => void) {
    super(target);
    this.target = target;
    this.failed = failed;
  }

  protected override _next(event: E): void {
    this.begun ||= event.type !== 'diagnostic';
    this.ended ||= event.type === 'round-end';
    this.target.next(event);
  }

  protected override _error(error: unknown): void {
    this.unsubscribe();
    this.failed(error, this);
  }
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

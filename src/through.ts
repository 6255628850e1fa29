import { Observable, type OperatorFunction, Subscriber } from 'rxjs';
import type { Output, Stage } from './stage.ts';

/**
 * Lifts a {@link Stage} to an RxJS operator: each subscription gets a stage of its own from `create`.
 *
 * ```text
 * source   --1--2--3--|
 *          through(() => sums())
 * result   --1--3--6--|
 * ```
 *
 * Emits what the stage enqueues; at the end of the source what `flush` enqueues, then completes. The stage may end
 * earlier by itself (`terminate`, `error`), which stops the source, a synchronous one too.
 *
 * Errors with what the stage throws or hands to `error`. When the source errors, `fail` decides: what it enqueues goes
 * out first, what it returns is raised; without a `fail` the source's error is raised as it is.
 *
 * Buffers nothing, except that input which arrives while the stage is at work (a re-entrant source) waits its turn.
 * Unsubscribing stops the source at once, and calls the stage's `cancel`.
 *
 * @param create makes the stage; called once for each subscription. What it throws is raised.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { type Stage, through } from 'toolstream';
 *
 * function sums(): Stage<number, number> {
 *   let sum = 0;
 *   return { transform: (n, out) => out.enqueue((sum += n)) };
 * }
 *
 * from([1, 2, 3]).pipe(through(sums)).subscribe((sum) => console.log(sum)); // 1 3 6
 * ```
 *
 * @see https://streams.spec.whatwg.org/#transformer-api
 */
export function through<I, O>(create: () => Stage<I, O>): OperatorFunction<I, O> {
  return (source) =>
    new Observable<O>((subscriber) => {
      source.subscribe(new StageSubscriber(subscriber, create()));
    });
}

interface Notification {
  readonly kind: 'next' | 'error' | 'complete';
  readonly value: unknown;
}

/**
 * A `Subscriber` subclass, as the operators of rxjs are themselves: a plain observer would leave a throwing stage
 * uncaught and let a synchronous source run on after the end.
 */
class StageSubscriber<I, O> extends Subscriber<I> {
  readonly target: Subscriber<O>;
  ended = false;
  /** Input that came while the stage was at work; made on first need, since most streams never need it. */
  private waiting: Notification[] | undefined;
  private busy = false;
  private readonly stage: Stage<I, O>;
  private readonly out: Output<O>;

  constructor(target: Subscriber<O>, stage: Stage<I, O>) {
    // Chained to the target: when that unsubscribes, so does this, and the source with it.
    super(target as Subscriber<unknown>);
    this.target = target;
    this.stage = stage;
    this.out = new TargetOutput(this);
  }

  protected override _next(value: I): void {
    if (this.busy) {
      this.wait('next', value);
      return;
    }
    this.busy = true;
    // Once more what `run` does, since nearly all that comes is a value.
    try {
      this.stage.transform(value, this.out);
    } catch (thrown) {
      this.raise(thrown);
    }
    this.goOn();
  }

  override unsubscribe(): void {
    if (this.closed) return;
    super.unsubscribe();
    if (this.ended) return;
    this.ended = true;
    this.stage.cancel?.();
  }

  protected override _error(error: unknown): void {
    this.take('error', error);
  }

  protected override _complete(): void {
    this.take('complete', undefined);
  }

  private take(kind: Notification['kind'], value: unknown): void {
    if (this.busy) {
      this.wait(kind, value);
      return;
    }
    this.busy = true;
    this.run(kind, value);
    this.goOn();
  }

  private wait(kind: Notification['kind'], value: unknown): void {
    this.waiting ??= [];
    this.waiting.push({ kind, value });
  }

  private goOn(): void {
    // In batches: a source that feeds itself for ever must not pile up what was already taken.
    while (this.waiting) {
      const batch = this.waiting;
      this.waiting = undefined;
      for (const next of batch) this.run(next.kind, next.value);
    }
    this.busy = false;
  }

  private run(kind: Notification['kind'], value: unknown): void {
    if (this.ended || this.target.closed) return;
    try {
      if (kind === 'next') {
        this.stage.transform(value as I, this.out);
      } else if (kind === 'complete') {
        this.stage.flush?.(this.out);
        this.finish();
      } else {
        this.raise(this.stage.fail ? this.stage.fail(value, this.out) : value);
      }
    } catch (thrown) {
      this.raise(thrown);
    }
  }

  // Both let go of the source first: whoever hears of the end may already subscribe it anew.

  finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.unsubscribe();
    this.target.complete();
  }

  raise(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.unsubscribe();
    this.target.error(error);
  }
}

/** An object of its own: `error` of an `Output` raises at the target, `error` of a `Subscriber` comes from the source. */
class TargetOutput<O> implements Output<O> {
  private readonly from: StageSubscriber<never, O>;

  constructor(from: StageSubscriber<never, O>) {
    this.from = from;
  }

  enqueue(value: O): void {
    if (!this.from.ended) this.from.target.next(value);
  }

  error(reason: unknown): void {
    this.from.raise(reason);
  }

  terminate(): void {
    this.from.finish();
  }
}

import { Observable, type OperatorFunction, Subscriber } from 'rxjs';
import type { Output, Stage } from './stage.ts';

/**
 * Lifts a {@link Stage} to an RxJS operator: each subscription gets a stage of its own from `create`.
 *
 * Input that arrives while the stage is at work (a re-entrant source) waits its turn. What the stage throws becomes an
 * error notification. Unsubscribing, or the stage ending by itself, stops the source, a synchronous one too.
 */
export function through<I, O>(create: () => Stage<I, O>): OperatorFunction<I, O> {
  return (source) =>
    new Observable<O>((subscriber) => {
      source.subscribe(new StageSubscriber(subscriber, create()));
    });
}

type Kind = 'next' | 'error' | 'complete';

/**
 * A `Subscriber` subclass, as the operators of rxjs are themselves: a plain observer would leave a throwing stage
 * uncaught and let a synchronous source run on after the end.
 */
class StageSubscriber<I, O> extends Subscriber<I> implements Output<O> {
  /** Inputs that came while the stage was at work; made on first need, since most streams never need it. */
  private waiting: Array<{ kind: Kind; value: unknown }> | undefined;
  private busy = false;
  private ended = false;

  private readonly target: Subscriber<O>;
  private readonly stage: Stage<I, O>;

  constructor(target: Subscriber<O>, stage: Stage<I, O>) {
    // Chained to the target: when that unsubscribes, so does this, and the source with it.
    super(target as Subscriber<unknown>);
    this.target = target;
    this.stage = stage;
  }

  enqueue(value: O): void {
    if (!this.ended) this.target.next(value);
  }

  terminate(): void {
    if (this.ended) return;
    this.ended = true;
    this.unsubscribe();
    this.target.complete();
  }

  protected override _next(value: I): void {
    this.take('next', value);
  }

  protected override _error(error: unknown): void {
    this.take('error', error);
  }

  protected override _complete(): void {
    this.take('complete', undefined);
  }

  private raise(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.unsubscribe();
    this.target.error(error);
  }

  private take(kind: Kind, value: unknown): void {
    if (this.busy) {
      this.waiting ??= [];
      this.waiting.push({ kind, value });
      return;
    }
    this.busy = true;
    this.run(kind, value);
    for (let i = 0; this.waiting !== undefined && i < this.waiting.length; i++) {
      const next = this.waiting[i] as { kind: Kind; value: unknown };
      this.run(next.kind, next.value);
    }
    this.waiting = undefined;
    this.busy = false;
  }

  private run(kind: Kind, value: unknown): void {
    if (this.ended || this.target.closed) return;
    try {
      if (kind === 'next') {
        this.stage.transform(value as I, this.out);
      } else if (kind === 'complete') {
        this.stage.flush?.(this.out);
        this.terminate();
      } else {
        this.raise(this.stage.fail ? this.stage.fail(value, this.out) : value);
      }
    } catch (thrown) {
      this.raise(thrown);
    }
  }

  /** `error` of an `Output` raises at the target, `error` of a `Subscriber` comes from the source: two objects. */
  private readonly out: Output<O> = {
    enqueue: (value) => this.enqueue(value),
    error: (reason) => this.raise(reason),
    terminate: () => this.terminate(),
  };
}

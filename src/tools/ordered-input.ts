import { Subscriber } from 'rxjs';

/** Who takes the notifications of a source. */
export interface Taker<T> {
  take(value: T): void;
  fail(error: unknown): void;
  complete(): void;
}

/**
 * Hands a source's notifications to a taker, one after the other: what arrives while the taker is at work (a re-entrant source)
 * waits its turn. What the taker throws becomes an error notification. Unsubscribing the target stops the source, a synchronous one too.
 */
export class OrderedInput<T> extends Subscriber<T> {
  private waiting: Array<() => void> | undefined;
  private busy = false;
  private readonly target: Subscriber<never>;
  private readonly taker: Taker<T>;

  constructor(target: Subscriber<never>, taker: Taker<T>) {
    // Chained to the target, as the operators of rxjs are: when that unsubscribes, so does this, and the source with it.
    super(target);
    this.target = target;
    this.taker = taker;
  }

  protected override _next(value: T): void {
    this.run(() => this.taker.take(value));
  }

  protected override _error(error: unknown): void {
    this.run(() => this.taker.fail(error));
    this.unsubscribe();
  }

  protected override _complete(): void {
    this.run(() => this.taker.complete());
    this.unsubscribe();
  }

  private run(step: () => void): void {
    if (this.busy) {
      this.waiting ??= [];
      this.waiting.push(step);
      return;
    }
    this.busy = true;
    this.attempt(step);
    for (let i = 0; this.waiting !== undefined && i < this.waiting.length; i++) this.attempt(this.waiting[i]);
    this.waiting = undefined;
    this.busy = false;
  }

  private attempt(step: (() => void) | undefined): void {
    if (this.target.closed) return;
    try {
      step?.();
    } catch (thrown) {
      this.target.error(thrown);
    }
  }
}

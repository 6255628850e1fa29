import { Observable, type OperatorFunction, Subscriber, type Unsubscribable } from 'rxjs';
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
    source instanceof Staged ? new Staged<O>(source.origin, source.creators.concat(create)) : new Staged<O>(source, [create]);
}

type Creator = () => Stage<never, unknown>;

/** A source with the stages after it. Stages that follow each other are run by one subscriber: each of its own costs 300 bytes more, and time. */
class Staged<O> extends Observable<O> {
  readonly origin: Observable<unknown>;
  readonly creators: readonly Creator[];

  constructor(origin: Observable<unknown>, creators: readonly Creator[]) {
    super((target) => {
      const stages = new StagesSubscriber(target as Subscriber<unknown>);
      try {
        for (let i = creators.length - 1; i >= 0 && !target.closed; i--) stages.prepend(creators[i] as Creator);
      } catch (thrown) {
        // The stages after one that cannot be made hear of it as of a source's error.
        if (!stages.first) throw thrown;
        target.add(stages.first);
        stages.error(thrown);
        return;
      }
      // The subscriber had left before it came: who would unsubscribe the source?
      if (!stages.first) return;
      // No function: it would hold on to what is only needed until here.
      target.add(stages.first);
      if (!stages.closed) origin.subscribe(stages);
    });
    this.origin = origin;
    this.creators = creators;
  }
}

/**
 * A `Subscriber` subclass, as the operators of rxjs are themselves: a plain observer would leave a throwing stage
 * uncaught and let a synchronous source run on after the end.
 */
class StagesSubscriber extends Subscriber<unknown> {
  first: Link | undefined;
  private readonly target: Subscriber<unknown>;

  constructor(target: Subscriber<unknown>) {
    super();
    this.target = target;
  }

  /** Makes the stage before those that there are. */
  prepend(create: Creator): void {
    this.first = new Link(create() as Stage<unknown, unknown>, this, this.first, this.target);
  }

  protected override _next(value: unknown): void {
    this.first?.take(value);
  }

  protected override _error(error: unknown): void {
    this.first?.end('error', error);
  }

  protected override _complete(): void {
    this.first?.end('complete');
  }

  /** Nobody wants more of what comes before a stage, or of all of it: the source is left first, then the stages hear of it in their order. */
  leave(before?: Link): void {
    const open: Link[] = [];
    for (let link = this.first; link && link !== before; link = link.next) if (link.close()) open.push(link);
    try {
      this.unsubscribe();
    } finally {
      cancelAll(open);
    }
  }
}

/** Each of them, whatever one of them throws. */
function cancelAll([first, ...others]: readonly Link[]): void {
  try {
    first?.stage.cancel?.();
  } finally {
    if (others.length > 0) cancelAll(others);
  }
}

interface Notification {
  readonly kind: 'next' | 'error' | 'complete';
  readonly value: unknown;
}

/** A stage among others, and where its output goes: to the next one, or from the last one to the subscriber. */
class Link implements Output<unknown>, Unsubscribable {
  private ended = false;
  /** Input that came while the stage was at work; made on first need, since most streams never need it. */
  private waiting: Notification[] | undefined;
  private busy = false;
  readonly stage: Stage<unknown, unknown>;
  readonly next: Link | undefined;
  private readonly source: StagesSubscriber;
  private readonly target: Subscriber<unknown>;

  constructor(stage: Stage<unknown, unknown>, source: StagesSubscriber, next: Link | undefined, target: Subscriber<unknown>) {
    this.stage = stage;
    this.source = source;
    this.next = next;
    this.target = target;
  }

  take(value: unknown): void {
    if (this.busy) {
      this.wait('next', value);
      return;
    }
    if (this.ended) return;
    this.busy = true;
    // Once more what `run` does, since nearly all that comes is a value.
    try {
      this.stage.transform(value, this);
    } catch (thrown) {
      this.error(thrown);
    }
    this.goOn();
  }

  end(kind: 'error' | 'complete', value?: unknown): void {
    if (this.busy) {
      this.wait(kind, value);
      return;
    }
    this.busy = true;
    this.run(kind, value);
    this.goOn();
  }

  /** The subscriber has left. */
  unsubscribe(): void {
    this.source.leave();
  }

  /** Takes and gives nothing any more. @returns whether it had not ended. */
  close(): boolean {
    const wasOpen = !this.ended;
    this.ended = true;
    return wasOpen;
  }

  enqueue(value: unknown): void {
    if (this.ended) return;
    if (this.next) this.next.take(value);
    else this.target.next(value);
  }

  // Both let go of the source first: whoever hears of the end may already subscribe it anew.

  terminate(): void {
    if (this.ended) return;
    this.ended = true;
    try {
      this.source.leave(this);
    } finally {
      if (this.next) this.next.end('complete');
      else this.target.complete();
    }
  }

  error(reason: unknown): void {
    if (this.ended) return;
    this.ended = true;
    try {
      this.source.leave(this);
    } finally {
      if (this.next) this.next.end('error', reason);
      else this.target.error(reason);
    }
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
    if (this.ended) return;
    try {
      if (kind === 'next') {
        this.stage.transform(value, this);
      } else if (kind === 'complete') {
        this.stage.flush?.(this);
        this.terminate();
      } else {
        this.error(this.stage.fail ? this.stage.fail(value, this) : value);
      }
    } catch (thrown) {
      this.error(thrown);
    }
  }
}

import { config, Observable, type Observer, type Subscriber, type Subscription } from 'rxjs';

/** A source that counts who subscribes and unsubscribes, and is driven from outside or by `onSubscribe`. */
export class WatchedSource {
  subscribed = 0;
  unsubscribed = 0;
  readonly subscribers: Array<Subscriber<unknown>> = [];
  readonly source$: Observable<unknown>;

  constructor(onSubscribe: (subscriber: Subscriber<unknown>, nth: number) => void = () => {}) {
    this.source$ = new Observable((subscriber) => {
      const nth = this.subscribed++;
      this.subscribers.push(subscriber);
      subscriber.add(() => {
        this.unsubscribed++;
      });
      onSubscribe(subscriber, nth);
    });
  }

  get active(): number {
    return this.subscribed - this.unsubscribed;
  }

  /** Sends to the n-th subscriber. */
  next(value: unknown, nth = 0): void {
    this.subscribers[nth]?.next(value);
  }

  complete(nth = 0): void {
    this.subscribers[nth]?.complete();
  }

  error(error: unknown, nth = 0): void {
    this.subscribers[nth]?.error(error);
  }
}

/** What a subscriber saw. */
export class Recording {
  readonly values: unknown[] = [];
  /** How often it was told that the stream is over; more than once is a fault. */
  ends: Array<{ kind: 'complete' } | { kind: 'error'; error: unknown }> = [];
  /** Values that came after the end, or after unsubscribing. */
  readonly late: unknown[] = [];
  subscription: Subscription | undefined;
  private closed = false;
  private readonly view: (value: unknown) => unknown;
  private readonly onValue: (recording: Recording) => void;

  constructor(view: (value: unknown) => unknown, onValue: (recording: Recording) => void = () => {}) {
    this.view = view;
    this.onValue = onValue;
  }

  get end() {
    return this.ends[0];
  }

  subscribeTo(stream$: Observable<unknown>): this {
    const observer: Observer<unknown> = {
      next: (value) => {
        if (this.closed || this.end) this.late.push(value);
        // Copied at once: some operators go on changing a live object they have emitted.
        else this.values.push(this.view(snapshot(value)));
        this.onValue(this);
      },
      error: (error: unknown) => {
        this.ends.push({ kind: 'error', error });
      },
      complete: () => {
        this.ends.push({ kind: 'complete' });
      },
    };
    this.subscription = stream$.subscribe(observer);
    if (this.closed) this.subscription.unsubscribe();
    return this;
  }

  /** Unsubscribes; also works from within the first value of a synchronous source, when there is no subscription yet. */
  unsubscribe(): void {
    this.closed = true;
    this.subscription?.unsubscribe();
  }

  /** Waits for the end: at once where it has come, else as real time goes by. */
  async settled(limitMs = 2_000): Promise<this> {
    const deadline = performance.now() + limitMs;
    while (!this.end && performance.now() < deadline) await tick();
    return this;
  }
}

/** Lets timers and promises that are due run. */
export function tick(ms = 1): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The errors that rxjs reports as unhandled while `run` runs. */
export async function unhandledErrors(run: () => Promise<void>): Promise<unknown[]> {
  const reported: unknown[] = [];
  const former = config.onUnhandledError;
  config.onUnhandledError = (error) => reported.push(error);
  try {
    await run();
    await tick(2);
  } finally {
    config.onUnhandledError = former;
  }
  return reported;
}

function snapshot(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

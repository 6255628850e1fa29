import { type Observable, type Subscription, takeWhile } from 'rxjs';
import { LimitError } from '../errors.ts';
import type { Gate } from '../models/gate.ts';

/** How far a source may run ahead of its reader. */
export interface PullOptions {
  /** At this many waiting events the gate closes. Default: 16. */
  readonly highWaterMark?: number;
  /**
   * With more than this many waiting events the stream errors: the bound for sources that heed no gate (a tool's progress, a timer).
   * Default: 65 536.
   */
  readonly maxQueued?: number;
}

type Waiter<T> = { resolve: (result: IteratorResult<T, undefined>) => void; reject: (error: unknown) => void };

/**
 * Turns push into pull. Subscribes at the first `next`, queues what comes before it is asked for, and keeps its gate closed while the queue
 * is full. The end, or an error, comes after everything that was queued before it.
 */
export class EventQueue<T> {
  private readonly source: (gate: Gate) => Observable<T>;
  private readonly highWaterMark: number;
  private readonly maxQueued: number;
  private queue: T[] = [];
  /** Where the queue begins; shifting a long array costs its length each time. */
  private first = 0;
  private waiters: Waiter<T>[] = [];
  private ending: { failed: boolean; error?: unknown } | undefined;
  private subscription: Subscription | undefined;
  private onOpen: Array<() => void> = [];

  constructor(source: (gate: Gate) => Observable<T>, { highWaterMark = 16, maxQueued = 65_536 }: PullOptions = {}) {
    if (!(highWaterMark >= 1)) throw new RangeError(`\`highWaterMark\` is a number of events from 1; this is ${highWaterMark}.`);
    if (!(maxQueued >= highWaterMark)) throw new RangeError(`\`maxQueued\` is at least \`highWaterMark\`; this is ${maxQueued}.`);
    this.source = source;
    this.highWaterMark = highWaterMark;
    this.maxQueued = maxQueued;
  }

  /** How many events wait. */
  get size(): number {
    return this.queue.length - this.first;
  }

  /** The next event, the end, or a rejection with the source's error. */
  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      if (this.subscription === undefined && this.ending === undefined) this.start();
      this.serve();
    });
  }

  /** Stops the source and forgets what waits. */
  cancel(): void {
    this.queue = [];
    this.first = 0;
    this.end({ failed: false });
    this.subscription?.unsubscribe();
  }

  private start(): void {
    const isOpen = () => this.ending !== undefined || this.size < this.highWaterMark;
    const onOpen = (resolve: () => void) => void this.onOpen.push(resolve);
    const gate: Gate = {
      get open() {
        return isOpen();
      },
      opened: () => (isOpen() ? Promise.resolve() : new Promise(onOpen)),
    };
    let events$: Observable<T>;
    try {
      events$ = this.source(gate);
    } catch (error) {
      this.end({ failed: true, error });
      return;
    }
    // `takeWhile`: a synchronous source goes on before there is a subscription to end.
    this.subscription = events$.pipe(takeWhile(() => this.ending === undefined)).subscribe({
      next: (event) => this.add(event),
      error: (error) => this.end({ failed: true, error }),
      complete: () => this.end({ failed: false }),
    });
  }

  private add(event: T): void {
    if (this.ending !== undefined) return;
    if (this.size >= this.maxQueued) {
      this.end({ failed: true, error: new LimitError('maxQueued', this.maxQueued, 'events waiting for a slow reader', { hint: HINT }) });
      this.subscription?.unsubscribe();
      return;
    }
    this.queue.push(event);
    this.serve();
  }

  private end(ending: { failed: boolean; error?: unknown }): void {
    this.ending ??= ending;
    this.serve();
  }

  private serve(): void {
    while (this.waiters.length > 0 && (this.size > 0 || this.ending !== undefined)) {
      const waiter = this.waiters.shift() as Waiter<T>;
      if (this.size > 0) waiter.resolve({ done: false, value: this.take() });
      else if (this.ending?.failed) {
        waiter.reject(this.ending.error);
        this.ending = { failed: false };
      } else waiter.resolve({ done: true, value: undefined });
    }
    if (this.ending === undefined && this.size >= this.highWaterMark) return;
    const waiting = this.onOpen;
    this.onOpen = [];
    for (const open of waiting) open();
  }

  private take(): T {
    const event = this.queue[this.first++] as T;
    if (this.first * 2 >= this.queue.length) {
      this.queue = this.queue.slice(this.first);
      this.first = 0;
    }
    return event;
  }
}

const HINT = 'Hand the gate to `httpModel` or `fetchBytes`, read faster, or raise `maxQueued`.';

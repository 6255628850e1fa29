import { type Observable, Subscriber, type Subscription } from 'rxjs';

/**
 * Subscribes so that ending `work` stops the source even while it is still being subscribed. With a plain `work.add(source$.subscribe(…))` a
 * source that emits synchronously, without end perhaps, would not notice.
 */
export function subscribeWithin<T>(work: Subscription, source$: Observable<T>, observer: TwoSided<T>): void {
  const subscriber = new Subscriber<T>({ ...observer, complete: () => undefined });
  work.add(subscriber);
  source$.subscribe(subscriber);
}

/** Who wants to know values and the error; the error may also be one that `next` threw. */
interface TwoSided<T> {
  readonly next: (value: T) => void;
  readonly error: (error: unknown) => void;
}

import { concat, defer, filter, from, isObservable, map, mergeMap, Observable, of } from 'rxjs';

/** What a tool hands over: values on the way, then one that is final. */
export interface Emission {
  readonly final: boolean;
  readonly value: unknown;
}

/** The result of an Observable whose values are all on the way: what `return` is to a generator. */
export class FinalValue {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/**
 * Runs `execute` when subscribed and reads whatever it returns: a value, a Promise (of any of these), an async iterable, a generator
 * or an Observable. Unsubscribing closes the generator and unsubscribes the Observable. Errors with what was thrown.
 */
export function outputOf(execute: () => unknown): Observable<Emission> {
  return defer(() => emissionsOf(execute()));
}

function emissionsOf(returned: unknown): Observable<Emission> {
  if (isThenable(returned)) return from(returned).pipe(mergeMap(emissionsOf));
  const stream$ = observableOf(returned);
  if (stream$) return lastIsFinal(stream$);
  const iterator = iteratorOf(returned);
  if (iterator) return readIterator(iterator);
  return of({ final: true, value: returned });
}

/** A Promise, of this realm or another. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObjectLike(value) && typeof value.then === 'function';
}

/** An Observable, of this copy of rxjs or of any other library. */
export function observableOf(value: unknown): Observable<unknown> | undefined {
  if (isObservable(value)) return value;
  if (!isObjectLike(value) || typeof value.subscribe !== 'function') return undefined;
  const foreign = value as unknown as Foreign;
  return new Observable((subscriber) => {
    const subscription = foreign.subscribe({
      next: (item) => subscriber.next(item),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    return () => (typeof subscription === 'function' ? subscription() : subscription?.unsubscribe());
  });
}

interface Foreign {
  // biome-ignore lint/suspicious/noConfusingVoidType: what a foreign `subscribe` returns may be nothing.
  subscribe(observer: { next(value: unknown): void; error(error: unknown): void; complete(): void }): Unsubscribable | (() => void) | void;
}

interface Unsubscribable {
  unsubscribe(): void;
}

/** `concat`, so that the source is torn down before the final value goes out. */
function lastIsFinal(stream$: Observable<unknown>): Observable<Emission> {
  let last: unknown;
  const onTheWay$ = stream$.pipe(
    filter((value) => {
      const isFinal = value instanceof FinalValue;
      last = isFinal ? value.value : value;
      return !isFinal;
    }),
    map((value): Emission => ({ final: false, value })),
  );
  return concat(
    onTheWay$,
    defer(() => of({ final: true, value: last })),
  );
}

type AnyIterator = AsyncIterator<unknown, unknown> | Iterator<unknown, unknown>;

/** The iterator of an async iterable or of a generator. Arrays, strings, maps and sets are values. */
function iteratorOf(value: unknown): AnyIterator | undefined {
  if (!isObjectLike(value)) return undefined;
  const iterable = value as Partial<AsyncIterable<unknown> & Iterable<unknown>> & { next?: unknown };
  if (typeof iterable[Symbol.asyncIterator] === 'function') return iterable[Symbol.asyncIterator]?.();
  if (typeof iterable[Symbol.iterator] === 'function' && typeof iterable.next === 'function') return iterable[Symbol.iterator]?.();
  return undefined;
}

function readIterator(iterator: AnyIterator): Observable<Emission> {
  return new Observable((subscriber) => {
    let over = false;
    const read = async () => {
      try {
        let last: unknown;
        while (!subscriber.closed) {
          const step = await iterator.next();
          if (step.done) {
            over = true;
            subscriber.next({ final: true, value: step.value === undefined ? last : step.value });
            subscriber.complete();
            return;
          }
          last = step.value;
          subscriber.next({ final: false, value: last });
        }
      } catch (thrown) {
        over = true;
        subscriber.error(thrown);
      }
    };
    void read();
    return () => {
      if (!over) close(iterator);
    };
  });
}

/** Lets a generator run its `finally`. Nobody waits for it, and what it throws concerns nobody any more. */
function close(iterator: AnyIterator): void {
  try {
    const closing: unknown = iterator.return?.();
    if (isThenable(closing)) closing.then(undefined, () => undefined);
  } catch {
    // A generator that is running right now cannot be closed; it sees its signal.
  }
}

function isObjectLike(value: unknown): value is Record<PropertyKey, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

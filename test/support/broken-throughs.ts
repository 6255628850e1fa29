import { Observable, type OperatorFunction } from 'rxjs';
import type { Output, Stage } from '../../src/stage.ts';

/** A lift of stages to operators, like `through`. */
export type Through = <I, O>(create: () => Stage<I, O>) => OperatorFunction<I, O>;

/** Broken: one stage for all subscriptions, so that the second counts on where the first stopped. */
export const sharesState: Through = (create) => {
  const stage = create();
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (value) => stage.transform(value, outputOf(subscriber)),
        error: (error) => subscriber.error(error),
        complete: () => {
          stage.flush?.(outputOf(subscriber));
          subscriber.complete();
        },
      }),
    );
};

/** Broken: what fails ends as if it had been all. */
export const swallowsErrors: Through = (create) => (source) =>
  new Observable((subscriber) => {
    const stage = create();
    return source.subscribe({
      next: (value) => stage.transform(value, outputOf(subscriber)),
      error: () => subscriber.complete(),
      complete: () => {
        stage.flush?.(outputOf(subscriber));
        subscriber.complete();
      },
    });
  });

/** Broken: unsubscribing does not reach the source. */
export const forgetsTeardown: Through = (create) => (source) =>
  new Observable((subscriber) => {
    const stage = create();
    source.subscribe({
      next: (value) => stage.transform(value, outputOf(subscriber)),
      error: (error) => subscriber.error(error),
      complete: () => {
        stage.flush?.(outputOf(subscriber));
        subscriber.complete();
      },
    });
  });

function outputOf<O>(subscriber: { next(value: O): void; error(error: unknown): void; complete(): void }): Output<O> {
  return {
    enqueue: (value) => subscriber.next(value),
    error: (reason) => subscriber.error(reason),
    terminate: () => subscriber.complete(),
  };
}

import { defer, from, type Observable, of, take } from 'rxjs';
import { isThenable, observableOf } from './output.ts';

/** Answered at once, later, or by an Observable's first value. */
export type HookAnswer<T> = T | PromiseLike<T> | Observable<T>;

/** Asks when subscribed; errors with what the hook throws. */
export function answerOf<T>(ask: () => HookAnswer<T>): Observable<T> {
  return defer(() => {
    const answer = ask();
    const stream$ = observableOf(answer) as Observable<T> | undefined;
    if (stream$) return stream$.pipe(take(1));
    return isThenable(answer) ? from(answer as PromiseLike<T>) : of(answer as T);
  });
}

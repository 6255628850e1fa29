import { defer, fromEvent, mergeMap, NEVER, type Observable, throwError } from 'rxjs';
import { InterruptedError } from '../errors.ts';

/** Errors when the signal aborts, at once if it has. */
export function abortionOf(signal: AbortSignal | undefined): Observable<never> {
  if (signal === undefined) return NEVER;
  const failed$ = defer(() => throwError(() => new InterruptedError('The answer was aborted.', { cause: signal.reason })));
  return defer(() => (signal.aborted ? failed$ : fromEvent(signal, 'abort').pipe(mergeMap(() => failed$))));
}

import { NEVER, Observable } from 'rxjs';
import { InterruptedError } from '../errors.ts';

/** Errors when the signal aborts, at once if it has. */
export function abortionOf(signal: AbortSignal | undefined): Observable<never> {
  if (signal === undefined) return NEVER;
  return new Observable((subscriber) => whenAborted(signal, (error) => subscriber.error(error)));
}

/** Calls `fail` when the signal aborts, at once if it has. @returns what stops listening. */
export function whenAborted(signal: AbortSignal, fail: (error: InterruptedError) => void): () => void {
  const tell = () => fail(new InterruptedError('The answer was aborted.', { cause: signal.reason }));
  if (signal.aborted) tell();
  else signal.addEventListener('abort', tell);
  return () => signal.removeEventListener('abort', tell);
}

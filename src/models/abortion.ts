import { NEVER, Observable } from 'rxjs';
import { InterruptedError } from '../errors.ts';

/** Errors when the signal aborts, at once if it has. */
export function abortionOf(signal: AbortSignal | undefined): Observable<never> {
  if (signal === undefined) return NEVER;
  return new Observable((subscriber) => {
    const fail = () => subscriber.error(new InterruptedError('The answer was aborted.', { cause: signal.reason }));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail);
    return () => signal.removeEventListener('abort', fail);
  });
}

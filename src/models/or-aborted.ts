/**
 * Waits for a promise, but no longer than until `signal` aborts: then it rejects with the signal's reason. What still comes
 * afterwards is handed to `discard`, so that nothing is left open; a late rejection is swallowed.
 */
export function orAborted<T>(promise: PromiseLike<T>, signal: AbortSignal, discard: (late: T) => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', abort);
        if (signal.aborted) discard(value);
        resolve(value);
      },
      (error) => {
        signal.removeEventListener('abort', abort);
        reject(error);
      },
    );
  });
}

import type { Observable } from 'rxjs';

/** Waits for the end of a stream: everything that came, and the error that ended it, `undefined` if none did. */
export async function settled<E>(stream$: Observable<E>): Promise<{ readonly events: E[]; readonly error: unknown }> {
  const events: E[] = [];
  try {
    await stream$.forEach((event) => void events.push(event));
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

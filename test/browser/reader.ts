import { lastValueFrom, take, toArray } from 'rxjs';
import { fromSse } from '../../operators/fromSse.ts';
import type { AnyEvent } from '../../src/events.ts';
import { fetchBytes } from '../../src/models/fetch-bytes.ts';

/** Runs in the page: an answer's events by `fetch`, all of them or the first few. */
export function readEvents(url: string, count = Number.POSITIVE_INFINITY): Promise<AnyEvent[]> {
  const bytes$ = fetchBytes({ url, body: '{}', headers: async () => ({}), framings: ['sse'] });
  return lastValueFrom(bytes$.pipe(fromSse<AnyEvent>(), take(count), toArray()));
}

import type { Observable } from 'rxjs';
import type { Gate } from '../models/gate.ts';
import { EventQueue, type PullOptions } from './event-queue.ts';

/**
 * Turns an Observable into something `for await` reads, with the same backpressure down to the network as `toReadableStream`.
 *
 * ```text
 * events   ---a-b-c-------d-e--|    the gate closes after c (highWaterMark: 2)
 * loop     ---a-----b---c-d---e|    read slowly
 * ```
 *
 * Cold: each loop subscribes anew, at its first step. Every event is read in order; the end, or the error (thrown into the loop), comes
 * after the last of them. Leaving the loop early (`break`, `return`, an exception) unsubscribes, which aborts the request.
 *
 * Buffers as `toReadableStream` does.
 *
 * @param source - Makes the events; the gate it is given goes to `httpModel({ gate })` or `fetchBytes(request, { gate })`.
 * @param options - See {@link PullOptions}; both in events.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { toAsyncIterable } from 'toolstream';
 *
 * for await (const event of toAsyncIterable(() => of('a', 'b'))) console.log(event); // a, b
 * ```
 *
 * @see https://tc39.es/ecma262/#sec-asyncgenerator-objects
 */
export function toAsyncIterable<T>(source: (gate: Gate) => Observable<T>, options?: PullOptions): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iteratorOf(new EventQueue(source, options)) };
}

function iteratorOf<T>(queue: EventQueue<T>): AsyncIterator<T, undefined> {
  return {
    next: () => queue.next(),
    return: async () => {
      queue.cancel();
      return { done: true, value: undefined };
    },
  };
}

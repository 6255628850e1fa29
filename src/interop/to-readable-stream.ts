import type { Observable } from 'rxjs';
import type { Gate } from '../models/gate.ts';
import { EventQueue, type PullOptions } from './event-queue.ts';

/**
 * Turns an Observable into a `ReadableStream` with backpressure that reaches the network: while the reader is slow, nothing more is
 * read from the socket, and the server has to wait.
 *
 * ```text
 * events   ---a-b-c-------d-e--|    the gate closes after c (highWaterMark: 2)
 * stream   ---a-----b---c-d---e|    read slowly
 * ```
 *
 * Cold: subscribes at the first read, once. Every event is read in order; the end, or the error, comes after the last of them
 * (a stream's own `controller.error` would drop what waits). Cancelling the stream unsubscribes, which aborts the request.
 *
 * Keeps up to `highWaterMark` events, and what one more piece of the body holds: the gate is asked before each 4096 bytes, so about
 * 40 events of 100 bytes. Events of sources that do not ask the gate (a tool's progress) wait too, up to `maxQueued`; then the stream
 * errors with a {@link LimitError} and the source is unsubscribed.
 *
 * @param source - Makes the events; the gate it is given goes to `httpModel({ gate })` or `fetchBytes(request, { gate })`.
 * @param options - See {@link PullOptions}; both in events.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { toReadableStream } from 'toolstream';
 *
 * const stream = toReadableStream(() => of('a', 'b'));
 * for await (const event of stream) console.log(event); // a, b
 * ```
 *
 * @see https://streams.spec.whatwg.org/#rs-model
 */
export function toReadableStream<T>(source: (gate: Gate) => Observable<T>, options?: PullOptions): ReadableStream<T> {
  const queue = new EventQueue(source, options);
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const result = await queue.next();
        if (result.done) controller.close();
        else controller.enqueue(result.value);
      },
      cancel: () => queue.cancel(),
    },
    // The queue is ours: a stream's own would be dropped by an error.
    { highWaterMark: 0 },
  );
}

import { asyncScheduler, type OperatorFunction, pipe, type Subscription } from 'rxjs';
import type { DecoderOptions, Dialect } from '../dialects/dialect.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';

/** How long a body may stay open after the response's end mark, in milliseconds, so that its connection can be used again. */
const DRAIN_MS = 1000;

/** Frames to model events: the dialect's decoder, and an end for bodies that stay open after their end mark. */
export function decodeFrames(dialect: Dialect, options?: DecoderOptions): OperatorFunction<Frame, ModelEvent> {
  return pipe(
    through(() => dialect.decoder(options)),
    through(() => new Draining()),
  );
}

/**
 * Completes a while after `round-end`, if the body has not ended by then. Cancelling a body at its end mark costs a new connection for the next
 * request; waiting for its end may take for ever. Only the decoder knows the end mark, so the wait is bounded here and not where the body is read.
 */
class Draining implements Stage<ModelEvent, ModelEvent> {
  private waiting: Subscription | undefined;

  transform(event: ModelEvent, out: Output<ModelEvent>): void {
    // Before the event goes out: whoever leaves because of it cancels the wait.
    if (event.type === 'round-end') this.waiting ??= asyncScheduler.schedule(() => out.terminate(), DRAIN_MS);
    out.enqueue(event);
  }

  flush(): void {
    this.cancel();
  }

  fail(error: unknown): unknown {
    this.cancel();
    return error;
  }

  cancel(): void {
    this.waiting?.unsubscribe();
  }
}

import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type OperatorFunction, pipe, Subscriber } from 'rxjs';
import type { DecoderOptions, Dialect } from '../dialects/dialect.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { through } from '../through.ts';

/** How long a body may stay open after the response's end mark, in milliseconds, so that its connection can be used again. */
const DRAIN_MS = 1000;

/** Frames to model events: the dialect's decoder, and an end for bodies that stay open after their end mark. */
export function decodeFrames(dialect: Dialect, options?: DecoderOptions): OperatorFunction<Frame, ModelEvent> {
  return pipe(
    through(() => dialect.decoder(options)),
    completeAfterRoundEnd(DRAIN_MS),
  );
}

/**
 * Cancelling a body at its end mark costs a new connection for the next request; waiting for its end may take for ever.
 * Only the decoder knows the end mark, so the wait is bounded here and not where the body is read.
 */
function completeAfterRoundEnd(ms: number): MonoTypeOperatorFunction<ModelEvent> {
  return (source) => new Observable((subscriber) => source.subscribe(new Draining(subscriber, ms)));
}

/** A `Subscriber` chained to its target, like the one in `through`: a synchronous source stops when the target does. */
class Draining extends Subscriber<ModelEvent> {
  private readonly target: Subscriber<ModelEvent>;
  private readonly ms: number;

  constructor(target: Subscriber<ModelEvent>, ms: number) {
    super(target);
    this.target = target;
    this.ms = ms;
  }

  protected override _next(event: ModelEvent): void {
    this.target.next(event);
    if (event.type !== 'round-end' || this.closed) return;
    this.add(
      asyncScheduler.schedule(() => {
        this.unsubscribe();
        this.target.complete();
      }, this.ms),
    );
  }
}

import { type Subscription, timer } from 'rxjs';
import type { AnyEvent, EventBase, TextDelta } from '../events.ts';
import type { Output, Stage } from '../stage.ts';

/**
 * The stage of `throttleText`. A text goes out at once and starts the clock; what comes while the clock runs is held, and goes
 * out joined when it has run down, or before any other event.
 */
export class TextThrottle<E extends AnyEvent> implements Stage<E, E> {
  /** At most one for each choice, in the order in which they came. */
  private readonly held: TextDelta[] = [];
  private clock: Subscription | undefined;
  private readonly intervalMs: number;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  transform(event: E, out: Output<E>): void {
    if (event.type !== 'text-delta') {
      this.release(out);
      out.enqueue(event);
    } else if (this.clock) {
      this.hold(event as AnyEvent as TextDelta);
    } else {
      this.start(out);
      out.enqueue(event);
    }
  }

  flush(out: Output<E>): void {
    this.release(out);
  }

  fail(error: unknown, out: Output<E>): unknown {
    this.release(out);
    return error;
  }

  /** Nobody listens any more. */
  stop(): void {
    this.clock?.unsubscribe();
    this.clock = undefined;
  }

  private hold(event: TextDelta): void {
    const at = this.held.findIndex((other) => sameVoice(other, event));
    const before = this.held[at];
    if (before) this.held[at] = { ...event, text: before.text + event.text };
    else this.held.push(event);
  }

  private release(out: Output<E>): void {
    if (this.held.length === 0) return;
    this.start(out);
    // One by one off the list: an event that comes in meanwhile must not overtake the rest.
    for (let event = this.held.shift(); event; event = this.held.shift()) out.enqueue(event as AnyEvent as E);
  }

  private start(out: Output<E>): void {
    this.stop();
    this.clock = timer(this.intervalMs).subscribe(() => {
      this.clock = undefined;
      this.release(out);
    });
  }
}

function sameVoice(one: EventBase, other: EventBase): boolean {
  return one.round === other.round && (one.choice ?? 0) === (other.choice ?? 0);
}

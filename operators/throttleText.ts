import { defer, finalize, type MonoTypeOperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import { TextThrottle } from '../src/rounds/text-throttle.ts';
import { through } from '../src/through.ts';

/** Settings of {@link throttleText}. */
export interface ThrottleTextOptions {
  /** Milliseconds between two text events; the clock starts at each text event that goes out. More than 0. */
  readonly intervalMs: number;
}

/**
 * Joins text that comes faster than it can be shown: at most one text event in each interval, nothing lost.
 *
 * ```text
 * source  a-bc-----d-ex-f---|    a … f: text    x: another event    interval: 4 frames
 * result  a---y----d--(ex)f-|    y: 'bc'
 * ```
 *
 * The first text goes out at once. Text that comes within `intervalMs` of the last one is held, joined, and goes out when the
 * interval is over. Any other event goes out at once, after the text held so far, and so do the end and the error. Reasoning and
 * refusals are other events. The text of different choices is not joined: the bound holds for each choice.
 *
 * Errors with its source's error, after the text held so far.
 *
 * Holds the text of one interval. Unsubscribing stops the source and the clock, and drops what is held.
 *
 * @param options `intervalMs`, milliseconds, more than 0.
 *
 * 1. The joined text, and the order of text and other events, are those of the source.
 * 2. A joined event has the fields of the last one that went into it.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { type TextDelta, throttleText } from 'toolstream';
 *
 * const events: TextDelta[] = ['H', 'e', 'l', 'l', 'o'].map((text) => ({ type: 'text-delta', text }));
 * of(...events).pipe(throttleText({ intervalMs: 50 })).subscribe(({ text }) => console.log(text)); // H ello
 * ```
 *
 * @see {@link textOnly}
 */
export function throttleText<E extends AnyEvent>({ intervalMs }: ThrottleTextOptions): MonoTypeOperatorFunction<E> {
  if (!(intervalMs > 0)) throw new RangeError(`\`intervalMs\` is ${intervalMs}: give milliseconds, more than 0.`);
  return (source) =>
    defer(() => {
      const throttle = new TextThrottle<E>(intervalMs);
      return source.pipe(
        through(() => throttle),
        finalize(() => throttle.stop()),
      );
    });
}

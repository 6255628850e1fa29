import type { OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import { checkLatencyOptions, type LatencyMeterOptions, latencyMeter } from '../src/latency/meter.ts';
import type { LatencyEvent } from '../src/latency/report.ts';
import { through } from '../src/through.ts';

/**
 * Measures a stream from subscribe to its end, and reports in one last `latency` event.
 *
 * ```text
 * source:  --s-a-b--(c|)     s round-start, a b c text
 * result:  --s-a-b--(cL|)    L the report: first event 2, first token 4, gaps of 2 and 3, total 9
 * ```
 *
 * Passes every event on at once, untouched. When the source completes, the report goes out last. Through all rounds and
 * retries there is one report: put the operator at the end of the pipeline, or within `ask` for one report a round.
 *
 * When the source fails the report goes out first (`ended: 'failed'`, and which error), then the error, the same object.
 * Role and framing are no tokens, nor are deltas without text.
 *
 * Keeps a histogram of the gaps (constant, 1 % relative error) and at most `maxEntries` rounds and tool runs; nothing per token.
 * Unsubscribing emits nothing, as ever; `onReport` gets the report of what there was (`ended: 'cancelled'`), so that a
 * {@link LatencyMonitor} can count that stream too.
 *
 * @param options clock (milliseconds), `stallMs` (1000), `maxEntries` (256), `onReport`.
 *
 * @example
 * ```ts
 * import { concatMap, from, timer } from 'rxjs';
 * import { measureLatency, type TextDelta } from 'toolstream';
 *
 * const texts: TextDelta[] = ['Hel', 'lo'].map((text) => ({ type: 'text-delta', text }));
 * from(texts).pipe(
 *   concatMap((event) => timer(20).pipe(concatMap(() => [event]))),
 *   measureLatency(),
 * ).subscribe((event) => {
 *   if (event.type === 'latency') console.log(event.report.tokens.count, event.report.gaps.count); // 2 1
 * });
 * ```
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ (what others call these times)
 */
export function measureLatency<E extends AnyEvent>(options: LatencyMeterOptions = {}): OperatorFunction<E, E | LatencyEvent> {
  checkLatencyOptions(options);
  return through(() => latencyMeter<E>(options));
}

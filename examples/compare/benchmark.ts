import { catchError, defer, EMPTY, endWith, ignoreElements, mergeMap, type Observable, range } from 'rxjs';
import { httpModel, type LatencyMonitor, measureLatency, openAiChat, streamAnswer } from 'toolstream';
import type { Settings } from './arguments.ts';
import type { Target } from './files.ts';
import { request, weather } from './question.ts';

/**
 * Asks one endpoint again and again, so many at once, and records each answer.
 *
 * ```
 * concurrency 2:  a----|        emits when an answer is over, whether it succeeded or failed
 *                 b--|
 *                    c-----|
 *                 ---1-1---1|
 * ```
 */
export function benchmark(target: Target, settings: Settings, monitor: LatencyMonitor): Observable<1> {
  const { requests, concurrency, timeoutMs } = settings;
  const model = httpModel({
    dialect: openAiChat,
    ...target,
    timeouts: { totalMs: timeoutMs },
    // A failure that was retried would count as a slow success.
    retry: { maxTries: 1 },
  });
  const answer$ = defer(() => streamAnswer({ model, request, tools: [weather], maxRounds: 4 })).pipe(
    measureLatency({ onReport: (report) => monitor.record(report, { model: target.name }) }),
    ignoreElements(),
    // Recorded already, by its code.
    catchError(() => EMPTY),
    endWith(1 as const),
  );
  return range(0, requests).pipe(mergeMap(() => answer$, concurrency));
}

import { catchError, concat, concatMap, defer, EMPTY, endWith, ignoreElements, mergeMap, type Observable, range } from 'rxjs';
import { httpModel, type LatencyMonitor, measureLatency, openAiChat, streamAnswer } from 'toolstream';
import type { Settings } from './arguments.ts';
import type { Target } from './files.ts';
import { request, weather } from './question.ts';

/**
 * Asks one endpoint again and again, so many at once, and records each answer. A few that are not recorded come first: they pay for
 * the first connection and for what this process has to load and compile.
 *
 * ```
 * concurrency 2:  a----|        emits when an answer is over, whether it succeeded or failed
 *                 b--|
 *                    c-----|
 *                 ---1-1---1|
 * ```
 */
export function benchmark(target: Target, settings: Settings, monitor: LatencyMonitor): Observable<1> {
  const { requests, concurrency, warmUp, timeoutMs } = settings;
  const model = httpModel({
    dialect: openAiChat,
    ...target,
    timeouts: { totalMs: timeoutMs },
    // A failure that was retried would count as a slow success.
    retry: { maxTries: 1 },
  });
  const answer$ = defer(() => streamAnswer({ model, request, tools: [weather], maxRounds: 4 }));
  const recorded$ = answer$.pipe(measureLatency({ onReport: (report) => monitor.record(report, { model: target.name }) }));
  return concat(
    range(0, warmUp).pipe(concatMap(() => over(answer$).pipe(ignoreElements()))),
    range(0, requests).pipe(mergeMap(() => over(recorded$), concurrency)),
  );
}

/** Emits once when an answer is over. How it went is in its report. */
function over(answer$: Observable<unknown>): Observable<1> {
  return answer$.pipe(
    ignoreElements(),
    catchError(() => EMPTY),
    endWith(1 as const),
  );
}

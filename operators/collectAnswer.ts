import type { OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import { answerCollector, type CollectedAnswer } from '../src/rounds/collected-answer.ts';
import { through } from '../src/through.ts';

/**
 * Waits for the end of an answer and gives all of it as one value.
 *
 * ```text
 * source  --a--b--c--|     a, b: text    c: answer-end
 * result  -----------(A|)  A: { text: 'Hello', … }
 * ```
 *
 * Emits one value when the source completes: text, reasoning, refusal, calls, results, usage, finish reason, rounds, and the
 * `messages` to append to the history for the next request. It takes any part of the pipeline: without `resumeAfterTools` it is
 * one round, and calls without a result are open in `messages` and listed in `pending`; calls of a round that has no
 * `round-end` count as not run. An empty source gives an empty answer.
 *
 * Errors with its source's error, which carries what there was in `partial`; no value then. Events it does not know are ignored,
 * and so are other choices than 0.
 *
 * Keeps the answer. Unsubscribing stops the source, and gives nothing.
 *
 * @example
 * ```ts
 * import { lastValueFrom, of } from 'rxjs';
 * import { collectAnswer, type ModelEvent } from 'toolstream';
 *
 * const events$ = of<ModelEvent[]>(
 *   { type: 'text-delta', text: 'Hel' },
 *   { type: 'text-delta', text: 'lo' },
 *   { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'Hello' } },
 * );
 * const answer = await lastValueFrom(events$.pipe(collectAnswer()));
 * console.log(answer.text, answer.finishReason, answer.messages); // Hello stop [ { role: 'assistant', content: 'Hello' } ]
 * ```
 *
 * @see {@link answerState} for the same while it is being written
 */
export function collectAnswer<E extends AnyEvent>(): OperatorFunction<E, CollectedAnswer> {
  return through(() => answerCollector<E>());
}

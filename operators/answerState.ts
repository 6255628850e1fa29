import type { OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import { answerView, type WithAnswer } from '../src/rounds/answer-view.ts';
import { through } from '../src/through.ts';

/**
 * Puts the whole answer so far on each event, as a user interface shows it.
 *
 * ```text
 * source  --a--b--c--|    a, b: text 'Hel', 'lo'    c: tool-call-start
 * result  --A--B--C--|    answer.text: A 'Hel', B 'Hello'    answer.calls: C one, `writing`
 * ```
 *
 * Emits a copy of each event with `answer`: text, reasoning and refusal, the calls with their state (`writing`, `ready`, `running`,
 * `done`, `failed`), partial arguments and newest progress, the results, rounds, finish reason and usage. `round-restarted` takes
 * back what its round had added. Each `turn-start` of a chat begins a new answer. Only choice 0 is shown.
 *
 * It raises no errors of its own, and completes with its source. A result without a call is not shown.
 *
 * `answer` is one live object for each subscription, mutated in place, so that an event costs the same however long the answer is:
 * copy (`structuredClone`) what you keep. It holds the whole answer. Unsubscribing stops the source.
 *
 * 1. `answer.text` is the joined `text-delta`s of choice 0, without those a restart dropped.
 * 2. A call is in `answer.calls` once, at the same place, whatever becomes of it.
 * 3. `partial` only grows, as `partialArguments` says; that operator is not needed before this one, and where it is there its views are used.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { type AnswerEvent, answerState } from 'toolstream';
 *
 * const events: AnswerEvent[] = [
 *   { type: 'text-delta', text: 'Let me see. ' },
 *   { type: 'tool-call-start', callId: 'c1', index: 0, name: 'get_weather' },
 *   { type: 'tool-call-delta', callId: 'c1', index: 0, text: '{"city":"Ha' },
 * ];
 * of(...events).pipe(answerState()).subscribe(({ type, answer }) => {
 *   if (type === 'tool-call-delta') console.log(answer.text, answer.calls[0]?.status, answer.calls[0]?.partial);
 *   // Let me see.  writing { city: 'Ha' }
 * });
 * ```
 *
 * @see {@link partialArguments}
 */
export function answerState<E extends AnyEvent>(): OperatorFunction<E, WithAnswer<E>> {
  return through(() => answerView<E>());
}

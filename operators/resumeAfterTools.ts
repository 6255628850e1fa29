import type { Observable, OperatorFunction } from 'rxjs';
import type { AnswerEnd, AnyEvent, Diagnostic, ToolResult } from '../src/events.ts';
import { checkedRequest, type ModelRequest, type RequestInput } from '../src/messages.ts';
import { askRounds, checkedMaxRounds } from '../src/rounds/ask-rounds.ts';
import { type ResultBounds, resultBoundsOf } from '../src/tools/tool-message.ts';

/** Settings of {@link resumeAfterTools}. */
export interface ResumeAfterToolsOptions<E> extends ResultBounds {
  /** The request of the first round; the next ones ask the same with the answer so far in their `messages`. */
  readonly request: RequestInput;
  /** Asks a further round: the pipeline of the first, up to `executeTools`. What it throws or raises ends the answer. */
  readonly ask: (request: ModelRequest) => Observable<E>;
  /** How many rounds may be asked, the first included: an integer from 1. Default 8. */
  readonly maxRounds?: number;
}

/**
 * Gives the results of tools back to the model and asks again, until the model is done.
 *
 * ```text
 * source  --c-r-e-|            c tool-call    r tool-result   e round-end, with its call
 * ask           --t-f|         t text-delta   f round-end, without calls
 * result  --c-r-e-t-f(A|)      A answer-end
 * ```
 *
 * Emits every event of every round as a copy with `round`, from 1. A round is asked as soon as `round-end` was seen and each
 * call has its result, with the assistant's message and the results in the order in which the model made the calls; a forced
 * `toolChoice` holds for the first round only. The rounds before may go on draining their connection: what they still say is
 * passed on. Calls decide, not the finish reason: `stop` with calls is asked again, `tool-calls` without any is not. `pause` is
 * asked again; after `length`, `content-filter` and `error` nothing is.
 *
 * The last event is `answer-end`, when every round's stream has completed: with the last round's finish reason; `max-rounds` where
 * another round would have followed (its results are in `messages`); `awaiting-results` where a stream completed and calls had
 * no result, which is how a tool without `execute` ends it: `pending` has them. A call that must not run is never pending: where
 * nobody answers it, its `tool-result` is emitted here (`invalid-arguments`), and so is a `not-run` after a veto or an error.
 *
 * Errors with what `ask` throws and what a round raises before it was over, and with an {@link InterruptedError} where a round
 * completes without `round-end`. An error of this library gets a `partial` of the whole answer: text, calls and results
 * of all rounds, and `messages` in which every call has a result. An error after its round was over is a `diagnostic`, and so are a
 * call or a result that came twice and a result without a call.
 *
 * Keeps the answer's text, calls and messages, as long as the answer is. Unsubscribing stops every round.
 *
 * @param options `request`, `ask`, `maxRounds` (default 8), `maxResultLength` (UTF-16 code units of a result in the history; default 1 Mi) and
 * `longResults` (`cut` by default, or `refuse`): what the model gets of a longer one. The `tool-result` event has all of it.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { type AnswerEvent, type ModelRequest, resumeAfterTools } from 'toolstream';
 *
 * const call = { id: 'c1', name: 'add', argumentsText: '[15,27]' };
 * const first$ = of<AnswerEvent[]>(
 *   { type: 'tool-call', callId: 'c1', index: 0, name: 'add', argumentsText: '[15,27]', arguments: { _tag: 'Right', right: [15, 27] } },
 *   { type: 'tool-result', callId: 'c1', name: 'add', outcome: { _tag: 'Right', right: 42 }, durationMs: 1 },
 *   { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '', toolCalls: [call] } },
 * );
 * const ask = (request: ModelRequest) =>
 *   of<AnswerEvent[]>(
 *     { type: 'text-delta', text: `It is ${request.messages.at(-1)?.content}.` },
 *     { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'It is 42.' } },
 *   );
 *
 * first$.pipe(resumeAfterTools({ request: { messages: [{ role: 'user', content: '15 + 27?' }] }, ask })).subscribe((event) => {
 *   if (event.type === 'text-delta') console.log(event.round, event.text); // 2 It is 42.
 *   if (event.type === 'answer-end') console.log(event.reason, event.rounds, event.messages.length); // stop 2 3
 * });
 * ```
 *
 * @see https://platform.openai.com/docs/guides/function-calling#function-tool-example (the loop, as one provider tells it)
 */
export function resumeAfterTools<E extends AnyEvent>(
  options: ResumeAfterToolsOptions<E>,
): OperatorFunction<E, E | ToolResult | AnswerEnd | Diagnostic> {
  const { ask } = options;
  const request = checkedRequest(options.request);
  const maxRounds = checkedMaxRounds(options.maxRounds);
  if (typeof ask !== 'function') throw new TypeError('`ask` is missing: give the function that asks the next round, request => events$.');
  const results = resultBoundsOf(options);
  return (source) => askRounds(source, { request, ask, maxRounds, results });
}

import { defer, finalize, from, type Observable } from 'rxjs';
import { accumulateToolCalls } from '../operators/accumulateToolCalls.ts';
import { executeTools } from '../operators/executeTools.ts';
import { resumeAfterTools } from '../operators/resumeAfterTools.ts';
import type { AccumulateToolCallsOptions } from './calls/accumulator.ts';
import type { AnswerEvent } from './events.ts';
import { checkedRequest, type ModelRequest, type RequestInput } from './messages.ts';
import type { Model } from './models/model.ts';
import { checkedMaxRounds } from './rounds/ask-rounds.ts';
import type { ExecuteToolsOptions } from './tools/options.ts';
import type { Tool } from './tools/tool.ts';
import { scopedJournal } from './tools/tool-journal.ts';
import { type ResultBounds, resultBoundsOf } from './tools/tool-message.ts';

/** Settings of {@link streamAnswer}: its own, those of `executeTools` and those of `accumulateToolCalls`. */
export interface StreamAnswerOptions extends ExecuteToolsOptions, AccumulateToolCallsOptions, ResultBounds {
  /** Who answers, e.g. `httpModel(endpoint)`. */
  readonly model: Model;
  /** What is asked, without `tools`: they are given below. */
  readonly request: RequestInput;
  /** What the model may call. One without `execute` ends the answer with `awaiting-results`. Default: none. */
  readonly tools?: readonly Tool[];
  /** How many rounds may be asked: an integer from 1. Default 8. */
  readonly maxRounds?: number;
}

/**
 * Asks a model and streams the whole answer: text while it is written, tools while text flows, round after round.
 *
 * ```text
 * model   -s-d-t---------e|            s tool-call-start   d tool-call-delta   t text-delta   e round-end
 * again                  -t-e|         the model, asked with the result
 * result  -s-d-(tCB)(PR)-et-e(A|)      C tool-call   B tool-started   P tool-progress   R tool-result   A answer-end
 * ```
 *
 * The pipeline `model → accumulateToolCalls → executeTools → resumeAfterTools`, no more: what each of them says of what it emits, when it
 * completes, errors and buffers, holds here. Nothing is asked before it is subscribed; each subscription asks anew.
 *
 * Unsubscribing stops the model and the tools. The `answer` signal that the model is given aborts when the whole answer is over: complete,
 * failed or unsubscribed.
 *
 * @param options `model`, `request`, `tools`, `maxRounds` (default 8), and the options of `executeTools` (`concurrency`, `timeoutMs`, `startWhen`,
 * `approve`, `repair`, `journal`), `accumulateToolCalls` (`maxArgumentLength`, `maxDepth`, `maxCalls`, `bigNumbers`) and `resumeAfterTools`
 * (`maxResultLength`, `longResults`). Two tools of one name, or
 * tools within the request, throw a `TypeError` at the call.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { defineTool, type Model, type ModelEvent, streamAnswer } from 'toolstream';
 *
 * const add = defineTool({
 *   name: 'add',
 *   description: 'Adds two numbers',
 *   parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
 *   execute: ({ a, b }) => a + b,
 * });
 * const call = { id: 'c1', name: 'add', argumentsText: '{"a":15,"b":27}' };
 * // Stands for `httpModel(endpoint)`: calls the tool, then says what came of it.
 * const model: Model = ({ messages }) => {
 *   const last = messages.at(-1);
 *   if (last?.role === 'tool') {
 *     const text = `It is ${last.content}.`;
 *     return of<ModelEvent[]>({ type: 'text-delta', text }, { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: text } });
 *   }
 *   return of<ModelEvent[]>(
 *     { type: 'tool-call-start', callId: 'c1', index: 0, name: 'add' },
 *     { type: 'tool-call-delta', callId: 'c1', index: 0, text: call.argumentsText },
 *     { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '', toolCalls: [call] } },
 *   );
 * };
 *
 * streamAnswer({ model, request: { messages: [{ role: 'user', content: '15 + 27?' }] }, tools: [add] }).subscribe((event) => {
 *   if (event.type === 'text-delta') console.log(event.text); // It is 42.
 * });
 * ```
 *
 * @see {@link resumeAfterTools} for the same by hand
 */
export function streamAnswer(options: StreamAnswerOptions): Observable<AnswerEvent> {
  const { model, request, tools = [], maxRounds, ...rest } = options;
  if (typeof model !== 'function') throw new TypeError('streamAnswer: `model` is no function: give one, e.g. httpModel(endpoint).');
  const bound = checkedMaxRounds(maxRounds);
  const results = resultBoundsOf(options);
  // Throws now what its options are not.
  const runTools = executeTools<AnswerEvent>(tools, rest);
  const { journal } = rest;
  const run = (round: number) =>
    journal ? executeTools<AnswerEvent>(tools, { ...rest, journal: scopedJournal(journal, `round ${round}`) }) : runTools;
  const first = withTools(checkedRequest(request), tools);
  return defer(() => {
    const answer = new AbortController();
    let round = 0;
    const ask = (asked: ModelRequest): Observable<AnswerEvent> =>
      from(model(asked, answer.signal)).pipe(accumulateToolCalls<AnswerEvent>(rest), run(++round));
    return defer(() => ask(first)).pipe(
      resumeAfterTools({ request: first, ask, maxRounds: bound, ...results }),
      finalize(() => answer.abort(answerIsOver())),
    );
  });
}

let over: DOMException | undefined;

/** The reason of every answer's signal, made once: where an abort has none it makes one with a stack, a tenth of what a short answer costs. */
function answerIsOver(): DOMException {
  over ??= new DOMException('The answer is over.', 'AbortError');
  return over;
}

/** Some servers refuse an empty list of tools. */
function withTools(request: ModelRequest, tools: readonly Tool[]): ModelRequest {
  if (request.tools?.length) throw new TypeError('streamAnswer: `request.tools` is set. Give the tools beside the request, as `tools`.');
  return tools.length > 0 ? { ...request, tools } : request;
}

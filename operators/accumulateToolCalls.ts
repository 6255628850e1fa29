import type { OperatorFunction } from 'rxjs';
import { type AccumulateToolCallsOptions, toolCallAccumulator } from '../src/calls/accumulator.ts';
import type { AnyEvent, Diagnostic, ToolCall } from '../src/events.ts';
import { checkBounds } from '../src/json/bounds.ts';
import { through } from '../src/through.ts';

/**
 * Joins the fragments of each tool call, waits until the call is surely complete, and adds it as one `tool-call`.
 *
 * ```text
 * events               --c-d-D--t-----F-e|      c: tool-call-start  d, D: tool-call-delta  t: text-delta
 * accumulateToolCalls  --c-d-D--(tT)--F-e|      F: finish-reason  e: round-end  T: tool-call
 * ```
 *
 * Passes every event on at once and untouched. A call is *closed* when its arguments are one whole JSON value, and *confirmed* when
 * something else says that it is over: its `tool-call-end`, text, reasoning or another call's fragment after it, a finish reason before or after
 * it, the end of the round. That arguments can be parsed never suffices: `{"to":"a"}` may be followed by more. Each call of choice 0 gives exactly one
 * `tool-call`: with `Right(arguments)` when confirmed, or, when its round ends before that, with a `Left` that says why it must not run.
 *
 * Passes errors of the source on, after a `Left` for each call that was open; `partial.toolCalls` of the error has them all.
 *
 * Keeps the arguments of the round's calls, `maxArgumentLength` UTF-16 code units each; a call beyond it, or nested deeper than `maxDepth`,
 * is a `Left`. More than `maxCalls` calls are a `LimitError`; a bound that is no number, or negative, is a `RangeError` at once.
 * Unsubscribing stops the source.
 *
 * @param options `maxArgumentLength`: UTF-16 code units, default 16 Mi. `maxDepth`: default 512. `maxCalls`: default 1,024.
 *
 * 1. `argumentsText` is the concatenation of the call's `tool-call-delta`s until it is confirmed; white space after that is left out.
 * 2. `arguments` is `Right(JSON.parse(argumentsText))`, blank text being `{}`, or a `Left`.
 * 3. What is cut short is never a `Right`: not by `length`, a filter, an error or a lost connection.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { accumulateToolCalls, type ModelEvent } from 'toolstream';
 *
 * const events: ModelEvent[] = [
 *   { type: 'tool-call-start', callId: 'c1', index: 0, name: 'get_weather' },
 *   { type: 'tool-call-delta', callId: 'c1', index: 0, text: '{"city":"To' },
 *   { type: 'tool-call-delta', callId: 'c1', index: 0, text: 'kyo"}' },
 *   { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
 * ];
 * of(...events).pipe(accumulateToolCalls()).subscribe((event) => {
 *   if (event.type === 'tool-call') console.log(event.name, event.arguments);
 *   // get_weather { _tag: 'Right', right: { city: 'Tokyo' } }
 * });
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-2
 */
export function accumulateToolCalls<E extends AnyEvent>(
  options?: AccumulateToolCallsOptions,
): OperatorFunction<E, E | ToolCall | Diagnostic> {
  checkBounds(options, 'maxArgumentLength', 'maxDepth', 'maxCalls');
  const { bigNumbers = 'number' } = options ?? {};
  if (bigNumbers !== 'number' && bigNumbers !== 'text') {
    throw new TypeError(`bigNumbers is ${JSON.stringify(bigNumbers)}: use 'number' or 'text'.`);
  }
  return through(() => toolCallAccumulator<E>(options));
}

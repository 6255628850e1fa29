import type { OperatorFunction } from 'rxjs';
import type { AnyEvent, ToolCallDelta, ToolCallEnd, ToolCallStart } from '../src/events.ts';
import { checkTextCallOptions, type ExtractTextToolCallsOptions, textCallExtractor } from '../src/text/text-calls.ts';
import { through } from '../src/through.ts';

/**
 * Turns calls that a model writes into its text, `<tool_call>{…}</tool_call>` and its like, into calls.
 *
 * ```text
 * decode                --a--b-------F-e|    a: text 'Sure.<tool_call>{"name":"f",'  b: text '"arguments":{}}</tool_call>'
 * extractTextToolCalls  --x--(cdDE)--F-e|    x: text 'Sure.'  c: tool-call-start  d, D: tool-call-delta '{', '}'  E: tool-call-end
 * ```
 *
 * Stands behind `decode` or a model, and before `accumulateToolCalls`. Only declared tools are called: an undeclared name, a call within a
 * code block, inline code, a block quote or quotation marks, and anything that is not quite a call stays text. Arguments stream
 * where the model writes JSON; Python's come whole, as JSON, and are never evaluated; values without quotes (`qwen-coder`, `glm`) become what
 * the schema says. Calls without a marker (`llama-json`, `pythonic`, `plain`) count only if nothing but calls follows to the end of a message
 * that was not cut. Ids are made up and deterministic. `round-end` has the message
 * with the calls and without their markup, `native` left out. Other choices and all other events pass untouched.
 *
 * Passes errors of the source on, `partial` amended likewise. Throws at the call for a format or a bound that is none, or without `tools`.
 *
 * Holds text back only while it can still become a call, up to `maxHeldLength`, and gives it back as text when it is none, when other content
 * or the finish reason comes, or when the stream breaks. A call whose arguments had begun stays a call: `accumulateToolCalls` makes it a
 * `Left` if its end is missing. Keeps the text and the calls of the round. Unsubscribing stops the source.
 *
 * @param options `tools`: what may be called, and the schemas of it. `format`: default `'auto'`, every format with a marker. `maxHeldLength`: UTF-16 code units,
 * default 1 Mi. `callIdSeed`: by default the response's id; where a server sends none, give each round of an answer its own.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { accumulateToolCalls, extractTextToolCalls, type ModelEvent } from 'toolstream';
 *
 * const pieces = ['Let me look. <tool', '_call>{"name": "get_weather", "argum', 'ents": {"city": "Paris"}}</tool_call>'];
 * const events = pieces.map((text): ModelEvent => ({ type: 'text-delta', text }));
 * of(...events, { type: 'finish-reason', reason: 'stop', raw: 'stop' } as const)
 *   .pipe(extractTextToolCalls({ tools: [{ name: 'get_weather' }] }), accumulateToolCalls())
 *   .subscribe((event) => {
 *     if (event.type === 'text-delta') console.log(event.text); // Let me look.
 *     if (event.type === 'tool-call') console.log(event.name, event.arguments);
 *     // get_weather { _tag: 'Right', right: { city: 'Paris' } }
 *   });
 * ```
 *
 * @see {@link withTextToolCalls} for a whole model, with ids that differ in every round
 * @see {@link extractReasoning} for reasoning that is written as text
 */
export function extractTextToolCalls<E extends AnyEvent>(
  options: ExtractTextToolCallsOptions,
): OperatorFunction<E, E | ToolCallStart | ToolCallDelta | ToolCallEnd> {
  checkTextCallOptions(options);
  return through(() => textCallExtractor<E>(options));
}

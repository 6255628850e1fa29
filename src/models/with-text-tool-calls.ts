import type { ModelEvent } from '../events.ts';
import { checkTextCallOptions, type ExtractTextToolCallsOptions, textCallExtractor } from '../text/text-calls.ts';
import { textRequest } from '../text/text-request.ts';
import { through } from '../through.ts';
import type { Model } from './model.ts';

/** Settings of {@link withTextToolCalls}. */
export interface WithTextToolCallsOptions extends Omit<ExtractTextToolCallsOptions, 'tools' | 'callIdSeed'> {
  /**
   * How tools, calls and results travel to the server. `'native'` (default): in the API's own words. `'text'`: for a server that knows no tools;
   * they are explained in the system's message, and calls and results are written as text.
   */
  readonly history?: 'native' | 'text';
}

/**
 * A model whose calls are written into its text, as one that makes calls.
 *
 * ```text
 * model              --a--b--F-e|      a: text 'I look.<tool_'  b: text 'call>{"name":"f"}</tool_call>'
 * withTextToolCalls  --x--(cE)F-e|     x: text 'I look.'  c: tool-call-start  E: tool-call-end
 * ```
 *
 * `extractTextToolCalls` with what the request says: what may be called are its `tools` (nothing where `toolChoice` is `none`), and ids are
 * different in every round, whatever the server's response ids are. Everything else is as that operator says.
 *
 * Errors, buffers and aborts as the model and that operator do. Throws at the call for a format, a history or a bound that is none.
 *
 * @param model - Who answers. Reasoning that is written as text is taken out before: `(request, answer) => model(request, answer).pipe(extractReasoning())`.
 * @param options - `format` (default `'auto'`), `maxHeldLength` (UTF-16 code units, default 1 Mi), `history` (default `'native'`).
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { defineTool, type Model, type ModelEvent, streamAnswer, withTextToolCalls } from 'toolstream';
 *
 * const add = defineTool({
 *   name: 'add',
 *   description: 'Adds two numbers',
 *   parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
 *   execute: ({ a, b }) => a + b,
 * });
 * // Stands for `httpModel(endpoint)`: a server that knows no tools.
 * const server: Model = ({ messages, tools }) => {
 *   const last = messages.at(-1)?.content ?? '';
 *   const text = last === '15 + 27?' ? '<tool_call>{"name":"add","arguments":{"a":15,"b":27}}</tool_call>' : `${tools ?? 'No tools'}, but: ${last}`;
 *   return of<ModelEvent[]>({ type: 'text-delta', text }, { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: text } });
 * };
 *
 * const model = withTextToolCalls(server, { history: 'text' });
 * streamAnswer({ model, request: { messages: [{ role: 'user', content: '15 + 27?' }] }, tools: [add] }).subscribe((event) => {
 *   if (event.type === 'text-delta') console.log(event.text);
 *   // No tools, but: <tool_response>
 *   // {"name": "add", "content": 42}
 *   // </tool_response>
 * });
 * ```
 *
 * @see https://github.com/NousResearch/Hermes-Function-Calling#prompt-format-for-function-calling
 */
export function withTextToolCalls(model: Model, options: WithTextToolCallsOptions = {}): Model {
  const { history = 'native', ...rest } = options;
  checkTextCallOptions({ ...rest, tools: [] });
  if (typeof model !== 'function') throw new TypeError('withTextToolCalls: `model` is no function: give one, e.g. httpModel(endpoint).');
  if (history !== 'native' && history !== 'text') throw new RangeError(`history is ${JSON.stringify(history)}: use 'native' or 'text'.`);
  return (request, answer) => {
    const tools = request.toolChoice === 'none' ? [] : (request.tools ?? []);
    const callIdSeed = String(request.messages.filter(({ role }) => role === 'assistant').length);
    const asked = history === 'text' ? textRequest(request) : request;
    const events$ = model(asked, answer);
    return tools.length === 0 ? events$ : events$.pipe(through(() => textCallExtractor<ModelEvent>({ ...rest, tools, callIdSeed })));
  };
}

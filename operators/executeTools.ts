import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { AnyEvent, Diagnostic, ToolEvent } from '../src/events.ts';
import { type ExecuteToolsOptions, runnerSettings } from '../src/tools/options.ts';
import { OrderedInput } from '../src/tools/ordered-input.ts';
import type { Tool } from '../src/tools/tool.ts';
import { ToolRunner } from '../src/tools/tool-runner.ts';

/**
 * Runs the tools that the model calls, and adds what they do to the stream, while text keeps flowing.
 *
 * ```text
 * source  --c----a--b--(e|)           c: tool-call   a, b: text   e: round-end
 * result  --(cs)-a--bp-e----(r|)      s: tool-started   p: tool-progress   r: tool-result
 * ```
 *
 * Passes every event on at once and in order. For each `tool-call` of a tool with `execute` it emits exactly one `tool-result`; before it,
 * where the tool was run, `tool-started` and a `tool-progress` for each value it yields. A failure is a result too: `unknown-tool`,
 * `invalid-arguments`, `threw`, `timed-out`, `rejected`, `not-run`, `unserialisable-result`; `undefined` is the result `null`.
 * Calls of tools without `execute` are left to the caller; one that comes twice in a round is run once.
 *
 * A tool starts when its call is `confirmed` (at its `tool-call`; default where `readOnlyHint` is true) or when its round has `finished` (at
 * `round-end`). After the finish reason `length`, `content-filter` or `error` no call of the round is started any more: those that wait are
 * `not-run`, those that run finish. Any other reason, `stop` too, says nothing about calls. A call that was cut short never runs.
 *
 * Before a tool starts its arguments are checked; invalid ones are given to `repair` once and checked again; then `approve` is asked. A tool that
 * fails is tried again only where it says so (`retries`). One that blocks the thread and yields nothing cannot be timed out: `workerTool` moves it
 * to another.
 *
 * Completes when the source has completed and every call has its result. When the source errors nothing more starts, tools that run finish
 * (their timeout bounds that), waiting calls get `not-run`, then the error is raised, its `partial.results` extended. Whatever tools, `approve` and
 * `repair` throw is a result; its only error of its own is an {@link UncertainCallError}, in place of the result of a call that the `journal` knows as
 * started and not settled.
 *
 * After `round-restarted` the events of the cut attempt's tools stop. The k-th call equal in name and canonical arguments takes, once, the k-th
 * of its executions: a result is emitted again for the new call, one that is running or being approved goes on for it. At the end of the round
 * what nobody took is aborted; a `diagnostic` (`execution-unclaimed`) tells of each that had started and is not read-only. Rounds may
 * follow each other through one subscription; later ones run anew.
 *
 * Buffers the calls that wait, bounded by the calls of a round, and the results, for the error. Unsubscribing aborts every signal, closes
 * generators, unsubscribes Observables and approvals; nothing is emitted after it.
 *
 * @param tools made by `defineTool`; two of one name throw a `TypeError`.
 * @param options `concurrency` (tools, default 8), `timeoutMs` (milliseconds of one tool's run, retries included and approval excluded, default
 * 60,000), `startWhen`, `approve`, `repair`, `now` (a monotonic clock in milliseconds, default `performance.now`).
 *
 * @example
 * ```ts
 * import { defineTool, executeTools, type ToolCall } from 'toolstream';
 * import { of } from 'rxjs';
 *
 * const add = defineTool({
 *   name: 'add',
 *   description: 'Adds two numbers',
 *   parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
 *   annotations: { readOnlyHint: true },
 *   execute: ({ a, b }) => a + b,
 * });
 * const call: ToolCall = {
 *   type: 'tool-call', callId: 'call_1', index: 0, name: 'add',
 *   argumentsText: '{"a":15,"b":27}', arguments: { _tag: 'Right', right: { a: 15, b: 27 } },
 * };
 * of(call).pipe(executeTools([add])).subscribe((event) => {
 *   if (event.type === 'tool-result') console.log(event.outcome); // { _tag: 'Right', right: 42 }
 * });
 * ```
 *
 * @see https://modelcontextprotocol.io/specification/2025-06-18/server/tools#error-handling
 */
export function executeTools<E extends AnyEvent>(
  tools: readonly Tool[],
  options: ExecuteToolsOptions = {},
): OperatorFunction<E, E | ToolEvent | Diagnostic> {
  const settings = runnerSettings(tools, options);
  return (source) =>
    new Observable((subscriber: Subscriber<E | ToolEvent | Diagnostic>) => {
      const runner = new ToolRunner<E>(subscriber, settings);
      subscriber.add(() => runner.stop());
      source.subscribe(new OrderedInput<E>(subscriber, runner));
    });
}

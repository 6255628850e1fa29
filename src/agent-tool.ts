import { concat, defer, fromEvent, type Observable, of, takeUntil, tap } from 'rxjs';
import { type StreamAnswerOptions, streamAnswer } from './answer.ts';
import type { AnswerEnd, AnswerEvent } from './events.ts';
import type { RequestInput } from './messages.ts';
import { defineTool, type ToolDefinition } from './tools/define-tool.ts';
import { FinalValue } from './tools/output.ts';
import type { ArgumentsOf, ToolParameters } from './tools/schema.ts';
import type { Tool } from './tools/tool.ts';

/** What an agent is told where it has no `parameters` of its own. */
export const TASK = {
  type: 'object',
  properties: { task: { type: 'string', description: 'What to do, with everything that is needed to know for it.' } },
  required: ['task'],
} as const;

/** Settings of {@link agentTool}: those of `defineTool` and those of `streamAnswer`, but a `journal`, which is for one answer: each call is one. */
export interface AgentToolOptions<P extends ToolParameters>
  extends Omit<StreamAnswerOptions, 'request' | 'timeoutMs' | 'journal'>,
    Omit<ToolDefinition<P>, 'parameters' | 'execute' | 'startWhen'> {
  /** What the calling model gives the agent. Default: `{ task: string }`. */
  readonly parameters?: P;
  /** What the agent is told about itself: the first message of its request. Only without `request`. */
  readonly system?: string;
  /** Makes the agent's request of the arguments. Default: `system`, and the user's message: `task`, or the arguments as JSON. */
  readonly request?: (args: ArgumentsOf<P>) => RequestInput;
}

/**
 * Makes a tool of a model with tools of its own: a call of it is a whole answer.
 *
 * ```text
 * agent's answer   --s-t-c-r-e-t-e(A|)     its text, calls, results; A: its answer-end
 * the call         B-P-P-P-P-P-P-P(PR)     B tool-started   P tool-progress, an event each   R tool-result: the last text
 * ```
 *
 * Each event of the agent's answer is a `tool-progress` of the call; an agent within an agent nests them. The result is the text of the agent's
 * last round. Where the agent fails, asks too many rounds, is filtered, or leaves calls to settle, the call has failed (`threw`) and the model is told.
 *
 * The agent stops, its tools and its connection with it, when nobody wants the result any more: unsubscribed, timed out, cancelled. Its token
 * counts are in its own `answer-end`, the last progress; the outer answer's `usage` counts the outer model alone.
 *
 * Keeps no event: each goes on in the moment it comes, and of the inner answer only its `answer-end` is looked at again. Where the outer answer is
 * read slowly (`toReadableStream`, `toAsyncIterable`), inner events wait with the others, at most `maxQueued` of them (events; default 65,536); one
 * more and the stream errors with a `LimitError`, which stops the agent. Hand the `gate` to the agent's model too, and its server waits instead.
 *
 * Agents share nothing: several may run at once, calls of one agent too, over one server, each with its own tools, signals and end.
 *
 * @param options `name`, `description`, `model`; `tools`, `system`, `request`, `parameters` (default `{ task: string }`), `annotations`
 * (`readOnlyHint` where all its tools only read: it then starts while the outer model still writes), `timeoutMs` (milliseconds of the whole answer,
 * default 60,000), `maxRounds` (default 8), and the options of `streamAnswer` for the agent's tools.
 *
 * @example
 * ```ts
 * import { agentTool, streamAnswer, textOnly } from 'toolstream';
 * import { scriptedModel } from 'toolstream/testing';
 *
 * const capital = agentTool({
 *   name: 'capital',
 *   description: 'Knows capitals',
 *   model: scriptedModel([['Hanoi']]),
 * });
 * const model = scriptedModel([[{ call: 'capital', arguments: { task: 'Capital of Vietnam?' } }], ['It is Hanoi.']]);
 *
 * streamAnswer({ model, request: { messages: [{ role: 'user', content: '?' }] }, tools: [capital] }).subscribe((event) => {
 *   if (event.type === 'tool-result') console.log(event.outcome); // { _tag: 'Right', right: 'Hanoi' }
 * });
 * ```
 *
 * @see {@link streamAnswer}
 */
export function agentTool<const P extends ToolParameters = typeof TASK>(options: AgentToolOptions<P>): Tool<ArgumentsOf<P>> {
  const { name, description, inputSchema, annotations, retries, timeoutMs, system, request, ...answering } = options;
  const { parameters = TASK as unknown as P, ...inner } = answering;
  if (typeof options.model !== 'function')
    throw new TypeError(`agentTool "${name}": \`model\` is no function: give one, e.g. httpModel(endpoint).`);
  if ('journal' in options && options.journal !== undefined) {
    throw new TypeError(
      `agentTool "${name}": a \`journal\` is for one answer, and each call of an agent is one. Give it to the outer answer: it keeps the agent's result.`,
    );
  }
  const requestOf = request ?? ((args: ArgumentsOf<P>) => ({ messages: [...systemOf(system), { role: 'user', content: taskOf(args) }] }));
  const defined = { name, description, parameters, inputSchema, annotations, retries, timeoutMs };
  return defineTool<P>({
    ...(withoutAbsent(defined) as typeof defined & ToolDefinition<P>),
    execute: (args, { signal }) => withLastText(streamAnswer({ ...inner, request: requestOf(args) }), signal),
  });
}

/** The events on the way, each at once, so that nothing has to wait here; then the last text. */
function withLastText(answer$: Observable<AnswerEvent>, signal: AbortSignal): Observable<AnswerEvent | FinalValue> {
  return defer(() => {
    let end: AnswerEnd | undefined;
    const events$ = answer$.pipe(
      takeUntil(abortOf(signal)),
      tap((event) => {
        if (event.type === 'answer-end') end = event;
      }),
    );
    return concat(
      events$,
      defer(() => of(new FinalValue(textOf(end)))),
    );
  });
}

function abortOf(signal: AbortSignal): Observable<unknown> {
  return signal.aborted ? of(true) : fromEvent(signal, 'abort');
}

/** What an agent says in the end. */
function textOf(end: AnswerEnd | undefined): string {
  if (end === undefined) throw new Error('The agent was stopped.');
  const { reason, messages } = end;
  if (reason !== 'stop' && reason !== 'length' && reason !== 'other') throw new Error(`The agent did not come to an end: ${reason}.`);
  const last = messages.at(-1);
  return last?.role === 'assistant' ? last.content : '';
}

function systemOf(system: string | undefined): RequestInput['messages'] {
  return system === undefined ? [] : [{ role: 'system', content: system }];
}

function taskOf(args: unknown): string {
  if (typeof args === 'string') return args;
  const task = typeof args === 'object' && args !== null && 'task' in args ? args.task : undefined;
  return typeof task === 'string' ? task : JSON.stringify(args);
}

function withoutAbsent(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

import * as E from 'fp-ts/Either';
import { catchError, defaultIfEmpty, defer, map, type Observable, of, switchMap, take, timeout } from 'rxjs';
import type { ToolCall, ToolFailure } from '../events.ts';
import type { Either, Json } from '../values.ts';
import { failed, invalidArguments, messageOf } from './failure.ts';
import { answerOf, type HookAnswer } from './hook-answer.ts';
import { issuesText } from './issues.ts';
import type { Tool, Validated } from './tool.ts';

/**
 * Asks whether a call may run. Only `true` lets it: anything else, an error or no answer refuses. The call it sees carries the arguments
 * that will run, the repaired ones where `repair` changed them, before a schema of yours converts them.
 */
export type Approve = (call: ToolCall, tool: Tool) => HookAnswer<boolean>;

/**
 * Corrects arguments that were invalid (not those that were cut short): gives them as a value or as JSON text (for a tool of plain text, as
 * that text), or `undefined` where it cannot. The error's message says what was wrong, by path.
 */
export type Repair = (call: ToolCall, error: ToolFailure) => HookAnswer<Json | undefined>;

/** What {@link prepareCall} needs besides the call. */
export interface PrepareOptions {
  /** Bounds the check and the repair together, in milliseconds; an approval takes as long as it takes. */
  readonly timeoutMs: number;
  readonly approve?: Approve | undefined;
  readonly repair?: Repair | undefined;
}

/** Checks a call's arguments, repairs them once, asks for approval: emits checked arguments or a failure, once, and never errors. */
export function prepareCall(call: ToolCall, tool: Tool, options: PrepareOptions): Observable<Either<ToolFailure, unknown>> {
  return defer(() => checkedOrRepaired(call, tool, options.repair)).pipe(
    timeout({ first: options.timeoutMs, with: () => of(tooSlow(options.timeoutMs)) }),
    catchError((thrown) => of(failed('threw', `The arguments could not be checked: ${messageOf(thrown)}`, false))),
    switchMap((checked) => (E.isRight(checked) && options.approve ? approved(checked.right, tool, options.approve) : of(checked))),
    map(E.map(({ args }) => args)),
    take(1),
  );
}

/** Arguments that may run, and the call that asks for exactly these. */
type Checked = Either<ToolFailure, { readonly args: unknown; readonly call: ToolCall }>;

const tooSlow = (ms: number) => failed('timed-out', `Checking the arguments took longer than ${ms} ms. The tool was not run.`, false);

function checkedOrRepaired(call: ToolCall, tool: Tool, repair: Repair | undefined): Observable<Checked> {
  const checked$: Observable<Checked> = E.isLeft(call.arguments)
    ? of(invalidArguments(call.arguments.left.message))
    : validated(tool, call, call.arguments.right);
  // A call that was cut short never runs, however well its end could be guessed.
  if (!repair || (E.isLeft(call.arguments) && call.arguments.left.code === 'incomplete')) return checked$;
  return checked$.pipe(switchMap((checked) => (E.isLeft(checked) ? repaired(call, tool, repair, checked.left) : of(checked))));
}

function validated(tool: Tool, call: ToolCall, value: Json): Observable<Checked> {
  return answerOf<Validated<unknown>>(() => tool.validate(value)).pipe(
    map((result) => {
      if (E.isLeft(result)) return invalidArguments(issuesText(result.left));
      // Who approves sees the plain text, whichever form the wire had.
      const seen = tool.format ? { ...call, arguments: E.right(result.right as Json) } : call;
      return E.right({ args: result.right, call: seen });
    }),
  );
}

function repaired(call: ToolCall, tool: Tool, repair: Repair, error: ToolFailure): Observable<Checked> {
  return answerOf(() => repair(call, error)).pipe(
    defaultIfEmpty(undefined),
    switchMap((value) => {
      if (value === undefined) return of(E.left(error));
      // Arguments are an object, so that a string can only be their JSON text; of a tool of plain text it is the text.
      const right = typeof value === 'string' && !tool.format ? (JSON.parse(value) as Json) : value;
      return validated(tool, { ...call, arguments: E.right(right), argumentsText: JSON.stringify(right) }, right);
    }),
    catchError((thrown) => of(E.left({ ...error, message: `${error.message} (A repair was tried and failed: ${messageOf(thrown)})` }))),
  );
}

function approved({ args, call }: { args: unknown; call: ToolCall }, tool: Tool, approve: Approve): Observable<Checked> {
  return answerOf(() => approve(call, tool)).pipe(
    defaultIfEmpty(false),
    map((answer) =>
      answer === true ? E.right({ args, call }) : failed('rejected', 'The call was not approved. The tool was not run.', false),
    ),
    catchError((thrown) => of(failed('rejected', `The call could not be approved: ${messageOf(thrown)}. The tool was not run.`, false))),
  );
}

import * as E from 'fp-ts/Either';
import { excerptOf } from '../errors.ts';
import type { FinishReason, ToolFailure } from '../events.ts';
import type { Either } from '../values.ts';

/** How much of a foreign error's message goes back to the model, in UTF-16 code units. */
const FOREIGN_MESSAGE_LIMIT = 1000;

/** A failure as the outcome of a call. `started`: whether `execute` was entered. */
export function failed(code: ToolFailure['code'], message: string, started: boolean): Either<ToolFailure, never> {
  return E.left({ code, message, started });
}

/** Arguments that must not run; what was wrong with them is for the model to correct. */
export const invalidArguments = (what: string) =>
  failed(
    'invalid-arguments',
    `The arguments are not valid: ${what.replace(/\.$/, '')}. Call the tool again with corrected arguments.`,
    false,
  );

/** A call that was not started, and why. */
export const notRun = (reason: string) => failed('not-run', `${reason} The tool was not run.`, false);

/** A call that an earlier process started and never settled. */
export const uncertain = () =>
  failed('cancelled', 'The tool was started before and never told what came of it. It may have had an effect.', true);

/** After these the model was stopped: what it asked for may not be what it meant. */
export const vetoOf = (reason: FinishReason): string | undefined =>
  reason === 'length' || reason === 'content-filter' || reason === 'error' ? `The model's answer ended early (${reason}).` : undefined;

/** A call of a tool there is not; tells the model which there are. */
export function unknownTool(name: string, known: Iterable<string>): Either<ToolFailure, never> {
  const names = [...known].slice(0, 50).join(', ');
  const help = names === '' ? 'There are no tools.' : `The tools are: ${names}.`;
  return failed('unknown-tool', `There is no tool ${JSON.stringify(excerptOf(name, 80))}. ${help}`, false);
}

/** What a thrown value says, in one capped line. Something that was thrown may itself throw when it is looked at. */
export function messageOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return excerptOf(text, FOREIGN_MESSAGE_LIMIT);
  } catch {
    return 'something that cannot be shown';
  }
}

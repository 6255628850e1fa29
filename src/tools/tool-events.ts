import type { Diagnostic, ToolCall, ToolFailure, ToolProgress, ToolResult, ToolStarted } from '../events.ts';
import type { Either, Json } from '../values.ts';

/** Which call it is. */
type Identity = Pick<ToolCall, 'round' | 'callId' | 'name'>;

/** Whose event it is: of the call, in its round. */
function identity({ round, callId, name }: Identity): Identity {
  return { ...(round === undefined ? {} : { round }), callId, name };
}

/** The `tool-started` of a call. */
export const startedOf = (call: ToolCall): ToolStarted => ({ type: 'tool-started', ...identity(call) });

/** A `tool-progress` of a call. */
export const progressOf = (call: ToolCall, value: Json): ToolProgress => ({ type: 'tool-progress', ...identity(call), value });

/** The `tool-result` of a call. `durationMs` is 0 where nothing ran. */
export function resultOf(call: Identity, outcome: Either<ToolFailure, Json>, durationMs = 0): ToolResult {
  return { type: 'tool-result', ...identity(call), outcome, durationMs };
}

/** A value on the way that has no JSON form was left out. */
export const lostProgress = (call: ToolCall, why: string): Diagnostic =>
  diagnostic(call, 'progress-unserialisable', `A value that ${call.name} yielded on the way was left out: ${why}.`);

/** What a cut attempt started was not asked for again. */
export const unclaimed = (call: ToolCall): Diagnostic =>
  diagnostic(
    call,
    'execution-unclaimed',
    `${call.name} was started by an attempt that was cut, and the next attempt did not ask for it. It may have had an effect.`,
  );

/** The journal could not be asked, or written. */
export const journalFailed = (call: ToolCall, message: string): Diagnostic => diagnostic(call, 'journal-failed', message);

function diagnostic(call: ToolCall, code: string, message: string): Diagnostic {
  const { name: _, ...whose } = identity(call);
  return { type: 'diagnostic', ...whose, code, message };
}

import type { AnswerEnd, ToolCall, ToolResult, Usage } from '../events.ts';
import type { Json } from '../values.ts';

/**
 * How far a call is.
 *
 * - `writing`: the model writes its arguments.
 * - `ready`: the call is whole, its tool has not begun.
 * - `running`: its tool runs.
 * - `done`: it has a value.
 * - `failed`: it has none and gets none: its arguments must not run, or its tool failed, was refused or was never run.
 */
export type CallStatus = 'writing' | 'ready' | 'running' | 'done' | 'failed';

/** What is known of one call so far. */
export interface CallState {
  /** The round that made the call, from 1. With `callId` it is the call's identity. */
  readonly round: number;
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  readonly status: CallStatus;
  /** The arguments' text so far: JSON, cut anywhere. */
  readonly argumentsText: string;
  /** The arguments so far, as far as they can be shown: for the eye only, never to run. Set by `answerState` and `partialArguments`. */
  readonly partial?: Json;
  /** The call, once it is whole. */
  readonly call?: ToolCall;
  /** The newest value the tool yielded on the way. */
  readonly progress?: Json;
  readonly result?: ToolResult;
}

/** A whole answer, as far as it has come. */
export interface AnswerState {
  /** The visible text of choice 0, of all rounds. */
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  /** In the order in which they began. */
  readonly calls: readonly CallState[];
  /** In the order in which they came. */
  readonly results: readonly ToolResult[];
  /** How many rounds have begun. */
  readonly rounds: number;
  /** Why the newest round ended; at the end, why the answer did. */
  readonly finishReason?: AnswerEnd['reason'];
  /** Summed over the rounds; tokens of attempts that were cut and asked again included. */
  readonly usage: Usage;
}

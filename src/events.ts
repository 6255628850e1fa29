import type { AssistantMessage, Message } from './messages.ts';
import type { Either, Json } from './values.ts';

/** What every event may carry. */
export interface EventBase {
  /** The round the event belongs to, from 1; stamped by `resumeAfterTools`. */
  readonly round?: number;
  /** Which of several choices (`n` > 1) the event belongs to; absent for choice 0. */
  readonly choice?: number;
}

/** A response began: the first event of a round. */
export interface RoundStart extends EventBase {
  readonly type: 'round-start';
  /** The provider's id of the response. */
  readonly responseId?: string;
  /** The model that answers, in the provider's words. */
  readonly model?: string;
}

/** A piece of the visible answer. */
export interface TextDelta extends EventBase {
  readonly type: 'text-delta';
  readonly text: string;
}

/** A piece of the model's reasoning. */
export interface ReasoningDelta extends EventBase {
  readonly type: 'reasoning-delta';
  readonly text: string;
}

/** A piece of a refusal. */
export interface RefusalDelta extends EventBase {
  readonly type: 'refusal-delta';
  readonly text: string;
}

/** A call began, and its name is known. */
export interface ToolCallStart extends EventBase {
  readonly type: 'tool-call-start';
  /** Unique within (round, choice): the provider's id, or a synthesised one. */
  readonly callId: string;
  /** The call's position among the calls of its choice, from 0, in the order in which they began. */
  readonly index: number;
  readonly name: string;
}

/** A fragment of a call's arguments: JSON text cut anywhere. */
export interface ToolCallDelta extends EventBase {
  readonly type: 'tool-call-delta';
  readonly callId: string;
  readonly index: number;
  readonly text: string;
}

/**
 * A call's arguments are over: the provider marked their end, as only some dialects do, or they were whole when another call began whose own
 * `tool-call-start` still waits for its name to be complete.
 */
export interface ToolCallEnd extends EventBase {
  readonly type: 'tool-call-end';
  readonly callId: string;
  readonly index: number;
}

/** Why a round ended, in one vocabulary for all providers. */
export type FinishReason = 'stop' | 'tool-calls' | 'length' | 'content-filter' | 'pause' | 'error' | 'other';

/** The model said why it stopped: once per choice, however often the wire repeats it. More may follow (usage, a late fragment). */
export interface FinishReasonEvent extends EventBase {
  readonly type: 'finish-reason';
  readonly reason: FinishReason;
  /** The provider's own word. */
  readonly raw: string;
}

/** Token counts of a round or an answer. */
export interface Usage {
  /** All that the model read: what came from the provider's cache and what was written to it are part of it, in every dialect. */
  readonly inputTokens?: number;
  /** All that the model wrote, reasoning included. */
  readonly outputTokens?: number;
  /** The part of `inputTokens` that was read from the provider's cache. */
  readonly cachedInputTokens?: number;
  /** The part of `inputTokens` that was written to the provider's cache, where that is counted. */
  readonly cacheWriteInputTokens?: number;
  /** The part of `outputTokens` that was spent on reasoning. */
  readonly reasoningTokens?: number;
  readonly totalTokens?: number;
  /** Durations some local servers report, in milliseconds. */
  readonly durationsMs?: { readonly total?: number; readonly load?: number; readonly prompt?: number; readonly output?: number };
}

/** Token counts so far (cumulative: the newest replaces those before). */
export interface UsageEvent extends EventBase {
  readonly type: 'usage';
  readonly usage: Usage;
  /** What the provider sent. */
  readonly raw: Json;
}

/** Something the dialect knows but the vocabulary does not (citations, server-run tools, audio): never dropped. */
export interface ProviderEvent extends EventBase {
  readonly type: 'provider-event';
  /** What it is, in the provider's words. */
  readonly name: string;
  readonly data: Json;
}

/** A round ended regularly: the last event of its stream. Never on error. */
export interface RoundEnd extends EventBase {
  readonly type: 'round-end';
  readonly reason: FinishReason;
  /** The connection broke after the finish reason: a blank call may have lost its arguments. */
  readonly cut?: true;
  readonly usage?: Usage;
  /** The assistant's message, as the next request needs it. */
  readonly message: AssistantMessage;
}

/** Why a call has no arguments that may run. */
export interface ArgumentsError {
  /**
   * - `invalid-json`: not JSON.
   * - `incomplete`: the round ended before the JSON did.
   * - `interrupted`: the stream was cut before the call was confirmed.
   * - `too-deep`, `too-long`: beyond the bounds of `accumulateToolCalls`.
   */
  readonly code: 'invalid-json' | 'incomplete' | 'interrupted' | 'too-deep' | 'too-long';
  /** What was expected, what came, and where. */
  readonly message: string;
  /** Where in the arguments' text, in UTF-16 code units. */
  readonly position?: number;
}

/** A call, whole: exactly once for each call that began in choice 0. */
export interface ToolCall extends EventBase {
  readonly type: 'tool-call';
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  /** The fragments, joined. */
  readonly argumentsText: string;
  /** `JSON.parse` of the text (blank: `{}`), or why it must not run. */
  readonly arguments: Either<ArgumentsError, Json>;
}

/** A tool began to run. */
export interface ToolStarted extends EventBase {
  readonly type: 'tool-started';
  readonly callId: string;
  readonly name: string;
}

/** A value a tool yielded on the way. */
export interface ToolProgress extends EventBase {
  readonly type: 'tool-progress';
  readonly callId: string;
  readonly name: string;
  readonly value: Json;
}

/** Why a call has no value. It goes back to the model as an error result. */
export interface ToolFailure {
  readonly code:
    | 'unknown-tool'
    | 'invalid-arguments'
    | 'threw'
    | 'timed-out'
    | 'rejected'
    | 'cancelled'
    | 'not-run'
    | 'unserialisable-result';
  /** What happened, in words a model can act on. */
  readonly message: string;
  /** Whether `execute` was entered: a side effect may have happened. */
  readonly started: boolean;
}

/** What became of a call: exactly once for each `tool-call` whose tool has an `execute`. */
export interface ToolResult extends EventBase {
  readonly type: 'tool-result';
  readonly callId: string;
  readonly name: string;
  readonly outcome: Either<ToolFailure, Json>;
  /** From `tool-started` to here, in milliseconds; 0 where nothing ran. */
  readonly durationMs: number;
}

/** The round is asked again: drop its text and its open calls. */
export interface RoundRestarted extends EventBase {
  readonly type: 'round-restarted';
  /** Which try begins now, from 2. */
  readonly attempt: number;
  /** Why the last one ended. */
  readonly message: string;
}

/** The answer is over: the last event. */
export interface AnswerEnd extends EventBase {
  readonly type: 'answer-end';
  readonly reason: FinishReason | 'max-rounds' | 'awaiting-results';
  /** Summed over the rounds. */
  readonly usage: Usage;
  /** What to append to the history: the assistant's messages and the tool results of all rounds. */
  readonly messages: readonly Message[];
  /** How many rounds were asked. */
  readonly rounds: number;
  /** With `awaiting-results`: the calls the caller has to settle. */
  readonly pending?: readonly ToolCall[];
}

/** An oddity that was survived. */
export interface Diagnostic extends EventBase {
  readonly type: 'diagnostic';
  /** A stable word for it, e.g. `id-synthesised`, `replay-dropped`, `frame-skipped`. */
  readonly code: string;
  readonly message: string;
  readonly callId?: string;
}

/** What a dialect's decoder emits. */
export type ModelEvent =
  | RoundStart
  | TextDelta
  | ReasoningDelta
  | RefusalDelta
  | ToolCallStart
  | ToolCallDelta
  | ToolCallEnd
  | FinishReasonEvent
  | UsageEvent
  | ProviderEvent
  | RoundEnd
  | RoundRestarted
  | Diagnostic;

/** What `executeTools` adds. */
export type ToolEvent = ToolStarted | ToolProgress | ToolResult;

/** Every event of a whole answer. */
export type AnswerEvent = ModelEvent | ToolCall | ToolEvent | AnswerEnd;

/** The least an event has: operators pass on untouched every event they do not know. */
export interface AnyEvent {
  readonly type: string;
}

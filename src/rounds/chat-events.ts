import type { ToolCall } from '../events.ts';
import type { Message, ToolMessage, UserMessage } from '../messages.ts';

/** What a chat is told: the user's words, or the result of a call that the last answer left to the caller. */
export type ChatInput = string | UserMessage | ToolMessage;

/** A message's turn has come: the model is asked. */
export interface TurnStart {
  readonly type: 'turn-start';
  /** From 1. */
  readonly turn: number;
  /** What was appended to the history before the model is asked: the user's message, or results; and what settles calls left open. */
  readonly messages: readonly Message[];
}

/** A turn is over, one way or the other: exactly once for each `turn-start`. */
export interface TurnEnd {
  readonly type: 'turn-end';
  readonly turn: number;
  /**
   * - `answered`: the answer came to its end.
   * - `superseded`: a newer message took its place. `stopped`: the user stopped it.
   * - `failed`: it failed; the chat goes on.
   */
  readonly outcome: 'answered' | 'superseded' | 'stopped' | 'failed';
  /** The whole conversation so far. Every call in it has a result, save those in `pending`. */
  readonly history: readonly Message[];
  /** The calls the caller has to settle, with a tool message each; the next user message settles what is left as `not-run`. */
  readonly pending?: readonly ToolCall[];
  /** Why it failed. */
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string };
}

/** A message was not taken. */
export interface MessageRefused {
  readonly type: 'message-refused';
  /** `queue-full`: as many wait as may. `unknown-call`: no open call has this id. */
  readonly reason: 'queue-full' | 'unknown-call';
  readonly message: UserMessage | ToolMessage;
}

/** What `converse` adds to the events of the answers. */
export type ChatEvent = TurnStart | TurnEnd | MessageRefused;

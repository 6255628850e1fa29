import { mergeAll, NEVER, type Observable, type OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import type { Message } from '../src/messages.ts';
import { Chat } from '../src/rounds/chat.ts';
import type { ChatEvent, ChatInput } from '../src/rounds/chat-events.ts';
import { through } from '../src/through.ts';
import { type ResultBounds, resultBoundsOf } from '../src/tools/tool-message.ts';

/** Settings of {@link converse}. */
export interface ConverseOptions<E> extends ResultBounds {
  /** Answers a conversation, e.g. `messages => streamAnswer({ model, request: { messages }, tools })`. Called once a turn. */
  readonly answer: (messages: readonly Message[]) => Observable<E>;
  /** What was said before, a system message included. Default: nothing. */
  readonly history?: readonly Message[];
  /** A user's message cancels the answer that runs, instead of waiting for it. Default `false`. */
  readonly supersede?: boolean;
  /** How many messages may wait while an answer runs: an integer from 0. Default 16. */
  readonly maxQueued?: number;
  /** Each value stops the answer that runs; what there is of it stays in the history. Default: never. */
  readonly stop$?: Observable<unknown>;
}

/**
 * Holds a conversation: user messages in, the chat's events out.
 *
 * ```text
 * source  --a-----b-----|    a, b: messages
 * answer    -t-e|            t: text-delta   e: round-end
 * answer          -t-e|
 * result  --St-eE-St-eE-|    S: turn-start   E: turn-end
 * ```
 *
 * Each message is a turn: `turn-start`, the events of `answer`, untouched, and `turn-end` with the whole history. A message that comes
 * while an answer runs waits for its turn, or takes its place (`supersede`). A string is a user's message; a tool message is the result
 * of a call that the last answer left open (`awaiting-results`), and the last such result is a turn of its own. The next user message settles
 * calls still open as `not-run`. Completes when its source has and no turn is left.
 *
 * However a turn ends, the history keeps what came of it, and every call in it has one result: one that was never run is told apart
 * from one that was stopped while it ran. A failed answer ends its turn as `failed`; the chat goes on.
 *
 * Errors with its source's error, and with a `TypeError` for an input that is no message. A message beyond `maxQueued`, and a result nobody
 * waits for, come back as `message-refused`.
 *
 * Keeps the history and up to `maxQueued` messages. Unsubscribing stops the answer that runs and drops what waits.
 *
 * @param options `answer`, `history`, `supersede` (default `false`), `maxQueued` (messages, default 16), `stop$`; `maxResultLength` and `longResults`, as
 * your answers have them: how the history of a turn that was stopped or failed shows a long result.
 *
 * 1. Each message is in one `turn-start` or one `message-refused`, in order; each `turn-start` is followed by its `turn-end`.
 * 2. In each `turn-end`'s history, each call is answered once, right after its message, save those in `pending`.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { converse, type ModelEvent } from 'toolstream';
 *
 * const answer = (messages: readonly unknown[]) => {
 *   const content = `That was message ${messages.length}.`;
 *   return of<ModelEvent[]>({ type: 'text-delta', text: content }, { type: 'round-end', reason: 'stop', message: { role: 'assistant', content } });
 * };
 * of('Hello', 'Again').pipe(converse({ answer })).subscribe((event) => {
 *   if (event.type === 'turn-end') console.log(event.outcome, event.history.length); // answered 2 answered 4
 * });
 * ```
 *
 * @see {@link streamAnswer}
 */
export function converse<E extends AnyEvent>(options: ConverseOptions<E>): OperatorFunction<ChatInput, E | ChatEvent> {
  const { answer, history = [], supersede = false, maxQueued = 16, stop$ = NEVER } = options;
  if (typeof answer !== 'function') throw new TypeError('converse: `answer` is missing: give a function, messages => events$.');
  if (!(Number.isSafeInteger(maxQueued) && maxQueued >= 0)) {
    throw new RangeError(`converse: \`maxQueued\` is ${maxQueued}: give an integer from 0.`);
  }
  const settings = { answer, history, supersede, maxQueued, stop$, results: resultBoundsOf(options) };
  return (source) =>
    source.pipe(
      through(() => new Chat<E>(settings)),
      mergeAll(),
    );
}

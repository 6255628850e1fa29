import { type PartialAnswer, withPartial } from '../errors.ts';
import type { AssistantMessage, MessageToolCall } from '../messages.ts';

/** What was found in the text of a message. */
export interface Found {
  /** The text without it. */
  readonly text: string;
  readonly reasoning?: string;
  readonly calls?: readonly MessageToolCall[];
}

/**
 * A message as it reads with what was found in its text. The provider's own form is left out: it still has the markup, and a request is
 * made of the neutral one then, so that calls and their results fit together.
 */
export function amendedMessage(message: AssistantMessage, found: Found): AssistantMessage {
  const { native: _, ...neutral } = message;
  const reasoning = (message.reasoning ?? '') + (found.reasoning ?? '');
  const toolCalls = [...(message.toolCalls ?? []), ...(found.calls ?? [])];
  return { ...neutral, content: found.text, ...(reasoning && { reasoning }), ...(toolCalls.length > 0 && { toolCalls }) };
}

/** The same for what an error has of a broken answer. */
export function amendedError<E>(error: E, found: Found): E {
  const calls = (found.calls ?? []).map(({ id, name, argumentsText }) => ({ callId: id, name, argumentsText }));
  return withPartial(
    error,
    (partial): PartialAnswer => ({
      ...partial,
      text: found.text,
      reasoning: partial.reasoning + (found.reasoning ?? ''),
      calls: [...partial.calls, ...calls],
      ...(partial.message && { message: amendedMessage(partial.message, found) }),
    }),
  );
}

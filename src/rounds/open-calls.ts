import type { Message, MessageToolCall, ToolMessage } from '../messages.ts';
import { toolMessage } from '../tools/tool-message.ts';
import { unansweredResult } from './round-record.ts';

/** The calls at the end of a history that have no result yet. */
export function openCalls(history: readonly Message[]): MessageToolCall[] {
  const { calls, results } = lastCalls(history);
  return calls.filter((call) => !results.has(call.id));
}

/** Answers the open calls where nobody will: they were not run. @returns what it appended. */
export function settleOpenCalls(history: Message[]): ToolMessage[] {
  const settled = openCalls(history).map(({ id, name }) => toolMessage(unansweredResult(id, name, false)));
  for (const message of settled) appendResult(history, message);
  return settled;
}

/** The results that end a history. */
export function lastResults(history: readonly Message[]): Message[] {
  return history.slice(lastCalls(history).at + 1);
}

/** Appends the result of an open call; results stand in the order of the calls, whatever order they come in. */
export function appendResult(history: Message[], result: ToolMessage): void {
  const { at, calls, results } = lastCalls(history);
  results.set(result.toolCallId, result);
  history.length = at + 1;
  for (const { id } of calls) {
    const known = results.get(id);
    if (known) history.push(known);
  }
}

/** The last assistant message, if nothing but results follows it. */
function lastCalls(history: readonly Message[]): { at: number; calls: readonly MessageToolCall[]; results: Map<string, ToolMessage> } {
  const results = new Map<string, ToolMessage>();
  let at = history.length - 1;
  for (let message = history[at]; message?.role === 'tool'; message = history[--at]) results.set(message.toolCallId, message);
  const last = history[at];
  return { at, calls: last?.role === 'assistant' ? (last.toolCalls ?? []) : [], results };
}

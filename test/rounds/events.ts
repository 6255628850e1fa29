import type { AnswerEvent, FinishReason, RoundEnd, ToolCall, ToolFailure, ToolResult, Usage } from '../../src/events.ts';
import type { AssistantMessage, Message } from '../../src/messages.ts';
import type { Json } from '../../src/values.ts';

export const text = (content: string): AnswerEvent => ({ type: 'text-delta', text: content });

export const begin = (callId: string, index = 0, name = 'add'): AnswerEvent => ({ type: 'tool-call-start', callId, index, name });

export const fragment = (callId: string, argumentsText: string, index = 0): AnswerEvent => ({
  type: 'tool-call-delta',
  callId,
  index,
  text: argumentsText,
});

export const call = (callId: string, index = 0, name = 'add'): ToolCall => ({
  type: 'tool-call',
  callId,
  index,
  name,
  argumentsText: '[15,27]',
  arguments: { _tag: 'Right', right: [15, 27] },
});

export const started = (callId: string, name = 'add'): AnswerEvent => ({ type: 'tool-started', callId, name });

export const progress = (callId: string, value: Json, name = 'add'): AnswerEvent => ({ type: 'tool-progress', callId, name, value });

export const result = (callId: string, value: Json = 42, name = 'add'): ToolResult => ({
  type: 'tool-result',
  callId,
  name,
  outcome: { _tag: 'Right', right: value },
  durationMs: 1,
});

export const failure = (callId: string, code: ToolFailure['code'], name = 'add'): ToolResult => ({
  type: 'tool-result',
  callId,
  name,
  outcome: { _tag: 'Left', left: { code, message: code, started: false } },
  durationMs: 0,
});

export const finish = (reason: FinishReason): AnswerEvent => ({ type: 'finish-reason', reason, raw: reason });

export const end = (reason: FinishReason, callIds: readonly string[] = [], content = '', usage?: Usage): RoundEnd => ({
  type: 'round-end',
  reason,
  ...(usage && { usage }),
  message: said(content, callIds),
});

export const said = (content: string, callIds: readonly string[] = [], argumentsText = '[15,27]'): AssistantMessage => ({
  role: 'assistant',
  content,
  ...(callIds.length > 0 && { toolCalls: callIds.map((id) => ({ id, name: 'add', argumentsText })) }),
});

export const answered = (callId: string, content = '42'): Message => ({ role: 'tool', toolCallId: callId, name: 'add', content });

export const user = (content: string): Message => ({ role: 'user', content });

/** What is wrong with a history, in words: each call must be answered once, right after its message, in order. */
export function faults(messages: readonly Message[]): string[] {
  const found: string[] = [];
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      const expected = open.shift();
      if (message.toolCallId !== expected) found.push(`a result for ${message.toolCallId}, expected one for ${expected}`);
    } else {
      if (open.length > 0) found.push(`no result for ${open.join(', ')}`);
      open = message.role === 'assistant' ? (message.toolCalls ?? []).map((made) => made.id) : [];
      if (new Set(open).size !== open.length) found.push(`ids used twice: ${open.join(', ')}`);
    }
  }
  if (open.length > 0) found.push(`no result for ${open.join(', ')}`);
  return found;
}

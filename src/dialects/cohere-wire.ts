import * as t from 'io-ts';
import type { FinishReason, Usage } from '../events.ts';
import { isRecord } from '../values.ts';
import { saysOnly } from './says-only.ts';
import { count, usageWith } from './token-count.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, oneOf, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  /** A call, or a piece of one. */
  const ToolCall = t.type({
    id: optional(t.string),
    function: optional(t.type({ name: optional(t.string), arguments: optional(oneOf(t.string, t.UnknownRecord)) })),
  });

  /** A piece of content: text, or reasoning under the name `thinking`. */
  const Content = t.type({ type: optional(t.string), text: optional(t.string), thinking: optional(t.string) });

  const Message = t.type({
    /** One piece in a delta, a list where a server sends the message whole. */
    content: optional(oneOf(Content, t.array(Content), t.string)),
    tool_plan: optional(t.string),
    tool_calls: optional(oneOf(ToolCall, t.array(ToolCall))),
    citations: optional(oneOf(t.UnknownRecord, t.UnknownArray)),
  });

  /** One event of the stream, as far as it is read. */
  const Event = t.type({
    type: t.string,
    id: optional(t.string),
    index: optional(t.number),
    delta: optional(
      t.type({
        message: optional(Message),
        finish_reason: optional(t.string),
        error: optional(t.string),
        usage: optional(t.UnknownRecord),
      }),
    ),
  });

  return { ToolCall, Content, Message, Event };
});

type Codecs = ReturnType<typeof codecs>;
export type CohereEvent = t.TypeOf<Codecs['Event']>;
export type CohereMessage = t.TypeOf<Codecs['Message']>;
export type CohereContent = t.TypeOf<Codecs['Content']>;
export type CohereToolCall = t.TypeOf<Codecs['ToolCall']>;

/** Whether a payload is what nearly every event is: a piece of content. The codec runs on all others. */
function looksLikeContentDelta(payload: unknown): payload is CohereEvent {
  if (!isRecord(payload) || payload.type !== 'content-delta' || typeof payload.index !== 'number' || !isRecord(payload.delta)) return false;
  if (payload.id !== undefined && typeof payload.id !== 'string') return false;
  const { message } = payload.delta;
  if (!isRecord(message) || !isRecord(message.content) || Object.keys(message).length > 1) return false;
  for (const key in message.content) if (typeof message.content[key] !== 'string') return false;
  return Object.keys(payload.delta).length === 1;
}

const PLAIN_TYPES = new Set(['content-delta', 'tool-plan-delta', 'tool-call-delta']);
const PLAIN_EVENT = new Set(['type', 'id', 'index', 'delta']);
const PLAIN_DELTA = new Set(['message']);
const PLAIN_MESSAGE = new Set(['content', 'tool_plan', 'tool_calls']);
const PLAIN_CONTENT = new Set(['type', 'text', 'thinking']);
const PLAIN_CALL = new Set(['function']);
const PLAIN_FUNCTION = new Set(['arguments']);

/** Whether an event says a piece of a text or of arguments, and nothing else. */
function isPlainEvent(event: CohereEvent): boolean {
  const message = event.delta?.message;
  if (!message || !PLAIN_TYPES.has(event.type) || !saysOnly(event, PLAIN_EVENT) || !saysOnly(event.delta as object, PLAIN_DELTA))
    return false;
  const { content, tool_calls: call } = message;
  if (!saysOnly(message, PLAIN_MESSAGE) || (isRecord(content) ? !saysOnly(content, PLAIN_CONTENT) : Boolean(content))) return false;
  if (!isRecord(call)) return !call;
  const called = call.function;
  return saysOnly(call, PLAIN_CALL) && isRecord(called) && saysOnly(called, PLAIN_FUNCTION) && typeof called.arguments === 'string';
}

export const cohereWire: Wire = {
  expected: 'event of a Cohere chat',
  typed: true,
  isPlain: (payload) => isPlainEvent(payload as CohereEvent),
  problem: (payload) => (looksLikeContentDelta(payload) ? undefined : describeProblem(codecs().Event, payload)),
};

/** Cohere's words, and `PAUSE`, which the encoder writes where Cohere has none. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['COMPLETE', 'stop'],
  ['STOP_SEQUENCE', 'stop'],
  ['TOOL_CALL', 'tool-calls'],
  ['MAX_TOKENS', 'length'],
  ['ERROR_LIMIT', 'length'],
  ['ERROR_TOXIC', 'content-filter'],
  ['PAUSE', 'pause'],
  ['ERROR', 'error'],
  ['TIMEOUT', 'error'],
]);

export function finishReason(word: string): FinishReason {
  return FINISH_REASONS.get(word) ?? 'other';
}

const WORDS = {
  stop: 'COMPLETE',
  'tool-calls': 'TOOL_CALL',
  length: 'MAX_TOKENS',
  'content-filter': 'ERROR_TOXIC',
  pause: 'PAUSE',
  error: 'ERROR',
} as const;

/** `finishReason` the other way round. */
export function finishWord(reason: FinishReason, raw: string): string {
  if (reason !== 'other') return finishReason(raw) === reason ? raw : WORDS[reason];
  return raw !== '' && finishReason(raw) === 'other' ? raw : 'OTHER';
}

/** Token counts in the common vocabulary: what the model read and wrote, which is more than what is billed. */
export function usageOf(raw: { readonly [key: string]: unknown }): Usage {
  const tokens = isRecord(raw.tokens) ? raw.tokens : isRecord(raw.billed_units) ? raw.billed_units : {};
  return usageWith({
    inputTokens: count(tokens.input_tokens),
    outputTokens: count(tokens.output_tokens),
    cachedInputTokens: count(raw.cached_tokens),
  });
}

/** `usageOf` the other way round. */
export function writtenUsage({ inputTokens, outputTokens, cachedInputTokens }: Usage): { readonly [key: string]: unknown } {
  const tokens = {
    ...(inputTokens !== undefined && { input_tokens: inputTokens }),
    ...(outputTokens !== undefined && { output_tokens: outputTokens }),
  };
  return { billed_units: tokens, tokens, ...(cachedInputTokens !== undefined && { cached_tokens: cachedInputTokens }) };
}

import * as t from 'io-ts';
import type { FinishReason, Usage } from '../events.ts';
import { isRecord, type Json } from '../values.ts';
import { saysOnly } from './says-only.ts';
import { areSameCounts, count, usageWith } from './token-count.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  /** A piece of the answer. Fields of blocks that are not listed here (results of server tools, say) may be anything. */
  const ContentBlock = t.type({
    type: t.string,
    text: optional(t.string),
    thinking: optional(t.string),
    signature: optional(t.string),
    id: optional(t.string),
    name: optional(t.string),
  });

  const Message = t.type({
    id: optional(t.string),
    model: optional(t.string),
    content: optional(t.array(ContentBlock)),
    stop_reason: optional(t.string),
    usage: optional(t.UnknownRecord),
  });

  const Delta = t.type({
    type: optional(t.string),
    text: optional(t.string),
    thinking: optional(t.string),
    signature: optional(t.string),
    partial_json: optional(t.string),
    citation: optional(t.UnknownRecord),
    stop_reason: optional(t.string),
  });

  /** An event of the stream, as far as it is read. */
  const MessageEvent = t.type({
    type: t.string,
    index: optional(t.number),
    message: optional(Message),
    content_block: optional(ContentBlock),
    delta: optional(Delta),
    usage: optional(t.UnknownRecord),
  });

  return { ContentBlock, Delta, MessageEvent };
});

type Codecs = ReturnType<typeof codecs>;
export type MessageEvent = t.TypeOf<Codecs['MessageEvent']>;
export type ContentBlock = t.TypeOf<Codecs['ContentBlock']>;
export type MessageDelta = t.TypeOf<Codecs['Delta']>;

/** Whether an event of this type is read; any other is handed on as it is. */
const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
]);

const TEXTS_OF_BLOCK = ['text', 'thinking', 'signature', 'id', 'name'] as const;
const TEXTS_OF_DELTA = ['type', 'text', 'thinking', 'signature', 'partial_json', 'stop_reason'] as const;

/** Whether a payload has the shape of {@link MessageEvent}, at a glance. */
function looksLikeMessageEvent(payload: unknown): payload is MessageEvent {
  if (!isRecord(payload) || typeof payload.type !== 'string') return false;
  const { index, delta, content_block, message, usage } = payload;
  if (index !== undefined && index !== null && typeof index !== 'number') return false;
  return (
    isAbsentOr(delta, looksLikeDelta) &&
    isAbsentOr(content_block, looksLikeBlock) &&
    isAbsentOr(message, looksLikeMessage) &&
    isAbsentOr(usage, isRecord)
  );
}

function looksLikeDelta(delta: unknown): boolean {
  return isRecord(delta) && haveTexts(delta, TEXTS_OF_DELTA) && isAbsentOr(delta.citation, isRecord);
}

function looksLikeBlock(block: unknown): boolean {
  return isRecord(block) && typeof block.type === 'string' && haveTexts(block, TEXTS_OF_BLOCK);
}

function looksLikeMessage(message: unknown): boolean {
  if (!isRecord(message) || !haveTexts(message, ['id', 'model', 'stop_reason']) || !isAbsentOr(message.usage, isRecord)) return false;
  return isAbsentOr(message.content, (content) => Array.isArray(content) && content.every(looksLikeBlock));
}

function haveTexts(fields: { readonly [key: string]: unknown }, keys: readonly string[]): boolean {
  for (const key of keys) {
    const value = fields[key];
    if (value !== null && value !== undefined && typeof value !== 'string') return false;
  }
  return true;
}

function isAbsentOr(value: unknown, test: (value: unknown) => boolean): boolean {
  return value === null || value === undefined || test(value);
}

const PLAIN_EVENT = new Set(['type', 'index', 'delta']);
const PLAIN_DELTAS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['text_delta', new Set(['type', 'text'])],
  ['thinking_delta', new Set(['type', 'thinking'])],
  ['input_json_delta', new Set(['type', 'partial_json'])],
]);

/** Whether an event says a piece of a text, of thinking or of arguments, or that a block ends, and nothing else. */
function isPlainEvent({ type, delta, ...rest }: MessageEvent): boolean {
  if (type === 'content_block_stop') return !delta && saysOnly(rest, PLAIN_EVENT);
  const known = PLAIN_DELTAS.get(delta?.type ?? '');
  return type === 'content_block_delta' && known !== undefined && saysOnly(delta as object, known) && saysOnly(rest, PLAIN_EVENT);
}

export const messagesWire: Wire = {
  expected: 'event of a message',
  typed: true,
  isPlain: (payload) => isPlainEvent(payload as MessageEvent),
  problem(payload) {
    if (looksLikeMessageEvent(payload)) return undefined;
    // Events of types that are not read may have any fields.
    if (isRecord(payload) && typeof payload.type === 'string' && !KNOWN_EVENTS.has(payload.type)) return undefined;
    return describeProblem(codecs().MessageEvent, payload);
  },
};

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_use', 'tool-calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
  ['refusal', 'content-filter'],
  ['error', 'error'],
]);

/** The provider's word in the common vocabulary. */
export function messageFinish(word: string): FinishReason {
  return FINISH_REASONS.get(word) ?? 'other';
}

/** The word for a reason of another dialect: its own, where it means the same here. */
export function stopReason(reason: FinishReason, raw: string): string {
  if (messageFinish(raw) === reason && raw !== '') return raw;
  return [...FINISH_REASONS.keys()].find((word) => FINISH_REASONS.get(word) === reason) ?? 'other';
}

/** Token counts in the common vocabulary. On the wire `input_tokens` are those beyond the cache's: all three are what the model read. */
export function messageUsage(raw: { readonly [key: string]: unknown }): Usage {
  const details = isRecord(raw.output_tokens_details) ? raw.output_tokens_details : {};
  const beyond = count(raw.input_tokens);
  const read = count(raw.cache_read_input_tokens);
  const written = count(raw.cache_creation_input_tokens);
  return usageWith({
    inputTokens: beyond === undefined ? undefined : beyond + (read ?? 0) + (written ?? 0),
    outputTokens: count(raw.output_tokens),
    cachedInputTokens: read,
    cacheWriteInputTokens: written,
    reasoningTokens: count(details.thinking_tokens),
  });
}

/** {@link messageUsage} the other way round: as it came, if it came in these words, else made anew. */
export function writtenUsage(usage: Usage, raw: Json): Json {
  const { inputTokens = 0, outputTokens = 0, cachedInputTokens, cacheWriteInputTokens, reasoningTokens } = usage;
  if (isRecord(raw) && usage.inputTokens !== undefined && areSameCounts(messageUsage(raw), usage)) return raw as Json;
  return {
    input_tokens: Math.max(0, inputTokens - (cachedInputTokens ?? 0) - (cacheWriteInputTokens ?? 0)),
    output_tokens: outputTokens,
    ...(cachedInputTokens !== undefined && { cache_read_input_tokens: cachedInputTokens }),
    ...(cacheWriteInputTokens !== undefined && { cache_creation_input_tokens: cacheWriteInputTokens }),
    ...(reasoningTokens !== undefined && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  };
}

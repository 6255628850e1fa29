import * as t from 'io-ts';
import type { FinishReason, Usage } from '../events.ts';
import { isRecord } from '../values.ts';
import { saysOnly } from './says-only.ts';
import { count, usageWith } from './token-count.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, oneOf, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  const fields = {
    type: t.string,
    response: optional(t.UnknownRecord),
    item: optional(t.UnknownRecord),
    item_id: optional(t.string),
    call_id: optional(t.string),
    output_index: optional(t.number),
    content_index: optional(t.number),
    summary_index: optional(t.number),
    sequence_number: optional(t.number),
  };

  /** One event of a response's stream, as far as it is read. Nothing but its type is relied on. */
  const ResponseEvent = t.type(fields);

  /** An event that says a piece, or all, of a text. */
  const TextEvent = t.type({
    ...fields,
    delta: optional(t.string),
    text: optional(t.string),
    refusal: optional(t.string),
    input: optional(t.string),
    /** Should be a string; a few relays send the object itself. */
    arguments: optional(oneOf(t.string, t.UnknownRecord)),
  });

  return { ResponseEvent, TextEvent };
});

type Codecs = ReturnType<typeof codecs>;
export type ResponseEvent = t.TypeOf<Codecs['ResponseEvent']>;
export type TextEvent = t.TypeOf<Codecs['TextEvent']>;
/** An entry of a response's `output`. */
export type Item = { readonly [key: string]: unknown };

/** Events whose text is read; of others the text is data. */
const TEXT_EVENT =
  /^response\.(output_text|refusal|reasoning_text|reasoning_summary_text|function_call_arguments|custom_tool_call_input)\./;

/** Whether an event's text belongs to the answer, so that it has to have the shape of {@link TextEvent}. */
export function saysText(event: ResponseEvent): event is TextEvent {
  return TEXT_EVENT.test(event.type);
}

/** Whether a payload has the shape of {@link ResponseEvent}, or {@link TextEvent}, at a glance. */
function looksLikeResponseEvent(payload: unknown): payload is ResponseEvent {
  if (!isRecord(payload) || typeof payload.type !== 'string') return false;
  if (!isRecordOrAbsent(payload.response) || !isRecordOrAbsent(payload.item) || !isText(payload.item_id) || !isText(payload.call_id)) {
    return false;
  }
  if (!isNumber(payload.output_index) || !isNumber(payload.content_index) || !isNumber(payload.summary_index)) return false;
  if (!isNumber(payload.sequence_number)) return false;
  if (!TEXT_EVENT.test(payload.type)) return true;
  if (!isText(payload.delta) || !isText(payload.text) || !isText(payload.refusal) || !isText(payload.input)) return false;
  return isText(payload.arguments) || isRecord(payload.arguments);
}

const PLAIN_EVENT = new Set([
  'type',
  'delta',
  'item_id',
  'call_id',
  'response_id',
  'output_index',
  'content_index',
  'summary_index',
  'sequence_number',
  'obfuscation',
]);

/** Whether an event says a piece of a text or of arguments, and nothing else. */
function isPlainEvent({ logprobs, ...event }: ResponseEvent & { readonly logprobs?: unknown }): boolean {
  const isSilent = logprobs === undefined || logprobs === null || (Array.isArray(logprobs) && logprobs.length === 0);
  return saysText(event) && event.type.endsWith('.delta') && isSilent && saysOnly(event, PLAIN_EVENT);
}

export const responsesWire: Wire = {
  expected: 'event of a response',
  typed: true,
  isPlain: (payload) => isPlainEvent(payload as ResponseEvent),
  unread: /* @__PURE__ */ new Set(['obfuscation']),
  problem(payload) {
    if (looksLikeResponseEvent(payload)) return undefined;
    const isText = isRecord(payload) && typeof payload.type === 'string' && TEXT_EVENT.test(payload.type);
    return describeProblem(isText ? codecs().TextEvent : codecs().ResponseEvent, payload);
  },
};

/** Why a response ended, by its `status` or its `incomplete_details.reason`. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['completed', 'stop'],
  ['max_output_tokens', 'length'],
  ['max_tokens', 'length'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
  ['error', 'error'],
]);

/** The provider's word in the common vocabulary. */
export function responseFinish(word: string): FinishReason {
  return FINISH_REASONS.get(word) ?? 'other';
}

/** Token counts in the common vocabulary. */
export function responseUsage(raw: { readonly [key: string]: unknown }): Usage {
  const input = isRecord(raw.input_tokens_details) ? raw.input_tokens_details : {};
  const output = isRecord(raw.output_tokens_details) ? raw.output_tokens_details : {};
  return usageWith({
    inputTokens: count(raw.input_tokens),
    outputTokens: count(raw.output_tokens),
    totalTokens: count(raw.total_tokens),
    cachedInputTokens: count(input.cached_tokens),
    cacheWriteInputTokens: count(input.cache_write_tokens),
    reasoningTokens: count(output.reasoning_tokens),
  });
}

/** A text that says something: blank ids and names are absent ones. */
export function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isRecordOrAbsent(value: unknown): boolean {
  return value === null || value === undefined || isRecord(value);
}

function isText(value: unknown): boolean {
  return value === null || value === undefined || typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return value === null || value === undefined || typeof value === 'number';
}

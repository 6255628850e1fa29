import * as t from 'io-ts';
import type { FinishReason, Usage } from '../events.ts';
import { isRecord } from '../values.ts';
import { saysOnly } from './says-only.ts';
import { count, usageWith } from './token-count.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, oneOf, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  /** One entry of `delta.tool_calls`. `arguments` should be a string; a few relays send the object itself. */
  const ToolCallDelta = t.type({
    index: optional(t.number),
    id: optional(t.string),
    function: optional(t.type({ name: optional(t.string), arguments: optional(oneOf(t.string, t.UnknownRecord)) })),
    /** A custom tool's call: its input is plain text. */
    custom: optional(t.type({ name: optional(t.string), input: optional(t.string) })),
  });

  /** The old form, before `tools`. */
  const FunctionCallDelta = t.type({
    index: optional(t.number),
    name: optional(t.string),
    arguments: optional(oneOf(t.string, t.UnknownRecord)),
  });

  const Delta = t.type({
    content: optional(oneOf(t.string, t.array(t.UnknownRecord))),
    refusal: optional(t.string),
    reasoning_content: optional(t.string),
    reasoning: optional(t.string),
    reasoning_text: optional(t.string),
    reasoning_details: optional(t.array(t.UnknownRecord)),
    tool_calls: optional(t.array(optional(ToolCallDelta))),
    function_call: optional(FunctionCallDelta),
  });

  const Choice = t.type({
    index: optional(t.number),
    delta: optional(Delta),
    /** Instead of a delta, where a gateway puts a whole answer into one chunk. */
    message: optional(Delta),
    finish_reason: optional(t.string),
    usage: optional(t.UnknownRecord),
  });

  /** A `chat.completion.chunk`, as far as it is read. */
  const ChatChunk = t.type({
    id: optional(t.string),
    model: optional(t.string),
    choices: optional(t.array(Choice)),
    usage: optional(t.UnknownRecord),
  });

  return { ToolCallDelta, FunctionCallDelta, Delta, Choice, ChatChunk };
});

type Codecs = ReturnType<typeof codecs>;
export type ChatChunk = t.TypeOf<Codecs['ChatChunk']>;
export type ChatChoice = t.TypeOf<Codecs['Choice']>;
export type ChatDelta = t.TypeOf<Codecs['Delta']>;
export type ChatToolCallDelta = t.TypeOf<Codecs['ToolCallDelta']>;
export type ChatFunctionCallDelta = t.TypeOf<Codecs['FunctionCallDelta']>;

/** Whether a payload has the shape of {@link ChatChunk}, at a glance: what nearly every chunk is. */
function looksLikeChunk(payload: unknown): payload is ChatChunk {
  if (!isRecord(payload) || !isText(payload.id) || !isText(payload.model) || !isRecordOrAbsent(payload.usage)) return false;
  const { choices } = payload;
  if (choices === null || choices === undefined) return true;
  return Array.isArray(choices) && choices.every(looksLikeChoice);
}

function looksLikeChoice(choice: unknown): boolean {
  if (!isRecord(choice) || !isNumber(choice.index) || !isText(choice.finish_reason) || !isRecordOrAbsent(choice.usage)) return false;
  return looksLikeDelta(choice.delta) && looksLikeDelta(choice.message);
}

function looksLikeDelta(delta: unknown): boolean {
  if (delta === null || delta === undefined) return true;
  if (!isRecord(delta)) return false;
  const { content, tool_calls, function_call, reasoning_details } = delta;
  if (typeof content !== 'string' && content !== null && content !== undefined && !isRecords(content)) return false;
  if (tool_calls !== null && tool_calls !== undefined && !(Array.isArray(tool_calls) && tool_calls.every(looksLikeToolCall))) return false;
  if (function_call !== null && function_call !== undefined && !looksLikeFunction(function_call)) return false;
  if (reasoning_details !== null && reasoning_details !== undefined && !isRecords(reasoning_details)) return false;
  return isText(delta.refusal) && isText(delta.reasoning_content) && isText(delta.reasoning) && isText(delta.reasoning_text);
}

function looksLikeToolCall(call: unknown): boolean {
  if (call === null || call === undefined) return true;
  if (!isRecord(call) || !isNumber(call.index) || !isText(call.id)) return false;
  const { custom } = call;
  if (custom !== null && custom !== undefined && !(isRecord(custom) && isText(custom.name) && isText(custom.input))) return false;
  return call.function === null || call.function === undefined || looksLikeFunction(call.function);
}

function looksLikeFunction(called: unknown): boolean {
  if (!isRecord(called)) return false;
  return isNumber(called.index) && isText(called.name) && (isText(called.arguments) || isRecord(called.arguments));
}

const PLAIN_CHUNK = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'system_fingerprint',
  'service_tier',
  'provider',
  'obfuscation',
  'p',
]);
const PLAIN_CHOICE = new Set(['index', 'delta']);
/** What is read of a delta, or says nothing. */
export const DELTA_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'reasoning',
  'reasoning_content',
  'reasoning_text',
  'reasoning_details',
  'tool_calls',
  'function_call',
  'channel',
  'obfuscation',
]);
const PLAIN_CALL = new Set(['index', 'id', 'type', 'function']);
const PLAIN_FUNCTION = new Set(['index', 'name', 'arguments']);

/** Whether a chunk says text, reasoning or fragments of calls, all as strings, and nothing else. */
function isPlainChunk(chunk: ChatChunk): boolean {
  return (
    saysOnly(chunk, PLAIN_CHUNK) &&
    (chunk.choices?.every((choice) => saysOnly(choice, PLAIN_CHOICE) && isPlainDelta(choice.delta)) ?? false)
  );
}

function isPlainDelta(delta: ChatDelta | null | undefined): boolean {
  if (!delta) return true;
  const { content, tool_calls, function_call, reasoning_details } = delta;
  if (reasoning_details?.some(({ text, summary }) => typeof text !== 'string' && typeof summary !== 'string')) return false;
  if (!saysOnly(delta, DELTA_FIELDS) || (content && typeof content !== 'string') || !isPlainFunction(function_call)) return false;
  return tool_calls?.every((call) => !call || (saysOnly(call, PLAIN_CALL) && isPlainFunction(call.function))) ?? true;
}

function isPlainFunction(called: ChatFunctionCallDelta | ChatToolCallDelta['function']): boolean {
  return !called || (saysOnly(called, PLAIN_FUNCTION) && (!called.arguments || typeof called.arguments === 'string'));
}

/** Whether a chunk says words of every choice, whatever else it has: some servers rate, count or cite with each. Log probabilities are never alike. */
function isDeltaChunk(chunk: ChatChunk & { readonly error?: unknown }): boolean {
  const { choices, error } = chunk;
  if (!choices || choices.length === 0 || !isAbsent(error)) return false;
  return choices.every(saysWords);
}

function saysWords({ delta, finish_reason, logprobs }: ChatChoice & { readonly logprobs?: unknown }): boolean {
  if (!delta || !isAbsent(finish_reason) || !isAbsent(logprobs)) return false;
  const { content, reasoning, reasoning_content, reasoning_text, tool_calls } = delta;
  return Boolean(content || reasoning || reasoning_content || reasoning_text || tool_calls?.length);
}

export const chatWire: Wire = {
  expected: 'chat.completion.chunk',
  isPlain: (payload) => isPlainChunk(payload as ChatChunk),
  isDelta: (payload) => isDeltaChunk(payload as ChatChunk),
  unread: /* @__PURE__ */ new Set(['obfuscation', 'p']),
  problem: (payload) => (looksLikeChunk(payload) ? undefined : describeProblem(codecs().ChatChunk, payload)),
  // The error may share its chunk with the last words and the token counts.
  saysMore: (payload) => {
    const { choices, usage } = payload as ChatChunk;
    return Boolean(choices || usage);
  },
};

/** The provider's word in the common vocabulary. Not by provider: the words do not clash. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['stop_sequence', 'stop'],
  ['end_turn', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['tool_calls', 'tool-calls'],
  ['tool_use', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['content_filter', 'content-filter'],
  ['safety', 'content-filter'],
  ['sensitive', 'content-filter'],
  ['error', 'error'],
  ['network_error', 'error'],
  ['insufficient_system_resource', 'error'],
]);

export function finishReason(word: string): FinishReason {
  return FINISH_REASONS.get(word.toLowerCase()) ?? 'other';
}

/** OpenAI does not pause: what another model paused ends here. */
const FINISH_WORDS = {
  stop: 'stop',
  'tool-calls': 'tool_calls',
  length: 'length',
  'content-filter': 'content_filter',
  pause: 'stop',
} as const;

/** The word for a reason. Clients know OpenAI's; where it has none, the provider's own goes out, if it is read as the same reason. */
export function finishWord(reason: FinishReason, raw: string): string {
  if (reason !== 'error' && reason !== 'other') return FINISH_WORDS[reason];
  return raw !== '' && finishReason(raw) === reason ? raw : reason;
}

/** Token counts in the common vocabulary. */
export function usageOf(raw: { readonly [key: string]: unknown }): Usage {
  const input = isRecord(raw.prompt_tokens_details) ? raw.prompt_tokens_details : {};
  const output = isRecord(raw.completion_tokens_details) ? raw.completion_tokens_details : {};
  return usageWith({
    inputTokens: count(raw.prompt_tokens),
    outputTokens: count(raw.completion_tokens),
    totalTokens: count(raw.total_tokens),
    cachedInputTokens: count(input.cached_tokens) ?? count(raw.prompt_cache_hit_tokens),
    cacheWriteInputTokens: count(input.cache_write_tokens),
    reasoningTokens: count(output.reasoning_tokens),
  });
}

/** The parts of token counts, as far as there are any. */
export function usageDetails({ cachedInputTokens: read, cacheWriteInputTokens: written, reasoningTokens: reasoning }: Usage): {
  readonly [key: string]: { readonly [key: string]: number };
} {
  const input = { ...(read !== undefined && { cached_tokens: read }), ...(written !== undefined && { cache_write_tokens: written }) };
  return {
    ...(Object.keys(input).length > 0 && { prompt_tokens_details: input }),
    ...(reasoning !== undefined && { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}

function isRecords(value: unknown): boolean {
  return Array.isArray(value) && value.every(isRecord);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isRecordOrAbsent(value: unknown): boolean {
  return isAbsent(value) || isRecord(value);
}

function isText(value: unknown): boolean {
  return isAbsent(value) || typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return isAbsent(value) || typeof value === 'number';
}

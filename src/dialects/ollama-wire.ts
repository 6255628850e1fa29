import * as t from 'io-ts';
import type { FinishReason, Usage } from '../events.ts';
import { isRecord } from '../values.ts';
import { saysOnly } from './says-only.ts';
import { count } from './token-count.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, oneOf, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  /** One entry of `message.tool_calls`: a whole call. `arguments` should be an object; a few relays send its JSON text. */
  const ToolCall = t.type({
    id: optional(t.string),
    index: optional(t.number),
    function: t.type({
      index: optional(t.number),
      name: optional(t.string),
      arguments: optional(oneOf(t.string, t.UnknownRecord)),
    }),
  });

  const Message = t.type({
    content: optional(t.string),
    thinking: optional(t.string),
    /** What some servers call `thinking`. */
    reasoning_content: optional(t.string),
    tool_calls: optional(t.array(ToolCall)),
  });

  /** One object of the stream, as far as it is read. */
  const Chunk = t.type({
    model: optional(t.string),
    message: optional(Message),
    done: optional(t.boolean),
    done_reason: optional(t.string),
    prompt_eval_count: optional(t.number),
    eval_count: optional(t.number),
    total_duration: optional(t.number),
    load_duration: optional(t.number),
    prompt_eval_duration: optional(t.number),
    eval_duration: optional(t.number),
  });

  return { ToolCall, Message, Chunk };
});

type Codecs = ReturnType<typeof codecs>;
export type OllamaChunk = t.TypeOf<Codecs['Chunk']>;
export type OllamaMessage = t.TypeOf<Codecs['Message']>;
export type OllamaToolCall = t.TypeOf<Codecs['ToolCall']>;

/** Whether a payload is what nearly every object is: a model, a message of text or of whole calls, counts at the end. The codec runs on all others. */
function looksLikeChunk(payload: unknown): payload is OllamaChunk {
  if (!isRecord(payload) || typeof payload.model !== 'string') return false;
  const { message, done, done_reason } = payload;
  if (!isRecord(message) || typeof done !== 'boolean' || (done_reason !== undefined && typeof done_reason !== 'string')) return false;
  if (COUNTS.some((key) => payload[key] !== undefined && typeof payload[key] !== 'number')) return false;
  for (const key in message) {
    const value = message[key];
    const fits = key === 'tool_calls' ? Array.isArray(value) && value.every(looksLikeCall) : typeof value === 'string';
    if (!fits) return false;
  }
  return true;
}

function looksLikeCall(entry: unknown): boolean {
  if (!isRecord(entry) || entry.index !== undefined || (entry.id !== undefined && typeof entry.id !== 'string')) return false;
  const { function: called } = entry;
  if (!isRecord(called) || typeof called.name !== 'string' || !isRecord(called.arguments)) return false;
  return called.index === undefined || typeof called.index === 'number';
}

const PLAIN_CHUNK = new Set(['model', 'created_at', 'message', 'done']);
const PLAIN_MESSAGE = new Set(['role', 'content', 'thinking', 'reasoning_content']);

/** Whether an object says a piece of the text or of the thinking, and nothing else. */
function isPlainChunk(chunk: OllamaChunk): boolean {
  return saysOnly(chunk, PLAIN_CHUNK) && chunk.done === false && Boolean(chunk.message) && saysOnly(chunk.message as object, PLAIN_MESSAGE);
}

export const ollamaWire: Wire = {
  expected: 'object of an Ollama chat',
  // Relays that turn the lines into SSE add OpenAI's end mark, whether or not the answer was whole: that is `done: true`.
  done: 'ignored',
  lines: true,
  isPlain: (payload) => isPlainChunk(payload as OllamaChunk),
  unread: /* @__PURE__ */ new Set(['created_at']),
  problem: (payload) => (looksLikeChunk(payload) ? undefined : chunkProblem(payload)),
};

function chunkProblem(payload: unknown): string | undefined {
  const problem = describeProblem(codecs().Chunk, payload);
  if (problem !== undefined) return problem;
  const { message, done } = payload as OllamaChunk;
  return message || done ? undefined : 'it has neither a `message` nor `done: true`';
}

/** Ollama's words, and those that the encoder writes where Ollama has none. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['tool_calls', 'tool-calls'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
  ['pause', 'pause'],
  ['error', 'error'],
]);

/** Ollama has no word for calls: after calls `stop` means that they are to run. Words such as `load` and `unload` are `other`. */
export function finishReason(word: string, hasCalls: boolean): FinishReason {
  const reason = FINISH_REASONS.get(word) ?? 'other';
  return reason === 'stop' && hasCalls ? 'tool-calls' : reason;
}

/** `finishReason` the other way round. */
export function doneReason(reason: FinishReason, raw: string): string {
  if (reason === 'stop' || reason === 'tool-calls') return 'stop';
  if (reason === 'content-filter') return 'content_filter';
  if (reason !== 'other') return reason;
  return raw !== '' && finishReason(raw, false) === 'other' ? raw : 'other';
}

const NANOSECONDS = 1_000_000;
const DURATIONS = [
  ['total', 'total_duration'],
  ['load', 'load_duration'],
  ['prompt', 'prompt_eval_duration'],
  ['output', 'eval_duration'],
] as const;

const COUNTS = ['prompt_eval_count', 'eval_count', 'total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration'] as const;

/** The counts and durations of the last object, as they came; `undefined` where it has none. */
export function rawUsage(chunk: OllamaChunk): { [key: string]: number } | undefined {
  let raw: { [key: string]: number } | undefined;
  for (const key of COUNTS) {
    const value = count(chunk[key]);
    if (value === undefined) continue;
    raw ??= {};
    raw[key] = value;
  }
  return raw;
}

/** Token counts and durations in the common vocabulary: nanoseconds become milliseconds. */
export function usageOf(raw: { readonly [key: string]: number }): Usage {
  let durationsMs: { [name: string]: number } | undefined;
  for (const [name, key] of DURATIONS) {
    const nanoseconds = raw[key];
    if (nanoseconds === undefined) continue;
    durationsMs ??= {};
    durationsMs[name] = nanoseconds / NANOSECONDS;
  }
  return {
    ...(raw.prompt_eval_count !== undefined && { inputTokens: raw.prompt_eval_count }),
    ...(raw.eval_count !== undefined && { outputTokens: raw.eval_count }),
    ...(durationsMs && { durationsMs }),
  };
}

/** `usageOf` the other way round. */
export function writtenUsage({ inputTokens, outputTokens, durationsMs }: Usage): { [key: string]: number } {
  const raw: { [key: string]: number } = {};
  if (inputTokens !== undefined) raw.prompt_eval_count = inputTokens;
  if (outputTokens !== undefined) raw.eval_count = outputTokens;
  for (const [name, key] of DURATIONS) {
    const duration = durationsMs?.[name];
    if (duration !== undefined) raw[key] = Math.round(duration * NANOSECONDS);
  }
  return raw;
}

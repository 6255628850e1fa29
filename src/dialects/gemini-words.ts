import type { FinishReason, Usage } from '../events.ts';
import { isRecord, type Json } from '../values.ts';
import { count, usageWith } from './token-count.ts';

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['STOP', 'stop'],
  // Not Google's: servers that imitate it say so when there are calls.
  ['FUNCTION_CALL', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['MODEL_ARMOR', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content-filter'],
  ['IMAGE_RECITATION', 'content-filter'],
  ['MALFORMED_FUNCTION_CALL', 'error'],
  ['MALFORMED_RESPONSE', 'error'],
  ['UNEXPECTED_TOOL_CALL', 'error'],
  ['TOO_MANY_TOOL_CALLS', 'error'],
  ['MISSING_THOUGHT_SIGNATURE', 'error'],
]);

/** The provider's word in the common vocabulary. It has none for calls: what came decides. */
export function geminiFinish(word: string, calls: number): FinishReason {
  const reason = FINISH_REASONS.get(word) ?? 'other';
  return reason === 'stop' && calls > 0 ? 'tool-calls' : reason;
}

/**
 * Token counts in the common vocabulary: what was thought is output, too, and what Google's own tools gave the model is input. `undefined`
 * where none are counted.
 */
export function geminiUsage(raw: { readonly [key: string]: unknown }): Usage | undefined {
  const prompt = count(raw.promptTokenCount);
  const said = count(raw.candidatesTokenCount);
  const thought = count(raw.thoughtsTokenCount);
  const usage = usageWith({
    inputTokens: prompt === undefined ? undefined : prompt + (count(raw.toolUsePromptTokenCount) ?? 0),
    outputTokens: said === undefined ? thought : said + (thought ?? 0),
    totalTokens: count(raw.totalTokenCount),
    cachedInputTokens: count(raw.cachedContentTokenCount),
    reasoningTokens: thought,
  });
  return Object.keys(usage).length > 0 ? usage : undefined;
}

/** The common vocabulary in the provider's words: its own, where it came in one. */
export function finishWord(reason: FinishReason, raw: string): string {
  if (FINISH_REASONS.has(raw) && geminiFinish(raw, reason === 'tool-calls' ? 1 : 0) === reason) return raw;
  return WORDS[reason];
}

/** It does not pause: what another model paused ends here. */
const WORDS = {
  stop: 'STOP',
  'tool-calls': 'STOP',
  pause: 'STOP',
  length: 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  error: 'MALFORMED_RESPONSE',
  other: 'OTHER',
} as const;

/** Token counts in the provider's words: as they came, if they came in these, else made anew. */
export function writtenUsage(usage: Usage, raw: Json | undefined): Json {
  if (isRecord(raw) && JSON.stringify(geminiUsage(raw)) === JSON.stringify(usage)) return raw as Json;
  const { inputTokens, outputTokens, totalTokens, cachedInputTokens, reasoningTokens } = usage;
  const counts = {
    promptTokenCount: inputTokens,
    candidatesTokenCount: outputTokens === undefined ? undefined : Math.max(0, outputTokens - (reasoningTokens ?? 0)),
    totalTokenCount: totalTokens ?? (inputTokens ?? 0) + (outputTokens ?? 0),
    thoughtsTokenCount: reasoningTokens,
    cachedContentTokenCount: cachedInputTokens,
  };
  return Object.fromEntries(Object.entries(counts).flatMap(([key, count]) => (count === undefined ? [] : [[key, count]])));
}

const STATUS_WORDS: { readonly [status: number]: string } = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  504: 'DEADLINE_EXCEEDED',
};

/** Google's word for an HTTP status. */
export function statusWord(status: number): string {
  return STATUS_WORDS[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'FAILED_PRECONDITION');
}

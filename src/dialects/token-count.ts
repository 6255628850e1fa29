import type { Usage } from '../events.ts';

/** A count of tokens as a wire has it: what is none, negative or no number that JSON can say is left out. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < Infinity ? value : undefined;
}

/** Counts that may be absent, without those that are. */
export function usageWith(counts: { readonly [K in keyof Usage]: Usage[K] | undefined }): Usage {
  const usage: Record<string, unknown> = {};
  for (const key in counts) if (counts[key as keyof Usage] !== undefined) usage[key] = counts[key as keyof Usage];
  return usage;
}

const COUNTS = ['inputTokens', 'outputTokens', 'totalTokens', 'cachedInputTokens', 'cacheWriteInputTokens', 'reasoningTokens'] as const;

/** Whether two say the same. Durations are no counts. */
export function areSameCounts(one: Usage, other: Usage): boolean {
  return COUNTS.every((name) => one[name] === other[name]);
}

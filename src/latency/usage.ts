import type { Usage } from '../events.ts';

const COUNTS = ['inputTokens', 'outputTokens', 'cachedInputTokens', 'reasoningTokens', 'totalTokens'] as const;

/** Adds up token counts; what neither has stays absent. Durations are of one response and are left out. */
export function addUsage(sum: Usage | undefined, usage: Usage): Usage {
  const added: { -readonly [K in keyof Usage]: Usage[K] } = {};
  for (const key of COUNTS) {
    const [a, b] = [sum?.[key], usage[key]];
    if (a !== undefined || b !== undefined) added[key] = (a ?? 0) + (b ?? 0);
  }
  return added;
}

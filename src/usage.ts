import type { Usage } from './events.ts';

type Durations = NonNullable<Usage['durationsMs']>;

/** Adds token counts and durations. A count that neither has stays absent. */
export function addUsage(one: Usage, other: Usage): Usage {
  const sum = addCounts<Omit<Usage, 'durationsMs'>>(withoutDurations(one), withoutDurations(other));
  if (one.durationsMs === undefined && other.durationsMs === undefined) return sum;
  return { ...sum, durationsMs: addCounts<Durations>(one.durationsMs ?? {}, other.durationsMs ?? {}) };
}

function withoutDurations({ durationsMs: _, ...counts }: Usage): Omit<Usage, 'durationsMs'> {
  return counts;
}

function addCounts<T extends { readonly [key in keyof T]?: number }>(one: T, other: T): T {
  const sum: Record<string, number> = {};
  for (const [key, count] of [...Object.entries<number | undefined>(one), ...Object.entries<number | undefined>(other)]) {
    if (count !== undefined) sum[key] = (sum[key] ?? 0) + count;
  }
  return sum as T;
}

import type { Json } from '../values.ts';

/**
 * JSON text that is the same for equal values: keys sorted by UTF-16 code units, no white space.
 * Recursive: for values whose depth is bounded, such as a call's arguments.
 */
export function canonicalJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** `Array.isArray` does not narrow a readonly array. */
const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

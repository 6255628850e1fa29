import { isRecord } from '../values.ts';

/** Arguments as text. They should be; a few relays send the object itself. */
export function argumentsText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isRecord(value) ? JSON.stringify(value) : undefined;
}

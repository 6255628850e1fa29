/** A count of tokens as a wire has it: what is none, negative or no number that JSON can say is left out. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < Infinity ? value : undefined;
}

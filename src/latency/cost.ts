import type { Usage } from '../events.ts';

/** What a model costs, in USD per million tokens. */
export interface ModelPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** Input tokens that were read from the provider's cache. Default: the price of input. */
  readonly cachedInputPerMillion?: number;
  /** Input tokens that were written to the provider's cache: some ask more for them. Default: the price of input. */
  readonly cacheWriteInputPerMillion?: number;
}

/** Prices by the name a model is recorded under. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

/** What token counts cost, in USD. What was read from a cache or written to it is part of the input, reasoning of the output. */
export function costOf(usage: Usage, price: ModelPrice): number {
  const { inputTokens = 0, cachedInputTokens = 0, cacheWriteInputTokens = 0, outputTokens = 0 } = usage;
  const { inputPerMillion, outputPerMillion, cachedInputPerMillion = inputPerMillion, cacheWriteInputPerMillion = inputPerMillion } = price;
  // A part that is said to be more than the whole cannot make the rest negative.
  const read = Math.min(cachedInputTokens, inputTokens);
  const written = Math.min(cacheWriteInputTokens, inputTokens - read);
  const input = (inputTokens - read - written) * inputPerMillion + read * cachedInputPerMillion + written * cacheWriteInputPerMillion;
  return (input + outputTokens * outputPerMillion) / 1e6;
}

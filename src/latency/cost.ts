import type { Usage } from '../events.ts';

/** What a model costs, in USD per million tokens. */
export interface ModelPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** Input tokens read from the provider's cache, which `inputTokens` include. Default: the price of input. */
  readonly cachedInputPerMillion?: number;
}

/** Prices by the name a model is recorded under. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

/** What token counts cost, in USD. Output includes reasoning. */
export function costOf(usage: Usage, price: ModelPrice): number {
  const { inputTokens = 0, cachedInputTokens = 0, outputTokens = 0 } = usage;
  const cached = Math.min(cachedInputTokens, inputTokens);
  const cachedPrice = price.cachedInputPerMillion ?? price.inputPerMillion;
  return ((inputTokens - cached) * price.inputPerMillion + cached * cachedPrice + outputTokens * price.outputPerMillion) / 1e6;
}

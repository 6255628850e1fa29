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

/** Throws what is wrong with a price table. */
export function checkPrices(prices: PriceTable): void {
  for (const [model, price] of Object.entries(prices)) {
    for (const field of ['inputPerMillion', 'outputPerMillion', 'cachedInputPerMillion'] as const) {
      const value: unknown = price?.[field];
      if (field === 'cachedInputPerMillion' && value === undefined) continue;
      if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) continue;
      throw new TypeError(`The price of ${JSON.stringify(model)} has ${field}: ${String(value)}; give USD per million tokens, 0 or more.`);
    }
  }
}

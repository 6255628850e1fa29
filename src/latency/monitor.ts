import type { PriceTable } from './cost.ts';
import type { LatencyReport } from './report.ts';
import type { ModelSummary } from './summary.ts';
import { Tally } from './tally.ts';

/** Settings of a {@link LatencyMonitor}. */
export interface LatencyMonitorOptions {
  /** What models cost, in USD per million tokens, by the name they are recorded under. Default: no costs. */
  readonly prices?: PriceTable;
  /** How many models are told apart; further ones share the row `(other)`. Default: 256, about 60 kB each. */
  readonly maxModels?: number;
}

/**
 * Sums up the latency reports of many streams, by model: how fast, how often it failed, how well it called tools, what it cost.
 * Constant memory per model, whatever the number of streams.
 *
 * @example
 * ```ts
 * import { concat, lastValueFrom, of } from 'rxjs';
 * import { LatencyMonitor, measureLatency, type TextDelta } from 'toolstream';
 *
 * const monitor = new LatencyMonitor();
 * const answer$ = of<TextDelta>({ type: 'text-delta', text: 'Hi' }).pipe(
 *   measureLatency({ onReport: (report) => monitor.record(report, { model: 'small' }) }),
 * );
 * await lastValueFrom(concat(answer$, answer$));
 * for (const { model, requests, successRate } of monitor.summaries()) console.log(model, requests, successRate); // small 2 1
 * ```
 */
export class LatencyMonitor {
  private readonly tallies = new Map<string, Tally>();
  private readonly prices: PriceTable;
  private readonly maxModels: number;

  constructor({ prices = {}, maxModels = 256 }: LatencyMonitorOptions = {}) {
    if (!(maxModels >= 0)) throw new RangeError(`maxModels is ${maxModels}; give how many models to tell apart, 0 or more.`);
    checkPrices(prices);
    this.prices = prices;
    this.maxModels = maxModels;
  }

  /**
   * Adds one stream.
   *
   * @param options `model`: the name to record it under. Default: the model the provider named, else `unknown`.
   */
  record(report: LatencyReport, { model = report.model ?? 'unknown' }: { readonly model?: string } = {}): void {
    this.tallyOf(model).add(report);
  }

  /** All models so far, in the order in which they were first recorded. */
  summaries(): ModelSummary[] {
    return Array.from(this.tallies, ([model, tally]) => tally.summary(model, this.priceOf(model)));
  }

  /** One model so far; `undefined` if nothing was recorded under that name. */
  summary(model: string): ModelSummary | undefined {
    return this.tallies.get(model)?.summary(model, this.priceOf(model));
  }

  private tallyOf(model: string): Tally {
    const name = this.tallies.has(model) || this.tallies.size < this.maxModels ? model : '(other)';
    let tally = this.tallies.get(name);
    if (tally === undefined) {
      tally = new Tally();
      this.tallies.set(name, tally);
    }
    return tally;
  }

  private priceOf(model: string) {
    return Object.hasOwn(this.prices, model) ? this.prices[model] : undefined;
  }
}

/** Where the table is given, not where the first cost is asked for: it may come from a file. */
function checkPrices(prices: PriceTable): void {
  for (const [model, price] of Object.entries(prices)) {
    for (const field of ['inputPerMillion', 'outputPerMillion', 'cachedInputPerMillion'] as const) {
      const value: unknown = price?.[field];
      if (field === 'cachedInputPerMillion' && value === undefined) continue;
      if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) continue;
      throw new TypeError(`The price of ${JSON.stringify(model)} has ${field}: ${String(value)}; give USD per million tokens, 0 or more.`);
    }
  }
}

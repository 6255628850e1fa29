import type { PriceTable } from './cost.ts';
import type { LatencyReport } from './report.ts';
import type { ModelSummary } from './summary.ts';
import { TallyWindow, WINDOW_PARTS } from './tally-window.ts';

/** Settings of a {@link LatencyMonitor}. */
export interface LatencyMonitorOptions {
  /** What models cost, in USD per million tokens, by the name they are recorded under. Default: no costs. */
  readonly prices?: PriceTable;
  /** How many models are told apart; further ones share the row `(other)`. Default: 256, about 60 kB each, with `windowMs` up to six times that. */
  readonly maxModels?: number;
  /**
   * How long a stream counts, in milliseconds from when it was recorded. The window moves on by sixths: a stream is forgotten between five
   * sixths of this and all of it. Default: for ever.
   */
  readonly windowMs?: number;
  /** A monotonic clock in milliseconds, for `windowMs`. Default: `performance.now`. */
  readonly clock?: () => number;
}

/**
 * Sums up the latency reports of many streams, by model: how fast, how often it failed, how well it called tools, what it cost.
 * Constant memory per model, whatever the number of streams. With `windowMs` only the last ones count.
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
  private readonly tallies = new Map<string, TallyWindow>();
  private readonly prices: PriceTable;
  private readonly maxModels: number;
  /** Which part of the window is now; without a window there is one part for ever. */
  private readonly part: () => number;

  constructor({ prices = {}, maxModels = 256, windowMs, clock = () => performance.now() }: LatencyMonitorOptions = {}) {
    if (!(maxModels >= 0)) throw new RangeError(`maxModels is ${maxModels}; give how many models to tell apart, 0 or more.`);
    if (windowMs !== undefined && !(windowMs > 0 && Number.isFinite(windowMs)))
      throw new RangeError(`windowMs is ${windowMs}; give for how many milliseconds a stream counts, more than 0, or leave it out.`);
    checkPrices(prices);
    this.part = windowMs === undefined ? () => 0 : () => Math.floor((clock() * WINDOW_PARTS) / windowMs);
    this.prices = prices;
    this.maxModels = maxModels;
  }

  /**
   * Adds one stream.
   *
   * @param options `model`: the name to record it under. Default: the model the provider named, else `unknown`.
   */
  record(report: LatencyReport, { model = report.model ?? 'unknown' }: { readonly model?: string } = {}): void {
    this.tallyOf(model).add(report, this.part());
  }

  /** All models so far, or in the window, in the order in which they were first recorded. */
  summaries(): ModelSummary[] {
    return [...this.tallies.keys()].flatMap((model) => this.summary(model) ?? []);
  }

  /** One model so far, or in the window; `undefined` if nothing was recorded under that name. */
  summary(model: string): ModelSummary | undefined {
    return this.tallies.get(model)?.sum(this.part())?.summary(model, this.priceOf(model));
  }

  private tallyOf(model: string): TallyWindow {
    if (!this.tallies.has(model) && this.tallies.size >= this.maxModels) this.dropForgotten();
    const name = this.tallies.has(model) || this.tallies.size < this.maxModels ? model : '(other)';
    let tally = this.tallies.get(name);
    if (tally === undefined) {
      tally = new TallyWindow();
      this.tallies.set(name, tally);
    }
    return tally;
  }

  /** Models of which the window holds nothing any more make room for others. */
  private dropForgotten(): void {
    for (const [model, tally] of this.tallies) if (tally.isEmpty(this.part())) this.tallies.delete(model);
  }

  private priceOf(model: string) {
    return Object.hasOwn(this.prices, model) ? this.prices[model] : undefined;
  }
}

/** Where the table is given, not where the first cost is asked for: it may come from a file. */
function checkPrices(prices: PriceTable): void {
  for (const [model, price] of Object.entries(prices)) {
    for (const field of ['inputPerMillion', 'outputPerMillion', 'cachedInputPerMillion', 'cacheWriteInputPerMillion'] as const) {
      const value: unknown = price?.[field];
      if (field.startsWith('cache') && value === undefined) continue;
      if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) continue;
      throw new TypeError(`The price of ${JSON.stringify(model)} has ${field}: ${String(value)}; give USD per million tokens, 0 or more.`);
    }
  }
}

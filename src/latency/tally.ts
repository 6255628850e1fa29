import type { Usage } from '../events.ts';
import { addUsage } from '../usage.ts';
import { costOf, type ModelPrice } from './cost.ts';
import { Histogram } from './histogram.ts';
import type { CallSummary, LatencyReport } from './report.ts';
import type { Distribution, ModelSummary } from './summary.ts';

/** How many kinds of failure are told apart; further ones count as `other`. */
const MAX_KINDS = 64;

/** The streams of one model, adding up in constant memory. */
export class Tally {
  private requests = 0;
  private cancelled = 0;
  private readonly failures = new Map<string, number>();
  private failed = 0;
  private readonly firstTokenMs = new Histogram();
  private readonly firstToolCallMs = new Histogram();
  private readonly gapMs = new Histogram();
  private readonly totalMs = new Histogram();
  private readonly tokensPerSecond = new Histogram();
  private stalls = 0;
  private calls = 0;
  private invalid = 0;
  private readonly results: { -readonly [K in keyof CallSummary['results']]: CallSummary['results'][K] } = {};
  private usage: Usage = {};
  private withUsage = 0;

  add(report: LatencyReport): void {
    this.requests += 1;
    const failure = failureOf(report);
    if (report.ended === 'cancelled') this.cancelled += 1;
    else if (failure !== undefined) this.addFailure(failure);
    else this.totalMs.record(report.totalMs);
    if (report.firstTokenMs !== undefined) this.firstTokenMs.record(report.firstTokenMs);
    if (report.firstToolCallMs !== undefined) this.firstToolCallMs.record(report.firstToolCallMs);
    if (report.tokens.perSecond !== undefined) this.tokensPerSecond.record(report.tokens.perSecond);
    this.gapMs.merge(report.gaps.histogram);
    this.stalls += report.stalls.count;
    this.addCalls(report.calls);
    if (report.usage === undefined) return;
    this.usage = addUsage(this.usage, report.usage);
    this.withUsage += 1;
  }

  /** Adds all streams of another tally. */
  merge(other: Tally): void {
    this.requests += other.requests;
    this.cancelled += other.cancelled;
    for (const [kind, count] of other.failures) this.addFailure(kind, count);
    this.firstTokenMs.merge(other.firstTokenMs);
    this.firstToolCallMs.merge(other.firstToolCallMs);
    this.gapMs.merge(other.gapMs);
    this.totalMs.merge(other.totalMs);
    this.tokensPerSecond.merge(other.tokensPerSecond);
    this.stalls += other.stalls;
    this.addCalls({ count: other.calls, invalid: other.invalid, results: other.results });
    this.usage = addUsage(this.usage, other.usage);
    this.withUsage += other.withUsage;
  }

  summary(model: string, price: ModelPrice | undefined): ModelSummary {
    const { requests, cancelled, failed, calls, invalid, results, usage, withUsage } = this;
    const settled = requests - cancelled;
    const answered = Object.values(results).reduce((sum, count) => sum + count, 0);
    const totalUsd = price === undefined || withUsage === 0 ? undefined : costOf(usage, price);
    return {
      model,
      requests,
      succeeded: settled - failed,
      failed,
      cancelled,
      ...(settled === 0 ? {} : { successRate: (settled - failed) / settled }),
      failures: Object.fromEntries(this.failures),
      firstTokenMs: distributionOf(this.firstTokenMs),
      firstToolCallMs: distributionOf(this.firstToolCallMs),
      gapMs: distributionOf(this.gapMs),
      totalMs: distributionOf(this.totalMs),
      tokensPerSecond: distributionOf(this.tokensPerSecond),
      stalls: this.stalls,
      calls: { count: calls, invalid, results: { ...results } },
      ...(answered === 0 ? {} : { toolCallAccuracy: (results.succeeded ?? 0) / answered }),
      usage,
      ...(totalUsd === undefined ? {} : { cost: { totalUsd, perAnswerUsd: totalUsd / withUsage } }),
    };
  }

  private addFailure(kind: string, count = 1): void {
    this.failed += count;
    const known = this.failures.has(kind) || this.failures.size < MAX_KINDS ? kind : 'other';
    this.failures.set(known, (this.failures.get(known) ?? 0) + count);
  }

  private addCalls({ count, invalid, results }: CallSummary): void {
    this.calls += count;
    this.invalid += invalid;
    for (const kind of Object.keys(results) as Array<keyof CallSummary['results']>) {
      this.results[kind] = (this.results[kind] ?? 0) + (results[kind] ?? 0);
    }
  }
}

/** The kind of failure, or `undefined`. A provider that gives `error` as its reason to stop has failed, however politely. */
function failureOf({ ended, reason, error }: LatencyReport): string | undefined {
  if (ended === 'completed') return reason === 'error' ? 'finish-reason error' : undefined;
  const detail = error?.status ?? error?.kind;
  return detail === undefined ? (error?.code ?? 'unknown') : `${error?.code} ${detail}`;
}

function distributionOf(histogram: Histogram): Distribution {
  const { count, mean, max } = histogram;
  if (count === 0) return { count };
  return { count, avg: mean, p50: histogram.percentile(50), p95: histogram.percentile(95), p99: histogram.percentile(99), max };
}

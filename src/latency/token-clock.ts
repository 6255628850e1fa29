import type { Usage } from '../events.ts';
import { addUsage } from '../usage.ts';
import { Histogram } from './histogram.ts';
import type { GapSummary, TokenSummary } from './report.ts';

/** Tokens, the gaps between them, and stalls. A gap lies within one attempt at a round: asking and tools are no gaps. */
export class TokenClock {
  readonly stalls = { count: 0, totalMs: 0 };
  /** Summed over the attempts that are over. */
  usage: Usage | undefined;
  firstMs: number | undefined;

  private readonly gaps = new Histogram();
  private deltas = 0;
  private tokens = 0;
  private byUsage = false;
  private byDeltas = false;

  // Of the attempt that runs.
  /** When the last token came; `NaN` before the first, since a field that is always a number is written in place. */
  private last = Number.NaN;
  private attemptDeltas = 0;
  private attemptUsage: Usage | undefined;
  private reasoned = false;

  private readonly stallMs: number;

  constructor(stallMs: number) {
    this.stallMs = stallMs;
  }

  /** A delta that is a token, or several. @returns whether it is the first of its attempt. */
  token(now: number): boolean {
    const { last } = this;
    this.last = now;
    this.attemptDeltas += 1;
    if (Number.isNaN(last)) {
      this.firstMs ??= now;
      return true;
    }
    this.gaps.record(now - last);
    if (now - last > this.stallMs) this.stall(now - last);
    return false;
  }

  /** Reasoning is streamed here, so the usage's reasoning tokens are among the deltas. */
  reasoning(): void {
    this.reasoned = true;
  }

  /** Counts so far in this attempt: the newest replaces those before. */
  report(usage: Usage): void {
    this.attemptUsage = usage;
  }

  /** Counts the silence since the last token if it is a stall: no token may be coming any more. Before the first, no time is later than `NaN`. */
  silence(now: number): void {
    if (now - this.last > this.stallMs) this.stall(now - this.last);
  }

  private stall(ms: number): void {
    this.stalls.count += 1;
    this.stalls.totalMs += ms;
  }

  /** The attempt is over, whether it ended well or not: what was streamed was streamed, and is paid for. */
  endAttempt(): void {
    const output = this.attemptUsage?.outputTokens ?? 0;
    if (output > 0) {
      this.tokens += Math.max(0, output - (this.reasoned ? 0 : (this.attemptUsage?.reasoningTokens ?? 0)));
      this.byUsage = true;
    } else if (this.attemptDeltas > 0) {
      this.tokens += this.attemptDeltas;
      this.byDeltas = true;
    }
    if (this.attemptUsage !== undefined) this.usage = addUsage(this.usage ?? {}, this.attemptUsage);
    this.deltas += this.attemptDeltas;
    this.last = Number.NaN;
    this.attemptDeltas = 0;
    this.attemptUsage = undefined;
    this.reasoned = false;
  }

  /** Valid after `endAttempt`. */
  tokenSummary(): TokenSummary {
    const source = this.byUsage ? (this.byDeltas ? 'mixed' : 'usage') : 'deltas';
    const seconds = this.gaps.sum / 1000;
    if (seconds === 0) return { count: this.tokens, source };
    // One delta arrives per gap; a round's first delta has none, and is no part of the time either.
    return { count: this.tokens, source, perSecond: ((this.tokens / this.deltas) * this.gaps.count) / seconds };
  }

  gapSummary(): GapSummary {
    const { gaps } = this;
    const summary = { count: gaps.count, histogram: gaps.toJSON() };
    if (gaps.count === 0) return summary;
    const [p50Ms, p95Ms, p99Ms] = [gaps.percentile(50), gaps.percentile(95), gaps.percentile(99)];
    return { ...summary, meanMs: gaps.mean, p50Ms, p95Ms, p99Ms, maxMs: gaps.max };
  }
}

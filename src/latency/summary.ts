import type { Usage } from '../events.ts';
import type { CallSummary } from './report.ts';

/** How a measure was distributed over the streams; absent values: nothing was measured. Percentiles are within 1 %. */
export interface Distribution {
  readonly count: number;
  readonly avg?: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
}

/** The streams of one model, summed up. Plain data. */
export interface ModelSummary {
  readonly model: string;
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Unsubscribed before the end: neither success nor failure. */
  readonly cancelled: number;
  /** Of those that were not cancelled, 0 to 1; absent where all were. */
  readonly successRate?: number;
  /** How often each failure occurred, by its code, with the HTTP status or the clock that ran out: `http 429`, `timeout idle`. */
  readonly failures: Readonly<Record<string, number>>;
  /** Milliseconds to the first token (TTFT), of every stream that had one. */
  readonly firstTokenMs: Distribution;
  /** Milliseconds to the first call that may run, of every stream that had one. */
  readonly firstToolCallMs: Distribution;
  /** Milliseconds between tokens, over all streams. */
  readonly gapMs: Distribution;
  /** Milliseconds to the end, of streams that succeeded. */
  readonly totalMs: Distribution;
  readonly tokensPerSecond: Distribution;
  /** Stalls, over all streams. */
  readonly stalls: number;
  readonly calls: CallSummary;
  /** Calls to a known tool, with valid arguments, that succeeded: of all calls that got a result, 0 to 1; absent where none did. */
  readonly toolCallAccuracy?: number;
  /** Token counts of all streams that reported them. */
  readonly usage: Usage;
  /** Absent without a price for the model, or where no stream reported usage. */
  readonly cost?: {
    readonly totalUsd: number;
    /** Of the streams that reported usage, failed ones included: they are paid for too. */
    readonly perAnswerUsd: number;
  };
}

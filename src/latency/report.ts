import type { AnswerEnd, EventBase, ToolFailure, Usage } from '../events.ts';
import type { HistogramData } from './histogram.ts';

/**
 * The times of one stream, in milliseconds since it was subscribed unless a field says otherwise. A time is absent when the
 * moment never came. Plain data: it survives JSON, and its size is bounded whatever the stream's.
 */
export interface LatencyReport {
  /** `cancelled`: unsubscribed before the end. Only `onReport` sees that, since nothing is emitted after unsubscribe. */
  readonly ended: 'completed' | 'failed' | 'cancelled';
  /** Why the model stopped, of the answer or else of its last round. */
  readonly reason?: AnswerEnd['reason'];
  /** With `failed`: which error. */
  readonly error?: FailureSummary;
  /** The model that answered, in the provider's words; the first one where rounds differ. */
  readonly model?: string;
  /** Until the stream ended. */
  readonly totalMs: number;
  /** Until the first event of any kind. */
  readonly firstEventMs?: number;
  /** Until the first token: see {@link LatencyReport.tokens}. */
  readonly firstTokenMs?: number;
  /** Until a call began and its name was known. */
  readonly firstToolCallStartMs?: number;
  /** Until a call was whole and may run. */
  readonly firstToolCallMs?: number;
  /** Between one token and the next of the same round. */
  readonly gaps: GapSummary;
  /** Gaps longer than the threshold, also one that only the stream's failure ended. */
  readonly stalls: { readonly thresholdMs: number; readonly count: number; readonly totalMs: number };
  /** What was streamed: text, reasoning and refusals that are not empty, starts of calls, fragments of arguments. Role and framing are no tokens. */
  readonly tokens: TokenSummary;
  /** Token counts summed over the rounds, as the provider reports them; absent where it does not. */
  readonly usage?: Usage;
  /** How many rounds began, and the first of them in detail (`maxEntries`). */
  readonly rounds: { readonly count: number; readonly entries: readonly RoundTiming[] };
  /** How many tools ran, and the first of them in detail (`maxEntries`). */
  readonly tools: { readonly count: number; readonly entries: readonly ToolTiming[] };
  readonly calls: CallSummary;
}

/** Which error ended a stream; never its message, which may quote the input. */
export interface FailureSummary {
  /** The error's `code`, else its name, else `unknown`. */
  readonly code: string;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** Which time limit ran out. */
  readonly kind?: string;
}

/** Gaps in milliseconds; percentiles are within 1 %, mean and greatest are exact. */
export interface GapSummary {
  readonly count: number;
  readonly meanMs?: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
  /** All gaps, so that the gaps of many streams can be added up. */
  readonly histogram: HistogramData;
}

/** Tokens and their pace. */
export interface TokenSummary {
  /** Tokens that were streamed: by `usage`, hidden reasoning left out, or else one per delta. Dropped attempts count too. */
  readonly count: number;
  /** Where the count comes from: `mixed` if some rounds reported usage and some did not. */
  readonly source: 'usage' | 'deltas' | 'mixed';
  /** While tokens flowed: waiting for a round's first token and for tools is left out. Absent below two deltas in a round. */
  readonly perSecond?: number;
}

/** One round: from when it was asked to its end. */
export interface RoundTiming {
  /** The round's stamp, else counted, from 1. */
  readonly round: number;
  /** How often it was asked. */
  readonly attempts: number;
  /** When it was asked: at subscribe; later at the end of the round before or the last tool result after that, whichever came later. */
  readonly startMs: number;
  /** From `startMs` to the round's first token, of any attempt. */
  readonly firstTokenMs?: number;
  /** From `startMs` to the round's end, or the stream's if that came first. */
  readonly durationMs: number;
  /** Absent where the round never ended regularly. */
  readonly reason?: AnswerEnd['reason'];
}

/** One run of a tool, by this report's clock. */
export interface ToolTiming extends Pick<EventBase, 'round'> {
  readonly callId: string;
  readonly name: string;
  /** When it began to run. */
  readonly startMs: number;
  /** Until its result, or until the stream ended. */
  readonly durationMs: number;
  /** `unfinished`: the stream ended first. */
  readonly outcome: 'succeeded' | ToolFailure['code'] | 'unfinished';
  /** Text that arrived while it ran: how many deltas, and the time from the first of them to the last (0 for one). */
  readonly overlap: { readonly textDeltas: number; readonly durationMs: number };
}

/** What became of the calls. */
export interface CallSummary {
  readonly count: number;
  /** Calls whose arguments are no JSON, or were cut: they never ran. */
  readonly invalid: number;
  /** How many results there were of each kind; kinds that did not occur are absent. */
  readonly results: Readonly<Partial<Record<'succeeded' | ToolFailure['code'], number>>>;
}

/** The report on the stream it ends: exactly one, the last event. */
export interface LatencyEvent {
  readonly type: 'latency';
  readonly report: LatencyReport;
}

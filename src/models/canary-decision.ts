import type { FailureSummary } from '../latency/report.ts';
import type { ModelSummary } from '../latency/summary.ts';

/** Which of the two. */
export type CanarySide = 'baseline' | 'candidate';

interface DecisionBase {
  /** When, in milliseconds by the clock of the canary. */
  readonly atMs: number;
}

/** An answer was given to one of the two; all its rounds go there. */
export interface AnswerRouted extends DecisionBase {
  readonly type: 'routed';
  readonly to: CanarySide;
  /** What chose: the key's place, or chance where there was no key. The key itself is not kept: it may name a person. */
  readonly by: 'key' | 'random';
  /** Where the answer lies between 0 and 100: below `percent` it is the candidate's. */
  readonly point: number;
  readonly percent: number;
}

/** The candidate failed before its first event, and the baseline took its answer over. */
export interface AnswerFellBack extends DecisionBase {
  readonly type: 'fell-back';
  readonly error: FailureSummary;
}

/** Somebody set `percent`. */
export interface PercentSet extends DecisionBase {
  readonly type: 'percent-set';
  readonly from: number;
  readonly to: number;
}

/** The candidate went beyond a limit: `percent` is 0 now. */
export interface CanaryRolledBack extends DecisionBase {
  readonly type: 'rolled-back';
  /** What `percent` was. */
  readonly from: number;
  /** Which limit, by the name of its option, what it was set to, and what was measured. */
  readonly limit: 'maxErrorRate' | 'maxFirstTokenP99Ms' | 'maxTotalP99Ms';
  readonly max: number;
  readonly measured: number;
  /** All figures of the window: the candidate's, and the baseline's to compare, where it was asked. */
  readonly candidate: ModelSummary;
  readonly baseline?: ModelSummary;
}

/** What a canary decided, or was told. Plain data. */
export type CanaryDecision = AnswerRouted | AnswerFellBack | PercentSet | CanaryRolledBack;

/** The last decisions, as many as fit. Where one must go it is the oldest about a single answer: what changed `percent` stays longest. */
export class DecisionLog {
  private readonly kept: CanaryDecision[] = [];
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  add(decision: CanaryDecision): void {
    this.kept.push(decision);
    if (this.kept.length <= this.max) return;
    const passing = this.kept.findIndex(({ type }) => type === 'routed' || type === 'fell-back');
    this.kept.splice(Math.max(passing, 0), 1);
  }

  all(): readonly CanaryDecision[] {
    return [...this.kept];
  }
}

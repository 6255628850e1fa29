import { defer, finalize } from 'rxjs';
import { InterruptedError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import { latencyMeter } from '../latency/meter.ts';
import { LatencyMonitor } from '../latency/monitor.ts';
import type { ModelSummary } from '../latency/summary.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';
import type { CanaryRolledBack, CanarySide } from './canary-decision.ts';
import type { Model } from './model.ts';

/** When a canary gives its candidate up. A request is one round of an answer; what is unsubscribed or aborted does not count. */
export interface RollbackRules {
  /** The share of requests that may fail, from 0 to 1. Default: 0.1. */
  readonly maxErrorRate?: number;
  /** How long 99 % of the requests may take to their first token, in milliseconds from when they are sent. Default: no limit. */
  readonly maxFirstTokenP99Ms?: number;
  /** How long 99 % of the requests that succeed may take to `round-end`, in milliseconds from when they are sent. Default: no limit. */
  readonly maxTotalP99Ms?: number;
  /** How many requests of the candidate there must be in the window before it is judged. Default: 20. */
  readonly minRequests?: number;
  /** How long a request counts, in milliseconds from its end. Default: 300 000. */
  readonly windowMs?: number;
}

/** A limit that was crossed. */
export type Breach = Pick<CanaryRolledBack, 'limit' | 'max' | 'measured' | 'candidate' | 'baseline'>;

const DEFAULTS = { maxErrorRate: 0.1, minRequests: 20, windowMs: 300_000 };
const NO_ROUND_END = 'The stream of a round completed without a `round-end`.';

/** Measures what two models do, and says when one of them crosses a limit. */
export class CanaryWatch {
  private readonly rules: typeof DEFAULTS & RollbackRules;
  private readonly clock: () => number;
  private readonly onBreach: (breach: Breach) => void;
  private monitor!: LatencyMonitor;

  constructor(rules: RollbackRules, clock: () => number, onBreach: (breach: Breach) => void) {
    this.rules = checkedRules(rules);
    this.clock = clock;
    this.onBreach = onBreach;
    this.restart();
  }

  /** Starts a new window. Requests under way count in the one in which they began, which nobody looks at any more. */
  restart(): void {
    this.monitor = new LatencyMonitor({ windowMs: this.rules.windowMs, clock: this.clock });
  }

  summaries(): ModelSummary[] {
    return this.monitor.summaries();
  }

  /** The model, each of its rounds measured from when it is subscribed to its `round-end`. */
  measured(side: CanarySide, model: Model): Model {
    return (request, answer) =>
      defer(() => {
        const { monitor } = this;
        let over = false;
        const meter = latencyMeter<ModelEvent>({
          clock: this.clock,
          maxEntries: 1,
          onReport: (report) => {
            over = true;
            monitor.record(report, { model: side });
            if (side === 'candidate' && monitor === this.monitor) this.judge();
          },
        });
        const watch: Stage<ModelEvent, ModelEvent> = {
          transform: (event, out) => {
            if (!over) meter.transform(event, NOWHERE);
            // What comes after it is the rest of the body, read for the sake of the connection.
            if (!over && event.type === 'round-end') meter.flush?.(NOWHERE);
            out.enqueue(event);
          },
          flush: () => {
            if (!over) meter.fail?.(new InterruptedError(NO_ROUND_END), NOWHERE);
          },
          fail: (error) => {
            if (answer?.aborted) meter.cancel();
            else if (!over) meter.fail?.(error, NOWHERE);
            return error;
          },
        };
        return defer(() => model(request, answer)).pipe(
          through(() => watch),
          finalize(() => meter.cancel()),
        );
      });
  }

  private judge(): void {
    const candidate = this.monitor.summary('candidate');
    if (candidate === undefined) return;
    const { maxErrorRate, maxFirstTokenP99Ms, maxTotalP99Ms } = this.rules;
    const { succeeded, failed, firstTokenMs, totalMs } = candidate;
    const figures = [
      ['maxErrorRate', maxErrorRate, failed / (succeeded + failed), succeeded + failed],
      ['maxFirstTokenP99Ms', maxFirstTokenP99Ms, firstTokenMs.p99, firstTokenMs.count],
      ['maxTotalP99Ms', maxTotalP99Ms, totalMs.p99, totalMs.count],
    ] as const;
    for (const [limit, max, measured, requests] of figures) {
      if (max === undefined || measured === undefined || requests < this.rules.minRequests || !(measured > max)) continue;
      const baseline = this.monitor.summary('baseline');
      this.onBreach({ limit, max, measured, candidate, ...(baseline && { baseline }) });
      return;
    }
  }
}

/** The meter's report goes to the monitor, not into the stream. */
const NOWHERE: Output<unknown> = { enqueue: () => {}, error: () => {}, terminate: () => {} };

function checkedRules(rules: RollbackRules): typeof DEFAULTS & RollbackRules {
  const checked = { ...DEFAULTS, ...withoutUndefined(rules) };
  const { maxErrorRate, minRequests, windowMs, maxFirstTokenP99Ms = 0, maxTotalP99Ms = 0 } = checked;
  if (!(maxErrorRate >= 0 && maxErrorRate <= 1))
    throw new RangeError(`canary: \`maxErrorRate\` is ${maxErrorRate}: give a share from 0 to 1; 0.05 is 5 %.`);
  if (!(Number.isSafeInteger(minRequests) && minRequests >= 1))
    throw new RangeError(`canary: \`minRequests\` is ${minRequests}: give a whole number from 1.`);
  if (!(windowMs > 0 && Number.isFinite(windowMs)))
    throw new RangeError(`canary: \`windowMs\` is ${windowMs}: give a number of milliseconds above 0.`);
  for (const [name, ms] of Object.entries({ maxFirstTokenP99Ms, maxTotalP99Ms }))
    if (!(ms >= 0)) throw new RangeError(`canary: \`${name}\` is ${ms}: give a number of milliseconds from 0, or leave it out.`);
  return checked;
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

import { defer, type Observable, Subject } from 'rxjs';
import { failureOf } from '../latency/failure.ts';
import type { ModelSummary } from '../latency/summary.ts';
import { type CanaryDecision, type CanarySide, DecisionLog } from './canary-decision.ts';
import { type CanaryKey, type CanaryOptions, type CheckedCanary, checkedCanary, checkedPercent } from './canary-options.ts';
import { type Breach, CanaryWatch } from './canary-watch.ts';
import { fallback } from './fallback.ts';
import { keyPoint } from './key-point.ts';
import type { Model } from './model.ts';

/** Two models behind one, and who gets which. */
export interface Canary {
  /** Routes by the `key` option, else by chance. */
  readonly model: Model;
  /** The same model for one user, or one conversation: for keys that are not in the request. */
  modelFor(key: CanaryKey): Model;
  /**
   * How many of a hundred go to the candidate. Set it at any time, 0 to 100 (else a RangeError): answers that begin from then on heed it. Raising it from 0
   * starts a new window.
   */
  percent: number;
  /** Each decision as it is made; never completes. */
  readonly decisions$: Observable<CanaryDecision>;
  /** The last of them, oldest first, at most `maxDecisions`; those about single answers make way for those that changed `percent`. */
  readonly decisions: readonly CanaryDecision[];
  /** The figures of `baseline` and `candidate` in the window, by request. */
  summaries(): ModelSummary[];
}

/**
 * Sends a part of the answers to another model, and no more of them once it does badly.
 *
 * ```text
 * candidate    -s-t-e|           --#
 * baseline              -s-t-e|     s-t-e|  -s-t-e|
 * model        -s-t-e|  -s-t-e|  --fs-t-e|  -s-t-e|     f: `diagnostic` with the code `fell-back`
 * decisions$   r        r        r-(Xf)     r           r routed   X rolled-back, from now on 0 %   f fell-back
 * ```
 *
 * A key always goes the same way: it has a place between 0 and 100, and those below `percent` are the candidate's, so raising `percent`
 * only ever adds keys to it. All rounds of one answer go the same way, whatever `percent` becomes meanwhile: the `answer` signal
 * says what belongs together. Without such a signal each request is an answer.
 *
 * Emits and errors as the chosen model does. Where the candidate fails before a round's first event the baseline takes over, for the rest of the
 * answer (`fallback`). The baseline's errors go out as they are.
 *
 * Where the candidate's requests of the last `windowMs` fail more often than `maxErrorRate`, or are slower than a limit you give, `percent` becomes 0; answers
 * begun there end there. A request is judged when it is over: give the candidate `timeouts` that say how long is too long. One that is
 * unsubscribed, or whose answer is aborted, does not count.
 *
 * Keeps `maxDecisions` decisions, at most about 700 kB of figures, and for each answer under way where it goes. Unsubscribing ends the request under way;
 * the canary itself runs nothing.
 *
 * @param options - `baseline`, `candidate`, `percent` (0 to 100); `key`, `salt`, `fallback` (default `true`), `rollback` (`maxErrorRate` 0.1,
 * `maxFirstTokenP99Ms` and `maxTotalP99Ms` in milliseconds, `minRequests` 20, `windowMs` 300 000), `maxDecisions` (256), `clock`, `random`.
 * @throws TypeError or RangeError at the call for options that cannot work.
 *
 * @example
 * ```ts
 * import { canary, type Model, streamAnswer, textOnly } from 'toolstream';
 * import { scriptedModel } from 'toolstream/testing';
 *
 * const baseline: Model = (request) => scriptedModel([['old']])(request);
 * const candidate: Model = (request) => scriptedModel([['new']])(request);
 * const trial = canary({ baseline, candidate, percent: 10 });
 * const request = { messages: [{ role: 'user', content: 'Hi' }] };
 * const ask = (user: string) => streamAnswer({ model: trial.modelFor(user), request }).pipe(textOnly());
 *
 * ask('ada').subscribe((text) => console.log(text)); // old
 * trial.percent = 50;
 * ask('ada').subscribe((text) => console.log(text)); // new
 * ```
 *
 * @see {@link fallback}
 */
export function canary(options: CanaryOptions): Canary {
  return new Router(checkedCanary(options));
}

class Router implements Canary {
  readonly model: Model;
  readonly decisions$: Observable<CanaryDecision>;

  private readonly options: CheckedCanary;
  private readonly made$ = new Subject<CanaryDecision>();
  private readonly log: DecisionLog;
  private readonly watch: CanaryWatch;
  private readonly sides = new WeakMap<AbortSignal, CanarySide>();
  private readonly baseline: Model;
  private readonly candidate: Model;
  private current: number;

  constructor(options: CheckedCanary) {
    this.options = options;
    this.current = options.percent;
    this.log = new DecisionLog(options.maxDecisions);
    this.watch = new CanaryWatch(options.rollback || {}, options.clock, (breach) => this.rollBack(breach));
    this.baseline = this.watch.measured('baseline', options.baseline);
    this.candidate = this.watch.measured('candidate', options.candidate);
    this.model = this.routed(options.key);
    this.decisions$ = this.made$.asObservable();
  }

  modelFor(key: CanaryKey): Model {
    return this.routed(() => key);
  }

  get percent(): number {
    return this.current;
  }

  set percent(to: number) {
    const from = this.current;
    this.current = checkedPercent(to);
    if (from === to) return;
    if (from === 0) this.watch.restart();
    this.decide({ type: 'percent-set', atMs: this.options.clock(), from, to });
  }

  get decisions(): readonly CanaryDecision[] {
    return this.log.all();
  }

  summaries(): ModelSummary[] {
    return this.watch.summaries();
  }

  private routed(keyOf: CanaryOptions['key']): Model {
    return (request, answer) =>
      defer(() => {
        const side = (answer && this.sides.get(answer)) ?? this.choose(keyOf?.(request), answer);
        return side === 'baseline' ? this.baseline(request, answer) : this.withFallback(answer)(request, answer);
      });
  }

  private choose(key: CanaryKey, answer: AbortSignal | undefined): CanarySide {
    const { salt, random, clock } = this.options;
    const by = key === undefined || key === null || key === '' ? 'random' : 'key';
    const point = by === 'key' ? keyPoint(`${salt}${key}`) : random() * 100;
    const percent = this.current;
    const to = point < percent ? 'candidate' : 'baseline';
    if (answer) this.sides.set(answer, to);
    this.decide({ type: 'routed', atMs: clock(), to, by, point, percent });
    return to;
  }

  private withFallback(answer: AbortSignal | undefined): Model {
    const { fallback: may, clock } = this.options;
    if (may === false) return this.candidate;
    const when = (error: unknown) => {
      if (may !== true && !may(error)) return false;
      if (answer) this.sides.set(answer, 'baseline');
      this.decide({ type: 'fell-back', atMs: clock(), error: failureOf(error) });
      return true;
    };
    const both = [
      { name: 'candidate', model: this.candidate },
      { name: 'baseline', model: this.baseline },
    ];
    return fallback(both, { when });
  }

  private rollBack(breach: Breach): void {
    const from = this.current;
    if (from === 0 || this.options.rollback === false) return;
    this.current = 0;
    this.decide({ type: 'rolled-back', atMs: this.options.clock(), from, ...breach });
  }

  /** Last of all: whoever hears of it may set `percent` at once. */
  private decide(decision: CanaryDecision): void {
    this.log.add(decision);
    this.made$.next(decision);
  }
}

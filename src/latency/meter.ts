import type { AnswerEvent, AnyEvent } from '../events.ts';
import type { Output, Stage } from '../stage.ts';
import { failureOf } from './failure.ts';
import type { LatencyEvent, LatencyReport } from './report.ts';
import { RoundClock } from './round-clock.ts';
import { TokenClock } from './token-clock.ts';
import { ToolClock } from './tool-clock.ts';

/** Settings of {@link latencyMeter}. */
export interface LatencyMeterOptions {
  /** A monotonic clock in milliseconds, read once per event. Default: `performance.now`. */
  readonly clock?: () => number;
  /** How long a gap between two tokens may be before it is a stall, in milliseconds. Default: 1000. */
  readonly stallMs?: number;
  /** How many rounds and how many tool runs the report gives in detail; the rest is counted. Default: 256. */
  readonly maxEntries?: number;
  /**
   * Gets the report however the stream ends, unsubscribing included, after the `latency` event if there is one.
   * What it throws becomes the stream's error, as with `tap`.
   */
  readonly onReport?: (report: LatencyReport) => void;
}

/** A stage that measures. Its clock starts when it is made. */
export interface LatencyMeter<E extends AnyEvent> extends Stage<E, E | LatencyEvent> {
  /** The stream is given up before its end: reports that to `onReport`. Without effect once it has ended. */
  cancel(): void;
}

/**
 * Measures a stream of events: passes each on at once, the same object, and ends with one `latency` event, also on failure.
 *
 * Constant work per event; nothing is kept per token. Gaps go into a {@link Histogram}, rounds and tools into lists of at most
 * `maxEntries`, so a report's size is bounded.
 *
 * @example
 * ```ts
 * import { latencyMeter, runStage, type TextDelta } from 'toolstream';
 *
 * let now = 0;
 * const meter = latencyMeter<TextDelta>({ clock: () => now++ });
 * const { values } = runStage(meter, [{ type: 'text-delta', text: 'Hel' }, { type: 'text-delta', text: 'lo' }]);
 * const [last] = values.slice(-1);
 * if (last?.type === 'latency') console.log(last.report.firstTokenMs, last.report.totalMs); // 1 3
 * ```
 */
export function latencyMeter<E extends AnyEvent>(options: LatencyMeterOptions = {}): LatencyMeter<E> {
  checkLatencyOptions(options);
  return new Meter<E>(options);
}

/** Throws what is wrong with the options, where they are given rather than when a stream starts. */
export function checkLatencyOptions({ stallMs = 0, maxEntries = 0 }: LatencyMeterOptions): void {
  if (!(stallMs >= 0)) throw new RangeError(`stallMs is ${stallMs}; give the milliseconds of silence that make a stall, 0 or more.`);
  if (!(maxEntries >= 0)) throw new RangeError(`maxEntries is ${maxEntries}; give how many rounds and tools to list, 0 or more.`);
}

const monotonic = () => performance.now();
const ignored = () => {};

class Meter<E extends AnyEvent> implements LatencyMeter<E> {
  private readonly clock: () => number;
  private readonly stallMs: number;
  private readonly onReport: (report: LatencyReport) => void;
  private readonly tokens: TokenClock;
  private readonly rounds: RoundClock;
  private readonly tools: ToolClock;
  private readonly start: number;

  private done = false;
  private model: string | undefined;
  private reason: LatencyReport['reason'];
  private firstEventMs: number | undefined;
  private firstToolCallStartMs: number | undefined;
  private firstToolCallMs: number | undefined;

  constructor({ clock = monotonic, stallMs = 1000, maxEntries = 256, onReport = ignored }: LatencyMeterOptions) {
    this.clock = clock;
    this.stallMs = stallMs;
    this.onReport = onReport;
    this.tokens = new TokenClock(stallMs);
    this.rounds = new RoundClock(maxEntries);
    this.tools = new ToolClock(maxEntries);
    this.start = clock();
  }

  transform(event: E, out: Output<E | LatencyEvent>): void {
    const now = this.elapsed();
    this.firstEventMs ??= now;
    // The vocabulary's types are its own: an event that bears one of them is one.
    this.measure(event as unknown as AnswerEvent, now);
    out.enqueue(event);
  }

  flush(out: Output<E | LatencyEvent>): void {
    this.end('completed', undefined, out);
  }

  fail(error: unknown, out: Output<E | LatencyEvent>): unknown {
    this.end('failed', error, out);
    return error;
  }

  cancel(): void {
    if (!this.done) this.end('cancelled', undefined, undefined);
  }

  private elapsed(): number {
    try {
      return this.clock() - this.start;
    } catch (thrown) {
      // The stream fails with it; its teardown must not read such a clock again.
      this.done = true;
      throw thrown;
    }
  }

  private measure(event: AnswerEvent, now: number): void {
    switch (event.type) {
      case 'text-delta':
        if (event.text === '') return;
        this.token(event.round, now);
        this.tools.text(now);
        return;
      case 'reasoning-delta':
        if (event.text === '') return;
        this.token(event.round, now);
        this.tokens.reasoning();
        return;
      case 'refusal-delta':
      case 'tool-call-delta':
        if (event.text !== '') this.token(event.round, now);
        return;
      case 'tool-call-start':
        // The model wrote the name: a token, unlike a role.
        this.firstToolCallStartMs ??= now;
        this.token(event.round, now);
        return;
      case 'tool-call':
        if (event.arguments._tag === 'Right') this.firstToolCallMs ??= now;
        this.tools.call(event);
        return;
      case 'tool-started':
        this.tools.started(event, now);
        return;
      case 'tool-result':
        this.tools.result(event, now);
        this.rounds.result(now);
        return;
      case 'usage':
        this.tokens.report(event.usage);
        return;
      case 'round-start':
        this.model ??= event.model;
        this.tokens.endAttempt();
        this.rounds.start(now, event.round);
        return;
      case 'round-restarted':
        this.tokens.endAttempt();
        this.rounds.restart(now, event.round);
        return;
      case 'round-end':
        if (event.usage !== undefined) this.tokens.report(event.usage);
        this.reason = event.reason;
        this.tokens.endAttempt();
        this.rounds.end(now, event.reason);
        return;
      case 'answer-end':
        this.reason = event.reason;
        this.rounds.answered();
    }
  }

  private token(round: number | undefined, now: number): void {
    if (this.tokens.token(now)) this.rounds.token(now, round);
  }

  private end(ended: LatencyReport['ended'], error: unknown, out: Output<LatencyEvent> | undefined): void {
    this.done = true;
    const now = this.elapsed();
    if (ended === 'failed') this.tokens.silence(now);
    this.tokens.endAttempt();
    this.rounds.end(now, undefined);
    const report: Draft = {
      ended,
      totalMs: now,
      gaps: this.tokens.gapSummary(),
      stalls: { thresholdMs: this.stallMs, ...this.tokens.stalls },
      tokens: this.tokens.tokenSummary(),
      rounds: this.rounds.summary(),
      tools: this.tools.toolSummary(now),
      calls: this.tools.callSummary(),
    };
    // A field, or none: `undefined` does not survive JSON.
    if (ended === 'failed') report.error = failureOf(error);
    if (this.reason !== undefined) report.reason = this.reason;
    if (this.model !== undefined) report.model = this.model;
    if (this.firstEventMs !== undefined) report.firstEventMs = this.firstEventMs;
    if (this.tokens.firstMs !== undefined) report.firstTokenMs = this.tokens.firstMs;
    if (this.firstToolCallStartMs !== undefined) report.firstToolCallStartMs = this.firstToolCallStartMs;
    if (this.firstToolCallMs !== undefined) report.firstToolCallMs = this.firstToolCallMs;
    if (this.tokens.usage !== undefined) report.usage = this.tokens.usage;
    out?.enqueue({ type: 'latency', report });
    this.onReport(report);
  }
}

/** A report while it is made. */
type Draft = { -readonly [K in keyof LatencyReport]: LatencyReport[K] };

import type { ToolCall, ToolResult, ToolStarted } from '../events.ts';
import type { CallSummary, LatencyReport, ToolTiming } from './report.ts';

interface Run {
  readonly event: ToolStarted;
  readonly startMs: number;
  /** Text deltas of the stream before it began. */
  readonly textBefore: number;
  firstTextMs: number | undefined;
  timing: ToolTiming | undefined;
}

/** When tools ran, and how much text arrived meanwhile. Constant work per text delta, however many tools run. */
export class ToolClock {
  private count = 0;
  private readonly runs: Run[] = [];
  private running: Map<string, Run> | undefined;
  /** Runs that no text has reached yet: the next text is their first. */
  private fresh: Run[] = [];
  private textDeltas = 0;
  private lastTextMs = 0;

  private calls = 0;
  private invalid = 0;
  private readonly results: { -readonly [K in keyof CallSummary['results']]: CallSummary['results'][K] } = {};

  private readonly maxEntries: number;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  text(now: number): void {
    this.textDeltas += 1;
    this.lastTextMs = now;
    if (this.fresh.length === 0) return;
    for (const run of this.fresh) run.firstTextMs = now;
    this.fresh = [];
  }

  call(event: ToolCall): void {
    this.calls += 1;
    if (event.arguments._tag === 'Left') this.invalid += 1;
  }

  started(event: ToolStarted, now: number): void {
    this.count += 1;
    if (this.runs.length >= this.maxEntries) return;
    const run: Run = { event, startMs: now, textBefore: this.textDeltas, firstTextMs: undefined, timing: undefined };
    this.runs.push(run);
    this.running ??= new Map();
    this.running.set(keyOf(event), run);
    this.fresh.push(run);
  }

  result(event: ToolResult, now: number): void {
    const outcome = event.outcome._tag === 'Right' ? 'succeeded' : event.outcome.left.code;
    this.results[outcome] = (this.results[outcome] ?? 0) + 1;
    const run = this.running?.get(keyOf(event));
    if (run === undefined) return;
    this.running?.delete(keyOf(event));
    run.timing = this.timingOf(run, outcome, now);
  }

  /** @param now when the stream ended: what still runs is given until here. */
  toolSummary(now: number): LatencyReport['tools'] {
    return { count: this.count, entries: this.runs.map((run) => run.timing ?? this.timingOf(run, 'unfinished', now)) };
  }

  callSummary(): CallSummary {
    return { count: this.calls, invalid: this.invalid, results: this.results };
  }

  private timingOf({ event, startMs, textBefore, firstTextMs }: Run, outcome: ToolTiming['outcome'], now: number): ToolTiming {
    return {
      ...(event.round === undefined ? {} : { round: event.round }),
      callId: event.callId,
      name: event.name,
      startMs,
      durationMs: now - startMs,
      outcome,
      overlap: { textDeltas: this.textDeltas - textBefore, durationMs: firstTextMs === undefined ? 0 : this.lastTextMs - firstTextMs },
    };
  }
}

function keyOf({ round, callId }: ToolStarted | ToolResult): string {
  return `${round ?? ''}/${callId}`;
}

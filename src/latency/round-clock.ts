import type { LatencyReport, RoundTiming } from './report.ts';

type Reason = RoundTiming['reason'];

interface OpenRound {
  readonly round: number;
  readonly startMs: number;
  attempts: number;
  /** Its `round-start` came: another one begins another round. */
  begun: boolean;
  firstTokenMs: number | undefined;
}

/** When rounds were asked, when they spoke, when they ended. */
export class RoundClock {
  private count = 0;
  private readonly entries: RoundTiming[] = [];
  private open: OpenRound | undefined;
  /** Since when nothing but the next round is missing: its request goes out then. Unknown after the end of an answer. */
  private idleSince: number | undefined = 0;

  private readonly maxEntries: number;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  start(now: number, round: number | undefined): void {
    if (this.open?.begun) this.end(now, undefined);
    this.current(now, round).begun = true;
  }

  restart(now: number, round: number | undefined): void {
    const open = this.current(now, round);
    open.attempts += 1;
    open.begun = false;
  }

  token(now: number, round: number | undefined): void {
    const open = this.current(now, round);
    open.firstTokenMs ??= now - open.startMs;
  }

  /** Ends the round that runs, if one does. */
  end(now: number, reason: Reason): void {
    const { open } = this;
    if (open === undefined) return;
    this.open = undefined;
    this.idleSince = now;
    if (this.entries.length >= this.maxEntries) return;
    const { round, attempts, startMs, firstTokenMs } = open;
    this.entries.push({
      round,
      attempts,
      startMs,
      ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
      durationMs: now - startMs,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** A tool's result: if it came after the round's end, the next round had to wait for it. */
  result(now: number): void {
    if (this.open === undefined && this.idleSince !== undefined) this.idleSince = now;
  }

  /** The answer is over: when the next one is asked cannot be seen before its first event. */
  answered(): void {
    this.idleSince = undefined;
  }

  summary(): LatencyReport['rounds'] {
    return { count: this.count, entries: this.entries };
  }

  private current(now: number, round: number | undefined): OpenRound {
    if (this.open !== undefined) return this.open;
    this.count += 1;
    this.open = { round: round ?? this.count, startMs: this.idleSince ?? now, attempts: 1, begun: false, firstTokenMs: undefined };
    return this.open;
  }
}

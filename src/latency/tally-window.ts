import type { LatencyReport } from './report.ts';
import { Tally } from './tally.ts';

/** A window is made of so many parts, and forgets a part at a time: it covers between five sixths of its length and all of it. */
export const WINDOW_PARTS = 6;

/** The streams of one model of late: at most {@link WINDOW_PARTS} tallies, one for each part of the window in which there was a stream. */
export class TallyWindow {
  private readonly parts: Array<{ readonly number: number; readonly tally: Tally }> = [];

  /** Adds a stream to the part that is now; `part` counts up as time goes by. */
  add(report: LatencyReport, part: number): void {
    this.forget(part);
    let last = this.parts.at(-1);
    // A clock that was set back: what is newest stays newest.
    if (last === undefined || last.number < part) {
      last = { number: part, tally: new Tally() };
      this.parts.push(last);
    }
    last.tally.add(report);
  }

  /** All that the window still holds; `undefined` where that is nothing. */
  sum(part: number): Tally | undefined {
    this.forget(part);
    if (this.parts.length <= 1) return this.parts[0]?.tally;
    const sum = new Tally();
    for (const { tally } of this.parts) sum.merge(tally);
    return sum;
  }

  /** Whether the window holds nothing any more. */
  isEmpty(part: number): boolean {
    this.forget(part);
    return this.parts.length === 0;
  }

  private forget(part: number): void {
    while (this.parts[0] && this.parts[0].number <= part - WINDOW_PARTS) this.parts.shift();
  }
}

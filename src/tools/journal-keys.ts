import type { ToolCall } from '../events.ts';
import { keyOf } from './attempts.ts';

/**
 * Names executions so that another process, which asks for the same answer, gives equal ones equal names: the round, which of several equal
 * calls of it this is, the tool, and its arguments in canonical JSON, e.g. `1#2 pay {"amount":5}`.
 */
export class JournalKeys {
  private round = 1;
  private readonly counts = new Map<string, number>();

  /** The name of the next execution of this call. */
  next(call: ToolCall): string {
    const key = keyOf(call);
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return `${this.round}#${count} ${key}`;
  }

  /** The round begins anew: its calls are counted from the first. */
  restart(): void {
    this.counts.clear();
  }

  /** The next round begins. */
  nextRound(): void {
    this.round++;
    this.counts.clear();
  }
}

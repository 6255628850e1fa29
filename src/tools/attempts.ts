import * as E from 'fp-ts/Either';
import type { ToolCall } from '../events.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * The journal of this process: what the attempts of one round have run, so that a call which the model repeats after a restart is not run again.
 *
 * After a restart the k-th call equal in name and canonical arguments takes, once, the k-th entry of the attempts that were cut.
 * Holds an entry a call of one round: `clear` at its end.
 */
export class Attempts<T> {
  /** Of the running attempt, by the ids of the calls, in their order. */
  private current = new Map<string, { readonly call: ToolCall; readonly entry: T }>();
  /** Of cut attempts, not claimed yet. Keys are made here only: most rounds are never restarted. */
  private cut: Array<{ readonly key: string; readonly entry: T }> = [];

  /** Notes what the running attempt does for a call. */
  record(call: ToolCall, entry: T): void {
    this.current.set(call.callId, { call, entry });
  }

  /** Whether the running attempt has made this call already. */
  has({ callId }: ToolCall): boolean {
    return this.current.has(callId);
  }

  /** Takes what a cut attempt did for an equal call, once; from then on it is the running attempt's. */
  claim(call: ToolCall): T | undefined {
    if (this.cut.length === 0) return undefined;
    const key = keyOf(call);
    const found = this.cut.findIndex((noted) => noted.key === key);
    const [noted] = found === -1 ? [] : this.cut.splice(found, 1);
    if (noted) this.record(call, noted.entry);
    return noted?.entry;
  }

  /** The attempt was cut: what `keep` says yes to can be claimed by the next one. */
  restart(keep: (entry: T) => boolean): void {
    const kept = [...this.current.values()].filter(({ entry }) => keep(entry)).map(({ call, entry }) => ({ key: keyOf(call), entry }));
    this.cut = [...kept, ...this.cut];
    this.current.clear();
  }

  /** Forgets all, and returns what nobody claimed. */
  clear(): T[] {
    const unclaimed = this.cut.map(({ entry }) => entry);
    this.current.clear();
    this.cut = [];
    return unclaimed;
  }
}

/** Equal for equal calls. Arguments that are no JSON are equal when their text is. */
export function keyOf({ name, arguments: args, argumentsText }: ToolCall): string {
  if (E.isLeft(args)) return `${name}: ${argumentsText}`;
  try {
    return `${name} ${canonicalJson(args.right)}`;
  } catch {
    // A raised `maxDepth`: deeper than the stack.
    return `${name}: ${argumentsText}`;
  }
}

import type { EventBase } from '../events.ts';

interface CallEvent extends EventBase {
  readonly callId: string;
}

/** What is kept for each call of the rounds that run; a call is known by (round, choice, callId). */
export class OpenCalls<T> {
  private readonly rounds = new Map<number, Map<number, Map<string, T>>>();

  get(event: CallEvent): T | undefined {
    return this.rounds
      .get(event.round ?? 0)
      ?.get(event.choice ?? 0)
      ?.get(event.callId);
  }

  set(event: CallEvent, value: T): void {
    const round = getOrMake(this.rounds, event.round ?? 0, () => new Map<number, Map<string, T>>());
    getOrMake(round, event.choice ?? 0, () => new Map<string, T>()).set(event.callId, value);
  }

  delete(event: CallEvent): void {
    this.rounds
      .get(event.round ?? 0)
      ?.get(event.choice ?? 0)
      ?.delete(event.callId);
  }

  /** Forgets the calls of this event's round, and hands them out. */
  takeRound(event: EventBase): T[] {
    const round = this.rounds.get(event.round ?? 0);
    this.rounds.delete(event.round ?? 0);
    return round === undefined ? [] : [...round.values()].flatMap((calls) => [...calls.values()]);
  }

  /** Forgets every call, and hands them out. */
  takeAll(): T[] {
    const all = [...this.rounds.keys()].flatMap((round) => this.takeRound({ round }));
    return all;
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

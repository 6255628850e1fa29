import { asyncScheduler, Observable, type Subscription } from 'rxjs';
import { TimeoutError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import { LONGEST_TIMER_MS } from '../tools/longest-timer.ts';
import type { Gate } from './gate.ts';

/** The limits of one try, in milliseconds; `Infinity` switches one off. */
export interface Timeouts {
  /** From sending the request until the response's head. Default: 30 000. */
  readonly connectMs?: number;
  /** From the start of the try until the model's first word: text, reasoning or a call; role and framing are none. Default: 120 000. */
  readonly firstEventMs?: number;
  /** Between two signs of progress. A heartbeat, a comment, an empty chunk or token counts are none. Default: 60 000. */
  readonly idleMs?: number;
  /** From the start of the try until its end. Default: 600 000. */
  readonly totalMs?: number;
}

/** The defaults of {@link Timeouts}. */
export const DEFAULT_TIMEOUTS = { connectMs: 30_000, firstEventMs: 120_000, idleMs: 60_000, totalMs: 600_000 } as const;

/**
 * The clocks of one try. It watches the events that come out of the decoder and raises its errors before it, so that the decoder can say
 * what there was of the answer. Time in which the reader holds the network back ({@link TryClock.watch}) counts for none of them.
 */
export class TryClock {
  private readonly limits: Required<Timeouts>;
  private fail: ((error: TimeoutError) => void) | undefined;
  private timer: Subscription | undefined;
  private startedAt = 0;
  private progressAt: number | undefined;
  private heldAt: number | undefined;
  /** The round has ended: no limit applies any more. */
  private over = false;

  constructor(limits: Required<Timeouts>) {
    this.limits = limits;
  }

  /** Starts the clocks; `fail` is told of the first limit that is passed. @returns what stops them. */
  start(fail: (error: TimeoutError) => void): () => void {
    this.fail = fail;
    this.startedAt = asyncScheduler.now();
    this.rearm();
    return () => {
      this.fail = undefined;
      this.timer?.unsubscribe();
    };
  }

  /** Never emits; errors with a {@link TimeoutError}. Subscribing starts the clocks. */
  get limits$(): Observable<never> {
    return new Observable((subscriber) => this.start((error) => subscriber.error(error)));
  }

  /** Takes note of an event. Costs a reading of the clock: the timer finds out when it fires whether there was progress. */
  saw(event: ModelEvent): void {
    if (event.type === 'round-end') {
      this.over = true;
      this.timer?.unsubscribe();
    } else if (isProgress(event)) {
      const first = this.progressAt === undefined;
      this.progressAt = asyncScheduler.now();
      if (first) this.rearm();
    }
  }

  /** A gate like `gate`; the clocks stand still while it is waited for. */
  watch(gate: Gate): Gate {
    return {
      get open() {
        return gate.open;
      },
      opened: () => {
        this.hold();
        return gate.opened().then(() => this.goOn());
      },
    };
  }

  private hold(): void {
    this.heldAt ??= asyncScheduler.now();
    this.timer?.unsubscribe();
  }

  private goOn(): void {
    if (this.heldAt === undefined) return;
    const held = asyncScheduler.now() - this.heldAt;
    this.heldAt = undefined;
    this.startedAt += held;
    if (this.progressAt !== undefined) this.progressAt += held;
    this.rearm();
  }

  private rearm(): void {
    this.timer?.unsubscribe();
    if (this.over || this.heldAt !== undefined || this.fail === undefined) return;
    const { kind, limitMs, at } = this.nextLimit();
    const left = at - asyncScheduler.now();
    if (left <= 0) this.fail(new TimeoutError(kind, limitMs));
    else if (left < Infinity) this.timer = asyncScheduler.schedule(() => this.rearm(), Math.min(left, LONGEST_TIMER_MS));
  }

  private nextLimit(): { kind: TimeoutError['kind']; limitMs: number; at: number } {
    const { firstEventMs, idleMs, totalMs } = this.limits;
    const total = { kind: 'total', limitMs: totalMs, at: this.startedAt + totalMs } as const;
    const silence =
      this.progressAt === undefined
        ? ({ kind: 'first-event', limitMs: firstEventMs, at: this.startedAt + firstEventMs } as const)
        : ({ kind: 'idle', limitMs: idleMs, at: this.progressAt + idleMs } as const);
    return silence.at <= total.at ? silence : total;
  }
}

/** Whether the model said something; what a stalled server can send for ever is no progress. */
export function isProgress(event: ModelEvent): boolean {
  switch (event.type) {
    case 'round-start':
    case 'usage':
    case 'diagnostic':
    case 'round-restarted':
      return false;
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
    case 'tool-call-delta':
      return event.text !== '';
    default:
      return true;
  }
}

/** Fills in the defaults; throws a RangeError where a limit is none. */
export function checkedTimeouts(timeouts: Timeouts = {}): Required<Timeouts> {
  const all = { ...DEFAULT_TIMEOUTS, ...definedOf(timeouts) };
  for (const [name, ms] of Object.entries(all)) {
    if (!(typeof ms === 'number' && ms > 0)) {
      throw new RangeError(`\`timeouts.${name}\` is a positive number of milliseconds, or Infinity to switch it off; this is ${ms}.`);
    }
  }
  return all;
}

function definedOf<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

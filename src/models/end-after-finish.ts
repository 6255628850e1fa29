import { asyncScheduler, Observable, type Subscription } from 'rxjs';
import type { ModelEvent } from '../events.ts';
import { LONGEST_TIMER_MS } from '../tools/longest-timer.ts';

/**
 * The end of a response without an end mark: when each choice has its finish reason, the token counts, or `graceMs` without a word, end it.
 */
export class EndAfterFinish {
  /** Emits once, when the response is over. */
  readonly over$ = new Observable<void>((subscriber) => {
    this.tell = () => subscriber.next();
    return () => {
      this.tell = undefined;
      this.timer?.unsubscribe();
    };
  });

  private readonly choices: number;
  private readonly graceMs: number;
  private finished = 0;
  private timer: Subscription | undefined;
  private tell: (() => void) | undefined;

  constructor(choices: number, graceMs: number) {
    this.choices = choices;
    this.graceMs = graceMs;
  }

  /** Takes note of an event. */
  saw({ type }: ModelEvent): void {
    if (type === 'finish-reason') this.finished++;
    if (this.finished < this.choices || this.tell === undefined) return;
    this.timer?.unsubscribe();
    if (type === 'usage') this.tell?.();
    else if (this.graceMs <= LONGEST_TIMER_MS) this.timer = asyncScheduler.schedule(() => this.tell?.(), this.graceMs);
  }
}

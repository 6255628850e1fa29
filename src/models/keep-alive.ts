import { asyncScheduler, type Subscription } from 'rxjs';
import { ConnectionError } from '../errors.ts';
import { LONGEST_TIMER_MS } from '../tools/longest-timer.ts';
import { onPong, pings, type SocketLike } from './socket-like.ts';

/** When a connection is asked whether it is still there. */
export interface KeepAliveTimes {
  /** Between two pings, in milliseconds. Default: 30 000; `Infinity` for none. */
  readonly everyMs?: number;
  /** How long a ping may go unanswered, in milliseconds. Default: 10 000. */
  readonly answerMs?: number;
}

/** Pings a socket where it can ping, and says so when nothing answers. Whatever comes from the server is an answer. */
export class KeepAlive {
  private readonly socket: SocketLike;
  private readonly everyMs: number;
  private readonly answerMs: number;
  private readonly onSilence: (error: ConnectionError) => void;
  private timer: Subscription | undefined;
  private answered = true;

  constructor(socket: SocketLike, { everyMs = 30_000, answerMs = 10_000 }: KeepAliveTimes, onSilence: (error: ConnectionError) => void) {
    this.socket = socket;
    this.everyMs = everyMs;
    this.answerMs = answerMs;
    this.onSilence = onSilence;
  }

  start(): void {
    if (!pings(this.socket) || this.everyMs > LONGEST_TIMER_MS) return;
    onPong(this.socket, () => this.heard());
    this.wait(this.everyMs);
  }

  /** The server said something. */
  heard(): void {
    this.answered = true;
  }

  stop(): void {
    this.timer?.unsubscribe();
  }

  private wait(ms: number): void {
    this.timer = asyncScheduler.schedule(() => this.ping(), ms);
  }

  private ping(): void {
    this.answered = false;
    this.socket.ping?.();
    this.timer = asyncScheduler.schedule(() => {
      if (this.answered) this.wait(Math.max(0, this.everyMs - this.answerMs));
      else this.onSilence(new ConnectionError(`The server did not answer a keep-alive ping within ${this.answerMs} ms.`));
    }, this.answerMs);
  }
}

/** Throws a RangeError where a number makes no sense. */
export function checkKeepAlive({ everyMs = 30_000, answerMs = 10_000 }: KeepAliveTimes = {}): void {
  if (!(typeof everyMs === 'number' && everyMs > 0)) {
    throw new RangeError(`\`keepAlive.everyMs\` is a positive number of milliseconds, or Infinity for no pings; this is ${everyMs}.`);
  }
  if (!(typeof answerMs === 'number' && answerMs > 0 && answerMs <= LONGEST_TIMER_MS)) {
    throw new RangeError(
      `\`keepAlive.answerMs\` is a positive number of milliseconds, at most ${LONGEST_TIMER_MS} (24.8 days); this is ${answerMs}.`,
    );
  }
}

import { defer, endWith, interval, map, merge, NEVER, type Observable, takeWhile } from 'rxjs';
import type { AnyEvent } from '../events.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';
import { LONGEST_TIMER_MS } from '../tools/longest-timer.ts';
import { failureOf } from './sse-failure.ts';

/** How events go out as Server-Sent Events. */
export interface ToSseOptions {
  /** A comment is sent this often, in milliseconds from subscribe on, so that no proxy takes silence for an end. Default 15 000; `Infinity`: never. */
  readonly heartbeatMs?: number;
  /**
   * Words an error for the reader. Default: the message of this library's own errors, and for any other "The answer failed.",
   * since nobody knows what it quotes.
   */
  readonly errorMessage?: (error: unknown) => string;
}

/** The head of a response that carries {@link toSse}. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
};

/** Sets the last event id, and dispatches nothing: a reader that loses the connection before the first event must not ask anew either. */
export const SSE_PROLOGUE = 'id: 0\n\n';

/** A comment: no reader sees it, every proxy does. */
export const SSE_HEARTBEAT = ': heartbeat\n\n';

const DEFAULT_HEARTBEAT_MS = 15_000;

/** Throws where the options are no options. */
export function checkToSseOptions({ heartbeatMs = DEFAULT_HEARTBEAT_MS }: ToSseOptions = {}): void {
  if (heartbeatMs === Number.POSITIVE_INFINITY || (heartbeatMs > 0 && heartbeatMs <= LONGEST_TIMER_MS)) return;
  throw new RangeError(`heartbeatMs is ${heartbeatMs}: give milliseconds from 1 to ${LONGEST_TIMER_MS}, or Infinity for no heartbeats.`);
}

/** Events as the text of an event stream, prologue and heartbeats included. Never errors because of the source. */
export function sseText(events$: Observable<AnyEvent>, options: ToSseOptions = {}): Observable<string> {
  const { heartbeatMs = DEFAULT_HEARTBEAT_MS, errorMessage } = options;
  return defer(() => {
    const writer = new SseWriter(errorMessage);
    return merge(
      events$.pipe(
        through(() => writer),
        endWith(undefined),
      ),
      // Once the source is subscribed, so that one that answers to the prologue loses nothing.
      defer(() => writer.prologue()),
      heartbeatMs === Number.POSITIVE_INFINITY ? NEVER : interval(heartbeatMs).pipe(map(() => SSE_HEARTBEAT)),
    ).pipe(takeWhile((text) => text !== undefined));
  });
}

/** The prologue, one frame per event; at the end, however it came, `end`. */
class SseWriter implements Stage<AnyEvent, string> {
  private readonly errorMessage: ToSseOptions['errorMessage'];
  private begun = false;
  private id = 0;

  constructor(errorMessage: ToSseOptions['errorMessage']) {
    this.errorMessage = errorMessage;
  }

  /** Empty where a frame already came after it. */
  prologue(): string[] {
    if (this.begun) return [];
    this.begun = true;
    return [SSE_PROLOGUE];
  }

  transform(event: AnyEvent, out: Output<string>): void {
    let json: string | undefined;
    try {
      json = JSON.stringify(event);
      // A function, or a `toJSON` that gives nothing.
      if (json === undefined) throw new TypeError('An event is no JSON: it has to be a plain object.');
    } catch (error) {
      this.end(error, out);
      return;
    }
    this.write(json, out);
  }

  flush(out: Output<string>): void {
    this.write('{}', out, 'end');
  }

  fail(error: unknown, out: Output<string>): void {
    this.end(error, out);
  }

  private end(error: unknown, out: Output<string>): void {
    this.write(JSON.stringify(failureOf(error, this.errorMessage?.(error))), out, 'error');
    this.flush(out);
    out.terminate();
  }

  /** JSON has no raw line end, so one `data:` line holds it. `end` has an id too: who reconnects after it must be known. */
  private write(json: string, out: Output<string>, name?: string): void {
    for (const text of this.prologue()) out.enqueue(text);
    out.enqueue(`${name === undefined ? '' : `event: ${name}\n`}id: ${++this.id}\ndata: ${json}\n\n`);
  }
}

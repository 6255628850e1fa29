import { catchError, concat, defer, ignoreElements, type Observable, takeUntil, throwError, timer } from 'rxjs';
import type { ResumeRequest, Resumption } from '../dialects/resumption.ts';
import { ConnectionError, HttpError, InterruptedError, TimeoutError } from '../errors.ts';
import type { Diagnostic } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';
import { type HttpRequest, mergeHeaders } from './endpoint.ts';
import type { Cancellation, RetryOptions } from './retry.ts';

/** What {@link resuming} needs besides the request. */
export interface ResumeSettings {
  /** Sends a request and reads its frames. */
  readonly open: (request: HttpRequest) => Observable<Frame>;
  readonly resumeRequest: ResumeRequest;
  readonly retry: Required<RetryOptions>;
  readonly cancellation: Cancellation;
  /** Whether the response has all its words: then the end of a body is its end. */
  readonly isOver: () => boolean;
  /** Told of each break that is mended. */
  readonly note: (diagnostic: Diagnostic) => void;
}

/**
 * The frames of a response, over as many connections as it takes: where one breaks, the rest is asked for. What was cut within a frame comes
 * again whole; what a server repeats is left out. Errors with the first break where the rest cannot be had.
 *
 * Tries in a row that bring nothing are bounded by `maxTries`, each after a wait like that of a retry, at least what the stream's `retry:` says.
 */
export function resuming(request: HttpRequest, settings: ResumeSettings): Observable<Frame> {
  return defer(() => new Resuming(request, settings).frames$(request, undefined));
}

/** One response. */
class Resuming {
  private first: Frame | undefined;
  private last: Frame | undefined;
  private lastEventId: string | undefined;
  /** What the stream's `retry:` asked for, in milliseconds. */
  private retryMs = 0;
  private frames = 0;
  /** Tries since the last frame that was new. */
  private tries = 1;
  /** The break that is being mended. */
  private broken: { readonly error: unknown } | undefined;
  private readonly request: HttpRequest;
  private readonly settings: ResumeSettings;

  constructor(request: HttpRequest, settings: ResumeSettings) {
    this.request = request;
    this.settings = settings;
  }

  frames$(request: HttpRequest, compare?: Resumption['compare']): Observable<Frame> {
    let next: Resumption | undefined;
    const connection: Stage<Frame, Frame> = new Connection({
      compare,
      note: (frame) => this.note(frame),
      /** @returns the error that ends it: that of the first break, unless it is mended. */
      broke: (error) => {
        next = this.nextAfter(error);
        return next ? error : (this.broken?.error ?? error);
      },
      isMended: () => next !== undefined,
    });
    return this.settings.open(request).pipe(
      through(() => connection),
      catchError((error) => (next ? this.goOn(next) : throwError(() => error))),
    );
  }

  private note(frame: Frame): void {
    this.first ??= frame;
    this.last = frame;
    this.lastEventId = frame.id ?? this.lastEventId;
    this.retryMs = frame.retry ?? this.retryMs;
    this.frames++;
    this.tries = 1;
    this.broken = undefined;
  }

  /** How to ask for the rest, if that makes sense after this error. */
  private nextAfter(error: unknown): Resumption | undefined {
    const { isOver, cancellation, retry, resumeRequest } = this.settings;
    const { first, last, lastEventId } = this;
    if (!first || !last || isOver() || !cancellation.isWanted() || this.tries >= retry.maxTries || !isBreak(error)) return undefined;
    this.broken ??= { error };
    const { url, body } = this.request;
    return resumeRequest({ request: { url, body }, first, last, lastEventId });
  }

  private goOn(resumption: Resumption): Observable<Frame> {
    const { retry, cancellation, note } = this.settings;
    const longest = Math.min(retry.maxDelayMs, retry.baseDelayMs * 2 ** (this.tries - 1));
    const waitMs = Math.max(Math.min(this.retryMs, retry.maxRetryAfterMs), Math.round(retry.random() * longest));
    this.tries++;
    const error = this.broken?.error;
    const why = error instanceof Error ? error.message : String(error);
    const message = `The response broke off after ${this.frames} frames; asking for the rest in ${waitMs} ms. ${why}`;
    note({ type: 'diagnostic', code: 'resumed', message });
    const wait$ = timer(waitMs).pipe(takeUntil(cancellation.aborted$), ignoreElements());
    return concat(wait$, this.frames$(requestFor(this.request, resumption), resumption.compare));
  }
}

/** What a {@link Connection} asks and tells. */
interface ConnectionHooks {
  readonly compare: Resumption['compare'];
  readonly note: (frame: Frame) => void;
  readonly broke: (error: unknown) => unknown;
  readonly isMended: () => boolean;
}

/** Passes on the frames of one connection that are new, and holds back the one that was cut until it is known whether it comes again. */
class Connection implements Stage<Frame, Frame> {
  private comparing: boolean;
  private readonly cut: Frame[] = [];
  private readonly hooks: ConnectionHooks;

  constructor(hooks: ConnectionHooks) {
    this.hooks = hooks;
    this.comparing = hooks.compare !== undefined;
  }

  transform(frame: Frame, out: Output<Frame>): void {
    if (frame.unterminated) {
      this.cut.push(frame);
      return;
    }
    if (this.comparing) {
      const what = this.hooks.compare?.(frame);
      if (what === 'known') return;
      if (what === 'other') {
        out.error(this.hooks.broke(new InterruptedError('The server answered with another response than the one that broke off.')));
        return;
      }
      this.comparing = false;
    }
    this.hooks.note(frame);
    out.enqueue(frame);
  }

  flush(out: Output<Frame>): void {
    // What the end of the body cut off may be the last frame, and whole.
    while (this.cut[0] && isWhole(this.cut[0])) {
      const [frame] = this.cut.splice(0, 1);
      if (!frame) return;
      this.hooks.note(frame);
      out.enqueue(frame);
    }
    const error = this.hooks.broke(new ConnectionError('The response ended before the model was done.'));
    if (this.hooks.isMended()) out.error(error);
    else this.giveCut(out);
  }

  fail(error: unknown, out: Output<Frame>): unknown {
    const raised = this.hooks.broke(error);
    if (!this.hooks.isMended()) this.giveCut(out);
    return raised;
  }

  private giveCut(out: Output<Frame>): void {
    for (const frame of this.cut) out.enqueue(frame);
  }
}

/** Whether an error says that the connection broke, and not that the server refuses. Having run out of all its time is no break. */
function isBreak(error: unknown): boolean {
  if (error instanceof TimeoutError) return error.kind !== 'total';
  return error instanceof ConnectionError || (error instanceof HttpError && error.retryable);
}

/** Whether a frame without its blank line has all its data. */
function isWhole({ data }: Frame): boolean {
  if (data.trim() === '[DONE]') return true;
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}

/** The key goes to no other origin than the one it was given for. */
function requestFor(request: HttpRequest, { url = request.url, method = 'POST', headers = {} }: Resumption): HttpRequest {
  const own = new URL(url).origin === new URL(request.url).origin ? request.headers : async () => ({});
  return { ...request, url, method, headers: async () => mergeHeaders([await own(), headers]) };
}

import { Observable } from 'rxjs';
import { checkDecoderOptions, type DecoderOptions, decoderOptionsOf } from '../dialects/dialect.ts';
import type { ResumeRequest } from '../dialects/resumption.ts';
import type { Diagnostic, ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { ModelRequest } from '../messages.ts';
import type { ParseSseOptions } from '../sse/parser.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';
import { whenAborted } from './abortion.ts';
import { decodeFrames } from './decode-frames.ts';
import { checkEndpoint, type Endpoint, encodedFor, type HttpRequest } from './endpoint.ts';
import { type FetchBytesOptions, fetchBytes } from './fetch-bytes.ts';
import { frameReader } from './framing.ts';
import type { Model } from './model.ts';
import { type Redact, redactDiagnostic, redactError, redactor } from './redact.ts';
import { resuming } from './resume.ts';
import { beforeFirstEvent, type Cancellation, cancellationBy, checkedRetry, type RetryOptions, retrying } from './retry.ts';
import { checkedTimeouts, type Timeouts, TryClock } from './try-clock.ts';

/** An endpoint, and how to get along with it. */
export interface HttpModelOptions
  extends Endpoint,
    Omit<DecoderOptions, 'callIdSeed'>,
    Pick<FetchBytesOptions, 'fetch' | 'gate'>,
    Pick<ParseSseOptions, 'maxFrameBytes'> {
  /** The limits of each try, in milliseconds. */
  readonly timeouts?: Timeouts;
  /** When a request that has yielded nothing yet is sent again. */
  readonly retry?: RetryOptions;
  /**
   * How the rest of a response can be had whose connection broke, e.g. {@link resumeByLastEventId}. Default: what the dialect knows
   * (`openAiResponses`: background responses), else none.
   */
  readonly resumeRequest?: ResumeRequest;
}

/**
 * A model behind HTTP: each call is one request and its streamed response as model events.
 *
 * ```text
 * try 1    ----#                      (503)
 * try 2            s-t-|              (round start, text, …)
 * model    ----r---s-t-|              (r: a diagnostic with the code `retried`)
 * ```
 *
 * Cold: each subscription sends its own request. Emits what the dialect decodes; completes when the body ends after the end mark, at
 * most 1 s and 64 KiB later, so that the next request finds the connection open.
 *
 * A try that yielded no event yet is repeated after a {@link ConnectionError}, a `connect` or `first-event` {@link TimeoutError}, a
 * response without any event, and where an {@link HttpError} or {@link ProviderError} is `retryable`. After the first event nothing is
 * repeated: a lost connection or silence is then an {@link InterruptedError}, after a finish reason a `diagnostic`; an error the provider
 * reports, a malformed frame or a broken bound goes out as such. Each has what came in `partial`.
 *
 * Where the rest of a broken response can be had (`resumeRequest`), it is asked for, at most `retry.maxTries` connections in a row that bring nothing;
 * the events go on with no gap and no repeat, after a `diagnostic` with the code `resumed`. Time limits are those of each connection.
 *
 * Unsubscribing aborts at any moment, a pending key, backoff or gate included; so does the `answer` signal, with an {@link InterruptedError}.
 *
 * @param options - See {@link HttpModelOptions}; presets for known providers are in {@link presets}.
 * @throws TypeError or RangeError at the call where the endpoint or a number cannot work.
 *
 * @example
 * ```ts
 * import { httpModel, openAiChat } from 'toolstream';
 *
 * const body = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
 * const fetch = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } });
 * const model = httpModel({ dialect: openAiChat, url: 'https://api.example/v1', model: 'm', fetch });
 * model({ messages: [{ role: 'user', content: 'Hello' }] }).subscribe((event) => {
 *   if (event.type === 'text-delta') console.log(event.text); // Hi
 * });
 * ```
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function httpModel(options: HttpModelOptions): Model {
  checkEndpoint(options);
  checkDecoderOptions(options);
  const frames = () => frameReader(options.dialect, options.maxFrameBytes);
  // Throws now where a bound is none, or the dialect is no HTTP one.
  frames();
  const timeouts = checkedTimeouts(options.timeouts);
  const rules = { ...checkedRetry(options.retry), retryIf: beforeFirstEvent };
  const settings: Settings = { ...options, timeouts, retry: rules, frames, decoding: decoderOptionsOf(options) };
  return (request, answer) => {
    const cancellation = cancellationBy(answer);
    return retrying(() => new Try(settings, request, answer, cancellation).events$(), rules, cancellation);
  };
}

type Settings = HttpModelOptions & {
  readonly timeouts: Required<Timeouts>;
  readonly retry: Required<RetryOptions>;
  readonly frames: () => Stage<Uint8Array, Frame>;
  /** Alone: each try has a copy. */
  readonly decoding: DecoderOptions;
};

/** One try: a request and its response, over several connections where its rest can be had. */
class Try implements Stage<ModelEvent, ModelEvent> {
  private clock: TryClock;
  private finished = 0;
  /** What was sent last: errors must not quote it. */
  private sent: { readonly url: string; readonly headers: Readonly<Record<string, string>> } | undefined;
  private note: (diagnostic: Diagnostic) => void = () => {};
  private readonly settings: Settings;
  private readonly request: ModelRequest;
  private readonly answer: AbortSignal | undefined;
  private readonly cancellation: Cancellation;

  constructor(settings: Settings, request: ModelRequest, answer: AbortSignal | undefined, cancellation: Cancellation) {
    this.clock = new TryClock(settings.timeouts);
    this.settings = settings;
    this.request = request;
    this.answer = answer;
    this.cancellation = cancellation;
  }

  events$(): Observable<ModelEvent> {
    const { settings, request, cancellation } = this;
    const { dialect, retry, resumeRequest = dialect.resumeRequest } = settings;
    const callIdSeed = String(request.messages.filter(({ role }) => role === 'assistant').length);
    const sent = encodedFor(settings, request);
    const open = (asked: HttpRequest) => this.open(asked);
    const isOver = () => this.finished >= (request.choices ?? 1);
    const note = (diagnostic: Diagnostic) => this.note(diagnostic);
    const frames$ = resumeRequest ? resuming(sent, { open, resumeRequest, retry, cancellation, isOver, note }) : open(sent);
    const events$ = frames$.pipe(
      decodeFrames(dialect, { ...settings.decoding, callIdSeed }),
      through(() => this),
    );
    if (!resumeRequest) return events$;
    return new Observable((subscriber) => {
      this.note = (diagnostic) => subscriber.next(diagnostic);
      events$.subscribe(subscriber);
    });
  }

  /** The frames of one connection. Its time limits are raised before the decoder, which knows what there was of the answer. */
  private open(asked: HttpRequest): Observable<Frame> {
    const { timeouts, fetch, gate, frames } = this.settings;
    const clock = new TryClock(timeouts);
    this.clock = clock;
    const headers = async () => {
      const all = await asked.headers();
      this.sent = { url: asked.url, headers: all };
      return all;
    };
    const reading = { connectMs: timeouts.connectMs, ...(fetch && { fetch }), ...(gate && { gate: clock.watch(gate) }) };
    const bytes$ = fetchBytes({ ...asked, headers }, reading);
    return new Observable<Uint8Array>((subscriber) => {
      const fail = (error: unknown) => subscriber.error(error);
      subscriber.add(clock.start(fail));
      if (this.answer) subscriber.add(whenAborted(this.answer, fail));
      if (!subscriber.closed) bytes$.subscribe(subscriber);
    }).pipe(through(frames));
  }

  transform(event: ModelEvent, out: Output<ModelEvent>): void {
    this.clock.saw(event);
    if (event.type === 'finish-reason') this.finished++;
    if (event.type === 'round-end') this.finished = Infinity;
    // What quotes the server may quote the key, and the decoder does not know it.
    out.enqueue(event.type === 'diagnostic' ? redactDiagnostic(event, this.redactor()) : event);
  }

  fail(error: unknown): unknown {
    return redactError(error, this.redactor());
  }

  private redactor(): Redact {
    return this.sent ? redactor(this.sent.url, this.sent.headers) : (text) => text;
  }
}

import { catchError, defer, merge, takeUntil, tap, throwError } from 'rxjs';
import type { DecoderOptions } from '../dialects/dialect.ts';
import type { ParseSseOptions } from '../sse/parser.ts';
import { through } from '../through.ts';
import { abortionOf } from './abortion.ts';
import { decodeFrames } from './decode-frames.ts';
import { checkEndpoint, type Endpoint, httpRequest } from './endpoint.ts';
import { type FetchBytesOptions, fetchBytes } from './fetch-bytes.ts';
import { frameReader, framingsOf } from './framing.ts';
import type { Model } from './model.ts';
import { redactError, redactor } from './redact.ts';
import { beforeFirstEvent, checkedRetry, type RetryOptions, retrying } from './retry.ts';
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
  const frames = () => frameReader(framingsOf(options.dialect), options.maxFrameBytes);
  // Throws now where a bound is none, or the dialect is no HTTP one.
  frames();
  const timeouts = checkedTimeouts(options.timeouts);
  const retry = checkedRetry(options.retry);
  return (request, answer) => {
    const aborted$ = abortionOf(answer);
    const callIdSeed = String(request.messages.filter(({ role }) => role === 'assistant').length);
    const ask = () =>
      defer(() => {
        const clock = new TryClock(timeouts);
        const { fetch, gate } = options;
        const settings = { connectMs: timeouts.connectMs, ...(fetch && { fetch }), ...(gate && { gate: clock.watch(gate) }) };
        const { headers, ...sent } = httpRequest(options, request);
        let redact = (text: string) => text;
        const noted = async () => {
          const all = await headers();
          redact = redactor(sent.url, all);
          return all;
        };
        return fetchBytes({ ...sent, headers: noted }, settings).pipe(
          // Before the decoder, which knows what there was of the answer.
          takeUntil(merge(clock.limits$, aborted$)),
          through(frames),
          decodeFrames(options.dialect, { ...options, callIdSeed }),
          tap((event) => clock.saw(event)),
          // An error inside the stream may quote the key too, and the decoder does not know it.
          catchError((error) => throwError(() => redactError(error, redact))),
        );
      });
    return retrying(ask, { ...retry, retryIf: beforeFirstEvent }, { aborted$, isWanted: () => answer?.aborted !== true });
  };
}

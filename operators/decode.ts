import type { OperatorFunction } from 'rxjs';
import { checkDecoderOptions, type DecoderOptions, type Dialect } from '../src/dialects/dialect.ts';
import type { ModelEvent } from '../src/events.ts';
import type { Frame } from '../src/frame.ts';
import { decodeFrames } from '../src/models/decode-frames.ts';

/** Settings of {@link decode}. */
export interface DecodeOptions extends DecoderOptions {}

/**
 * Reads the frames of a response in the words of one API, and assigns every fragment of a tool call to its call.
 *
 * ```text
 * frames  --h-----w--f--d---|      h, w: text  f: the finish reason  d: the end mark
 * decode  --(st)--u--F--e---|      s: round-start  t, u: text-delta  F: finish-reason  e: round-end
 * ```
 *
 * Emits `round-start` first, then what the model says as it says it, and `round-end` once: at the end mark, or at the end of the
 * frames after a finish reason. After the end mark the source has one second and 64 Ki UTF-16 code units more, so that its
 * connection can be used again; then it is unsubscribed.
 *
 * Errors with `InterruptedError` when the frames end or fail before the model was done, with `ProviderError` when the provider reports an
 * error inside the stream, with `MalformedFrameError` when a frame is not the dialect's, with `LimitError` beyond a bound; each carries in
 * `partial` what there was. A connection that breaks after the finish reason is a `diagnostic`.
 *
 * Keeps the text and the arguments of the response (they are part of `round-end`): arguments up to `maxArgumentLength` for each of at most
 * `maxCalls` calls; a bound that is no number, or negative, is a `RangeError` at once. Unsubscribing stops the source.
 *
 * @param dialect how the API speaks, e.g. `openAiChat`.
 * @param options `onMalformed`: `'error'` (default) or `'skip'` with a diagnostic. `callIdSeed`: part of synthesised call ids, by default the
 * response's id. `maxArgumentLength`: UTF-16 code units, default 16 Mi. `maxCalls`: default 1,024.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { decode, openAiChat, parseSse } from 'toolstream';
 *
 * const body = of(
 *   'data: {"id":"r1","choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n',
 *   'data: {"id":"r1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
 * );
 * body.pipe(parseSse(), decode(openAiChat)).subscribe((event) => console.log(event.type));
 * // round-start
 * // text-delta
 * // finish-reason
 * // round-end
 * ```
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function decode(dialect: Dialect, options?: DecodeOptions): OperatorFunction<Frame, ModelEvent> {
  if (typeof dialect?.decoder !== 'function') throw new TypeError('`dialect` is missing: say how the API speaks, e.g. decode(openAiChat).');
  checkDecoderOptions(options);
  return decodeFrames(dialect, options);
}

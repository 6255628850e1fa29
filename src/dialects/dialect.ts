import type { CallLimits } from '../calls/assembler.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { checkBounds } from '../json/bounds.ts';
import type { ModelRequest } from '../messages.ts';
import type { Stage } from '../stage.ts';
import type { ResumeRequest } from './resumption.ts';

/** How a request goes out. */
export interface EncodedRequest {
  /** Appended to the endpoint's base URL, e.g. `/chat/completions`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly [key: string]: unknown };
}

/** What the encoder of a request needs besides the request. */
export interface EncodeOptions {
  readonly model: string;
  /** Send the old `functions` instead of `tools` (only where the dialect has both). */
  readonly legacyFunctions?: boolean;
  /** Ask for token counts in the stream (OpenAI's `stream_options`). Default true; a few servers refuse it. */
  readonly streamUsage?: boolean;
  /** What the wire calls `maxOutputTokens`. Default `max_tokens`; OpenAI's reasoning models want `max_completion_tokens`. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /**
   * Declare tools of plain text as OpenAI's custom tools, not as functions with one field (only where the dialect has both). Default true with
   * `openAiResponses`; false with `openAiChat`, as few of its servers but OpenAI's own know them.
   */
  readonly customTools?: boolean;
}

/** Settings of a decoder. */
export interface DecoderOptions extends CallLimits {
  /** What a frame that is not the dialect does: `error` the stream (default), or `skip` it with a diagnostic. */
  readonly onMalformed?: 'error' | 'skip';
  /**
   * Made part of every call id the decoder has to synthesise; give each round of an answer its own.
   * Default: the response's id, so that rounds of one server differ.
   */
  readonly callIdSeed?: string;
  /** Text, reasoning and refusals of one response, all choices together, in UTF-16 code units. Default 64 Mi. */
  readonly maxTextLength?: number;
  /** Choices of one response. Default 128. */
  readonly maxChoices?: number;
  /** All frames of one response, in UTF-16 code units: what the provider's own form of the message keeps is bounded by it. Default 256 Mi. */
  readonly maxResponseLength?: number;
  /** Diagnostics of one response; the others are left out, and a last one (`diagnostics-cut`) says so. Default 1,000. */
  readonly maxDiagnostics?: number;
}

const BOUNDS = [
  'maxArgumentLength',
  'maxCalls',
  'maxNameLength',
  'maxTextLength',
  'maxChoices',
  'maxResponseLength',
  'maxDiagnostics',
] as const;

/** Throws where a bound is none. */
export function checkDecoderOptions(options: DecoderOptions | undefined): void {
  checkBounds(options, ...BOUNDS);
}

/** The decoder's part of a model's options. */
export function decoderOptionsOf(options: DecoderOptions): DecoderOptions {
  const own = [...BOUNDS, 'onMalformed', 'callIdSeed'] as const;
  return Object.fromEntries(own.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

/** Settings of an encoder. What is left out is taken from the events. */
export interface EncoderOptions {
  /** The model's name, where `round-start` has none. */
  readonly model?: string;
  /** The response's id, where `round-start` has none. */
  readonly responseId?: string;
  /** When the response was made, in seconds since 1970. Default 0, so that the same events give the same frames. */
  readonly created?: number;
  /** Write token counts, where the dialect lets the client choose. Default true. */
  readonly includeUsage?: boolean;
  /** Write calls in the old form, `function_call` (only where the dialect has both). */
  readonly legacyFunctions?: boolean;
  /**
   * Tools that the client declared as OpenAI's custom tools, by name: their calls are written as such, whether the model behind wrote plain text
   * or a function's arguments. Default none with `openAiChat`; with `openAiResponses` each call whose arguments are one JSON string.
   */
  readonly customTools?: readonly string[];
}

/**
 * What a dialect's wire has words for, beyond text, calls and finish reasons. What it has no word for its encoder leaves out,
 * save a refusal, which goes as text.
 *
 * - `reasoning`, `refusal`, `usage`: those events.
 * - `call-ids`: calls have ids. Without, the decoder makes them up.
 * - `call-end`: the end of a call's arguments is marked.
 * - `call-fragments`: arguments come in pieces. Without, a call is written when it is whole.
 * - `interleaved-calls`: fragments of several calls may alternate.
 * - `text-beside-calls`: text may come while a call is open, and after it.
 * - `invalid-arguments`: arguments need not be JSON.
 * - `choices`: several choices.
 */
export type Expression =
  | 'reasoning'
  | 'refusal'
  | 'usage'
  | 'call-ids'
  | 'call-end'
  | 'call-fragments'
  | 'interleaved-calls'
  | 'text-beside-calls'
  | 'invalid-arguments'
  | 'choices';

/** How a body, or a socket, is cut into frames. */
export type Framing = 'sse' | 'ndjson' | 'json-array' | 'messages';

/** Makes frames of one body. A frame of more bytes than `maxFrameBytes` is a {@link LimitError}; absent: the parser's own default. */
export type FrameParser = (maxFrameBytes?: number) => Stage<Uint8Array | string, Frame>;

/** How one API speaks, both ways: requests out and responses in, and responses out for gateways. */
export interface Dialect {
  readonly name: string;
  /** How responses are framed; what the request asks for. */
  readonly framing: Framing;
  /** How some of its servers frame them all the same. */
  readonly alsoFramed?: readonly Framing[];
  /** What reads bodies in these framings, by framing. SSE needs none; the others' readers go only with the dialects whose servers use them. */
  readonly parsers?: { readonly [framing in Framing]?: FrameParser };
  /** What its wire can say. */
  readonly expresses: ReadonlySet<Expression>;
  /** Writes a request in the API's own words. */
  encodeRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest;
  /** A fresh decoder: one per response. */
  decoder(options?: DecoderOptions): Stage<Frame, ModelEvent>;
  /** A fresh encoder: one per response. Its frames, framed and sent, are what a server of this API sends. */
  encoder(options?: EncoderOptions): Stage<ModelEvent, Frame>;
  /** How the rest of a response can be had whose connection broke, where its servers keep responses. */
  readonly resumeRequest?: ResumeRequest;
  /** The provider's own headers that carry the key. */
  authHeaders(apiKey: string): Readonly<Record<string, string>>;
}

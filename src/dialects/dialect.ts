import type { CallLimits } from '../calls/assembler.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { ModelRequest } from '../messages.ts';
import type { Stage } from '../stage.ts';

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
}

/** How one API speaks: requests out, responses in. */
export interface Dialect {
  readonly name: string;
  readonly framing: 'sse' | 'ndjson' | 'json-array' | 'messages';
  /** Writes a request in the API's own words. */
  encodeRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest;
  /** A fresh decoder: one per response. */
  decoder(options?: DecoderOptions): Stage<Frame, ModelEvent>;
  /** The provider's own headers that carry the key. */
  authHeaders(apiKey: string): Readonly<Record<string, string>>;
}

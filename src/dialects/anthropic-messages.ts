import { MessagesEncoder } from './anthropic-messages-encoder.ts';
import { MessageReader } from './anthropic-messages-reader.ts';
import { encodeMessagesRequest } from './anthropic-messages-request.ts';
import { messagesWire } from './anthropic-messages-wire.ts';
import type { Dialect } from './dialect.ts';
import { OneResponse } from './one-response.ts';
import { WireDecoder } from './wire-decoder.ts';

/**
 * Anthropic Messages, and the servers that speak it: text, thinking with its signatures, calls, tools that the server runs, citations,
 * pauses, refusals, and errors inside the stream.
 *
 * @see https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  framing: 'sse',
  expresses: new Set(['reasoning', 'usage', 'call-ids', 'call-end', 'call-fragments', 'text-beside-calls', 'invalid-arguments']),
  encodeRequest: encodeMessagesRequest,
  decoder: (options) => new WireDecoder(messagesWire, new MessageReader(options), options),
  encoder: (options) => new OneResponse(new MessagesEncoder(options)),
  authHeaders: (apiKey) => ({ 'x-api-key': apiKey }),
};

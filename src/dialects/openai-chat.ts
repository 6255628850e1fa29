import type { Dialect } from './dialect.ts';
import { OneResponse } from './one-response.ts';
import { ChatEncoder } from './openai-chat-encoder.ts';
import { ChatChunkReader } from './openai-chat-reader.ts';
import { encodeChatRequest } from './openai-chat-request.ts';
import { chatWire } from './openai-chat-wire.ts';
import { WireDecoder } from './wire-decoder.ts';

/**
 * OpenAI Chat Completions, and the many servers that speak it: relays, gateways, local servers. `tools`, custom ones too, and the old `functions`;
 * text, refusal, reasoning under any of its names, several choices, usage, and errors inside the stream.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export const openAiChat: Dialect = {
  name: 'openai-chat',
  framing: 'sse',
  expresses: new Set([
    'reasoning',
    'refusal',
    'usage',
    'call-ids',
    'call-fragments',
    'interleaved-calls',
    'text-beside-calls',
    'invalid-arguments',
    'choices',
  ]),
  encodeRequest: encodeChatRequest,
  decoder: (options) => new WireDecoder(chatWire, new ChatChunkReader(options), options),
  encoder: (options) => new OneResponse(new ChatEncoder(options)),
  authHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
};

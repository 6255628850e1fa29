import { openAiChat } from './openai-chat.ts';
import type { SocketProtocol } from './socket-protocol.ts';

/**
 * Chat completions over a WebSocket: the request is one JSON message, every message back a `chat.completion.chunk`, one connection a round.
 *
 * A round ends with `[DONE]`, with the connection, or when nothing comes for a while after the finish reason. The messages are
 * those of {@link openAiChat}, and so is the provider's own form of the assistant's message: histories go from one to the other.
 *
 * @see docs/protocols/chat-chunks.md
 */
export const chatChunks: SocketProtocol = {
  name: 'chat-chunks',
  framing: 'messages',
  subprotocol: 'chat-chunks',
  endsWith: 'finish',
  get expresses() {
    return openAiChat.expresses;
  },
  encodeRequest: (request, options) => ({ ...openAiChat.encodeRequest(request, options), path: '' }),
  decoder: (options) => openAiChat.decoder(options),
  encoder: (options) => openAiChat.encoder(options),
  authHeaders: (apiKey) => openAiChat.authHeaders(apiKey),
  authMessage: (apiKey) => ({ type: 'auth', token: apiKey }),
};

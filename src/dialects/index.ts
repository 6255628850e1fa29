/**
 * How each API speaks.
 *
 * @module toolstream/dialects
 */
export type { CallLimits } from '../calls/assembler.ts';
export { anthropicMessages } from './anthropic-messages.ts';
export { chatChunks } from './chat-chunks.ts';
export { cohere } from './cohere.ts';
export type {
  DecoderOptions,
  Dialect,
  EncodedRequest,
  EncodeOptions,
  EncoderOptions,
  Expression,
  FrameParser,
  Framing,
} from './dialect.ts';
export { duplexSession } from './duplex-session.ts';
export { gemini } from './gemini.ts';
export { ollama } from './ollama.ts';
export { openAiChat } from './openai-chat.ts';
export { openAiResponses } from './openai-responses.ts';
export { responsesSession } from './responses-session.ts';
export type { ResumePoint, ResumeRequest, Resumption } from './resumption.ts';
export type { NextRound, SocketProtocol } from './socket-protocol.ts';

/** The entry point `toolstream/dialects`: how each API speaks. */
export type { CallLimits } from '../calls/assembler.ts';
export type { DecoderOptions, Dialect, EncodedRequest, EncodeOptions } from './dialect.ts';
export { openAiChat } from './openai-chat.ts';

/**
 * How each API speaks.
 *
 * @module toolstream/dialects
 */
export type { CallLimits } from '../calls/assembler.ts';
export type { DecoderOptions, Dialect, EncodedRequest, EncodeOptions } from './dialect.ts';
export { openAiChat } from './openai-chat.ts';

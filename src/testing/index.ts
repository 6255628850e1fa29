/**
 * What users test their pipelines with: a scripted model, splits of bytes, fast-check arbitraries and a wire to write on.
 *
 * @module toolstream/testing
 */
export { type Arbitraries, type Arbitrary, arbitraries, type FastCheck, type RoundShape } from './arbitraries.ts';
export { type OpenAiChatStyle, openAiChatBytes, plainOpenAiChat } from './openai-chat-bytes.ts';
export type { ScriptedCall, ScriptedRound, ScriptedStep } from './script.ts';
export { type ScriptedModel, scriptedModel } from './scripted-model.ts';
export { type Split, splitBytes, splits } from './splits.ts';

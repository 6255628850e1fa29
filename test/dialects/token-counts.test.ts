import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import type { ModelEvent, Usage } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';

/** A last frame with two counts, as each API has it. */
const wires: ReadonlyArray<[Dialect, (input: string, output: string) => string]> = [
  [
    openAiChat,
    (i, o) => `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":${i},"completion_tokens":${o}}}`,
  ],
  [openAiResponses, (i, o) => `{"type":"response.completed","response":{"usage":{"input_tokens":${i},"output_tokens":${o}}}}`],
  [
    anthropicMessages,
    (i, o) => `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":${i},"output_tokens":${o}}}`,
  ],
  [gemini, (i, o) => `{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":${i},"candidatesTokenCount":${o}}}`],
  [ollama, (i, o) => `{"model":"m","message":{"role":"assistant","content":""},"done":true,"prompt_eval_count":${i},"eval_count":${o}}`],
  [
    cohere,
    (i, o) => `{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":${i},"output_tokens":${o}}}}}`,
  ],
];

describe.each(wires)('token counts of $0.name', (dialect, frame) => {
  const usageOf = (input: string, output: string) => {
    const { values } = runStage<Frame, ModelEvent>(dialect.decoder(), [{ data: frame(input, output) }]);
    const end = values.find((event) => event.type === 'round-end');
    return end?.usage;
  };

  it('are told as they came', () => {
    expect(usageOf('9', '4')).toEqual({ inputTokens: 9, outputTokens: 4 });
    expect(usageOf('0', '4')).toMatchObject({ outputTokens: 4 });
  });

  it.each(['-1', '1e400'])('are left out where they are none: %s', (count) => {
    expect(usageOf('9', count)).toEqual({ inputTokens: 9 });
    expect(usageOf(count, '4')).toEqual({ outputTokens: 4 });
  });
});

/** Each part of the counts, as far as the wire has a word for it. */
const PARTS: ReadonlyArray<[Dialect, ReadonlyArray<keyof Usage>]> = [
  [openAiChat, ['cachedInputTokens', 'cacheWriteInputTokens', 'reasoningTokens']],
  [chatChunks, ['cachedInputTokens', 'cacheWriteInputTokens', 'reasoningTokens']],
  [duplexSession, ['cachedInputTokens', 'cacheWriteInputTokens', 'reasoningTokens']],
  [openAiResponses, ['cachedInputTokens', 'cacheWriteInputTokens', 'reasoningTokens']],
  [anthropicMessages, ['cachedInputTokens', 'cacheWriteInputTokens', 'reasoningTokens']],
  [gemini, ['cachedInputTokens', 'reasoningTokens']],
  [cohere, ['cachedInputTokens']],
  [ollama, []],
];

describe('input that a cache had a part in', () => {
  const usage: Usage = { inputTokens: 100, outputTokens: 20, cachedInputTokens: 60, cacheWriteInputTokens: 30, reasoningTokens: 5 };
  const message = { role: 'assistant', content: 'Hi' } as const;
  const answerOf = (raw: ModelEvent & { readonly type: 'usage' }): ModelEvent[] => [
    { type: 'round-start' },
    { type: 'text-delta', text: 'Hi' },
    { type: 'finish-reason', reason: 'stop', raw: 'stop' },
    raw,
    { type: 'round-end', reason: 'stop', usage: raw.usage, message },
  ];
  const through = (dialect: Dialect, events: ModelEvent[]) =>
    runStage<Frame, ModelEvent>(dialect.decoder(), runStage(dialect.encoder(), events).values).values.flatMap((event) =>
      event.type === 'usage' ? [event] : [],
    );

  it.each(PARTS)('is counted whole, and its parts told apart: $0.name', (dialect, parts) => {
    const counts = Object.fromEntries([...parts, 'inputTokens', 'outputTokens'].map((part) => [part, usage[part as keyof Usage]]));
    expect(through(dialect, answerOf({ type: 'usage', usage, raw: null })).at(-1)?.usage).toMatchObject(counts);
  });

  it.each(PARTS)('keeps its meaning from Anthropic through $0.name to Anthropic', (dialect, parts) => {
    const raw = { input_tokens: 10, cache_read_input_tokens: 60, cache_creation_input_tokens: 30, output_tokens: 20 };
    const given = through(anthropicMessages, answerOf({ type: 'usage', usage: { ...usage, reasoningTokens: undefined } as Usage, raw }));
    expect(given.at(-1)).toMatchObject({ usage: { inputTokens: 100, cachedInputTokens: 60, cacheWriteInputTokens: 30 }, raw });
    const between = through(dialect, answerOf(given.at(-1) as ModelEvent & { type: 'usage' })).at(-1);
    const back = through(anthropicMessages, answerOf(between as ModelEvent & { type: 'usage' })).at(-1);
    expect(back?.usage).toMatchObject({ inputTokens: 100, outputTokens: 20 });
    const apart = [...(parts.includes('cachedInputTokens') ? [60] : []), ...(parts.includes('cacheWriteInputTokens') ? [30] : [])];
    expect(back?.raw).toMatchObject({ input_tokens: apart.reduce((rest, part) => rest - part, 100) });
  });

  it('is what the wire says where parts of it are missing', () => {
    const counted = (counts: string) =>
      runStage<Frame, ModelEvent>(anthropicMessages.decoder(), [
        { data: `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":${counts}}` },
      ]).values.find((event) => event.type === 'round-end' || event.type === 'usage');
    expect(counted('{"input_tokens":3,"cache_read_input_tokens":null}')).toMatchObject({ usage: { inputTokens: 3 } });
    expect(counted('{"input_tokens":3,"cache_read_input_tokens":-4}')).toMatchObject({ usage: { inputTokens: 3 } });
    expect(counted('{"cache_read_input_tokens":4}')).toMatchObject({ usage: { cachedInputTokens: 4 } });
    expect(counted('{"cache_read_input_tokens":4}')).not.toHaveProperty('usage.inputTokens');
  });
});

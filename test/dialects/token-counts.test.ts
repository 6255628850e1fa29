import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import type { ModelEvent } from '../../src/events.ts';
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

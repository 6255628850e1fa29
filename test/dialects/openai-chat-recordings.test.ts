import { expect } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { ProviderError } from '../../src/errors.ts';
import type { Json } from '../../src/values.ts';
import { describeRecordings, textOf } from '../support/recordings.ts';

describeRecordings(openAiChat, {
  atLeast: 70,
  check: ({ events, error }, recording) => {
    const { expect: expected } = recording;

    expect(textOf(events, 'text-delta')).toBe(expected.text);
    expect(textOf(events, 'reasoning-delta')).toBe(expected.reasoning);
    if (expected.refusal !== undefined) expect(textOf(events, 'refusal-delta')).toBe(expected.refusal ?? '');

    const calls = events.filter((event) => event.type === 'tool-call');
    expect(
      calls.map((call) => ({
        name: call.name,
        text: call.argumentsText,
        args: call.arguments._tag === 'Right' ? call.arguments.right : null,
      })),
    ).toEqual(
      // biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
      expected.toolCalls.map((call: any) => ({ name: call.name, text: call.argumentsText, args: call.arguments as Json })),
    );
    for (const [i, call] of expected.toolCalls.entries()) if (call.id) expect(calls[i]?.callId).toBe(call.id);

    const finish = events.find((event) => event.type === 'finish-reason' && event.choice === undefined);
    expect(finish?.type === 'finish-reason' ? finish.raw : null).toBe(expected.finishReason);
    const usage = events.findLast((event) => event.type === 'usage');
    if (expected.usage) expect(usage?.usage).toMatchObject(expected.usage);
    else expect(usage).toBeUndefined();

    for (const choice of expected.choices ?? []) {
      expect(textOf(events, 'text-delta', choice.index || undefined)).toBe(choice.text);
    }
    if (expected.errors) {
      expect(error).toBeInstanceOf(ProviderError);
      expect((error as ProviderError).message).toContain(expected.errors[0].message);
      expect((error as ProviderError).partial.text).toBe(expected.text);
    } else {
      expect(error).toBeUndefined();
      expect(events.filter((event) => event.type === 'round-end')).toHaveLength(1);
    }
  },
});

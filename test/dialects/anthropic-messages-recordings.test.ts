import { expect } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { ProviderError } from '../../src/errors.ts';
import type { Json } from '../../src/values.ts';
import { describeRecordings, textOf } from '../support/recordings.ts';

describeRecordings(anthropicMessages, {
  listedAs: 'anthropic',
  atLeast: 33,
  check: ({ events, error }, recording) => {
    const { expect: expected } = recording;
    // An object in the block's start has no text on the wire: how it is spelled is nobody's.
    const spelled = (text: string) => (recording.features.includes('input-in-block-start') ? JSON.stringify(JSON.parse(text)) : text);

    expect(textOf(events, 'text-delta')).toBe(expected.text);
    expect(textOf(events, 'reasoning-delta')).toBe(expected.reasoning);

    const calls = events.filter((event) => event.type === 'tool-call');
    expect(
      calls.map((call) => ({
        name: call.name,
        text: spelled(call.argumentsText),
        args: call.arguments._tag === 'Right' ? call.arguments.right : null,
      })),
    ).toEqual(
      // biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
      expected.toolCalls.map((call: any) => ({ name: call.name, text: spelled(call.argumentsText), args: call.arguments as Json })),
    );
    for (const [i, call] of expected.toolCalls.entries()) if (call.id) expect(calls[i]?.callId).toBe(call.id);

    const finish = events.find((event) => event.type === 'finish-reason' && event.choice === undefined);
    expect(finish?.type === 'finish-reason' ? finish.raw : null).toBe(expected.finishReason);
    const usage = events.findLast((event) => event.type === 'usage');
    if (expected.usage) expect(usage?.usage).toMatchObject({ ...expected.usage, inputTokens: promptOf(expected) });
    else expect(usage).toBeUndefined();

    const provided = events.filter((event) => event.type === 'provider-event');
    const server = provided.filter(({ name }) => name === 'server_tool_use').map(({ data }) => (data as { name: Json }).name);
    // biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
    expect(server).toEqual((expected.serverToolCalls ?? []).map((call: any) => call.name));
    const stop = provided.find(({ name }) => name === 'stop_sequence' || name === 'stop_details');
    expect(stop?.data).toEqual(expected.stopSequence ?? expected.stopDetails);

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

/** The manifest has the wire's `input_tokens`, which are those beyond the cache's; the events have all. */
// biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
function promptOf({ usage, usageRaw }: any): number {
  return usage.inputTokens + (usageRaw?.cache_read_input_tokens ?? 0) + (usageRaw?.cache_creation_input_tokens ?? 0);
}

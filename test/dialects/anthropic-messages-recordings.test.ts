import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { ProviderError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

type Event = ModelEvent | ToolCall;

/** bytes → frames → events → calls, in plain loops. */
function read(chunks: Iterable<Uint8Array>): { events: Event[]; error: unknown } {
  const frames = runStage<Uint8Array | string, Frame>(sseParser(), chunks);
  const decoded = runStage(anthropicMessages.decoder(), frames.values);
  const gathered = runStage<ModelEvent, Event>(toolCallAccumulator<ModelEvent>(), decoded.values);
  return { events: gathered.values, error: frames.error ?? decoded.error ?? gathered.error };
}

function* pieces(bytes: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(bytes.length, at + size());
    yield bytes.subarray(at, next);
    at = next;
  }
}

function randomSizes(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1 + ((state >>> 8) % 97);
  };
}

const textOf = (events: readonly Event[], type: 'text-delta' | 'reasoning-delta' | 'refusal-delta', choice?: number) =>
  events.map((event) => (event.type === type && event.choice === choice ? event.text : '')).join('');

/** One recording has no expectation: what becomes of a spliced stream is a choice of our own, tested beside the other oddities. */
const all = recordings('anthropic').filter((recording) => recording.expect !== null);

describe('recorded Anthropic streams', () => {
  for (const recording of all) {
    const bytes = recordedBytes(recording);
    const { expect: expected } = recording;
    const whole = read([bytes]);
    // An object in the block's start has no text on the wire: how it is spelled is nobody's.
    const spelled = (text: string) => (recording.features.includes('input-in-block-start') ? JSON.stringify(JSON.parse(text)) : text);

    it(`${recording.file} gives its text, calls, finish reason and usage`, () => {
      const { events, error } = whole;
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
      if (expected.usage) expect(usage?.usage).toMatchObject(expected.usage);
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
    });

    it(`${recording.file} gives the same events in random pieces and in single bytes`, () => {
      for (const size of [randomSizes(bytes.length), () => 1]) {
        const split = read(pieces(bytes, size));
        expect(split.events).toEqual(whole.events);
        expect(String(split.error)).toBe(String(whole.error));
      }
    });
  }

  it.runIf(all.length > 0)('are all here', () => {
    expect(all.length).toBeGreaterThanOrEqual(33);
  });
});

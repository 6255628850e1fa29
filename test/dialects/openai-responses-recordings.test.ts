import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { InterruptedError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { splits } from '../../src/testing/splits.ts';
import { type RecordedEvent, readAnswer, textOf } from '../support/recordings.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

// biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
type Expected = any;

const all = recordings('openai-responses');

describe('recorded openai-responses streams', () => {
  for (const recording of all) {
    const bytes = recordedBytes(recording);
    const { expect: expected } = recording;

    for (const { name, chunks } of splits(bytes, bytes.length)) {
      it(`${recording.file} gives its text, calls, finish reason and usage (${name})`, () => {
        const { events, error } = readAnswer(openAiResponses, chunks);
        expect(error).toBeUndefined();
        expect(events).toEqual(readAnswer(openAiResponses, [bytes]).events);
        expect(textOf(events, 'text-delta')).toBe(expected.text);
        expect(textOf(events, 'reasoning-delta')).toBe(expected.reasoning);
        expect(textOf(events, 'refusal-delta')).toBe(expected.refusal ?? '');

        const calls = events.filter((event) => event.type === 'tool-call');
        const functions: unknown[] = expected.toolCalls.map((call: Expected) => [call.id, call.name, call.argumentsText, call.arguments]);
        const custom: unknown[] = (expected.customToolCalls ?? []).map((call: Expected) => [
          call.id,
          call.name,
          JSON.stringify(call.input),
          call.input,
        ]);
        const right = (call: ToolCall) => (call.arguments._tag === 'Right' ? call.arguments.right : null);
        expect(calls.map((call) => [call.callId, call.name, call.argumentsText, right(call)])).toEqual([...functions, ...custom]);
        expect(events.filter((event) => event.type === 'tool-call-end')).toHaveLength(calls.length);

        const finish = events.filter((event) => event.type === 'finish-reason');
        expect(finish.map(({ raw, reason }) => [raw, reason])).toEqual([[expected.finishReason, calls.length > 0 ? 'tool-calls' : 'stop']]);
        const usage = events.findLast((event) => event.type === 'usage');
        expect(usage?.usage).toMatchObject(expected.usage);
        expect(usage?.raw).toEqual(expected.usageRaw);
        expect(events.filter((event) => event.type === 'diagnostic')).toEqual([]);
        expect(events.at(-1)?.type).toBe('round-end');
      });
    }

    it(`${recording.file} cut anywhere gives a prefix of its events, and no call that is not in it`, () => {
      const whole = readAnswer(openAiResponses, [bytes]).events;
      const calls = whole.filter((event) => event.type === 'tool-call').map((call) => call.argumentsText);
      const frames = runStage<Uint8Array | string, Frame>(sseParser(), [bytes]).values;
      const ended = frames.findIndex(({ data }) => data.includes('"response.completed"'));
      for (let cut = 1; cut <= ended; cut += Math.max(1, Math.floor(ended / 24))) {
        const decoded = runStage(openAiResponses.decoder(), frames.slice(0, cut));
        expect(decoded.error).toBeInstanceOf(InterruptedError);
        expect(decoded.values).toEqual(whole.filter((event) => event.type !== 'tool-call').slice(0, decoded.values.length));
        const stage = toolCallAccumulator<ModelEvent>();
        const settled: RecordedEvent[] = [];
        const out = { enqueue: (event: RecordedEvent) => void settled.push(event), error: () => undefined, terminate: () => undefined };
        for (const event of decoded.values) stage.transform(event, out);
        stage.fail?.(decoded.error, out);
        for (const event of settled) {
          if (event.type === 'tool-call' && event.arguments._tag === 'Right') expect(calls).toContain(event.argumentsText);
        }
      }
    });

    it(`${recording.file} keeps the parts of the reasoning, and the items of other tools`, () => {
      const { events } = readAnswer(openAiResponses, [bytes]);
      const end = events.at(-1);
      const items = (end?.type === 'round-end' ? end.message.native?.message : []) as Expected[];
      const parts = items
        .filter(({ type }) => type === 'reasoning')
        .flatMap(({ summary, content }) => [...(summary ?? []), ...(content ?? [])]);
      expect(parts.map(({ text }) => text).filter((text) => text !== '')).toEqual(expected.reasoningParts ?? []);
      const others = (expected.otherItems ?? []).map((item: Expected) => item.type);
      expect(items.map(({ type }) => type)).toEqual(expect.arrayContaining(others));
      const seen = events.flatMap((event) => (event.type === 'provider-event' ? [JSON.stringify(event.data)] : []));
      for (const type of others) expect(seen.some((data) => data.includes(`"type":"${type}"`))).toBe(true);
    });
  }

  it.runIf(all.length > 0)('are all here', () => {
    expect(all.length).toBeGreaterThanOrEqual(39);
  });
});

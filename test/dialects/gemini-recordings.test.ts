import { describe, expect, it } from 'vitest';
import { gemini } from '../../src/dialects/gemini.ts';
import { InterruptedError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { splits } from '../../src/testing/index.ts';
import type { Json } from '../../src/values.ts';
import { type Parser, type RecordedEvent, readAnswer, textOf } from '../support/recordings.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

const forms: ReadonlyArray<[dialect: string, parser: Parser, atLeast: number]> = [
  ['gemini', sseParser, 27],
  ['gemini-json-array', jsonArrayParser, 2],
];

/** Each signature, and what it signs: in what goes back to the server. */
const signed = (events: readonly RecordedEvent[]) =>
  events
    .flatMap((event) =>
      event.type === 'round-end' ? ((event.message.native?.message as { parts?: { [key: string]: Json }[] } | undefined)?.parts ?? []) : [],
    )
    .flatMap((part) => (part.thoughtSignature ? [[part.thoughtSignature, Object.keys(part).sort().join(' ')]] : []));

/** Ids that were made up go out as if they were the server's. */
const withoutIds = (value: unknown) => JSON.parse(JSON.stringify(value, (key, field) => (key === 'id' ? undefined : field)));

for (const [dialect, parser, atLeast] of forms) {
  const all = recordings(dialect);

  describe(`recorded ${dialect} streams`, () => {
    for (const recording of all) {
      const bytes = recordedBytes(recording);
      const { expect: expected } = recording;
      const whole = readAnswer(gemini, [bytes], parser);

      it(`${recording.file} gives its text, calls, finish reason and usage`, () => {
        const { events, error } = whole;
        expect(textOf(events, 'text-delta')).toBe(expected.text);
        expect(textOf(events, 'reasoning-delta')).toBe(expected.reasoning);

        const calls = events.filter((event) => event.type === 'tool-call');
        const args = (call: ToolCall) => (call.arguments._tag === 'Right' ? call.arguments.right : call.arguments.left);
        expect(calls.map((call) => ({ name: call.name, arguments: args(call) }))).toEqual(
          // biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape.
          expected.toolCalls.map((call: any) => ({ name: call.name, arguments: call.arguments })),
        );
        for (const [i, call] of expected.toolCalls.entries()) if (call.id) expect(calls[i]?.callId).toBe(call.id);
        expect(events.filter((event) => event.type === 'tool-call-end')).toHaveLength(calls.length);

        const finish = events.find((event) => event.type === 'finish-reason');
        expect(finish?.type === 'finish-reason' ? finish.raw : null).toBe(expected.finishReason);
        if (expected.finishReason === 'STOP') {
          expect(finish).toMatchObject({ reason: calls.length > 0 ? 'tool-calls' : 'stop' });
        }

        const usage = events.findLast((event) => event.type === 'usage')?.usage;
        if (expected.usage) {
          // The manifest has the question and what was said alone; here what tools brought is input, and thoughts are output, as on the bill.
          const { thoughtsTokenCount: thoughts = 0, toolUsePromptTokenCount: brought = 0, totalTokenCount } = expected.usageRaw;
          expect(usage).toMatchObject({
            inputTokens: expected.usage.inputTokens + brought,
            outputTokens: (expected.usage.outputTokens ?? 0) + thoughts,
            totalTokens: totalTokenCount,
          });
        } else {
          expect(usage).toBeUndefined();
        }

        if (expected.finishReason === null) {
          expect(error).toBeInstanceOf(InterruptedError);
        } else {
          expect(error).toBeUndefined();
          expect(events.filter((event) => event.type === 'round-end')).toHaveLength(1);
        }
      });

      it(`${recording.file} gives the same events in random pieces and in single bytes`, () => {
        for (const { chunks } of splits(bytes, bytes.length)) {
          const split = readAnswer(gemini, chunks, parser);
          expect(split.events).toEqual(whole.events);
          expect(String(split.error)).toBe(String(whole.error));
        }
      });
    }

    it.each(all.filter(({ features }) => features.includes('thoughtSignature')))(
      '$file keeps its thought signatures on their parts when its events are written and read once more',
      (recording) => {
        const { events } = readAnswer(gemini, [recordedBytes(recording)], parser);
        const frames = runStage(gemini.encoder(), events as ModelEvent[]).values;
        const again = runStage<Frame, ModelEvent>(gemini.decoder(), frames).values;
        expect(signed(again)).toEqual(signed(events));
        expect(signed(events).length).toBeGreaterThan(0);
        const nativeOf = (all: readonly RecordedEvent[]) =>
          all.flatMap((event) => (event.type === 'round-end' ? [event.message.native] : []));
        expect(withoutIds(nativeOf(again))).toEqual(withoutIds(nativeOf(events)));
      },
    );

    it.runIf(all.length > 0)('are all here', () => {
      expect(all.length).toBeGreaterThanOrEqual(atLeast);
    });
  });
}

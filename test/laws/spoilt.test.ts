import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { isToolstreamError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { Message } from '../../src/messages.ts';
import { ndjsonParser } from '../../src/ndjson/parser.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { figure } from '../support/figures.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

/** How often each recording is spoilt; more in CI. */
const runs = process.env.CI ? 12 : 3;
const dialects = { 'openai-chat': openAiChat, 'openai-responses': openAiResponses, anthropic: anthropicMessages, gemini, ollama, cohere };

/** What stands in place of a field, or beside it. */
const junk: readonly unknown[] = [undefined, null, 0, -1, '', 'x', 'null', true, [], {}, [null], { a: null }, { type: 'x' }, 1e308];

interface Spoil {
  readonly frame: number;
  readonly field: number;
  readonly junk: number;
  readonly how: 'field' | 'drop' | 'repeat';
}
const spoils = fc.array(
  fc.record({
    frame: fc.nat(9999),
    field: fc.nat(9999),
    junk: fc.nat(junk.length - 1),
    how: fc.constantFrom('field' as const, 'field' as const, 'drop' as const, 'repeat' as const),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Puts junk into one of all the fields of a payload, however deep. */
function spoiltData(data: string, { field, junk: at }: Spoil): string {
  let payload: unknown;
  try {
    payload = JSON.parse(data);
  } catch {
    return data;
  }
  const places: Array<[holder: { [key: string]: unknown }, key: string]> = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as { [key: string]: unknown }, key]);
      walk((value as { [key: string]: unknown })[key]);
    }
  };
  walk(payload);
  const [holder, key] = places[field % places.length] ?? [];
  if (holder && key !== undefined) holder[key] = junk[at];
  return JSON.stringify(payload);
}

function spoilt(frames: readonly Frame[], all: readonly Spoil[]): Frame[] {
  const row = [...frames];
  for (const spoil of all) {
    const at = spoil.frame % Math.max(1, row.length);
    const frame = row[at];
    if (!frame) continue;
    if (spoil.how === 'drop') row.splice(at, 1);
    else if (spoil.how === 'repeat') row.splice(at, 0, frame);
    else row[at] = { ...frame, data: spoiltData(frame.data, spoil) };
  }
  return row;
}

describe('law: a spoilt answer is survived or is one error of the library, whatever is wrong with it', () => {
  let answers = 0;
  let survived = 0;
  afterAll(
    () => answers > 0 && figure('law-spoilt', { dialects: Object.keys(dialects).length, answers, survived, oneError: answers - survived }),
  );

  for (const [name, dialect] of Object.entries(dialects)) {
    const all = recordings(name);
    it.skipIf(all.length === 0)(`${name}: it ends once, its calls are told once, every dialect can write it, and it can go back`, () => {
      for (const recording of all) {
        const parser = recording.file.endsWith('.ndjson') ? ndjsonParser() : sseParser();
        const frames = runStage<Uint8Array | string, Frame>(parser, [recordedBytes(recording)]).values;
        fc.assert(
          fc.property(spoils, fc.constantFrom('skip' as const, 'error' as const), (drawn, onMalformed) => {
            const { values, error } = runStage<Frame, ModelEvent>(dialect.decoder({ onMalformed }), spoilt(frames, drawn));
            const end = values.find((event) => event.type === 'round-end');
            expect(values.filter(({ type }) => type === 'round-end')).toHaveLength(error === undefined ? 1 : 0);
            if (error !== undefined) {
              expect(isToolstreamError(error), String(error)).toBe(true);
              expect(String(error)).not.toMatch(/\bNaN\b|null \| undefined|\[object /);
            }
            for (const event of values) {
              if ('text' in event) expect(typeof event.text).toBe('string');
              if (event.type === 'tool-call-start') expect(event.callId).toMatch(/./);
              if (event.type === 'usage')
                for (const count of Object.values(event.usage)) if (typeof count === 'number') expect(count).toBeGreaterThanOrEqual(0);
            }
            answers++;
            if (end) survived++;
            const starts = values.filter((event) => event.type === 'tool-call-start' && event.choice === undefined);
            const calls = runStage<ModelEvent, ModelEvent | ToolCall>(toolCallAccumulator<ModelEvent>(), values).values;
            if (end) expect(calls.filter(({ type }) => type === 'tool-call')).toHaveLength(starts.length);
            for (const other of Object.values(dialects)) {
              const written = runStage<ModelEvent, Frame>(other.encoder(), values);
              expect(written.error).toBeUndefined();
              if (end) expect(runStage<Frame, ModelEvent>(other.decoder(), written.values).error, other.name).toBeUndefined();
              if (!end) continue;
              const results = (end.message.toolCalls ?? []).map(
                ({ id, name: tool }): Message => ({ role: 'tool', toolCallId: id, name: tool, content: 'ok' }),
              );
              const { body } = other.encodeRequest({ messages: [end.message, ...results] }, { model: 'm' });
              expect(JSON.stringify(body)).toMatch(/^\{/);
            }
          }),
          { numRuns: runs },
        );
      }
    });
  }
});

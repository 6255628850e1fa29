import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage, type Stage } from '../../src/stage.ts';
import { splits } from '../../src/testing/splits.ts';
import { wireOf } from './codecs.ts';
import { hasShared, type Recording, recordedBytes, recordings } from './shared.ts';

export type RecordedEvent = ModelEvent | ToolCall;

export interface ReadAnswer {
  readonly events: RecordedEvent[];
  readonly error: unknown;
}

/** How a recording's bytes become frames; by default as the dialect is framed. */
export type Parser = () => Stage<Uint8Array, Frame>;

/** Bytes → frames → events → calls, in plain loops. */
export function readAnswer(dialect: Dialect, chunks: Iterable<Uint8Array>, parser: Parser = wireOf(dialect).parse): ReadAnswer {
  const frames = runStage(parser(), chunks);
  const decoded = runStage(dialect.decoder(), frames.values);
  const gathered = runStage<ModelEvent, RecordedEvent>(toolCallAccumulator<ModelEvent>(), decoded.values);
  return { events: gathered.values, error: frames.error ?? decoded.error ?? gathered.error };
}

/** What was said, of one kind and one choice. */
export function textOf(
  events: readonly RecordedEvent[],
  type: 'text-delta' | 'reasoning-delta' | 'refusal-delta',
  choice?: number,
): string {
  return events.map((event) => (event.type === type && event.choice === choice ? event.text : '')).join('');
}

export interface DescribedRecordings {
  /** What the manifest calls the dialect. Default: its name. */
  readonly listedAs?: string;
  readonly parser?: Parser;
  /** How many recordings there are, or more. */
  readonly atLeast: number;
  /** Holds what was read against what the manifest expects; a recording without an expectation is left out. */
  readonly check: (answer: ReadAnswer, recording: Recording) => void;
}

/** Each recording of a dialect, whole, in single bytes and in random pieces: the same answer, and the one that the manifest expects. */
export function describeRecordings(dialect: Dialect, { listedAs = dialect.name, parser, atLeast, check }: DescribedRecordings): void {
  const all = recordings(listedAs).filter((recording) => recording.expect !== null);
  describe(`recorded ${listedAs} streams`, () => {
    it.skipIf(!hasShared)(hasShared ? 'are all here' : 'are not here: the test data is absent, set TOOLSTREAM_SHARED', () => {
      expect(all.length).toBeGreaterThanOrEqual(atLeast);
    });
    for (const recording of all) {
      const bytes = recordedBytes(recording);
      const whole = readAnswer(dialect, [bytes], parser);
      for (const { name, chunks } of splits(bytes, bytes.length)) {
        it(`${recording.file} gives what is in it (${name})`, () => {
          const answer = readAnswer(dialect, chunks, parser);
          check(answer, recording);
          expect(answer.events).toEqual(whole.events);
          expect(String(answer.error)).toBe(String(whole.error));
        });
      }
    }
  });
}

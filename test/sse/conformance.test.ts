import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/frame.ts';
import { type ParseSseOptions, sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { conformance, hasShared, recordedBytes, recordings } from '../support/shared.ts';
import { pieces } from './support.ts';

interface DispatchedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

interface FormatCase {
  readonly name: string;
  readonly body: string;
  readonly chunks?: readonly string[];
  readonly expectedEvents: readonly DispatchedEvent[];
  readonly initialLastEventId?: string;
  readonly retry?: number;
}

/** What an `EventSource` would dispatch: the type's default, and the last id that sticks. */
function dispatched(frames: readonly Frame[], initialLastEventId = ''): DispatchedEvent[] {
  let lastEventId = initialLastEventId;
  return frames.map(({ event, data, id }) => {
    lastEventId = id ?? lastEventId;
    return { type: event ?? 'message', data, lastEventId };
  });
}

function parse(chunks: Iterable<Uint8Array | string>, options?: ParseSseOptions): Frame[] {
  const { values, error } = runStage(sseParser(options), chunks);
  expect(error).toBeUndefined();
  return values;
}

const anySizes = () => fc.infiniteStream(fc.integer({ min: 1, max: 40 }));

describe.skipIf(!hasShared)('web-platform-tests, event stream format (spec §9.2.6)', () => {
  const cases = hasShared ? (conformance('eventsource-format.json') as unknown as FormatCase[]) : [];

  it('has all 30 cases', () => expect(cases).toHaveLength(30));

  describe.each(cases)('$name', ({ body, chunks = [body], expectedEvents, initialLastEventId, retry }) => {
    const bytes = new TextEncoder().encode(body);
    const check = (input: Iterable<Uint8Array | string>) => {
      const frames = parse(input, { strict: true });
      expect(dispatched(frames, initialLastEventId)).toEqual(expectedEvents);
      if (retry !== undefined) expect(frames.filter((frame) => frame.retry !== undefined).at(-1)?.retry).toBe(retry);
    };

    it('in the chunks of the test server', () => check(chunks));
    it('whole', () => check([bytes]));
    it('in single bytes', () => check(pieces(bytes, [1])));
    it('in random pieces', () => {
      fc.assert(
        fc.property(anySizes(), (sizes) => check(pieces(bytes, sizes))),
        { numRuns: 20 },
      );
    });
  });
});

describe.skipIf(!hasShared)('recorded streams', () => {
  it('has recordings', () => expect(recordings('sse-generic').length).toBeGreaterThan(0));

  describe.each(recordings('sse-generic'))('$file', (recording) => {
    const bytes = recordedBytes(recording);
    const check = (input: Iterable<Uint8Array>) => {
      const frames = parse(input);
      expect(frames.filter((frame) => frame.stray)).toEqual([]);
      expect(dispatched(frames)).toEqual(recording.expect.events);
    };

    it('whole', () => check([bytes]));
    it('in single bytes', () => check(pieces(bytes, [1])));
    it('in random pieces', () => {
      fc.assert(
        fc.property(anySizes(), (sizes) => check(pieces(bytes, sizes))),
        { numRuns: 10 },
      );
    });
  });
});

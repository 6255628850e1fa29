import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import * as all from '../../src/dialects/index.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';
import { wireOf } from '../support/codecs.ts';
import { figure } from '../support/figures.ts';
import { recordedBytes, recordings } from '../support/shared.ts';
import { draw, runs } from './support.ts';

const dialects = Object.values(all).filter((one): one is Dialect => typeof (one as Partial<Dialect>).decoder === 'function');

/** White space before a payload changes nothing but this: it is parsed, whatever was met before. */
const parsed = (frames: readonly Frame[]): Frame[] =>
  frames.map((frame) => (frame.data.startsWith('{') ? { ...frame, data: ` ${frame.data}` } : frame));

function decoded(dialect: Dialect, frames: readonly Frame[]) {
  const { values, error } = runStage(dialect.decoder({ callIdSeed: 'law' }), frames);
  return { values, error: error instanceof Error ? [error.name, (error as { partial?: unknown }).partial] : error };
}

/** How many payloads were not parsed whole. */
function notParsed(read: () => void, frames: readonly Frame[]): number {
  const { parse } = JSON;
  const payloads = new Set(frames.map(({ data }) => data));
  let whole = 0;
  JSON.parse = (text: string, ...rest: []) => {
    if (payloads.has(text)) whole++;
    return parse(text, ...rest) as unknown;
  };
  try {
    read();
  } finally {
    JSON.parse = parse;
  }
  return frames.length - whole;
}

describe('law: events are the same whether a payload is parsed or found like one before', () => {
  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))('of every recording of %s', (name, dialect) => {
    let found = 0;
    let frames = 0;
    const recorded = recordings(name === 'anthropic-messages' ? 'anthropic' : name);
    for (const recording of recorded) {
      const read = runStage(wireOf(dialect).parse(), [recordedBytes(recording)]).values.filter(({ stray }) => !stray);
      const expected = decoded(dialect, parsed(read));
      // Twice: the second time, kinds are known from its start.
      for (let time = 0; time < 2; time++) {
        found += notParsed(() => expect(decoded(dialect, read)).toEqual(expected), read);
        frames += read.length;
      }
    }
    figure(`law-similar-${name}`, { frames, found });
    if (recorded.length > 0) expect(found).toBeGreaterThan(frames / 4);
  });

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))('of drawn answers of %s, one after the other', (_, dialect) => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(draw.round(), { minLength: 2, maxLength: 3 }), (rounds) => {
        for (const round of rounds) {
          const frames = runStage(dialect.encoder(), round as readonly ModelEvent[]).values;
          const expected = decoded(dialect, parsed(frames));
          found += notParsed(() => expect(decoded(dialect, frames)).toEqual(expected), frames);
        }
      }),
      runs(60),
    );
    expect(found).toBeGreaterThan(60);
  });
});

/** What stands beside the words on many wires: with each chunk, in one form, with other strings and numbers in it. */
const beside = fc.record({ rating: fc.constantFrom('safe', 'low', ''), count: fc.nat(3), cited: fc.constantFrom('a', 'b"', '天') });
type Beside = typeof beside extends fc.Arbitrary<infer T> ? T : never;

const laden: ReadonlyArray<readonly [Dialect, (payload: never, beside: Beside) => object]> = [
  [
    all.openAiChat,
    (chunk: { choices: Array<{ delta: object }> }, { rating, count, cited }) => ({
      ...chunk,
      citations: ['https://example.com', cited],
      usage: { prompt_tokens: 2, completion_tokens: count, odd: { of: cited } },
      choices: chunk.choices.map((choice) => ({
        ...choice,
        content_filter_results: { hate: { filtered: false, severity: rating } },
        usage: { prompt_tokens: count },
        delta: { ...choice.delta, token_id: count, extra_content: { signed: [cited] } },
      })),
    }),
  ],
  [
    all.gemini,
    (response: { candidates: object[] }, { rating, count, cited }) => ({
      ...response,
      usageMetadata: { promptTokenCount: count, odd: { of: cited } },
      sources: [{ uri: cited }],
      candidates: response.candidates.map((candidate) => ({
        ...candidate,
        avgLogprobs: count,
        safetyRatings: [{ category: 'HARM', probability: rating }],
      })),
    }),
  ],
];

describe('law: events stay what they were where a payload says more than words, and the next one of its kind something else', () => {
  it.each(laden.map(([dialect, load]) => [dialect.name, dialect, load] as const))('of drawn answers of %s', (_, dialect, load) => {
    let found = 0;
    fc.assert(
      fc.property(draw.round(), fc.array(beside, { minLength: 4, maxLength: 8 }), (round, loads) => {
        const encoded = runStage(dialect.encoder(), round as readonly ModelEvent[]).values;
        const frames = encoded.map((frame, i) => {
          if (!frame.data.startsWith('{')) return frame;
          const payload = JSON.parse(frame.data) as { choices?: object[]; candidates?: object[] };
          if (!payload.choices && !payload.candidates) return frame;
          return { ...frame, data: JSON.stringify(load(payload as never, loads[i % loads.length] as Beside)) };
        });
        const expected = decoded(dialect, parsed(frames));
        found += notParsed(() => expect(decoded(dialect, frames)).toEqual(expected), frames);
      }),
      runs(60),
    );
    expect(found).toBeGreaterThan(30);
  });
});

describe('a payload that is read', () => {
  const chunk = (reasoning: string, content: string): Frame => ({
    data: JSON.stringify({ id: 'r', choices: [{ index: 0, delta: { reasoning, content } }] }),
  });

  it('keeps its words while a listener makes another stream read one of the same kind', () => {
    const heard: string[] = [];
    const inner = all.openAiChat.decoder();
    const outer = all.openAiChat.decoder();
    const silent = { enqueue: () => {}, error: () => {}, terminate: () => {} };
    const out = {
      ...silent,
      enqueue: (event: ModelEvent) => {
        if (event.type === 'reasoning-delta') inner.transform(chunk('theirs', 'their text'), silent);
        if (event.type === 'text-delta') heard.push(event.text);
      },
    };
    for (const text of ['a', 'b', 'c', 'd', 'e']) outer.transform(chunk(`thinks ${text}`, text), out);
    expect(heard).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('leaves what went into the message as it was, where the content comes in parts', () => {
    const frames = ['a', 'b', 'c', 'd', 'e'].map((word) => ({
      data: JSON.stringify({
        choices: [{ index: 0, delta: { content: [{ type: 'thinking', thinking: [{ type: 'text', text: word }], sign: { of: word } }] } }],
      }),
    }));
    const end = { data: JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) };
    const decoder = all.openAiChat.decoder();
    const heard: ModelEvent[] = [];
    const out = { enqueue: (event: ModelEvent) => void heard.push(event), error: () => {}, terminate: () => {} };
    for (const frame of frames.slice(0, 4)) decoder.transform(frame, out);
    // Another response has the fifth, which is read from the object that the fourth was read from.
    expect(notParsed(() => decoded(all.openAiChat, frames.slice(4)), frames.slice(4))).toBe(1);
    decoder.transform(end, out);
    decoder.flush?.(out);
    const content = [{ type: 'thinking', thinking: [{ type: 'text', text: 'abcd' }], sign: { of: 'd' } }];
    expect(heard.at(-1)).toMatchObject({ type: 'round-end', message: { native: { message: { content } } } });
  });

  it('is given back when reading it fails', () => {
    const decoder = all.openAiChat.decoder({ maxTextLength: 3 });
    const frames = ['a', 'b', 'c', 'd'].map((text) => chunk('', text));
    expect(decoded({ ...all.openAiChat, decoder: () => decoder }, frames).error).toBeDefined();
    const next = ['x', 'y', 'z'].map((text) => chunk('', text));
    expect(notParsed(() => decoded(all.openAiChat, next), next)).toBe(3);
  });
});

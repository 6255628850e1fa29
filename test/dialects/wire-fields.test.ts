import * as t from 'io-ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { messagesWire } from '../../src/dialects/anthropic-messages-wire.ts';
import { cohereWire } from '../../src/dialects/cohere-wire.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { duplexWire } from '../../src/dialects/duplex-session-wire.ts';
import { geminiWire } from '../../src/dialects/gemini-wire.ts';
import * as dialects from '../../src/dialects/index.ts';
import { ollamaWire } from '../../src/dialects/ollama-wire.ts';
import { chatWire } from '../../src/dialects/openai-chat-wire.ts';
import { responsesWire } from '../../src/dialects/openai-responses-wire.ts';
import type { Wire } from '../../src/dialects/wire.ts';
import { isToolstreamError, MalformedFrameError } from '../../src/errors.ts';
import { runStage } from '../../src/stage.ts';
import { wireOf } from '../support/codecs.ts';
import { hasShared, recordedBytes, recordings } from '../support/shared.ts';

interface Case {
  readonly dialect: Dialect;
  readonly wire: Wire;
  /** Payloads with each field that is read. */
  readonly payloads: readonly object[];
  /** Which fields may not be null. */
  readonly needed: RegExp;
  /** Which fields take values of several kinds. */
  readonly also?: { readonly [place: string]: readonly Kind[] };
  /** Which of the payloads are taken at a glance, whatever is left out of them. */
  readonly quick: 'all' | 'none';
}

/** What may stand in place of a field. */
const kinds = {
  null: null,
  missing: undefined,
  number: 7,
  string: 'x',
  boolean: true,
  'empty array': [],
  'array of numbers': [7],
  object: {},
} as const;
type Kind = keyof typeof kinds;

const textOrObject = { arguments: ['string', 'object'] } as const;

const chatDelta = {
  content: 'Hi',
  refusal: 'no',
  reasoning: 'so',
  reasoning_content: 'so',
  reasoning_text: 'so',
  reasoning_details: [{}],
  tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '{}' }, custom: { name: 'g', input: 'x' } }],
  function_call: { index: 0, name: 'f', arguments: '{}' },
};
const block = { type: 'text', text: 'Hi', thinking: 'so', signature: 's', id: 'b1', name: 'f' };

const ollamaEnd = {
  done_reason: 'stop',
  prompt_eval_count: 1,
  eval_count: 1,
  total_duration: 1,
  load_duration: 1,
  prompt_eval_duration: 1,
  eval_duration: 1,
};

const cases: readonly Case[] = [
  {
    dialect: dialects.openAiChat,
    wire: chatWire,
    quick: 'all',
    also: { ...textOrObject, content: ['string', 'empty array'] },
    payloads: [
      { id: 'r1', model: 'm', usage: {}, choices: [{ index: 0, delta: chatDelta, finish_reason: 'stop', usage: {} }] },
      { choices: [{ index: 0, message: { ...chatDelta, content: [{}] } }] },
    ],
    needed: /(choices|reasoning_details|content)\.\d$/,
  },
  {
    dialect: dialects.openAiResponses,
    wire: responsesWire,
    quick: 'all',
    also: textOrObject,
    payloads: ['response.custom_tool_call_input.done', 'response.output_item.added'].map((type) => ({
      type,
      response: {},
      item: {},
      item_id: 'i1',
      call_id: 'c1',
      output_index: 0,
      content_index: 0,
      summary_index: 0,
      sequence_number: 1,
      ...(type.endsWith('done') && { delta: 'x', text: 'x', refusal: 'x', input: 'x', arguments: '{}' }),
    })),
    needed: /^type$/,
  },
  {
    dialect: dialects.anthropicMessages,
    wire: messagesWire,
    quick: 'all',
    payloads: [
      { type: 'message_start', message: { id: 'm1', model: 'm', content: [block], stop_reason: 'end_turn', usage: {} } },
      { type: 'content_block_start', index: 0, content_block: block },
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: 'Hi', thinking: 'so', signature: 's', partial_json: '{', citation: {} },
      },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} },
    ],
    needed: /^type$|content\.\d$|content\.\d\.type$|content_block\.type$/,
  },
  {
    dialect: dialects.gemini,
    wire: geminiWire,
    quick: 'all',
    payloads: [
      {
        candidates: [
          {
            index: 0,
            content: {
              parts: [
                { text: 'Hi', thought: true },
                {
                  functionCall: {
                    id: 'c1',
                    name: 'f',
                    args: {},
                    partialArgs: [{ jsonPath: '$.a', stringValue: 'x', numberValue: 1, boolValue: true, willContinue: true }],
                    willContinue: true,
                  },
                },
              ],
            },
            finishReason: 'STOP',
          },
        ],
        promptFeedback: { blockReason: 'SAFETY' },
        usageMetadata: {},
        modelVersion: 'm',
        responseId: 'r1',
      },
    ],
    needed: /\.\d$|jsonPath$/,
  },
  {
    dialect: dialects.ollama,
    wire: ollamaWire,
    quick: 'none',
    also: textOrObject,
    payloads: [
      { model: 'm', message: { content: 'Hi', thinking: 'so', reasoning_content: 'so' }, done: true },
      {
        message: { tool_calls: [{ id: 'c1', index: 0, function: { index: 0, name: 'f', arguments: {} } }] },
        done: true,
        ...ollamaEnd,
      },
      { model: 'm', message: { content: '' }, done: true, ...ollamaEnd },
    ],
    needed: /tool_calls\.\d$|function$/,
  },
  {
    dialect: dialects.ollama,
    wire: ollamaWire,
    quick: 'none',
    payloads: [
      { model: 'm', message: { content: 'Hi', thinking: 'so', reasoning_content: 'so', tool_calls: [] }, done: false },
      { model: 'm', message: { content: 'Hi' }, done: false, ...ollamaEnd },
    ],
    needed: /^message$/,
  },
  {
    dialect: dialects.cohere,
    wire: cohereWire,
    quick: 'none',
    also: {
      ...textOrObject,
      content: ['string', 'object', 'empty array'],
      tool_calls: ['object', 'empty array'],
      citations: ['object', 'empty array', 'array of numbers'],
    },
    payloads: [
      { type: 'content-delta', id: 'm1', index: 0, delta: { message: { content: { type: 'text', text: 'Hi', thinking: 'so' } } } },
      { type: 'message-start', delta: { message: { content: [{ text: 'Hi' }], tool_plan: 'so', citations: {} } } },
      { type: 'tool-call-start', index: 0, delta: { message: { tool_calls: { id: 'c1', function: { name: 'f', arguments: '{}' } } } } },
      { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: {} } },
    ],
    needed: /^type$|content\.\d$/,
  },
  {
    dialect: dialects.duplexSession,
    wire: duplexWire,
    quick: 'none',
    also: textOrObject,
    payloads: [
      { type: 'start', id: 'r1', model: 'm' },
      { type: 'content_block', text: 'Hi' },
      { type: 'function_call', id: 'c1', index: 0, name: 'f', arguments: '{}', done: true },
      { type: 'done', finish_reason: 'stop', usage: {} },
    ],
    needed: /^(type|text)$/,
  },
];

type Path = readonly string[];

/** The places of all fields and items. */
function placesOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...at, key], ...placesOf(inner, [...at, key])]);
}

function withValue(payload: object, path: Path, value: unknown): object {
  const copy = structuredClone(payload) as { [key: string]: unknown };
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as { [key: string]: unknown };
  holder[path.at(-1) as string] = value;
  return copy;
}

const valueAt = (payload: object, path: Path) => path.reduce<unknown>((value, key) => (value as { [key: string]: unknown })[key], payload);

describe.each(cases)('law: the decoder of $dialect.name looks at each field that it reads', ({ dialect, payloads, needed }) => {
  const errorOf = (payload: object) => runStage(dialect.decoder(), [{ data: JSON.stringify(payload) }]).error;
  const places = payloads.flatMap((payload) => placesOf(payload).map((path) => ({ payload, path, place: path.join('.') })));

  it('takes the payloads as they are', () => {
    for (const payload of payloads) expect(errorOf(payload)).not.toBeInstanceOf(MalformedFrameError);
  });

  it.each(places)('names $place where it is of another type', ({ payload, path }) => {
    const value = valueAt(payload, path);
    const error = errorOf(withValue(payload, path, typeof value === 'number' || typeof value === 'boolean' ? 'x' : 7));
    expect(error).toBeInstanceOf(MalformedFrameError);
    const field = path.findLast((key) => !/^\d+$/.test(key)) as string;
    expect(String(error)).toMatch(new RegExp(`at \`[^\`]*\\b${field}\\b`));
    expect(String(error)).toContain(`got ${typeof value === 'number' || typeof value === 'boolean' ? 'string "x"' : 'number 7'}`);
  });

  it.each(places)('takes null for $place as if it were absent, unless it is needed', ({ payload, path, place }) => {
    const error = errorOf(withValue(payload, path, null));
    if (error !== undefined) expect(isToolstreamError(error), String(error)).toBe(true);
    expect(error instanceof MalformedFrameError, String(error)).toBe(needed.test(place));
  });
});

/** Each list twice as long: what is said of an item holds of every one. */
function twofold(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return [...value, ...value].map(twofold);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, twofold(inner)]));
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'empty array';
  return typeof value;
}

/** What the wire says of a payload, and whether it had to ask a codec. */
function asked(wire: Wire, payload: unknown) {
  const validate = vi.spyOn(t.UnknownRecord, 'validate');
  validate.mockClear();
  const problem = wire.problem(payload);
  return { taken: problem === undefined, atAGlance: validate.mock.calls.length === 0 };
}

afterEach(() => void vi.restoreAllMocks());

describe.each(cases)('law: the wire of $dialect.name', ({ wire, payloads, needed, also = {}, quick }) => {
  const changed = (payloads.map(twofold) as object[]).flatMap((payload) =>
    placesOf(payload).flatMap((path) =>
      (Object.keys(kinds) as Kind[])
        .filter((kind) => kind !== kindOf(valueAt(payload, path)) || kind === 'empty array')
        .map((kind) => ({ place: path.join('.'), name: path.at(-1) as string, kind, path, payload })),
    ),
  );
  const fits = ({ place, name, kind, path, payload }: (typeof changed)[number]): boolean => {
    if (kind === 'null' || kind === 'missing') return !needed.test(place);
    return kind === kindOf(valueAt(payload, path)) || also[name]?.includes(kind) === true;
  };

  it('takes a value of another kind where it fits, and nowhere else', () => {
    const wrong = changed.filter((one) => asked(wire, withValue(one.payload, one.path, kinds[one.kind])).taken !== fits(one));
    expect(wrong.map(({ place, kind }) => `${place}: ${kind}`)).toEqual([]);
    expect(changed.filter(fits).length).toBeGreaterThan(0);
  });

  if (quick === 'all') {
    it('asks no codec about what it takes, whatever is left out', () => {
      const slow = changed.filter((one) => fits(one) && !asked(wire, withValue(one.payload, one.path, kinds[one.kind])).atAGlance);
      expect(slow.map(({ place, kind }) => `${place}: ${kind}`)).toEqual([]);
      for (const payload of payloads) expect(asked(wire, payload)).toEqual({ taken: true, atAGlance: true });
    });
  }

  it.each([[null], [undefined], [7], ['x'], [true], [[]], [[{}]]])('refuses %j', (payload) => {
    expect(asked(wire, payload).taken).toBe(false);
  });
});

describe('a wire that looks quickly at deltas alone', () => {
  const chunk = { model: 'm', created_at: 'now', message: { role: 'assistant', content: 'Hi', thinking: 'so' }, done: false };
  const content = { type: 'content-delta', index: 0, delta: { message: { content: { type: 'text', text: 'Hi' } } } };
  it.each([
    [ollamaWire, chunk],
    [ollamaWire, { ...chunk, message: {} }],
    [cohereWire, content],
    [cohereWire, { ...content, id: 'm1' }],
    [cohereWire, { ...content, delta: { message: { content: {} } } }],
    [duplexWire, { type: 'content_block', text: 'Hi' }],
  ])('asks no codec about one', (wire, payload) => {
    expect(asked(wire, payload)).toEqual({ taken: true, atAGlance: true });
  });

  it.each([
    [{ delta: { message: { content: {} }, usage: 7 } }],
    [{ delta: { message: { content: {}, tool_plan: 7 } } }],
    [{ delta: { message: { content: { text: 7 } } } }],
    [{ id: 7 }],
    [{ index: 'x' }],
  ])('refuses a delta of Cohere with %j', (fields) => {
    expect(asked(cohereWire, { ...content, ...fields }).taken).toBe(false);
  });
});

describe('events that are not read', () => {
  it.each([
    [messagesWire, { type: 'ping', index: 'x', delta: 7 }],
    [responsesWire, { type: 'response.audio.delta', delta: 7, text: {}, arguments: [] }],
  ])('may have any fields', (wire, payload) => {
    expect(asked(wire, payload)).toEqual({ taken: true, atAGlance: true });
  });
});

const recorded = cases.filter(({ quick }) => quick === 'all').map(({ dialect, wire }) => ({ dialect, wire, name: dialect.name }));
const skipped = hasShared ? '' : ' (the test data is absent, set TOOLSTREAM_SHARED)';

describe.skipIf(!hasShared)(`law: of recorded payloads${skipped}`, () => {
  it.each(recorded)('the wire of $name takes each that it takes at all without asking a codec', ({ dialect, wire, name }) => {
    let taken = 0;
    for (const recording of recordings(name === 'anthropic-messages' ? 'anthropic' : name)) {
      for (const { data } of runStage(wireOf(dialect).parse(), [recordedBytes(recording)]).values.filter((frame) => !frame.stray)) {
        if (!data.startsWith('{') || !data.endsWith('}')) continue;
        const found = asked(wire, JSON.parse(data));
        if (!found.taken) continue;
        taken++;
        expect(found.atAGlance, `${recording.file}: ${data}`).toBe(true);
      }
    }
    expect(taken).toBeGreaterThan(100);
  });
});

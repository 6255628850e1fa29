import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { DecoderOptions } from '../../src/dialects/dialect.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { InterruptedError, LimitError, MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import type { Message } from '../../src/messages.ts';
import { runStage } from '../../src/stage.ts';
import { arbitraries } from '../../src/testing/index.ts';
import type { Json } from '../../src/values.ts';

type Event = ModelEvent | ToolCall;

function decodeFrames(frames: Iterable<Frame>, options?: DecoderOptions): { events: Event[]; error: unknown } {
  const decoded = runStage(gemini.decoder(options), frames);
  const gathered = runStage<ModelEvent, Event>(toolCallAccumulator<ModelEvent>(), decoded.values);
  return { events: gathered.values, error: decoded.error };
}

const frame = (payload: unknown): Frame => ({ data: typeof payload === 'string' ? payload : JSON.stringify(payload) });
const decode = (...payloads: unknown[]) => decodeFrames(payloads.map(frame));
const say = (...parts: unknown[]) => ({ candidates: [{ content: { role: 'model', parts } }] });
const call = (functionCall: unknown, more = {}) => ({ functionCall, ...more });
const stop = { candidates: [{ finishReason: 'STOP' }] };

const callsOf = (events: readonly Event[]) =>
  events.flatMap((event) => (event.type === 'tool-call' ? [{ name: event.name, arguments: event.arguments }] : []));
const right = (value: Json) => ({ _tag: 'Right', right: value });
const codes = (events: readonly Event[]) => events.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : []));
const nativeOf = (events: readonly Event[]) => {
  const end = events.find((event) => event.type === 'round-end');
  return end?.message.native?.message as { parts: Json[] } | undefined;
};

describe('gemini: calls', () => {
  it('tells equal calls without ids apart: each part is one', () => {
    const { events } = decode(say(call({ name: 'add', args: { a: 1 } }), call({ name: 'add', args: { a: 1 } })), stop);
    expect(callsOf(events)).toEqual([
      { name: 'add', arguments: right({ a: 1 }) },
      { name: 'add', arguments: right({ a: 1 }) },
    ]);
    const ids = events.flatMap((event) => (event.type === 'tool-call-start' ? [event.callId] : []));
    expect(new Set(ids).size).toBe(2);
    expect(codes(events)).toEqual(['id-synthesised', 'id-synthesised']);
  });

  it('drops a call that comes again with its id', () => {
    const same = call({ id: 'c1', name: 'add', args: { a: 1 } });
    const { events } = decode(say(same), say(same), stop);
    expect(callsOf(events)).toHaveLength(1);
    expect(nativeOf(events)?.parts).toEqual([same]);
  });

  it('marks the end of a call as soon as it is whole, and confirms it', () => {
    const { events } = decode(say(call({ name: 'now' })), say({ text: 'and' }), stop);
    expect(events.map(({ type }) => type)).toEqual([
      'round-start',
      'diagnostic',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-end',
      'tool-call',
      'text-delta',
      'finish-reason',
      'round-end',
    ]);
    expect(callsOf(events)).toEqual([{ name: 'now', arguments: right({}) }]);
  });

  it('gives calls of other candidates their choice, and no tool-call', () => {
    const part = call({ name: 'add', args: {} });
    const { events } = decode({
      candidates: [
        { index: 0, content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' },
        { index: 1, content: { parts: [part] }, finishReason: 'STOP' },
      ],
    });
    expect(callsOf(events)).toEqual([]);
    expect(events.find((event) => event.type === 'tool-call-start')).toMatchObject({ choice: 1 });
    expect(events.findLast((event) => event.type === 'finish-reason')).toMatchObject({ choice: 1, reason: 'tool-calls' });
  });
});

describe('gemini: arguments that come field by field (google-stream-tool-call-arguments)', () => {
  const streamed = (...args: unknown[]) => say(...args.map((arg) => call({ partialArgs: [arg], willContinue: true })), call({}));
  const begin = say(call({ name: 'f', willContinue: true }));
  const deltas = (events: readonly Event[]) => events.flatMap((event) => (event.type === 'tool-call-delta' ? [event.text] : []));

  it('hands on what is said while it is said', () => {
    const { events } = decode(
      begin,
      streamed(
        { jsonPath: '$.city', stringValue: 'New', willContinue: true },
        { jsonPath: '$.city', stringValue: ' "York"' },
        { jsonPath: '$.days', numberValue: 3 },
        { jsonPath: '$.exact', boolValue: false },
        { jsonPath: '$.none', nullValue: null },
      ),
      stop,
    );
    expect(deltas(events)).toEqual(['{', '"city":"New', ' \\"York\\""', ',"days":3', ',"exact":false', ',"none":null', '}']);
    expect(callsOf(events)).toEqual([{ name: 'f', arguments: right({ city: 'New "York"', days: 3, exact: false, none: null }) }]);
  });

  it('keeps back what a container left before may still change', () => {
    const { events } = decode(
      begin,
      streamed(
        { jsonPath: '$.a.list[0]', stringValue: 'x' },
        { jsonPath: '$.b', numberValue: 1 },
        { jsonPath: '$.a.list[1]["c d"]', stringValue: 'y', willContinue: true },
        { jsonPath: "$.a['it\\'s \"so\"']", boolValue: true },
        { jsonPath: '$.a.list[1]["c d"]', stringValue: 'z' },
      ),
      stop,
    );
    expect(deltas(events)[1]).toBe('"a":{"list":["x"');
    expect(callsOf(events)).toEqual([{ name: 'f', arguments: right({ a: { list: ['x', { 'c d': 'yz' }], 'it\'s "so"': true }, b: 1 }) }]);
  });

  it('ends a string with a field that says no more of it, once or twice', () => {
    const open = { jsonPath: '$.a', stringValue: 'x', willContinue: true };
    const { events } = decode(begin, streamed(open, { jsonPath: '$.a' }, { jsonPath: '$.a', stringValue: '' }), stop);
    expect(callsOf(events)).toEqual([{ name: 'f', arguments: right({ a: 'x' }) }]);
  });

  it('writes nothing into a string that goes on for the second time', () => {
    const piece = (stringValue: string, more = true) => ({ jsonPath: '$.a', stringValue, willContinue: more });
    const { events } = decode(begin, streamed(piece('x'), piece('y'), { jsonPath: '$.b', numberValue: 1 }, piece('z', false)), stop);
    expect(deltas(events)).toEqual(['{', '"a":"x', 'y', 'z","b":1}']);
    expect(callsOf(events)).toEqual([{ name: 'f', arguments: right({ a: 'xyz', b: 1 }) }]);
  });

  it('takes no notice of a number or a Boolean that is said again', () => {
    const twice = [
      { jsonPath: '$.a', numberValue: 1.5 },
      { jsonPath: '$.b', boolValue: false },
    ];
    const { events } = decode(begin, streamed(...twice, ...twice), stop);
    expect(callsOf(events)).toEqual([{ name: 'f', arguments: right({ a: 1.5, b: false }) }]);
  });

  it('ends the string that was kept back with the call', () => {
    const open = { jsonPath: '$.c', stringValue: 'x', willContinue: true };
    const { events } = decode(begin, streamed({ jsonPath: '$.a.b', numberValue: 1 }, open), stop);
    expect(callsOf(events)).toEqual([{ name: 'f', arguments: right({ a: { b: 1 }, c: 'x' }) }]);
  });

  it('begins the next call where another name or id comes, though the last was not ended', () => {
    const part = (name: string, more: object) =>
      say(call({ name, partialArgs: [{ jsonPath: '$.a', numberValue: 1 }], willContinue: true, ...more }));
    const names = (...parts: unknown[]) => callsOf(decode(...parts, stop).events).map((one) => one.name);
    expect(names(part('f', { id: '1' }), part('f', { id: '2' }))).toEqual(['f', 'f']);
    // The one that never ended is told last, as incomplete.
    expect(callsOf(decode(part('f', {}), part('g', {}), stop).events)).toMatchObject([
      { name: 'g', arguments: right({ a: 1 }) },
      { name: 'f', arguments: { _tag: 'Left', left: { code: 'incomplete' } } },
    ]);
    expect(names(say(call({ id: '1', name: 'f', willContinue: true })), say(call({ id: '1', name: 'f', willContinue: true })))).toEqual([
      'f',
    ]);
  });

  it('takes a call that says nothing for none', () => {
    expect(decode(say({ text: 'Hi' }, call({})), stop).events.map(({ type }) => type)).toEqual(
      decode(say({ text: 'Hi' }), stop).events.map(({ type }) => type),
    );
  });

  it('sends the call back whole, with its signature', () => {
    const { events } = decode(
      say(call({ name: 'f', willContinue: true }, { thoughtSignature: 'sig' })),
      streamed({ jsonPath: '$.a', stringValue: '1' }),
      stop,
    );
    expect(nativeOf(events)?.parts).toEqual([{ functionCall: { name: 'f', args: { a: '1' } }, thoughtSignature: 'sig' }]);
  });

  it('closes a call without a last word where the model stopped regularly, and nowhere else', () => {
    const open = say(call({ name: 'f', partialArgs: [{ jsonPath: '$.a', numberValue: 1 }], willContinue: true }));
    expect(callsOf(decode(open, stop).events)).toEqual([{ name: 'f', arguments: right({ a: 1 }) }]);
    const long = decode(open, { candidates: [{ finishReason: 'MAX_TOKENS' }] });
    expect(callsOf(long.events)).toMatchObject([{ arguments: { _tag: 'Left', left: { code: 'incomplete' } } }]);
  });

  const unplaced: ReadonlyArray<[string, unknown[]]> = [
    [
      'a field of a string',
      [
        { jsonPath: '$.a', stringValue: 'x' },
        { jsonPath: '$.a.b', numberValue: 1 },
      ],
    ],
    [
      'a field that came before',
      [
        { jsonPath: '$.a', stringValue: 'x' },
        { jsonPath: '$.a', stringValue: 'y' },
      ],
    ],
    [
      'a value in the place of an object',
      [
        { jsonPath: '$.a.b', stringValue: 'x' },
        { jsonPath: '$.a', stringValue: 'y' },
      ],
    ],
    [
      'an item of an object',
      [
        { jsonPath: '$.a.b', stringValue: 'x' },
        { jsonPath: '$.a[0]', stringValue: 'y' },
      ],
    ],
    [
      'a field of an array',
      [
        { jsonPath: '$.a[0]', stringValue: 'x' },
        { jsonPath: '$.a.b', stringValue: 'y' },
      ],
    ],
    ['a name in quotes that is no string', [{ jsonPath: '$["\\x"]', numberValue: 1 }]],
    [
      'a number in the middle of a string',
      [
        { jsonPath: '$.a', stringValue: 'x', willContinue: true },
        { jsonPath: '$.a', numberValue: 1, stringValue: 'y' },
      ],
    ],
    ...[{ stringValue: 'x' }, { stringValue: 'x', willContinue: true }, { numberValue: 1 }, { boolValue: true }].flatMap((first) =>
      [{ numberValue: 0 }, { boolValue: false }].map((second): [string, unknown[]] => [
        `${JSON.stringify(first)} and then ${JSON.stringify(second)} in one place`,
        [first, second].map((value) => ({ jsonPath: '$.a', ...value })),
      ]),
    ),
    ['nothing in the place of an object', [{ jsonPath: '$.a.b', numberValue: 1 }, { jsonPath: '$.a' }]],
    ['an item after a gap', [{ jsonPath: '$.a[7]', numberValue: 1 }]],
    ['a path that names many places', [{ jsonPath: '$.a[*]', numberValue: 1 }]],
    ['a path to nowhere', [{ jsonPath: 'a', numberValue: 1 }]],
    ['a path too deep', [{ jsonPath: `$${'.a'.repeat(600)}`, numberValue: 1 }]],
    ['no value', [{ jsonPath: '$.a' }]],
  ];
  for (const [what, args] of unplaced) {
    it(`never runs a call with ${what}`, () => {
      const { events, error } = decode(begin, streamed(...args), stop);
      expect(error).toBeUndefined();
      expect(codes(events)).toContain('partial-argument-unplaced');
      expect(callsOf(events)).toMatchObject([{ arguments: { _tag: 'Left' } }]);
    });
  }

  it('bounds them, also what is kept back', () => {
    const long = { jsonPath: '$.c', stringValue: 'x'.repeat(100), willContinue: true };
    const args = [{ jsonPath: '$.a.b', numberValue: 1 }, { jsonPath: '$.d', numberValue: 1 }, long, long];
    const { error } = decodeFrames([frame(begin), frame(streamed(...args))], { maxArgumentLength: 120 });
    expect(error).toBeInstanceOf(LimitError);
  });

  it('law: whatever the order of the fields, the arguments are those that were said, in pieces that join', () => {
    const { jsonObject, fragments } = arbitraries(fc);
    const drawn = jsonObject().chain((value) => {
      const lanes = leavesOf(value, '$').map(({ path, leaf }) =>
        typeof leaf === 'string' && leaf !== ''
          ? fragments(leaf).map((pieces) =>
              pieces.map((stringValue, i) => ({ jsonPath: path, stringValue, ...(i < pieces.length - 1 && { willContinue: true }) })),
            )
          : fc.constant([{ jsonPath: path, ...wireValue(leaf) }]),
      );
      return fc.tuple(fc.constant(value), fc.tuple(...lanes), fc.boolean(), fc.array(fc.nat(7), { minLength: 1, maxLength: 20 }));
    });
    fc.assert(
      fc.property(drawn, ([value, lanes, inOrder, picks]) => {
        const args = inOrder || JSON.stringify(value).includes('[') ? lanes.flat() : shuffled(lanes, picks);
        const { events, error } = decode(begin, streamed(...args), stop);
        expect(error).toBeUndefined();
        expect(callsOf(events)).toEqual([{ name: 'f', arguments: right(withoutEmpty(value)) }]);
      }),
      { numRuns: process.env.CI ? 800 : 200 },
    );
  });
});

/** Every string, number, boolean and null, with its place. */
function leavesOf(value: Json, path: string): Array<{ path: string; leaf: Json }> {
  if (typeof value !== 'object' || value === null) return [{ path, leaf: value }];
  if (Array.isArray(value)) return value.filter(hasLeaf).flatMap((item, i) => leavesOf(item, `${path}[${i}]`));
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child as Json, `${path}[${JSON.stringify(key)}]`));
}

const hasLeaf = (value: Json): boolean => leavesOf(value, '').length > 0;

/** Paths lead to values only: what holds none is not said. */
function withoutEmpty(value: Json): Json {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  if (Array.isArray(value)) return value.filter(hasLeaf).map(withoutEmpty);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => (hasLeaf(child as Json) ? [[key, withoutEmpty(child as Json)]] : [])),
  );
}

function wireValue(leaf: Json): object {
  if (typeof leaf === 'string') return { stringValue: leaf };
  if (typeof leaf === 'number') return { numberValue: leaf };
  return typeof leaf === 'boolean' ? { boolValue: leaf } : { nullValue: null };
}

function shuffled<T>(lanes: ReadonlyArray<readonly T[]>, picks: readonly number[]): T[] {
  const left = lanes.map((lane) => [...lane]);
  const row: T[] = [];
  for (let i = 0; left.some((lane) => lane.length > 0); i++) {
    const open = left.filter((lane) => lane.length > 0);
    const next = open[(picks[i % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) row.push(next);
  }
  return row;
}

describe('gemini: endings', () => {
  it('reads a prompt that was refused as content-filter, with what came', () => {
    const { events, error } = decode({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 3 } });
    expect(error).toBeUndefined();
    expect(events).toContainEqual({ type: 'finish-reason', reason: 'content-filter', raw: 'PROHIBITED_CONTENT' });
    expect(events).toContainEqual({ type: 'provider-event', name: 'promptFeedback', data: { blockReason: 'PROHIBITED_CONTENT' } });
    expect(events.at(-1)).toMatchObject({ type: 'round-end', reason: 'content-filter', usage: { inputTokens: 3 } });
  });

  const reasons = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content-filter', RECITATION: 'content-filter', SPII: 'content-filter' };
  const others = { MALFORMED_FUNCTION_CALL: 'error', UNEXPECTED_TOOL_CALL: 'error', OTHER: 'other', LANGUAGE: 'other', FAKE_ENUM: 'other' };
  for (const [raw, reason] of Object.entries({ ...reasons, ...others })) {
    it(`reads ${raw} as ${reason}`, () => {
      const { events } = decode({ candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: raw }] });
      expect(events).toContainEqual({ type: 'finish-reason', reason, raw });
    });
  }

  it('takes the last word where each chunk has one (google-streaming-unknown-enum)', () => {
    const { events } = decode(
      { candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' }] },
      { candidates: [{ content: { parts: [{ text: 'b' }] }, finishReason: 'SAFETY' }] },
    );
    expect(events.map(({ type }) => type)).toEqual(['round-start', 'text-delta', 'text-delta', 'finish-reason', 'round-end']);
    expect(events.at(-1)).toMatchObject({ reason: 'content-filter', message: { content: 'ab' } });
  });

  it('is interrupted where no word came, with what there was', () => {
    const { error } = decode(say({ text: 'Hal' }));
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial.text).toBe('Hal');
  });

  it('survives a lost connection after the finish reason', () => {
    const frames = function* () {
      yield frame(say({ text: 'a' }));
      yield frame(stop);
      throw new Error('lost');
    };
    const { events, error } = decodeFrames(frames());
    expect(error).toBeUndefined();
    expect(codes(events)).toEqual(['cut-after-finish']);
    expect(events.at(-1)).toMatchObject({ type: 'round-end', cut: true });
  });

  it('reads a torn last frame as an interruption', () => {
    const { error } = decodeFrames([frame(say({ text: 'a' })), { data: '{"candidates":[{"cont', unterminated: true }]);
    expect(error).toBeInstanceOf(InterruptedError);
  });
});

describe('gemini: errors', () => {
  const error = { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' };
  const bodies: ReadonlyArray<[string, Frame[]]> = [
    ['in a frame', [frame(say({ text: 'a' })), frame({ error })]],
    ['in a list', [frame([{ error }])]],
    [
      'as a JSON document',
      JSON.stringify([{ error }], null, 1)
        .split('\n')
        .map((data) => ({ data, stray: true as const })),
    ],
    ['as an item of the array form', runStage(jsonArrayParser(), [JSON.stringify([{ error }], null, 2)]).values],
  ];
  for (const [where, frames] of bodies) {
    it(`raises one that comes ${where}`, () => {
      const raised = decodeFrames(frames).error as ProviderError;
      expect(raised).toBeInstanceOf(ProviderError);
      expect(raised).toMatchObject({ providerCode: 'UNAVAILABLE', status: 503, retryable: true });
    });
  }

  it('says where a frame is wrong, or skips it', () => {
    const wrong = frame({ candidates: [{ content: { parts: [{ text: 5 }] } }] });
    const { error } = decodeFrames([wrong]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect(String(error)).toMatch(/candidates.*text.*got number 5/);
    const skipped = decodeFrames([wrong, frame(say({ text: 'a' })), frame(stop)], { onMalformed: 'skip' });
    expect(skipped.error).toBeUndefined();
    expect(codes(skipped.events)).toEqual(['frame-skipped']);
  });

  it('says so where the server ignored `alt=sse`', () => {
    const lines = JSON.stringify([say({ text: 'a' }), stop], null, 1).split('\n');
    const { error } = decodeFrames(lines.map((data) => ({ data, stray: true as const })));
    expect(String(error)).toMatch(/read it with `parseJsonArray\(\)`/);
  });
});

describe('gemini: what the vocabulary has no word for', () => {
  it('comes as provider events, and goes out again', () => {
    const code = { language: 'PYTHON', code: 'print(1)' };
    const grounding = { webSearchQueries: ['q'] };
    const { events } = decode(
      say({ executableCode: code }, { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n' } }),
      { candidates: [{ finishReason: 'STOP', groundingMetadata: grounding, safetyRatings: [] }], createTime: 'now' },
      { candidates: [{ groundingMetadata: grounding }] },
    );
    const provided = events.filter((event) => event.type === 'provider-event');
    expect(provided.map(({ name, data }) => [name, data])).toEqual([
      ['executableCode', code],
      ['codeExecutionResult', { outcome: 'OUTCOME_OK', output: '1\n' }],
      ['groundingMetadata', grounding],
    ]);
    const frames = runStage(gemini.encoder(), events as ModelEvent[]).values;
    expect(decodeFrames(frames).events.filter((event) => event.type === 'provider-event')).toEqual(provided);
  });

  it('says signatures as provider events: before what they sign, within a call with its id', () => {
    const { events } = decode(
      say({ text: 'hm', thought: true, thoughtSignature: 's0' }),
      say({ text: 'a', thoughtSignature: 's1' }, { text: '', thoughtSignature: 's2' }),
      say({ executableCode: { code: '1' }, thoughtSignature: 's3' }),
      say(call({ name: 'f', args: {}, id: 'c1' }, { thoughtSignature: 's4' })),
      stop,
    );
    const said = events.map((event) => (event.type === 'provider-event' && event.name === 'thoughtSignature' ? event.data : event.type));
    expect(said.slice(1, 12)).toEqual([
      { thoughtSignature: 's0', on: 'thought' },
      'reasoning-delta',
      { thoughtSignature: 's1', on: 'text' },
      'text-delta',
      { thoughtSignature: 's2', on: 'nothing' },
      { thoughtSignature: 's3', on: 'executableCode' },
      'provider-event',
      'tool-call-start',
      'tool-call-delta',
      { thoughtSignature: 's4', callId: 'c1' },
      'tool-call-end',
    ]);
    const again = decodeFrames(runStage(gemini.encoder(), events as ModelEvent[]).values);
    expect(nativeOf(again.events)).toEqual(nativeOf(events));
  });

  it('writes a signature whose text never came on an empty part', () => {
    const signature: ModelEvent = { type: 'provider-event', name: 'thoughtSignature', data: { thoughtSignature: 's', on: 'text' } };
    const end: ModelEvent = { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } };
    const { events } = decodeFrames(runStage(gemini.encoder(), [signature, end]).values);
    expect(nativeOf(events)?.parts).toEqual([{ text: '', thoughtSignature: 's' }]);
  });

  it('keeps signatures on their parts, an empty one too, and joins the text between', () => {
    const { events } = decode(
      say({ text: 'think', thought: true }),
      say({ text: 'a' }),
      say({ text: 'b' }, { text: '' }),
      say({ text: '', thoughtSignature: 's1' }),
      say(call({ name: 'f', args: {} }, { thoughtSignature: 's2' })),
      stop,
    );
    expect(nativeOf(events)?.parts).toEqual([
      { text: 'think', thought: true },
      { text: 'ab' },
      { text: '', thoughtSignature: 's1' },
      { functionCall: { name: 'f', args: {} }, thoughtSignature: 's2' },
    ]);
  });
});

describe('gemini: requests', () => {
  const body = (messages: readonly Message[], more = {}) => gemini.encodeRequest({ messages, ...more }, { model: 'gemini-2.5-flash' }).body;

  it('goes to the model, with the key in its header', () => {
    expect(gemini.encodeRequest({ messages: [] }, { model: 'gemini-2.5-flash' }).path).toBe(
      '/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    );
    expect(gemini.encodeRequest({ messages: [] }, { model: 'publishers/google/models/m' }).path).toBe(
      '/publishers/google/models/m:streamGenerateContent?alt=sse',
    );
    expect(gemini.authHeaders('k')).toEqual({ 'x-goog-api-key': 'k' });
  });

  it('writes instructions, texts, images, tools and limits', () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', url: 'data:image/png;base64,AAAA' },
          { type: 'image', url: 'https://example.com/a.JPG?x' },
          { type: 'image', url: 'data:image/svg+xml,%3Csvg/%3E' },
        ],
      },
    ];
    const tools = [{ name: 'look', description: 'Looks.', inputSchema: { type: 'object' } }];
    const limits = { maxOutputTokens: 9, temperature: 0, topP: 1, stop: ['.'], seed: 1, choices: 2 };
    const extra = { generationConfig: { thinkingConfig: { includeThoughts: true } }, tools: [{ googleSearch: {} }], labels: { a: 'b' } };
    expect(body(messages, { tools, toolChoice: { name: 'look' }, ...limits, extra })).toEqual({
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'What is this?' },
            { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
            { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.com/a.JPG?x' } },
            { inlineData: { mimeType: 'image/svg+xml', data: 'PHN2Zy8+' } },
          ],
        },
      ],
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      tools: [
        { functionDeclarations: [{ name: 'look', description: 'Looks.', parametersJsonSchema: { type: 'object' } }] },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
      generationConfig: {
        maxOutputTokens: 9,
        temperature: 0,
        topP: 1,
        stopSequences: ['.'],
        seed: 1,
        candidateCount: 2,
        thinkingConfig: { includeThoughts: true },
      },
      labels: { a: 'b' },
    });
    const modes = (['auto', 'none', 'required'] as const).map((toolChoice) => body([], { tools, toolChoice }).toolConfig);
    expect(modes).toEqual(['AUTO', 'NONE', 'ANY'].map((mode) => ({ functionCallingConfig: { mode } })));
  });

  it('gives the server its own parts back, and the results in one turn in the order of the calls', () => {
    const { events } = decode(
      say({ text: 'Let me see.', thoughtSignature: 's0' }),
      say(call({ name: 'add', args: { a: 1 } }, { thoughtSignature: 's1' }), call({ id: 'given', name: 'mul', args: { a: 2 } })),
      stop,
    );
    const end = events.find((event) => event.type === 'round-end');
    const [first, second] = end?.message.toolCalls ?? [];
    const messages: Message[] = [
      { role: 'user', content: 'Go.' },
      ...(end ? [end.message] : []),
      { role: 'tool', toolCallId: second?.id ?? '', name: 'mul', content: 'it broke', isError: true },
      { role: 'tool', toolCallId: first?.id ?? '', name: 'add', content: '{"sum":3}' },
      { role: 'user', content: 'And?' },
    ];
    expect(body(messages).contents).toEqual([
      { role: 'user', parts: [{ text: 'Go.' }] },
      {
        role: 'model',
        parts: [
          { text: 'Let me see.', thoughtSignature: 's0' },
          { functionCall: { name: 'add', args: { a: 1 } }, thoughtSignature: 's1' },
          { functionCall: { id: 'given', name: 'mul', args: { a: 2 } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'add', response: { output: { sum: 3 } } } },
          { functionResponse: { id: 'given', name: 'mul', response: { error: 'it broke' } } },
        ],
      },
      { role: 'user', parts: [{ text: 'And?' }] },
    ]);
  });

  it("writes what another dialect's model said: bad arguments as an empty object, no empty turn", () => {
    const messages: Message[] = [
      { role: 'assistant', content: '' },
      {
        role: 'assistant',
        content: 'Hm.',
        toolCalls: [
          { id: 'a', name: 'f', argumentsText: '{"x":' },
          { id: 'b', name: 'f', argumentsText: '' },
          { id: 'c', name: 'f', argumentsText: '{"x":1}' },
        ],
        native: { dialect: 'other', message: {} },
      },
    ];
    const args = [{}, {}, { x: 1 }];
    const calls = args.map((written, i) => ({ functionCall: { id: 'abc'[i], name: 'f', args: written } }));
    expect(body(messages).contents).toEqual([{ role: 'model', parts: [{ text: 'Hm.' }, ...calls] }]);
  });
});

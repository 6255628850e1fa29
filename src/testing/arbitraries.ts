import type fastCheck from 'fast-check';
import type { ModelEvent } from '../events.ts';
import type { Json } from '../values.ts';
import type { OpenAiChatStyle } from './openai-chat-bytes.ts';
import { type ScriptedStep, spellOut } from './script.ts';
import { splitBytes } from './splits.ts';

/** fast-check, as `import fc from 'fast-check'` gives it. */
export type FastCheck = typeof fastCheck;

/** A fast-check arbitrary. */
export type Arbitrary<T> = fastCheck.Arbitrary<T>;

/** What a drawn round may contain. */
export interface RoundShape {
  /** The fewest calls. Default 2. */
  readonly minCalls?: number;
  /** The most calls. Default 4. */
  readonly maxCalls?: number;
  /** What the calls' arguments are. Default: any JSON object. */
  readonly arguments?: Arbitrary<Json>;
}

/** Arbitraries of what a streaming model says; see {@link arbitraries}. */
export interface Arbitraries {
  /** Any JSON value: escapes, characters beyond ASCII, lone surrogates, `__proto__` as a key, deep nesting. */
  json(): Arbitrary<Json>;
  /** JSON objects, as arguments mostly are. */
  jsonObject(): Arbitrary<Json>;
  /** A value as JSON text, written in one of the many ways JSON allows: indented, padded, escaped. */
  jsonText(value?: Arbitrary<Json>): Arbitrary<string>;
  /** A text in pieces, cut anywhere, between the halves of a surrogate pair too. Joined they are the text; none is empty. */
  fragments(text: string): Arbitrary<string[]>;
  /** Bytes in chunks, cut anywhere, within a character too. */
  chunks(bytes: Uint8Array): Arbitrary<Uint8Array[]>;
  /**
   * The events of one well-formed round, as `decode` emits them: `round-start`, then text, reasoning and calls whose fragments
   * may be interleaved with each other and with text, then `finish-reason`, perhaps `usage`, and `round-end`.
   */
  round(shape?: RoundShape): Arbitrary<ModelEvent[]>;
  /** A way of writing this round with `openAiChatBytes` that can still be told apart: no missing ids where calls interleave, for one. */
  openAiChatStyle(round: readonly ModelEvent[]): Arbitrary<OpenAiChatStyle>;
}

/**
 * fast-check arbitraries for pipelines over model events. fast-check is handed in, so that this entry point works without it.
 *
 * @param fc fast-check, version 3 or later.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { arbitraries } from 'toolstream/testing';
 *
 * const { round } = arbitraries(fc);
 * fc.assert(fc.property(round({ minCalls: 2 }), (events) => events.filter((event) => event.type === 'tool-call-start').length >= 2));
 * console.log('every round had two calls'); // every round had two calls
 * ```
 */
export function arbitraries(fc: FastCheck): Arbitraries {
  if (typeof fc?.property !== 'function') {
    throw new TypeError(
      "arbitraries: hand in fast-check itself: `npm install --save-dev fast-check`, `import fc from 'fast-check'`, `arbitraries(fc)`.",
    );
  }
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\n', 'é', '漢字', '👩‍🚀', '\ud83d', '</s>', '\u2028'),
  );
  const key = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', '') });
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      number,
      text,
      fc.array(tie('json'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }).map((entries): Json => Object.fromEntries(entries)),
    ),
  }));
  const jsonObject = fc.array(fc.tuple(key, json), { maxLength: 5 }).map((entries): Json => Object.fromEntries(entries));

  const jsonText = (value: Arbitrary<Json> = json): Arbitrary<string> =>
    fc
      .tuple(value, fc.constantFrom(0, 2, '\t'), fc.constantFrom('', ' ', '\n', ' \r\n\t'), fc.constantFrom('', ' ', '\n'), fc.boolean())
      .map(([drawn, indent, before, after, escaped]) => {
        const written = JSON.stringify(drawn, null, indent);
        return before + (escaped ? escapeBeyondAscii(written) : written) + after;
      });

  const fragments = (whole: string): Arbitrary<string[]> =>
    fc.array(fc.integer({ min: 1, max: Math.max(1, whole.length - 1) }), { maxLength: 12 }).map((cuts) => cutText(whole, cuts));

  const chunks = (bytes: Uint8Array): Arbitrary<Uint8Array[]> =>
    fc.oneof(
      fc.constantFrom('whole' as const, 'single' as const).map((split) => splitBytes(bytes, split)),
      fc.array(fc.nat(bytes.length), { maxLength: 24 }).map((at) => splitBytes(bytes, { at })),
    );

  const round = (shape: RoundShape = {}): Arbitrary<ModelEvent[]> => {
    const call = fc
      .tuple(fc.constantFrom(...TOOL_NAMES), jsonText(shape.arguments ?? jsonObject))
      .chain(([name, argumentsText]) => fragments(argumentsText).map((pieces) => ({ name, pieces })));
    const said = fc.oneof(
      text.map((drawn): ModelEvent => ({ type: 'text-delta', text: drawn || ' ' })),
      text.map((drawn): ModelEvent => ({ type: 'reasoning-delta', text: drawn || ' ' })),
    );
    return fc
      .record({
        calls: fc.array(call, { minLength: shape.minCalls ?? 2, maxLength: Math.max(shape.maxCalls ?? 4, shape.minCalls ?? 2) }),
        said: fc.array(said, { maxLength: 6 }),
        interleaved: fc.boolean(),
        order: fc.array(fc.nat(97), { minLength: 1, maxLength: 40 }),
        responseId: fc.constantFrom('resp_1', 'resp_ü'),
        usage: fc.boolean(),
      })
      .map(composeRound);
  };

  const openAiChatStyle = (events: readonly ModelEvent[]): Arbitrary<OpenAiChatStyle> =>
    fc
      .record<OpenAiChatStyle>({
        ids: fc.constantFrom('first', 'every', 'none'),
        indexes: fc.constantFrom('given', 'zero', 'none'),
        names: fc.constantFrom('whole', 'pieces'),
        lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
        comments: fc.boolean(),
        padding: fc.boolean(),
        ending: fc.constantFrom('done', 'eof'),
      })
      .map((style) => (canBeToldApart(events, style) ? style : { ...style, ids: 'first', indexes: 'given' }));

  return { json: () => json, jsonObject: () => jsonObject, jsonText, fragments, chunks, round, openAiChatStyle };
}

const TOOL_NAMES = ['get_weather', 'search', 'add', 'find-flights'] as const;

interface DrawnRound {
  readonly calls: ReadonlyArray<{ readonly name: string; readonly pieces: readonly string[] }>;
  readonly said: readonly ModelEvent[];
  readonly interleaved: boolean;
  readonly order: readonly number[];
  readonly responseId: string;
  readonly usage: boolean;
}

/** Lays the lanes (what is said, and each call) into one row, in an order that a wire can have: calls begin in the order of their index. */
function composeRound(drawn: DrawnRound): ModelEvent[] {
  const lanes: ModelEvent[][] = [
    [...drawn.said],
    ...drawn.calls.map(({ name, pieces }, index): ModelEvent[] => {
      const callId = `call_${index}`;
      const deltas = pieces.map((text): ModelEvent => ({ type: 'tool-call-delta', callId, index, text }));
      return [{ type: 'tool-call-start', callId, index, name }, ...deltas];
    }),
  ];
  const row: ScriptedStep[] = [{ type: 'round-start', responseId: drawn.responseId, model: 'drawn' }];
  let begun = 0;
  for (let step = 0; lanes.some((lane) => lane.length > 0); step++) {
    const open = lanes.filter((lane, i) => lane.length > 0 && (i === 0 || i <= begun + 1));
    // One call after the other, unless they interleave: what is said may always come between.
    const choices = drawn.interleaved ? open : [...open.slice(0, lanes[0]?.length ? 2 : 1)];
    const lane = choices[(drawn.order[step % drawn.order.length] ?? 0) % choices.length] ?? [];
    begun = Math.max(begun, lanes.indexOf(lane));
    const event = lane.shift();
    if (event) row.push(event);
  }
  const reason = drawn.calls.length > 0 ? 'tool-calls' : 'stop';
  row.push({ type: 'finish-reason', reason, raw: reason === 'stop' ? 'stop' : 'tool_calls' });
  if (drawn.usage) {
    const usage = { inputTokens: 7, outputTokens: 11, totalTokens: 18 };
    row.push({ type: 'usage', usage, raw: { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 } });
  }
  return spellOut(row, () => 0) as ModelEvent[];
}

/** Whether a reader can still know which fragment belongs to which call. */
function canBeToldApart(events: readonly ModelEvent[], { ids, indexes, names }: OpenAiChatStyle): boolean {
  if (ids === 'every' || (ids === 'first' && indexes === 'given')) return true;
  if (names === 'pieces' && indexes === 'none') return false;
  const calls = events.filter((event) => event.type === 'tool-call-start');
  let newest = -1;
  for (const event of events) {
    if (event.type === 'tool-call-start') newest = event.index;
    else if (event.type === 'tool-call-delta' && event.index !== newest && indexes !== 'given') return false;
  }
  // Without ids, an identical call is a replay, and only another name tells calls apart before their arguments come.
  return ids === 'first' || new Set(calls.map((call) => call.name)).size === calls.length;
}

function cutText(text: string, cuts: readonly number[]): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const to of [...[...cuts].sort((a, b) => a - b), text.length]) {
    if (to <= from || to > text.length) continue;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

function escapeBeyondAscii(json: string): string {
  return json.replace(/[^\x20-\x7e\s]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

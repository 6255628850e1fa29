import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { Dialect, Framing } from '../../src/dialects/dialect.ts';
import * as shop from '../../src/dialects/index.ts';
import { isToolstreamError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import { checkedBounds } from '../../src/json/bounds.ts';
import { partialArgumentsStage } from '../../src/json/partial-arguments.ts';
import type { Message } from '../../src/messages.ts';
import { ndjsonParser } from '../../src/ndjson/parser.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage, type Stage } from '../../src/stage.ts';
import { reasoningExtractor } from '../../src/text/reasoning.ts';
import { textCallExtractor } from '../../src/text/text-calls.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

export const dialects: readonly Dialect[] = Object.values(shop).filter(
  (given): given is Dialect => typeof given === 'object' && given !== null && 'encodeRequest' in given && 'encoder' in given,
);

/** One body, and how it is read. */
export interface FuzzCase {
  readonly dialect: string;
  readonly framing: Framing;
  readonly skip: boolean;
  readonly bytes: Uint8Array;
  /** Where the bytes are cut, ascending. */
  readonly cuts: readonly number[];
}

/** A body to start from. */
export interface Seed {
  readonly dialect: string;
  readonly framing: Framing;
  readonly bytes: Uint8Array;
}

const PARSERS: { readonly [framing in Framing]: () => Stage<Uint8Array | string, Frame> } = {
  sse: () => sseParser(),
  ndjson: () => ndjsonParser(),
  messages: () => ndjsonParser(),
  'json-array': () => jsonArrayParser(),
};

/** The n-th case of a seed. */
export function caseOf(seeds: readonly Seed[], seed: number, n: number): FuzzCase {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ n);
  for (let warm = 0; warm < 4; warm++) random.next();
  const from = random.of(seeds);
  const bytes = mutate(from.bytes, random.of(seeds).bytes, random);
  const cuts = Array.from({ length: random.below(12) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
  // Now and then what is read is not what was asked for.
  const read = random.below(8) === 0 ? random.of(seeds) : from;
  return {
    dialect: random.below(16) === 0 ? random.of(dialects).name : read.dialect,
    framing: read.framing,
    skip: random.below(2) === 0,
    bytes,
    cuts,
  };
}

/** Reads a case in every way there is; throws where something is not as it must be. */
export function check(given: FuzzCase): void {
  const whole = read(given, [given.bytes]);
  const pieces = read(given, piecesOf(given));
  assertEqual(JSON.stringify(pieces.events), JSON.stringify(whole.events), 'events differ under another split');
  assertEqual(String(pieces.error), String(whole.error), 'errors differ under another split');
  if (whole.error !== undefined && !isToolstreamError(whole.error)) throw whole.error;
  const { events } = whole;
  if ('polluted' in {} || 'x' in {}) throw new Error('a prototype was changed');
  checkCalls(events);
  checkText(events);
  checkWriting(events, given);
}

function read({ dialect, framing, skip }: FuzzCase, chunks: Iterable<Uint8Array>): { events: ModelEvent[]; error: unknown } {
  const frames = runStage(PARSERS[framing](), chunks);
  if (frames.error !== undefined && !isToolstreamError(frames.error)) throw frames.error;
  const found = dialects.find(({ name }) => name === dialect) as Dialect;
  const source = function* () {
    yield* frames.values;
    if (frames.error !== undefined) throw frames.error;
  };
  const { values, error } = runStage<Frame, ModelEvent>(found.decoder({ onMalformed: skip ? 'skip' : 'error' }), source());
  return { events: values, error };
}

function* piecesOf({ bytes, cuts }: FuzzCase): Generator<Uint8Array> {
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

function checkCalls(events: readonly ModelEvent[]): void {
  const { values, error } = runStage<ModelEvent, ModelEvent | ToolCall>(toolCallAccumulator<ModelEvent>(), events);
  if (error !== undefined) throw error;
  const starts = events.filter((event) => event.type === 'tool-call-start' && !event.choice);
  const calls = values.filter((event): event is ToolCall => event.type === 'tool-call');
  assertEqual(calls.length, starts.length, 'each call that began is told once');
  const views = runStage<ModelEvent, ModelEvent>(partialArgumentsStage<ModelEvent>(checkedBounds({})), events);
  if (views.error !== undefined) throw views.error;
  for (const call of calls) {
    if (call.arguments._tag === 'Left') continue;
    const text = call.argumentsText.trim() === '' ? '{}' : call.argumentsText;
    assertEqual(JSON.stringify(call.arguments.right), JSON.stringify(JSON.parse(text)), 'arguments are what JSON.parse says');
  }
}

const TOOLS = [
  { name: 'f', inputSchema: { type: 'object' } },
  { name: 'get_weather', inputSchema: { type: 'object', properties: { city: { type: 'string' } } } },
] as const;

/** The text of a model, once more as calls and reasoning that it writes as text. */
function checkText(events: readonly ModelEvent[]): void {
  for (const stage of [textCallExtractor<ModelEvent>({ tools: TOOLS }), reasoningExtractor<ModelEvent>({})]) {
    const { values, error } = runStage<ModelEvent, ModelEvent>(stage as Stage<ModelEvent, ModelEvent>, events);
    if (error !== undefined) throw error;
    JSON.stringify(values);
  }
}

/** Every dialect can write what came, and send it back. */
function checkWriting(events: readonly ModelEvent[], { bytes }: FuzzCase): void {
  const end = events.find((event) => event.type === 'round-end');
  const other = dialects[bytes.length % dialects.length] as Dialect;
  const written = runStage<ModelEvent, Frame>(other.encoder(), events);
  if (written.error !== undefined) throw written.error;
  const again = runStage<Frame, ModelEvent>(other.decoder(), written.values);
  if (again.error !== undefined && (end || !isToolstreamError(again.error))) throw again.error;
  if (!end) return;
  const results = (end.message.toolCalls ?? []).map(({ id, name }): Message => ({ role: 'tool', toolCallId: id, name, content: 'ok' }));
  for (const dialect of dialects) JSON.stringify(dialect.encodeRequest({ messages: [end.message, ...results] }, { model: 'm' }).body);
}

function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (actual === expected) return;
  throw new Error(`${what}: ${String(actual).slice(-300)} is not ${String(expected).slice(-300)}`);
}

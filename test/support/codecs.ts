import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/calls/call.ts';
import type { Dialect, EncoderOptions, Expression } from '../../src/dialects/dialect.ts';
import type { Diagnostic, FinishReason, ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import type { AssistantMessage } from '../../src/messages.ts';
import { ndjsonParser } from '../../src/ndjson/parser.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage, type Stage } from '../../src/stage.ts';
import { type Arbitraries, arbitraries, type Split, splitBytes } from '../../src/testing/index.ts';
import type { Json } from '../../src/values.ts';
import { figure } from './figures.ts';
import { moreThan } from './reach.ts';

const draw: Arbitraries = arbitraries(fc);

/** How a dialect's frames become bytes, and bytes its frames. */
export interface Wire {
  readonly frame: (frames: readonly Frame[]) => Uint8Array;
  /** A fresh parser: one per body. */
  readonly parse: () => Stage<Uint8Array, Frame>;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Server-Sent Events. */
export const sseWire: Wire = {
  frame: (frames) => utf8(frames.map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`).join('')),
  parse: () => sseParser(),
};

/** One JSON value a line. */
export const ndjsonWire: Wire = { frame: (frames) => utf8(frames.map(({ data }) => `${data}\n`).join('')), parse: () => ndjsonParser() };

/** One JSON array around all. */
export const jsonArrayWire: Wire = {
  frame: (frames) => utf8(`[${frames.map(({ data }) => data).join(',\n')}]`),
  parse: () => jsonArrayParser(),
};

/** How a dialect is framed. A message of a socket holds no line break, so lines stand for messages. */
export const wireOf = ({ framing }: Dialect): Wire =>
  ({ sse: sseWire, ndjson: ndjsonWire, 'json-array': jsonArrayWire, messages: ndjsonWire })[framing];

/** Events → frames → bytes, as a server of the dialect sends them. */
export function written(dialect: Dialect, wire: Wire, events: Iterable<ModelEvent>, options?: EncoderOptions): Uint8Array {
  const { values, error } = runStage(dialect.encoder(options), events);
  if (error !== undefined) throw error;
  return wire.frame(values);
}

/** Bytes in chunks → frames → events. */
export function readBack(dialect: Dialect, wire: Wire, chunks: Iterable<Uint8Array>): ModelEvent[] {
  const frames = runStage(wire.parse(), chunks);
  if (frames.error !== undefined) throw frames.error;
  const { values, error } = runStage(dialect.decoder({ callIdSeed: 'law' }), frames.values);
  if (error !== undefined) throw error;
  return values;
}

/** What both wires have words for. */
export function common(...dialects: readonly Dialect[]): ReadonlySet<Expression> {
  const [first, ...others] = dialects;
  return new Set([...(first?.expresses ?? [])].filter((word) => others.every(({ expresses }) => expresses.has(word))));
}

/** `id` is the call's name and arguments where the wire has no ids. */
export interface NormalCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What an answer says, in a form in which two answers can be compared. */
export interface NormalAnswer {
  /** By kind and choice: `text 0`. */
  readonly said: Readonly<Record<string, string>>;
  /** The same and the arguments in their order, neighbours joined; empty where a wire does not keep the order. */
  readonly row: ReadonlyArray<readonly [kind: string, text: string]>;
  readonly calls: readonly NormalCall[];
  readonly finish: Readonly<Record<string, FinishReason>>;
  readonly usage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined } | undefined;
  readonly ended: boolean;
}

const KINDS = { 'text-delta': 'text', 'reasoning-delta': 'reasoning', 'refusal-delta': 'refusal' } as const;

/**
 * Joins and leaves out what a wire may say otherwise: sizes of pieces, ids it has no word for, the spelling of arguments, provider's words.
 * What `expresses` does not list is left out as a whole.
 */
export function normalise(events: Iterable<ModelEvent>, expresses: ReadonlySet<Expression>): NormalAnswer {
  const said: Record<string, string> = {};
  const row: Array<[string, string]> = [];
  const calls: Array<{ id: string; name: string; arguments: string; space: string }> = [];
  const finish: Record<string, FinishReason> = {};
  let usage: NormalAnswer['usage'];
  let ended = false;
  const add = (kind: string, text: string) => {
    const last = row.at(-1);
    if (text === '') return;
    if (last?.[0] === kind) last[1] += text;
    else row.push([kind, text]);
  };
  for (const event of events) {
    const choice = event.choice ?? 0;
    if (choice > 0 && !expresses.has('choices')) continue;
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta': {
        // Where a wire has no word for a refusal it is written as text.
        const kind = event.type === 'refusal-delta' && !expresses.has('refusal') ? 'text' : KINDS[event.type];
        if (kind !== 'text' && !expresses.has(kind)) break;
        said[`${kind} ${choice}`] = (said[`${kind} ${choice}`] ?? '') + event.text;
        add(`${kind} ${choice}`, event.text);
        break;
      }
      case 'tool-call-start':
        calls[event.index] = { id: event.callId, name: event.name, arguments: '', space: '' };
        break;
      case 'tool-call-delta': {
        const call = calls[event.index];
        if (!call) break;
        call.arguments += event.text;
        // White space goes with what comes after it: behind the last piece, a wire whose calls have an end may have no room for it.
        const text = call.space + event.text;
        const kept = text.replace(/[ \t\n\r]+$/, '');
        call.space = text.slice(kept.length);
        add(`arguments of ${event.callId}`, kept);
        break;
      }
      case 'finish-reason':
        finish[choice] ??= event.reason;
        break;
      case 'usage':
        if (expresses.has('usage')) usage = { inputTokens: event.usage.inputTokens, outputTokens: event.usage.outputTokens };
        break;
      case 'round-end':
        ended = true;
        break;
      default:
    }
  }
  const keys = new Map<string, string>();
  for (const call of calls) {
    call.arguments = spelledAlike(call.arguments);
    const key = expresses.has('call-ids') ? call.id : `${call.name} ${call.arguments}`;
    keys.set(`arguments of ${call.id}`, `arguments of ${key}`);
    call.id = key;
  }
  for (const piece of row) piece[0] = keys.get(piece[0]) ?? piece[0];
  const keepsOrder = expresses.has('call-fragments') && expresses.has('interleaved-calls') && expresses.has('text-beside-calls');
  return { said, row: keepsOrder ? row : [], calls: calls.map(({ space, ...call }) => call), finish, usage, ended };
}

/**
 * The same, whatever the order of the calls: a decoder numbers calls as they begin, but one whose name may come in pieces is told of only with
 * its first argument, and whoever writes that down again writes it in this order.
 */
export function inAnyOrder(answer: NormalAnswer): NormalAnswer {
  return { ...answer, calls: [...answer.calls].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Blank arguments are `{}`; what is no JSON stays as it is. */
function spelledAlike(text: string): string {
  return text.trim() === '' ? spelledAlike('{}') : (canonicalJson(text) ?? text);
}

/** Arguments that never go without escapes and characters beyond ASCII: some in a name, some in a value. */
const spiced = fc
  .tuple(draw.jsonObject(), fc.constantFrom('"é"', '\\漢', '\n👩‍🚀', '\ud83d"\\'), fc.string({ unit: 'binary' }), fc.boolean())
  .map(([object, spice, more, first]): Json => {
    const field = { [`${spice}é"`]: `${spice}${more}` };
    return first ? { ...field, ...(object as object) } : { ...(object as object), ...field };
  });

/**
 * A round as `decode` emits it, with at least two calls (`minCalls`), each with escapes and characters beyond ASCII in its arguments, and with what not every dialect has: a refusal, and a second choice.
 * Where a wire has no ids an equal call would be a repeat, so there the calls differ.
 */
export function drawnConversation(expresses: ReadonlySet<Expression>, minCalls = 2): fc.Arbitrary<ModelEvent[]> {
  return fc
    .tuple(
      draw.round({ minCalls, ...(minCalls > 0 && { arguments: spiced }) }),
      fc.option(fc.string({ unit: 'binary', minLength: 1 })),
      fc.option(fc.string({ minLength: 1 })),
    )
    .map(([round, refusal, second]) => withMore(round, refusal ?? '', second ?? ''))
    .filter((events) => expresses.has('call-ids') || callsDiffer(events));
}

/** A way of cutting any bytes. */
export const drawnSplit: fc.Arbitrary<Split> = fc.oneof(
  fc.constantFrom<Split[]>('whole', 'single'),
  fc.array(fc.nat(6000), { maxLength: 24 }).map((at) => ({ at })),
);

function withMore(round: readonly ModelEvent[], refusal: string, second: string): ModelEvent[] {
  return round.flatMap((event): ModelEvent[] => {
    if (event.type === 'finish-reason') {
      return [
        ...(refusal === '' ? [] : [{ type: 'refusal-delta', text: refusal } as const]),
        ...(second === '' ? [] : [{ type: 'text-delta', text: second, choice: 1 } as const]),
        event,
        ...(second === '' ? [] : [{ type: 'finish-reason', reason: 'stop', raw: 'stop', choice: 1 } as const]),
      ];
    }
    if (event.type === 'round-end' && refusal !== '') return [{ ...event, message: { ...event.message, refusal } }];
    return [event];
  });
}

function callsDiffer(events: readonly ModelEvent[]): boolean {
  const { calls } = normalise(events, new Set());
  return new Set(calls.map((call) => `${call.name} ${call.arguments}`)).size === calls.length;
}

/** The message that goes back says what the events said. */
export function expectMessageAsSaid(events: readonly ModelEvent[]): void {
  const ids = new Set<Expression>(['call-ids', 'reasoning', 'refusal']);
  const { said, calls } = normalise(events, ids);
  const end = events.at(-1);
  const message: AssistantMessage | undefined = end?.type === 'round-end' ? end.message : undefined;
  expect({
    text: message?.content ?? '',
    reasoning: message?.reasoning ?? '',
    refusal: message?.refusal ?? '',
    calls: (message?.toolCalls ?? []).map(({ id, name, argumentsText }) => ({ id, name, arguments: spelledAlike(argumentsText) })),
  }).toEqual({ text: said['text 0'] ?? '', reasoning: said['reasoning 0'] ?? '', refusal: said['refusal 0'] ?? '', calls });
}

/** Diagnostics of a wire that we wrote ourselves: none but made-up ids. */
export function oddities(events: readonly ModelEvent[]): string[] {
  const diagnostics = events.filter((event): event is Diagnostic => event.type === 'diagnostic');
  return diagnostics.map(({ code, message }) => `${code}: ${message}`).filter((line) => !line.startsWith('id-synthesised'));
}

/** Where a wire marks the end of a call, each call has one, after its last piece. */
export function expectEnds(events: readonly ModelEvent[], expresses: ReadonlySet<Expression>): void {
  if (!expresses.has('call-end')) return;
  const open = new Set<number>();
  for (const event of events) {
    if (event.type === 'tool-call-start') open.add(event.index);
    if (event.type === 'tool-call-delta') expect(open.has(event.index), `call ${event.index} is open when a piece of it comes`).toBe(true);
    if (event.type === 'tool-call-end') expect(open.delete(event.index), `call ${event.index} ends once`).toBe(true);
  }
  expect([...open], 'calls left open').toEqual([]);
}

/** Counts events by type and says so after the tests; fails where one that is wanted never came. */
export function eventCoverage(law: string, wanted: readonly ModelEvent['type'][]) {
  const met = new Map<string, number>();
  let streams = 0;
  afterAll(() => {
    figure(`law-${law}`, { streams, met: Object.fromEntries([...met].sort(([a], [b]) => a.localeCompare(b))) });
    for (const type of wanted) expect(met.get(type) ?? 0, `${law}: events of type ${type} met`).toBeGreaterThan(moreThan(0));
  });
  return (events: Iterable<ModelEvent>): void => {
    streams++;
    for (const { type } of events) met.set(type, (met.get(type) ?? 0) + 1);
  };
}

/** The types of event that a wire gives back. */
export function expressible(expresses: ReadonlySet<Expression>): ModelEvent['type'][] {
  const always: ModelEvent['type'][] = ['round-start', 'text-delta', 'tool-call-start', 'tool-call-delta', 'finish-reason', 'round-end'];
  return [
    ...always,
    ...(expresses.has('reasoning') ? (['reasoning-delta'] as const) : []),
    ...(expresses.has('refusal') ? (['refusal-delta'] as const) : []),
    ...(expresses.has('usage') ? (['usage'] as const) : []),
    ...(expresses.has('call-end') ? (['tool-call-end'] as const) : []),
  ];
}

/** More runs where there is time for them. */
export const codecRuns = (base: number) => ({ numRuns: process.env.CI ? base * 4 : base });

/** `decode ∘ encode = identity`, on what the dialect expresses, under any split of the bytes. Call it in a test file of the dialect. */
export function describeCodecLaw(dialect: Dialect, wire: Wire = wireOf(dialect), options?: EncoderOptions): void {
  const { expresses } = dialect;
  describe(`law: ${dialect.name}: decode ∘ encode = identity`, () => {
    const count = eventCoverage(`${dialect.name}, decode ∘ encode`, expressible(expresses));

    const holdsFor = (events: readonly ModelEvent[], split: Split) => {
      const back = readBack(dialect, wire, splitBytes(written(dialect, wire, events, options), split));
      expect(normalise(back, expresses)).toEqual(normalise(events, expresses));
      expect(oddities(back)).toEqual([]);
      expectMessageAsSaid(back);
      expectEnds(back, expresses);
      count(back);
    };

    it('for any conversation with at least two calls, however its bytes are split', () => {
      fc.assert(fc.property(drawnConversation(expresses), drawnSplit, holdsFor), codecRuns(150));
    });

    it('for any conversation with fewer calls, or none', () => {
      fc.assert(fc.property(drawnConversation(expresses, 0), drawnSplit, holdsFor), codecRuns(60));
    });
  });
}

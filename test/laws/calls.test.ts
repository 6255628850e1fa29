import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calls as chunk, done, finish, read } from '../calls/support.ts';
import { draw, runs } from './support.ts';

/** The liberties that servers take with the marks of a call, and with saying everything again at the end. */
interface Habits {
  readonly ids: 'first' | 'every' | 'late' | 'none';
  readonly indexes: 'from 0' | 'from 1' | 'all 0' | 'none';
  /** `with arguments`: in one fragment. `every`: on each fragment. `so far`: all of it that there is, each time. */
  readonly names: 'first' | 'with arguments' | 'every' | 'pieces' | 'so far' | 'late';
  readonly summary: 'none' | 'same marks' | 'ids alone' | 'counted' | 'no marks' | 'no marks, one by one';
  readonly interleaved: boolean;
  readonly order: readonly number[];
}

interface DrawnCall {
  readonly name: string;
  readonly pieces: readonly string[];
}

const habits: fc.Arbitrary<Habits> = fc.record({
  ids: fc.constantFrom('first', 'every', 'late', 'none'),
  indexes: fc.constantFrom('from 0', 'from 1', 'all 0', 'none'),
  names: fc.constantFrom('first', 'with arguments', 'every', 'pieces', 'so far', 'late'),
  summary: fc.constantFrom('none', 'same marks', 'ids alone', 'counted', 'no marks', 'no marks, one by one'),
  interleaved: fc.boolean(),
  order: fc.array(fc.nat(97), { minLength: 1, maxLength: 20 }),
});

const drawnCall: fc.Arbitrary<DrawnCall> = fc
  .tuple(fc.constantFrom('add', 'sub', 'get_weather', 'a'), draw.jsonText(draw.jsonObject()))
  .chain(([name, text]) => draw.fragments(text).map((pieces) => ({ name, pieces })));

const textOf = ({ pieces }: DrawnCall) => pieces.join('');

/** Whether somebody who sees only the wire can know which calls were meant. */
function canBeToldApart(drawn: readonly DrawnCall[], { ids, indexes, names, summary, interleaved }: Habits): boolean {
  const identified = ids === 'first' || ids === 'every';
  const indexed = indexes === 'from 0' || indexes === 'from 1';
  const meanings = drawn.map((call) => `${call.name} ${JSON.stringify(JSON.parse(textOf(call)))}`);
  const equals = new Set(meanings).size < meanings.length;
  if (interleaved && ids !== 'every' && !indexed) return false;
  if (equals && !identified && !indexed) return false;
  // Which of two equal calls is said again?
  if (equals && summary !== 'none' && summary !== 'same marks' && !(identified && summary === 'ids alone')) return false;
  // Another count begins, and nothing else says that these are the same calls.
  if (!identified && indexes === 'from 1' && summary === 'counted') return false;
  if (identified || indexed) return true;
  if (ids === 'late' || names === 'late' || names === 'so far') return false;
  return names !== 'pieces' || indexes === 'all 0';
}

/** The calls as chunks, in the order that `order` says. */
function wireOf(drawn: readonly DrawnCall[], { ids, indexes, names, summary, interleaved, order }: Habits): object[] {
  const indexOf = (i: number) => ({ 'from 0': i, 'from 1': i + 1, 'all 0': 0, none: undefined })[indexes];
  const lanes = drawn.map(({ name, pieces }, i) => {
    const lane: object[] = [];
    const say = (named: string | undefined, text: string | undefined) => {
      const withId = ids === 'every' || (ids === 'first' && lane.length === 0) || (ids === 'late' && lane.length === 1);
      lane.push({ index: indexOf(i), id: withId ? `id${i}` : null, type: 'function', function: { name: named, arguments: text } });
    };
    const rest = [...pieces];
    const [head, tail] = [name.slice(0, 2), name.slice(2)];
    if (names === 'late') {
      say(undefined, rest.shift());
      say(name, rest.shift() ?? '');
    } else if (names === 'with arguments') {
      say(name, rest.shift());
    } else if ((names === 'pieces' || names === 'so far') && tail !== '') {
      say(head, '');
      say(names === 'pieces' ? tail : name, '');
    } else {
      say(name, '');
    }
    for (const piece of rest) say(names === 'every' ? name : undefined, piece);
    if (ids === 'late' && lane.length === 1) say(undefined, '');
    return lane;
  });
  const again = (withId: boolean, index: (i: number) => number | undefined) =>
    drawn.map((call, i) => ({ index: index(i), id: withId ? `id${i}` : '', function: { name: call.name, arguments: textOf(call) } }));
  const summaries: Record<Habits['summary'], () => object[]> = {
    none: () => [],
    'same marks': () => again(ids !== 'none', indexOf).map((one) => chunk(one)),
    'ids alone': () => [chunk(...again(true, () => undefined))],
    counted: () => [chunk(...again(ids !== 'none', (i) => i))],
    'no marks': () => [chunk(...again(false, () => undefined))],
    'no marks, one by one': () => again(false, () => undefined).map((one) => chunk(one)),
  };
  return [...inOneRow(lanes, interleaved, order).map((one) => chunk(one)), ...summaries[summary]()];
}

/** Fragments of all calls in a row; calls begin in their order. */
function inOneRow(lanes: readonly object[][], interleaved: boolean, order: readonly number[]): object[] {
  const row: object[] = [];
  let begun = -1;
  for (let step = 0; lanes.some((lane) => lane.length > 0); step++) {
    const open = lanes.filter((lane, i) => lane.length > 0 && i <= begun + 1);
    const lane = open[interleaved ? (order[step % order.length] ?? 0) % open.length : 0] ?? [];
    begun = Math.max(begun, lanes.indexOf(lane));
    row.push(...lane.splice(0, 1));
  }
  return row;
}

/** An end comes once, after the last of a whole call's arguments. @returns how many there are. */
function expectEnds(events: ReturnType<typeof read>['events']): number {
  const texts = new Map<string, string>();
  const ended = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'tool-call-delta') texts.set(event.callId, (texts.get(event.callId) ?? '') + event.text);
    if (event.type !== 'tool-call-end') continue;
    expect(ended.has(event.callId)).toBe(false);
    ended.set(event.callId, texts.get(event.callId) ?? '');
  }
  for (const [callId, text] of ended) {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(texts.get(callId)?.slice(text.length)).toMatch(/^[ \t\n\r]*$/);
  }
  return ended.size;
}

describe('law: the calls that come out are those that went in, wherever the wire tells them apart', () => {
  it('whichever marks are missing, late, repeated or wrong, and whatever is said again at the end', () => {
    const met = new Set<string>();
    let ends = 0;
    fc.assert(
      fc.property(fc.array(drawnCall, { minLength: 1, maxLength: 4 }), habits, (drawn, how) => {
        fc.pre(canBeToldApart(drawn, how));
        const { calls, events, error } = read([...wireOf(drawn, how), finish(), done]);
        const found = [...calls].sort((a, b) => a.index - b.index);
        expect(error).toBeUndefined();
        // White space after a call that is confirmed is no part of it any more.
        expect(found.map((call) => [call.name, call.argumentsText.trim()])).toEqual(drawn.map((call) => [call.name, textOf(call).trim()]));
        expect(found.every((call) => call.arguments._tag === 'Right')).toBe(true);
        if (how.ids === 'first' || how.ids === 'every') expect(found.map((call) => call.callId)).toEqual(drawn.map((_, i) => `id${i}`));
        ends += expectEnds(events);
        met.add(`ids ${how.ids}, indexes ${how.indexes}`).add(`names ${how.names}`).add(`summary ${how.summary}`);
      }),
      runs(1500),
    );
    console.info(`calls: met ${[...met].sort().join('; ')}`);
    // Where the next call's name came before its arguments.
    expect(ends).toBeGreaterThan(100);
    // All but late ids without indexes, which nobody could tell apart.
    expect(met.size).toBe(4 * 4 - 2 + 6 + 6);
  });
});

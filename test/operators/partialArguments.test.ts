import fc from 'fast-check';
import { EMPTY, endWith, map, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { accumulateToolCalls } from '../../operators/accumulateToolCalls.ts';
import { partialArguments } from '../../operators/partialArguments.ts';
import type { AnswerEvent, AnyEvent, ModelEvent, RoundEnd, TextDelta, ToolCallDelta } from '../../src/events.ts';
import { checkedBounds } from '../../src/json/bounds.ts';
import { partialArgumentsStage, type WithPartialArguments } from '../../src/json/partial-arguments.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { cutAt, jsonTexts } from '../json/arbitraries.ts';
import { describeCompliance } from '../support/compliance.ts';

const start = (callId = 'x', index = 0): ModelEvent => ({ type: 'tool-call-start', callId, index, name: 'weather' });
const delta = (text: string, callId = 'x', index = 0): ToolCallDelta => ({ type: 'tool-call-delta', callId, index, text });
const roundEnd: RoundEnd = { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } };
const text: TextDelta = { type: 'text-delta', text: 'Wait' };

/** The views of the deltas, copied as they pass. */
function views(events: readonly AnyEvent[], bounds = {}): Array<Json | undefined> {
  const seen: Array<Json | undefined> = [];
  const stage = partialArgumentsStage<ModelEvent>(checkedBounds(bounds));
  for (const event of events) {
    for (const out of runStage({ transform: stage.transform.bind(stage) }, [event as ModelEvent]).values) {
      if (out.type === 'tool-call-delta') seen.push(structuredClone(out.partial) as Json | undefined);
    }
  }
  return seen;
}

describe('partialArguments', () => {
  it('shows plain text that stands alone as it grows', () => {
    expect(views([start(), delta('"SELECT \\'), delta('"a\\" {'), delta('"')])).toEqual(['SELECT ', 'SELECT "a" {', 'SELECT "a" {']);
    expect(views([start(), delta('""')])).toEqual(['']);
  });

  it('adds to each delta the arguments so far, and passes all else', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ hot, expectObservable, expectSubscriptions }) => {
      const [a, b] = [delta('{"city":"Han'), delta('oi"}')];
      const values = { s: start(), a, b, t: text, e: roundEnd };
      const source$ = hot<ModelEvent>('s-a-t-b-e|', values);
      const result = '                 s-A-t-B-e|';
      const subscribed = '             ^--------!';
      const result$ = source$.pipe(
        partialArguments(),
        map((event) => structuredClone(event)),
      );
      expectObservable(result$).toBe(result.trim(), {
        ...values,
        A: { ...a, partial: { city: 'Han' } },
        B: { ...b, partial: { city: 'Hanoi' } },
      });
      expectSubscriptions(source$.subscriptions).toBe(subscribed.trim());
    });
  });

  it('passes every other event as the same object', () => {
    const events: AnyEvent[] = [start(), text, { type: 'my-own-event' }, roundEnd];
    const { values } = runStage(partialArgumentsStage(checkedBounds({})), events);
    expect(values.every((value, i) => value === events[i])).toBe(true);
  });

  it('shows one live object for each call', () => {
    const events = [delta('{"a":', 'x'), delta('[', 'y', 1), delta('1}', 'x'), delta('2]', 'y', 1)];
    const partials = runStage(partialArgumentsStage<ToolCallDelta>(checkedBounds({})), events).values.map(({ partial }) => partial);
    expect(partials[0]).toBe(partials[2]);
    expect(partials[1]).toBe(partials[3]);
    expect(partials[0]).toEqual({ a: 1 });
    expect(partials[1]).toEqual([2]);
  });

  it('tells calls apart by round, choice and id', () => {
    const other = (event: ToolCallDelta, more: object) => ({ ...event, ...more });
    const events = [
      delta('{"a":1,'),
      other(delta('["choice"'), { choice: 1 }),
      other(delta('["round"'), { round: 2 }),
      delta('"b":2}'),
      other(delta(']'), { choice: 1 }),
      other(delta(']'), { round: 2 }),
    ];
    expect(views(events).slice(3)).toEqual([{ a: 1, b: 2 }, ['choice'], ['round']]);
  });

  it('begins anew with the round, and keeps other rounds', () => {
    const restarted: ModelEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
    expect(views([delta('{"a":1'), restarted, delta('{"b":2}')])).toEqual([{}, { b: 2 }]);
    expect(views([delta('{"a":1'), roundEnd, delta('{"b":2}')])).toEqual([{}, { b: 2 }]);
    expect(views([delta('{"a":1'), { type: 'round-start' }, delta('{"b":2}')])).toEqual([{}, { b: 2 }]);
    expect(views([delta('{"a":1'), { ...roundEnd, round: 7 } as ModelEvent, delta('}')])).toEqual([{}, { a: 1 }]);
  });

  it('stays at what was valid where the arguments stop being JSON', () => {
    expect(views([delta('{"a":"x",'), delta('}'), delta('"b":1}')])).toEqual([{ a: 'x' }, { a: 'x' }, { a: 'x' }]);
  });

  it('stays within its bounds', () => {
    expect(views([delta('[["x"]]')], { maxDepth: 1 })).toEqual([[]]);
    expect(views([delta('["a'), delta('bc'), delta('"]')], { maxArgumentLength: 4 })).toEqual([['a'], ['a'], ['a']]);
    expect(() => partialArguments({ maxDepth: -1 })).toThrow('maxDepth is -1: give a number, 0 or more.');
    expect(() => partialArguments({ maxArgumentLength: Number.NaN })).toThrow(RangeError);
  });

  it('takes padding after the tool-call for a part of the same view', () => {
    const call: AnswerEvent = {
      type: 'tool-call',
      callId: 'x',
      index: 0,
      name: 'weather',
      argumentsText: '{}',
      arguments: { _tag: 'Right', right: {} },
    };
    expect(views([delta('{"a":1}'), call as AnyEvent, delta(' ')])).toEqual([{ a: 1 }, { a: 1 }]);
  });

  it('law: the last view of a call equals JSON.parse of its fragments', () => {
    fc.assert(
      fc.property(jsonTexts, fc.array(fc.nat()), (json, cuts) => {
        const pieces = cutAt(`[${json}]`, cuts);
        expect(views(pieces.map((piece) => delta(piece))).at(-1)).toEqual(JSON.parse(pieces.join('')));
      }),
    );
  });

  it('works before and after accumulateToolCalls', () => {
    const events = [start(), delta('{"city":"Ha'), delta('noi"}'), text, roundEnd];
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable }) => {
      const source$ = cold<ModelEvent>('(abcde|)', Object.fromEntries(events.map((event, i) => ['abcde'[i], event])));
      const copy = map((event: AnyEvent) => structuredClone(event));
      expectObservable(source$.pipe(partialArguments(), accumulateToolCalls(), copy)).toEqual(
        source$.pipe(accumulateToolCalls(), partialArguments(), copy),
      );
    });
  });

  it('types a delta with its view, and nothing else', () => {
    type Out = WithPartialArguments<ToolCallDelta | TextDelta>;
    expectTypeOf<Extract<Out, { type: 'tool-call-delta' }>['partial']>().toEqualTypeOf<Json | undefined>();
    expectTypeOf<Extract<Out, { type: 'text-delta' }>>().toEqualTypeOf<TextDelta>();
    const result$ = EMPTY.pipe(endWith<ModelEvent>(text), partialArguments());
    expectTypeOf(result$).toEqualTypeOf<Observable<WithPartialArguments<ModelEvent>>>();
  });
});

describeCompliance('partialArguments', {
  operator: () => partialArguments(),
  inputs: [start(), delta('{"city":"Ha'), text, delta('noi"}'), roundEnd],
  // A live view goes on growing: compare what it was.
  view: (value) => structuredClone(value),
});

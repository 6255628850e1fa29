import fc from 'fast-check';
import { from } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { selectArgument } from '../../operators/selectArgument.ts';
import type { AnyEvent, ModelEvent, RoundEnd, ToolCall, ToolCallDelta } from '../../src/events.ts';
import type { ArgumentEvent } from '../../src/json/argument-events.ts';
import { argumentSelector } from '../../src/json/argument-selector.ts';
import { checkedBounds } from '../../src/json/bounds.ts';
import type { JsonPath } from '../../src/json/field-reader.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';
import { cutAt, jsonTexts, nearlyJson } from '../json/arbitraries.ts';
import { describeCompliance } from '../support/compliance.ts';

const start = (callId = 'x', name = 'write_file'): ModelEvent => ({ type: 'tool-call-start', callId, index: 0, name });
const delta = (text: string, callId = 'x'): ToolCallDelta => ({ type: 'tool-call-delta', callId, index: 0, text });
const end = (callId = 'x'): ModelEvent => ({ type: 'tool-call-end', callId, index: 0 });
const roundEnd: RoundEnd = { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } };

const select = (path: JsonPath, events: readonly AnyEvent[], bounds = {}): ArgumentEvent[] =>
  runStage(argumentSelector('write_file', path, checkedBounds(bounds)), events).values;

/** What was told, in one word each. */
function told(path: JsonPath, ...pieces: string[]): unknown[] {
  return select(path, [start(), ...pieces.map((piece) => delta(piece)), roundEnd]).map(short);
}

function short(event: ArgumentEvent): unknown {
  switch (event.type) {
    case 'argument-start':
      return 'start';
    case 'argument-delta':
      return event.text;
    case 'argument-item':
      return [event.index, event.value];
    case 'argument-end':
      return event.value._tag === 'Right' ? { end: event.value.right } : { cut: event.value.left.code };
  }
}

describe('selectArgument: the input of a tool of plain text', () => {
  it('is the same whether the text stands alone or in its field', () => {
    expect(told(['input'], '"SELECT \\"a', '\\n1"')).toEqual(['start', 'SELECT "a', '\n1', { end: 'SELECT "a\n1' }]);
    expect(told(['input'], '{"input":"SELECT \\"a', '\\n1"}')).toEqual(['start', 'SELECT "a', '\n1', { end: 'SELECT "a\n1' }]);
    expect(told(['input'], ' ', '\n"', '{\\"input\\"', '"')).toEqual(['start', '{"input"', { end: '{"input"' }]);
    expect(told(['input'], '""')).toEqual(['start', { end: '' }]);
    expect(told(['input'], '"SEL')).toEqual(['start', 'SEL', { cut: 'incomplete' }]);
  });

  it('is no other field, and no other value', () => {
    expect(told(['sql'], '"SELECT 1"')).toEqual([]);
    expect(told(['input', 'sql'], '"SELECT 1"')).toEqual([]);
    expect(told(['input'], '["a"]')).toEqual([]);
    expect(told(['input'], ' ')).toEqual([]);
  });
});

describe('selectArgument', () => {
  it('streams a string as it is written', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ hot, expectObservable, expectSubscriptions }) => {
      const inputs = {
        s: start(),
        a: delta('{"path":"a.md","content":"# Ti'),
        b: delta('tle\\n'),
        t: { type: 'text-delta' },
        c: delta('"}'),
      };
      const of = { callId: 'x', name: 'write_file', path: ['content'] };
      const source$ = hot<AnyEvent>('s-a----b-t-c-|', inputs);
      const result = '               --(SA)-B---E-|';
      const subscribed = '           ^------------!';
      expectObservable(source$.pipe(selectArgument('write_file', 'content'))).toBe(result.trim(), {
        S: { type: 'argument-start', ...of },
        A: { type: 'argument-delta', ...of, text: '# Ti' },
        B: { type: 'argument-delta', ...of, text: 'tle\n' },
        E: { type: 'argument-end', ...of, value: { _tag: 'Right', right: '# Title\n' } },
      });
      expectSubscriptions(source$.subscriptions).toBe(subscribed.trim());
    });
  });

  it('emits the items of an array, each when it is complete', () => {
    expect(told(['items'], '{"items":[{"a":1', '},2', ',"x', 'y",[]', ']}')).toEqual([
      'start',
      [0, { a: 1 }],
      [1, 2],
      [2, 'xy'],
      [3, []],
      { end: [{ a: 1 }, 2, 'xy', []] },
    ]);
  });

  it.each<[string, JsonPath, string, unknown[]]>([
    ['an object', ['a'], '{"a":{"b":["c"]}}', ['start', { end: { b: ['c'] } }]],
    ['a number', ['a'], '{"a":12}', ['start', { end: 12 }]],
    ['null', ['a'], '{"b":true,"a":null}', ['start', { end: null }]],
    ['an empty string', ['a'], '{"a":""}', ['start', { end: '' }]],
    ['an empty array', ['a'], '{"a":[]}', ['start', { end: [] }]],
    [
      'a field on the way, in an array',
      ['files', 1, 'content'],
      '{"files":[{"content":"a"},{"x":[9],"content":"b"}]}',
      ['start', 'b', { end: 'b' }],
    ],
    ['a place in an array, after values of every kind', [5], '["a",1,{"a":[]},[1,2],true,"f",7]', ['start', 'f', { end: 'f' }]],
    ['the whole arguments', [], '[1]', ['start', [0, 1], { end: [1] }]],
    ['no field of that name', ['a'], '{"b":"a"}', []],
    ['no field of a deeper object', ['a'], '{"b":{"a":"x"},"c":[{"a":"y"}]}', []],
    ['no place in an object, no key in an array', [0], '{"0":"x"}', []],
    ['no key in an array', ['0'], '["x"]', []],
    ['a way that ends early', ['a', 'b'], '{"a":"x"}', []],
    ['a key written as escapes', ['a"é'], '{"\\u0061\\"\\u00e9":"x"}', ['start', 'x', { end: 'x' }]],
    ['a key named __proto__', ['__proto__'], '{"__proto__":"x"}', ['start', 'x', { end: 'x' }]],
    ['a repeated field: the last counts', ['a'], '{"a":"x","a":"y"}', ['start', 'x', { end: 'x' }, 'start', 'y', { end: 'y' }]],
  ])('finds %s', (_, path, json, expected) => {
    expect(told(path, json)).toEqual(expected);
    // Cut to characters, a string comes in more pieces and no more differs.
    const joined = (all: unknown[]) => [
      all.filter((one) => typeof one !== 'string' || one === 'start'),
      all.filter((one) => typeof one === 'string').join(''),
    ];
    expect(joined(told(path, ...json))).toEqual(joined(expected));
  });

  it('gives never half a surrogate pair', () => {
    expect(told(['a'], '{"a":"\\uD83D', '\\uDE00 \uD83D', '\uDE00\\ud83d', '"}')).toEqual([
      'start',
      '😀 ',
      '😀',
      '\uD83D',
      { end: '😀 😀\uD83D' },
    ]);
  });

  it('reads only the calls of its tool, and tells parallel calls apart', () => {
    const events = [
      start('x'),
      start('y'),
      start('z', 'other'),
      delta('{"a":"1', 'x'),
      delta('{"a":"2', 'y'),
      delta('{"a":"3"}', 'z'),
      delta('"', 'x'),
    ];
    expect(select(['a'], events).map((event) => [event.callId, short(event)])).toEqual([
      ['x', 'start'],
      ['x', '1'],
      ['y', 'start'],
      ['y', '2'],
      ['x', { end: '1' }],
      ['y', { cut: 'interrupted' }],
    ]);
  });

  it('tells rounds and choices apart, and stamps its events with them', () => {
    const events = [start(), { ...start(), round: 2, choice: 1 }, delta('{"a":"x'), { ...delta('{"a":"y"'), round: 2, choice: 1 }];
    const ends = select(['a'], events).filter((event) => event.type === 'argument-end');
    expect(ends.map(({ round, choice, ...event }) => [round, choice, short(event)])).toEqual([
      [2, 1, { end: 'y' }],
      [undefined, undefined, { cut: 'interrupted' }],
    ]);
  });

  const left = { _tag: 'Left', left: { code: 'too-long', message: 'long' } } as const;
  const call: ToolCall = { type: 'tool-call', callId: 'x', index: 0, name: 'write_file', argumentsText: '', arguments: left };

  it.each<[string, AnyEvent[], string]>([
    ['the JSON breaks', [delta('\n')], 'invalid-json'],
    ['the call ends', [end()], 'incomplete'],
    ['the round ends', [roundEnd], 'incomplete'],
    ['the round was cut', [{ ...roundEnd, cut: true } as AnyEvent], 'interrupted'],
    ['the round is asked again', [{ type: 'round-restarted' }], 'interrupted'],
    ['another round starts', [{ type: 'round-start' }], 'interrupted'],
    ['the stream ends', [], 'interrupted'],
    ['the call comes as a failure', [call], 'too-long'],
  ])('ends the field without a value when %s first', (_, events, code) => {
    const after = [delta('more"}'), roundEnd];
    expect(select(['a'], [start(), delta('{"a":"x'), ...events, ...(events.length > 0 ? after : [])]).map(short)).toEqual([
      'start',
      'x',
      { cut: code },
    ]);
  });

  it('goes on with a call whose start is repeated', () => {
    expect(select(['a'], [start(), delta('{"a":"x'), start(), delta('y"}')]).map(short)).toEqual(['start', 'x', 'y', { end: 'xy' }]);
  });

  it('says nothing of a field that did not begin', () => {
    expect(told(['a'], '{"b":1,}')).toEqual([]);
    expect(told(['a'], '{"a"')).toEqual([]);
  });

  it('ends what is open before it passes an error on', () => {
    const boom = new Error('boom');
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable }) => {
      const of = { callId: 'x', name: 'write_file', path: ['a'] };
      const cut = { code: 'interrupted', message: 'The stream was cut before this field was complete.' };
      const source$ = cold<AnyEvent>('s-a---#', { s: start(), a: delta('{"a":"x') }, boom);
      expectObservable(source$.pipe(selectArgument('write_file', 'a'))).toBe(
        '--(SA)(E#)',
        {
          S: { type: 'argument-start', ...of },
          A: { type: 'argument-delta', ...of, text: 'x' },
          E: { type: 'argument-end', ...of, value: { _tag: 'Left', left: cut } },
        },
        boom,
      );
    });
  });

  it('stays within its bounds', () => {
    const events = [start(), delta('{"a":"x'), delta('yz')];
    expect(select(['a'], events, { maxArgumentLength: 7 }).map(short)).toEqual(['start', 'x', { cut: 'too-long' }]);
    expect(select(['a'], [start(), delta('{"a":[[')], { maxDepth: 2 }).map(short)).toEqual(['start', { cut: 'too-deep' }]);
  });

  it('takes a key alone or a path of keys and places, from 0', () => {
    const events = [start(), delta('{"a":["x"]}'), roundEnd];
    const through = (path: string | JsonPath) => {
      const values: unknown[] = [];
      from(events)
        .pipe(selectArgument('write_file', path))
        .subscribe((event) => values.push(short(event)));
      return values;
    };
    expect(through(['a', 0])).toEqual(['start', 'x', { end: 'x' }]);
    expect(through('a')).toEqual(through(['a']));
    expect(through('a')).not.toEqual([]);
  });

  it('refuses a path and bounds that are none, at the call', () => {
    expect(() => selectArgument('write_file', [-1])).toThrow(
      'selectArgument: -1 is no step of a path: give keys as strings, places in arrays as whole numbers from 0.',
    );
    expect(() => selectArgument('write_file', ['a', 1.5])).toThrow(TypeError);
    expect(() => selectArgument('write_file', 'a', { maxDepth: -1 })).toThrow(RangeError);
  });

  it('law: under every split the field equals the one of JSON.parse, its pieces and items too', () => {
    fc.assert(
      fc.property(
        jsonTexts,
        jsonTexts,
        fc.constantFrom<JsonPath>(['a'], [1], [1, 'b', 0], []),
        fc.array(fc.nat()),
        (before, json, path, cuts) => {
          const text = path.reduceRight<string>(
            (inner, step) =>
              step === 'a' || step === 'b'
                ? `{"z":${before},"${step}":${inner}}`
                : step === 1
                  ? `[${before},${inner},${before}]`
                  : `[${inner}]`,
            json,
          );
          const events = select(path, [start(), ...cutAt(text, cuts).map((piece) => delta(piece)), end()]);
          const value = JSON.parse(json) as Json;
          expect(events.at(0)?.type).toBe('argument-start');
          expect(events.slice(1, -1).map(({ type }) => type)).not.toContain('argument-start');
          expect(events.at(-1)).toMatchObject({ type: 'argument-end', value: { _tag: 'Right' } });
          expect(events.at(-1)).toHaveProperty('value.right', value);
          const pieces = events.flatMap((event) => (event.type === 'argument-delta' ? [event.text] : []));
          const items = events.flatMap((event) => (event.type === 'argument-item' ? [event] : []));
          expect(pieces.join('')).toBe(typeof value === 'string' ? value : '');
          expect(pieces).not.toContain('');
          expect(items.map((item) => item.value)).toEqual(Array.isArray(value) ? value : []);
          expect(items.every((item, i) => item.index === i)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('law: whatever comes, each start has one end, and any split tells the same', () => {
    /** Pieces of a string in one. */
    const whole = (events: ArgumentEvent[]) => {
      const all: unknown[] = [];
      let text = '';
      for (const event of events) {
        if (event.type === 'argument-delta') text += event.text;
        else all.push(text, short(event));
        if (event.type !== 'argument-delta') text = '';
      }
      return all;
    };
    fc.assert(
      fc.property(nearlyJson, fc.array(fc.nat()), (json, cuts) => {
        const pieces = cutAt(`{"a":${json}}`, cuts);
        const events = select(['a'], [start(), ...pieces.map((piece) => delta(piece)), roundEnd]);
        expect(events.filter(({ type }) => type === 'argument-end').length).toBe(
          events.filter(({ type }) => type === 'argument-start').length,
        );
        expect(whole(events)).toEqual(whole(select(['a'], [start(), delta(pieces.join('')), roundEnd])));
      }),
      { numRuns: 500 },
    );
  });
});

describeCompliance('selectArgument', {
  operator: () => selectArgument('write_file', 'content'),
  inputs: [start(), delta('{"content":"# Ti'), { type: 'text-delta', text: 'Wait' }, delta('tle"}'), roundEnd],
});

import { describe, expect, it, vi } from 'vitest';
import { calls, delta, done, entry, finish, read, summary } from './support.ts';

const none = undefined;

describe('a summary of everything, after the calls, runs nothing twice (issue vercel/ai#3953)', () => {
  const twoCalls = [
    ['x', { n: 1 }],
    ['y', { n: 2 }],
  ];

  it('where the calls came with ids and all with index 0, and the summary counts', () => {
    const { calls: found, codes } = read([
      calls(entry(0, 'a', 'x', '{"n":1}')),
      calls(entry(0, 'b', 'y', '{"n":2}')),
      calls(entry(0, 'a', 'x', '{"n":1}'), entry(1, 'b', 'y', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual(twoCalls);
    expect(codes).toEqual(['replay-dropped', 'replay-dropped']);
  });

  it('where the calls came with index 1 and 2, and the summary has ids and no index', () => {
    const { calls: found } = read([
      calls(entry(1, 'a', 'x', '{"n":1}')),
      calls(entry(2, 'b', 'y', '{"n":2}')),
      calls(entry(none, 'a', 'x', '{"n":1}'), entry(none, 'b', 'y', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual(twoCalls);
  });

  it('where neither calls nor summary have ids or indexes', () => {
    const { calls: found } = read([
      calls(entry(none, none, 'x', '{"n":1}')),
      calls(entry(none, none, 'y', '{"n":2}')),
      calls(entry(none, none, 'x', '{"n":1}'), entry(none, none, 'y', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual(twoCalls);
  });

  it('where the calls came without ids and all with index 0, and the summary counts', () => {
    const { calls: found } = read([
      calls(entry(0, none, 'x', '{"n":1}')),
      calls(entry(0, none, 'y', '{"n":2}')),
      calls(entry(0, none, 'x', '{"n":1}'), entry(1, none, 'y', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual(twoCalls);
  });

  it('where only the summary has ids', () => {
    const { calls: found } = read([
      calls(entry(0, none, 'x', '{"n":1}')),
      calls(entry(0, none, 'y', '{"n":2}')),
      calls(entry(0, 'a', 'x', '{"n":1}')),
      calls(entry(0, 'b', 'y', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual(twoCalls);
  });

  it('where the ids of one summary are those of the next', () => {
    const { calls: found } = read([
      calls(entry(0, none, 'x', '{"n":1}')),
      calls(entry(0, 'a', 'x', '{"n":1}')),
      calls(entry(1, 'a', 'x', '{"n":1}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });

  it('where only the calls had ids, and the summary comes one by one without index', () => {
    const { calls: found } = read([
      calls(entry(0, 'a', 'x', '{"n":1}')),
      calls(entry(1, 'b', 'x', '{"n":2}')),
      calls(entry(none, none, 'x', '{ "n": 1 }')),
      calls(entry(none, none, 'x', '{ "n": 2 }')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['x', { n: 2 }],
    ]);
  });

  it('where every call has the same id', () => {
    const { calls: found } = read([
      calls(entry(0, 'a', 'x', '{"n":1}')),
      calls(entry(0, 'a', 'x', '{"n":2}')),
      calls(entry(0, 'a', 'x', '{"n":1}'), entry(0, 'a', 'x', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['x', { n: 2 }],
    ]);
  });

  it('where it alone has the name', () => {
    const { calls: found } = read([calls(entry(0, 'a', none, '{"n":1}')), calls(entry(0, 'a', 'x', '{"n":1}')), finish(), done]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });
});

describe('calls with equal arguments', () => {
  it('are several where their indexes differ, with and without ids', () => {
    for (const id of ['a', none]) {
      const { calls: found } = read([calls(entry(0, id, 'roll', '{}')), calls(entry(1, id && 'b', 'roll', '{}')), finish(), done]);
      expect(summary(found)).toEqual([
        ['roll', {}],
        ['roll', {}],
      ]);
    }
  });

  it('are several where their ids differ, all with index 0', () => {
    const { calls: found } = read([calls(entry(0, 'a', 'roll', '{}')), calls(entry(0, 'b', 'roll', '{}')), finish(), done]);
    expect(found).toHaveLength(2);
  });

  it('only as numbers beyond 2^53 are not equal', () => {
    const { calls: found } = read([
      calls(entry(0, none, 'user', '{"id":1234567890123456789}')),
      calls(entry(0, none, 'user', '{"id":1234567890123456788}')),
      finish(),
      done,
    ]);
    expect(found.map((call) => call.argumentsText)).toEqual(['{"id":1234567890123456789}', '{"id":1234567890123456788}']);
  });
});

describe('marks that are missing, late, or wrong', () => {
  it('a name said again before a fresh { names the next call, where ids are missing', () => {
    for (const index of [0, none]) {
      const { calls: found } = read([
        calls(entry(index, none, 'add', '')),
        calls(entry(index, none, none, '{"a":1}')),
        calls(entry(index, none, 'add', '')),
        calls(entry(index, none, none, '{"a":2}')),
        finish(),
        done,
      ]);
      expect(summary(found)).toEqual([
        ['add', { a: 1 }],
        ['add', { a: 2 }],
      ]);
    }
  });

  it('a name said again tells the next call from one of another name with the same arguments', () => {
    const named = (name: string | undefined, args: string) => calls(entry(0, none, name, args));
    const { calls: found } = read([
      ...[named('x', ''), named(none, '{}')],
      ...[named('y', ''), named(none, '{"n":1}')],
      ...[named('y', ''), named(none, '{}')],
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', {}],
      ['y', { n: 1 }],
      ['y', {}],
    ]);
  });

  it('a name said again at the end begins no call', () => {
    const { calls: found } = read([calls(entry(0, none, 'add', '{"a":1}')), calls(entry(0, none, 'add', '')), finish(), done]);
    expect(summary(found)).toEqual([['add', { a: 1 }]]);
  });

  it('an entry that says nothing begins no call', () => {
    const { calls: found, codes } = read([
      calls(entry(0, '', '', '')),
      calls({ index: 1 }),
      calls(entry(0, 'a', 'x', '{}')),
      calls(entry(1, none, null, null), {}),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([['x', {}]]);
    expect(codes).toEqual([]);
  });

  it('calls with the same id at two indexes, and interleaved fragments, are told apart by their index', () => {
    const { calls: found } = read([
      calls(entry(0, 'same', 'x', '')),
      calls(entry(1, 'same', 'y', '')),
      calls(entry(0, 'same', none, '{"n":')),
      calls(entry(1, 'same', none, '{"n":')),
      calls(entry(0, 'same', none, '1}')),
      calls(entry(1, 'same', none, '2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['y', { n: 2 }],
    ]);
  });

  it('an id and an index that both come late belong to the call before', () => {
    const { calls: found } = read([
      calls(entry(none, none, 'x', '')),
      calls(entry(0, 'a', none, '{"n":1}')),
      calls(entry(1, 'b', 'y', '{}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['y', {}],
    ]);
  });

  it('indexes that come late are kept for fragments that have nothing else', () => {
    const { calls: found } = read([
      calls(entry(none, 'a', 'x', '')),
      calls(entry(0, 'a', none, '{"n":')),
      calls(entry(none, 'b', 'y', '')),
      calls(entry(1, 'b', none, '{"n":')),
      calls(entry(0, none, none, '1}')),
      calls(entry(1, none, none, '2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['y', { n: 2 }],
    ]);
  });

  it('ids in pieces may begin alike', () => {
    const { calls: found } = read([
      calls(entry(0, 'call_', null)),
      calls(entry(0, 'abc', null)),
      calls(entry(1, 'call_', null)),
      calls(entry(1, 'def', null)),
      calls(entry(0, none, 'x', '{}')),
      calls(entry(1, none, 'y', '{}')),
      finish(),
      done,
    ]);
    expect(found.map((call) => [call.callId, call.name])).toEqual([
      ['call_abc', 'x'],
      ['call_def', 'y'],
    ]);
  });

  it('a new id on every fragment, or a new index, is still one call: what goes on in the middle of a value begins none', () => {
    for (const chunks of [
      [entry(0, 'a', 'x', '{"n":'), entry(0, 'b', none, '"1'), entry(0, 'c', 'x', '"}')],
      [entry(0, 'a', 'x', '{"n":'), entry(1, 'a', 'x', '"1'), entry(2, 'a', 'x', '"}')],
    ]) {
      const { calls: found } = read([...chunks.map((one) => calls(one)), finish(), done]);
      expect(summary(found)).toEqual([['x', { n: '1' }]]);
      expect(found[0]?.callId).toBe('a');
    }
  });

  it('a known id at a new index, without a name, goes on with its call', () => {
    const { calls: found } = read([calls(entry(0, 'a', 'x', '')), calls(entry(1, 'a', none, '{"n":1}')), finish(), done]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });

  it('another id with another name is another call, though it begins in the middle of a value: neither runs', () => {
    const { calls: found } = read([calls(entry(0, 'a', 'x', '{"n":')), calls(entry(0, 'b', 'y', '1}')), finish(), done]);
    expect(summary(found)).toEqual([
      ['x', 'incomplete'],
      ['y', 'invalid-json'],
    ]);
  });

  it('a name said again is not that of a call with a new id, whose own name comes late', () => {
    const { calls: found } = read([
      calls(entry(0, 'a', 'add', '{"n":1}')),
      calls(entry(0, none, 'add', '')),
      calls(entry(0, 'b', none, '{"n":2}')),
      calls(entry(0, 'b', 'sub', '')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['add', { n: 1 }],
      ['sub', { n: 2 }],
    ]);
  });

  it('white space with an index that comes late belongs to the call before', () => {
    const { calls: found } = read([calls(entry(none, none, 'x', '{}')), calls(entry(0, none, none, '\n')), finish(), done]);
    expect(summary(found)).toEqual([['x', {}]]);
  });

  it('a name that comes after the finish reason is not too late', () => {
    const { calls: found } = read([calls(entry(0, 'a', null, '{"n":1}')), finish(), calls(entry(0, none, 'x')), done]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });

  it('arguments that come after the finish reason are not too late', () => {
    const { calls: found } = read([calls(entry(0, 'a', 'x', '')), finish(), calls(entry(0, none, none, '{"n":1}')), done]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });

  it('a synthesised id is another in another choice', () => {
    const one = (index: number) => ({ choices: [{ index, delta: { tool_calls: [entry(0, none, 'x', '{}')] }, finish_reason: 'stop' }] });
    const ids = read([one(0), one(1), done]).events.flatMap((event) => (event.type === 'tool-call-start' ? [event.callId] : []));
    expect(new Set(ids).size).toBe(2);
  });

  it('a synthesised id is never that of another call', () => {
    const taken = read([calls(entry(0, none, 'x', '{}')), done]).calls[0]?.callId.replace(/0$/, '1');
    const { calls: found } = read([calls(entry(0, taken, 'x', '{}')), calls(entry(1, none, 'y', '{}')), finish(), done]);
    expect(new Set(found.map((call) => call.callId)).size).toBe(2);
  });
});

describe('the old function_call', () => {
  it('beside tool_calls is the same call, whichever comes first', () => {
    const old = delta({ function_call: { name: 'x', arguments: '{"n":1}' } });
    for (const chunks of [
      [calls(entry(0, 'a', 'x', '{"n":1}')), old],
      [old, calls(entry(0, 'a', 'x', '{"n":1}'))],
      [delta({ function_call: { name: 'x', arguments: '{"n":1}' }, tool_calls: [entry(0, 'a', 'x', '{"n":1}')] })],
      [delta({ tool_calls: [{}] }), old],
    ]) {
      expect(summary(read([...chunks, finish(), done]).calls)).toEqual([['x', { n: 1 }]]);
    }
  });
});

describe('a thousand calls', () => {
  it('interleaved give a thousand, in order', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i);
    const { calls: found, codes } = read([
      ...many.map((i) => calls(entry(i, `id${i}`, 'x', '{"n":'))),
      ...many.map((i) => calls(entry(i, none, none, `${i}}`))),
      finish(),
      done,
    ]);
    expect(found.map((call) => call.arguments)).toEqual(many.map((n) => ({ _tag: 'Right', right: { n } })));
    expect(codes).toEqual([]);
  });

  it('without ids and indexes give a thousand, and each is parsed a fixed number of times', () => {
    const chunks = Array.from({ length: 1000 }, (_, n) => calls(entry(none, none, 'x', JSON.stringify({ n }))));
    const parse = vi.spyOn(JSON, 'parse');
    const { calls: found } = read([...chunks, finish(), done]);
    // The chunk, its arguments as a fragment, as a call to compare with, and as the call's arguments.
    expect(parse.mock.calls.length).toBeLessThanOrEqual(4 * 1001);
    parse.mockRestore();
    expect(found).toHaveLength(1000);
  });
});

it('__proto__ as name, id and key stays a word', () => {
  const { calls: found, events } = read([
    calls({ ...entry(0, '__proto__', '__proto__', '{"__proto__":{"polluted":1}}'), __proto__: { polluted: 1 } }),
    '{"id":"r1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"__proto__":{"polluted":1},"constructor":"x"}]}}]}',
    finish(),
    done,
  ]);
  expect(found).toMatchObject([{ callId: '__proto__', name: '__proto__', argumentsText: '{"__proto__":{"polluted":1}}' }]);
  expect(Object.hasOwn(found[0]?.arguments._tag === 'Right' ? (found[0].arguments.right as object) : {}, '__proto__')).toBe(true);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  const message = events.find((event) => event.type === 'round-end')?.message.native?.message;
  expect(JSON.stringify(message)).toContain('"__proto__":{"polluted":1},"constructor":"x"');
});

it('names with control characters and arguments with lone surrogates come through as they are', () => {
  const { calls: found } = read([calls(entry(0, 'a', 'x\u0000\u001b[2J', '{"s":"\\ud800","t":"\ud800"}')), finish(), done]);
  expect(found).toMatchObject([{ name: 'x\u0000\u001b[2J', arguments: { right: { s: '\ud800', t: '\ud800' } } }]);
});

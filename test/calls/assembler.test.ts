import { describe, expect, it, vi } from 'vitest';
import { Call } from '../../src/calls/call.ts';
import { JoinedText } from '../../src/joined-text.ts';
import { JsonScanner } from '../../src/json/scanner.ts';
import { calls, delta, done, entry, finish, read, summary } from './support.ts';

describe('calls are told apart', () => {
  it('by a new id, where parallel calls all have index 0 (issue ollama/ollama#15457, vercel/ai#14277)', () => {
    const { calls: found } = read([
      calls(entry(0, 'a', 'get_weather', '{"city":"Tokyo"}')),
      calls(entry(0, 'b', 'get_weather', '{"city":"Oslo"}')),
      finish(),
      done,
    ]);
    expect(found.map((call) => call.callId)).toEqual(['a', 'b']);
    expect(summary(found)).toEqual([
      ['get_weather', { city: 'Tokyo' }],
      ['get_weather', { city: 'Oslo' }],
    ]);
  });

  it('by a fresh { after a closed value, where all have index 0 and no id (issue ollama/ollama#15457)', () => {
    const { calls: found } = read([
      calls(entry(0, '', 'add', '{"a":{"b":1}')),
      calls(entry(0, '', 'add', '}')),
      calls(entry(0, '', 'add', ' {"a":')),
      calls(entry(0, '', undefined, '{}}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['add', { a: { b: 1 } }],
      ['add', { a: {} }],
    ]);
  });

  it('by another name after the arguments began, where index and id are missing (issue openai/openai-python#3246)', () => {
    const { calls: found, codes } = read([
      calls(entry(undefined, undefined, 'a', '{"x":1}')),
      calls(entry(undefined, undefined, 'b', '{"x":1}')),
      calls(entry(undefined, undefined, 'c', '')),
      calls(entry(undefined, undefined, 'd', '')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['a', { x: 1 }],
      ['b', { x: 1 }],
      ['c', {}],
      ['d', {}],
    ]);
    expect(new Set(found.map((call) => call.callId)).size).toBe(4);
    expect(codes).toEqual(Array(4).fill('id-synthesised'));
  });

  it('by their position, where one list has several entries without index or id (issue BerriAI/litellm#11262)', () => {
    const { calls: found } = read([
      calls(entry(undefined, undefined, 'a', '{"x"'), entry(undefined, undefined, 'a', '{"x"')),
      calls(entry(undefined, undefined, undefined, ':1}'), entry(undefined, undefined, undefined, ':2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['a', { x: 1 }],
      ['a', { x: 2 }],
    ]);
  });

  it('by their position, where one began alone and goes on in a list', () => {
    const { calls: found } = read([
      calls(entry(undefined, undefined, 'a', '{"x"')),
      calls(entry(undefined, undefined, undefined, ':'), entry(undefined, undefined, 'b', '{"x":')),
      calls(entry(undefined, undefined, undefined, '1}'), entry(undefined, undefined, undefined, '2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['a', { x: 1 }],
      ['b', { x: 2 }],
    ]);
  });

  it('by id alone, where pieces of parallel calls take turns', () => {
    const { calls: found, codes } = read([
      calls(entry(undefined, 'a', 'get_weather', '{"city"')),
      calls(entry(undefined, 'b', 'get_weather', '{"city"')),
      calls(entry(undefined, 'a', undefined, ':"Tokyo"}')),
      calls(entry(undefined, 'b', undefined, ':"Oslo"}')),
      finish(),
      done,
    ]);
    expect(found.map((call) => call.callId)).toEqual(['a', 'b']);
    expect(summary(found)).toEqual([
      ['get_weather', { city: 'Tokyo' }],
      ['get_weather', { city: 'Oslo' }],
    ]);
    expect(codes).toEqual([]);
  });

  it('by index, where deltas of parallel calls are interleaved and names come in pieces', () => {
    const { calls: found, events } = read([
      calls(entry(0, 'a', 'get_', '')),
      calls(entry(1, 'b', 'calc', '')),
      calls(entry(0, undefined, 'weather', '')),
      calls(entry(1, undefined, 'ulate', '')),
      calls(entry(0, undefined, undefined, '{"city":')),
      calls(entry(1, undefined, undefined, '{"e":"1')),
      calls(entry(0, undefined, undefined, '"Tokyo"}')),
      calls(entry(1, undefined, undefined, '+1"}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['get_weather', { city: 'Tokyo' }],
      ['calculate', { e: '1+1' }],
    ]);
    const starts = events.filter((event) => event.type === 'tool-call-start');
    expect(starts.map((start) => start.name)).toEqual(['get_weather', 'calculate']);
  });

  it('from index 1 upwards as well as from 0', () => {
    const { calls: found } = read([calls(entry(1, 'a', 'x', '{}')), calls(entry(2, 'b', 'y', '{}')), finish(), done]);
    expect(found.map((call) => call.index)).toEqual([0, 1]);
  });

  it('when two have the same id at two indexes: the second is named anew, with a diagnostic', () => {
    const { calls: found, codes } = read([
      calls(entry(0, 'same', 'x', '{"n":1}')),
      calls(entry(1, 'same', 'x', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['x', { n: 2 }],
    ]);
    expect(found[0]?.callId).toBe('same');
    expect(found[1]?.callId).not.toBe('same');
    expect(codes).toEqual(['id-synthesised']);
  });
});

describe('repeats', () => {
  it('of ids and names are never concatenated (issue langchain-ai/langchainjs#11505)', () => {
    const { calls: found } = read([
      calls(entry(0, 'a', 'get_weather', '{"city"')),
      calls(entry(0, 'a', 'get_weather', ':"Tokyo"')),
      calls(entry(0, 'a', 'get_weather', '}')),
      finish(),
      done,
    ]);
    expect(found.map(({ callId, name }) => [callId, name])).toEqual([['a', 'get_weather']]);
  });

  it('that are blank, or the word null, count as absent (issue langchain-ai/langchainjs#11505)', () => {
    const { calls: found } = read([
      calls(entry(0, 'a', 'x', '{"n":')),
      calls(entry(0, '', '', '1')),
      calls(entry(0, 'null', null, '2')),
      calls(entry(0, null, ' ', '}')),
      finish(),
      done,
    ]);
    expect(found.map(({ callId, argumentsText }) => [callId, argumentsText])).toEqual([['a', '{"n":12}']]);
  });

  it('of everything in a summary chunk are dropped (issue vercel/ai#3953)', () => {
    const { calls: found, codes } = read([
      calls(entry(0, 'a', 'x', '{"n":1}')),
      calls(entry(1, 'b', 'y', '{"n":')),
      calls(entry(1, undefined, undefined, '2}')),
      calls(entry(0, 'a', 'x', '{"n":1}'), entry(1, 'b', 'y', '{ "n": 2 }')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['y', { n: 2 }],
    ]);
    expect(codes).toEqual(['replay-dropped', 'replay-dropped']);
  });

  it('without ids are replays where name and arguments are the same', () => {
    const { calls: found, codes } = read([
      calls(entry(0, undefined, 'x', '{"n":1}')),
      calls(entry(0, undefined, 'y', '{"n":2}')),
      calls(entry(0, undefined, 'x', '{"n":1}')),
      calls(entry(0, undefined, 'y', '{"n":2}')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['y', { n: 2 }],
    ]);
    expect(codes.filter((code) => code === 'replay-dropped')).toHaveLength(2);
  });

  it('that bring the ids late are replays too', () => {
    const { calls: found } = read([calls(entry(0, undefined, 'x', '{"n":1}')), calls(entry(0, 'late', 'x', '{"n":1}')), finish(), done]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });
});

describe('a name', () => {
  it('that comes late holds the arguments back, then all of them follow (issue vercel/ai#14722)', () => {
    const { events } = read([
      calls(entry(0, 'a', null, '{"n"')),
      calls(entry(0, undefined, null, ':1')),
      calls(entry(0, undefined, 'x', '}')),
      finish(),
      done,
    ]);
    const about = events.filter((event) => event.type.startsWith('tool-call'));
    expect(about.map((event) => event.type)).toEqual(['tool-call-start', 'tool-call-delta', 'tool-call']);
    expect(about[1]).toMatchObject({ text: '{"n":1}' });
  });

  it('in pieces is joined, in the old function_call too (issue vercel/ai#14722)', () => {
    const { calls: found } = read([
      delta({ function_call: { name: 'get_' } }),
      delta({ function_call: { name: 'weather' } }),
      delta({ function_call: { arguments: '{}' } }),
      finish('function_call'),
      done,
    ]);
    expect(summary(found)).toEqual([['get_weather', {}]]);
  });

  it('that says everything so far each time is not doubled', () => {
    const { calls: found } = read([calls(entry(0, 'a', 'get', '')), calls(entry(0, 'a', 'get_weather', '{}')), finish(), done]);
    expect(summary(found)).toEqual([['get_weather', {}]]);
  });

  it('that never comes leaves a call that cannot run, with its arguments', () => {
    const { calls: found, codes } = read([calls(entry(0, 'a', null, '{"n":1}')), finish(), done]);
    expect(found).toMatchObject([{ name: '', argumentsText: '{"n":1}' }]);
    expect(codes).toEqual(['name-missing']);
  });
});

describe('a call after another', () => {
  const steps = (events: readonly { type: string; callId?: string }[]) =>
    events.filter(({ type }) => type.startsWith('tool-call')).map(({ type, callId }) => `${type} ${callId}`);

  it('ends it with its id and name, and need not have arguments yet', () => {
    const { events } = read([
      calls(entry(0, 'a', 'x', '')),
      calls(entry(0, undefined, undefined, '{"n":1}')),
      calls(entry(1, 'b', 'y', '')),
      calls(entry(1, undefined, undefined, '{}')),
      finish(),
      done,
    ]);
    expect(steps(events)).toEqual([
      'tool-call-start a',
      'tool-call-delta a',
      'tool-call-end a',
      'tool-call a',
      'tool-call-start b',
      'tool-call-delta b',
      'tool-call b',
    ]);
  });

  it('ends it with a name alone, where the id comes late or never', () => {
    const { events } = read([calls(entry(undefined, 'a', 'x', '[1]')), calls(entry(undefined, undefined, 'y', null)), finish(), done]);
    expect(steps(events).slice(0, 4)).toEqual(['tool-call-start a', 'tool-call-delta a', 'tool-call-end a', 'tool-call a']);
  });

  it('ends nothing that is open, blank or a bare number: pieces of parallel calls may take turns', () => {
    for (const first of ['', '{"n":', '1']) {
      const { events, codes } = read([
        calls(entry(0, 'a', 'x', '')),
        calls(entry(0, undefined, undefined, first)),
        calls(entry(1, 'b', 'y', '')),
        calls(entry(1, undefined, undefined, '{}')),
        calls(entry(0, undefined, undefined, { '': '{}', '{"n":': '1}', '1': '0' }[first])),
        finish(),
        done,
      ]);
      expect(events.map(({ type }) => type)).not.toContain('tool-call-end');
      expect(events.filter(({ type }) => type === 'tool-call')).toMatchObject([{ callId: 'b' }, { callId: 'a' }]);
      expect(codes).toEqual([]);
    }
  });

  it('ends nothing that goes on with what only looks like white space', () => {
    for (const odd of ['\u00a0', '\ufeff', '\u2028', '\v']) {
      const asked = [calls(entry(0, 'a', 'x', '{"n":1}')), calls(entry(0, 'a', 'x', '')), calls(entry(0, 'a', 'x', odd))];
      const { events, calls: found } = read([...asked, calls(entry(1, 'b', 'y', '')), finish(), done]);
      expect(events.map(({ type }) => type)).not.toContain('tool-call-end');
      expect(summary(found)[0]).toEqual(['x', 'invalid-json']);
      expect(read([...asked, calls(entry(0, undefined, undefined, '{"n":2}')), finish(), done]).calls).toHaveLength(1);
    }
  });

  it('need not say so where its start does', () => {
    const { events } = read([calls(entry(0, 'a', 'x', '[]')), calls(entry(1, 'b', 'y', '[]')), finish(), done]);
    expect(steps(events).slice(0, 4)).toEqual(['tool-call-start a', 'tool-call-delta a', 'tool-call-start b', 'tool-call a']);
  });

  it('leaves out what still comes for it, with a diagnostic, unless it is white space', () => {
    const more = (text: string) => calls(entry(0, undefined, undefined, text));
    const {
      calls: found,
      codes,
      events,
    } = read([calls(entry(0, 'a', 'x', '{}')), calls(entry(1, 'b', 'y', '')), more(' \n'), more(' more'), more('}'), finish(), done]);
    const deltas = events.filter((event) => event.type === 'tool-call-delta' && event.callId === 'a');
    expect(deltas).toMatchObject([{ text: '{}' }, { text: ' \n' }]);
    const end = events.find((event) => event.type === 'round-end');
    expect(end).toMatchObject({ message: { toolCalls: [{ argumentsText: '{} \n' }, {}] } });
    expect(summary(found)).toEqual([
      ['x', {}],
      ['y', {}],
    ]);
    expect(codes).toEqual(['arguments-after-call']);
  });

  it('is looked at once, however many begin', () => {
    const push = vi.spyOn(JsonScanner.prototype, 'push');
    const long = `{"words":"${'x'.repeat(100_000)}`;
    const begun = Array.from({ length: 300 }, (_, n) => [calls(entry(n + 1, `b${n}`, 'y', '')), calls(entry(0, null, null, 'z'))]).flat();
    read([calls(entry(0, 'a', 'x', long)), ...begun, calls(entry(0, null, null, '"}')), finish(), done]);
    const looked = push.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
    // Once by the assembler and once by the accumulator.
    expect(looked).toBeLessThan(3 * long.length);
    push.mockRestore();
  });
});

describe('an empty object in the place of arguments that follow (pull request openai/openai-agents-js#712)', () => {
  const steps = (events: readonly { type: string }[]) => events.map(({ type }) => type).filter((type) => type !== 'diagnostic');
  const text = '{"city":"Hà Nội","days":[1]}';

  it('is left out, however the arguments are cut, and whatever marks come again with them', () => {
    const marks: Array<[index?: number, id?: string, name?: string]> = [[0], [], [0, 'a'], [0, 'a', 'x'], [undefined, 'a', 'x']];
    for (const [index, id, name] of marks) {
      for (let cut = 1; cut <= text.length; cut++) {
        const pieces = [text.slice(0, cut), text.slice(cut)].filter((piece) => piece !== '');
        const chunks = [calls(entry(0, 'a', 'x', '{}')), ...pieces.map((piece) => calls(entry(index, id, name, piece))), finish(), done];
        const { events, calls: found, codes } = read(chunks);
        expect(found).toMatchObject([{ callId: 'a', name: 'x', argumentsText: text, arguments: { right: JSON.parse(text) } }]);
        expect(codes).toEqual(['placeholder-dropped']);
        expect(events.flatMap((event) => (event.type === 'tool-call-delta' ? [event.text] : [])).join('')).toBe(text);
        expect(events.find(({ type }) => type === 'round-end')).toMatchObject({ message: { toolCalls: [{ argumentsText: text }] } });
      }
    }
  });

  it('is left out for each of several calls', () => {
    const { calls: found, codes } = read([
      ...[calls(entry(0, 'a', 'x', '{}')), calls(entry(0, undefined, undefined, '{"n":')), calls(entry(0, undefined, undefined, '1}'))],
      ...[calls(entry(1, 'b', 'x', '{}')), calls(entry(1, undefined, undefined, '{"n":2}'))],
      ...[finish(), done],
    ]);
    expect(summary(found)).toEqual([
      ['x', { n: 1 }],
      ['x', { n: 2 }],
    ]);
    expect(codes).toEqual(['placeholder-dropped', 'placeholder-dropped']);
  });

  it('is left out where a name, an id or an index comes late, or the same marks come between', () => {
    const arguments_ = '{"n":1}';
    for (const [empty, ...more] of [
      [entry(0, 'a', null, '{}'), entry(0, 'a', 'x', arguments_)],
      [entry(0, undefined, 'x', '{}'), entry(0, 'a', undefined, arguments_)],
      [entry(undefined, 'a', 'x', '{}'), entry(0, 'a', undefined, arguments_)],
      [entry(0, 'a', 'x', '{}'), entry(0, 'a', 'x', ''), entry(0, 'a', 'x', arguments_)],
    ]) {
      const { calls: found } = read([calls(empty as object), ...more.map((each) => calls(each)), finish(), done]);
      expect(summary(found)).toEqual([['x', { n: 1 }]]);
      expect(found).toMatchObject([{ callId: 'a' }]);
    }
  });

  it('is forgotten: what comes again later is compared with the arguments', () => {
    const filled = [calls(entry(0, 'a', 'x', '{}')), calls(entry(0, 'a', 'x', '{}')), calls(entry(0, 'a', undefined, '{"n":1}'))];
    const again = read([...filled, calls(entry(0, 'a', 'x', '{"n":1}')), finish(), done]);
    expect(summary(again.calls)).toEqual([['x', { n: 1 }]]);
    expect(again.codes).toEqual(['replay-dropped', 'placeholder-dropped', 'replay-dropped']);
    expect(summary(read([...filled, calls(entry(0, undefined, 'x', '{}')), finish(), done]).calls)).toEqual([
      ['x', { n: 1 }],
      ['x', {}],
    ]);
  });

  it('is none where the name is said again before the next call, and ids are missing', () => {
    const named = (name: string | undefined, args: string) => calls(entry(0, undefined, name, args));
    const { calls: found } = read([named('x', '{}'), named('x', ''), named(undefined, '{"n":1}'), finish(), done]);
    expect(summary(found)).toEqual([
      ['x', {}],
      ['x', { n: 1 }],
    ]);
  });

  it('leaves nothing behind, whatever was asked of the call before', () => {
    for (const [before, state] of [
      ['{}', 'closed'],
      ['{"n', 'open'],
    ] as const) {
      const call = new Call(0);
      call.append(before);
      expect(call.state).toBe(state);
      call.empty();
      expect([call.length, call.state, call.argumentsText]).toEqual([0, 'blank', '']);
      call.append('[1');
      expect(call.open).toBe(true);
      call.append(']');
      expect([call.closed, call.json, call.length]).toEqual([true, '[1] ', 3]);
    }
  });

  it('does not count against the bound', () => {
    const chunks = [calls(entry(0, 'a', 'x', '{}')), calls(entry(0, undefined, undefined, text)), finish(), done];
    expect(summary(read(chunks, { maxArgumentLength: text.length }).calls)).toEqual([['x', JSON.parse(text)]]);
    expect(read(chunks, { maxArgumentLength: text.length - 1 }).error).toMatchObject({ limit: 'maxArgumentLength' });
  });

  it('is none where two entries of one list have the same id: they are different calls', () => {
    const { calls: found } = read([calls(entry(undefined, 'a', 'x', '{}'), entry(undefined, 'a', 'x', '{"n":1}')), finish(), done]);
    expect(summary(found)).toEqual([
      ['x', {}],
      ['x', { n: 1 }],
    ]);
  });

  it('stays where nothing follows: alone, before another call, again in a summary', () => {
    const empty = calls(entry(0, 'a', 'x', '{}'));
    expect(read([empty, finish(), done])).toMatchObject({ codes: [], calls: [{ name: 'x', arguments: { right: {} } }] });
    for (const other of [entry(1, 'b', 'y', '{"n":1}'), entry(0, 'b', 'x', '{"n":1}'), entry(undefined, undefined, 'y', '{"n":1}')]) {
      const { events, calls: found, codes } = read([empty, calls(other), finish(), done]);
      expect(found.map((call) => call.arguments)).toMatchObject([{ right: {} }, { right: { n: 1 } }]);
      expect(codes).not.toContain('placeholder-dropped');
      expect(steps(events).slice(1, 6)).toEqual([
        'tool-call-start',
        'tool-call-delta',
        ...['tool-call-start', 'tool-call', 'tool-call-delta'],
      ]);
    }
    for (const again of ['{}', ' {}\n']) {
      expect(read([empty, calls(entry(0, 'a', 'x', again)), finish(), done])).toMatchObject({
        codes: ['replay-dropped'],
        calls: [{ name: 'x' }],
      });
    }
  });

  it('stays in its place among text, reasoning and refusals', () => {
    for (const field of ['content', 'reasoning_content', 'refusal']) {
      const { events } = read([calls(entry(0, 'a', 'x', '{}')), delta({ [field]: 'and' }), finish(), done]);
      const type = { content: 'text-delta', reasoning_content: 'reasoning-delta', refusal: 'refusal-delta' }[field];
      expect(steps(events).slice(0, 4)).toEqual(['round-start', 'tool-call-start', 'tool-call-delta', type]);
    }
  });

  it('is there when the stream is cut behind it, and is not run', () => {
    const { events, calls: found, error } = read([calls(entry(0, 'a', 'x', '{}'))]);
    expect(steps(events)).toEqual(['round-start', 'tool-call-start', 'tool-call-delta', 'tool-call']);
    expect(summary(found)).toEqual([['x', 'interrupted']]);
    expect(error).toMatchObject({ partial: { calls: [{ callId: 'a', argumentsText: '{}' }] } });
  });

  it('is told apart in another choice, too', () => {
    const of = (index: number, delta: object, finish_reason: string | null = null) => ({ choices: [{ index, delta, finish_reason }] });
    const { events, codes } = read([
      of(1, { tool_calls: [entry(0, 'a', 'x', '{}')] }),
      of(0, { content: 'Hi' }),
      of(1, { tool_calls: [entry(0, undefined, undefined, text)] }),
      ...[of(0, {}, 'stop'), of(1, {}, 'tool_calls'), done],
    ]);
    expect(events.filter(({ type }) => type === 'tool-call-delta')).toEqual([
      { type: 'tool-call-delta', callId: 'a', index: 0, text, choice: 1 },
    ]);
    expect(codes).toEqual(['placeholder-dropped']);
  });
});

describe('an id', () => {
  it('that comes late belongs to the open call at its index', () => {
    const { calls: found } = read([calls(entry(0, undefined, 'x', '{"n":')), calls(entry(0, 'late', undefined, '1}')), finish(), done]);
    expect(summary(found)).toEqual([['x', { n: 1 }]]);
  });

  it('in pieces before anything else is joined', () => {
    const { calls: found } = read([
      calls(entry(0, 'call_', null)),
      calls(entry(0, 'abc', null)),
      calls(entry(0, undefined, 'x', '{}')),
      finish(),
      done,
    ]);
    expect(found.map((call) => call.callId)).toEqual(['call_abc']);
  });

  it('that is synthesised is the same every time, and another in another round', () => {
    const chunks = [calls(entry(0, undefined, 'x', '{}')), finish(), done];
    const id = (seed?: string) => read(chunks, seed === undefined ? {} : { callIdSeed: seed }).calls[0]?.callId;
    expect(id()).toBe(id());
    expect(id('1')).toBe(id('1'));
    expect(new Set([id(), id('1'), id('2')]).size).toBe(3);
    expect(id()).toMatch(/^[A-Za-z0-9_-]{1,40}$/);
  });
});

describe('bounds', () => {
  it('refuse one call too many, and keep the calls before', () => {
    const { error, calls: found } = read([calls(entry(0, 'a', 'x', '{}')), calls(entry(1, 'b', 'x', '{}')), done], { maxCalls: 1 });
    expect(error).toMatchObject({ code: 'limit', limit: 'maxCalls', max: 1 });
    expect(found).toHaveLength(1);
  });

  it('refuse arguments beyond their length, and keep the text', () => {
    const { error } = read([delta({ content: 'Hello' }), calls(entry(0, 'a', 'x', '{"n":1}')), done], { maxArgumentLength: 5 });
    expect(error).toMatchObject({ code: 'limit', limit: 'maxArgumentLength', partial: { text: 'Hello' } });
  });
});

describe('what is kept of calls', () => {
  it('is joined when another call begins, not whenever calls take turns: each time makes a block', () => {
    const join = vi.spyOn(JoinedText.prototype, 'join');
    const turns = Array.from({ length: 200 }, () => [calls(entry(0, null, null, '1,')), calls(entry(1, null, null, '2,'))]).flat();
    const begun = [calls(entry(0, 'a', 'f', '[')), calls(entry(1, 'b', 'g', '['))];
    const ends = [calls(entry(0, null, null, '1]')), calls(entry(1, null, null, '2]'))];
    const { calls: whole } = read([...begun, ...turns, ...ends, finish(), done]);
    expect(whole.map(({ argumentsText }) => argumentsText)).toEqual([`[${'1,'.repeat(200)}1]`, `[${'2,'.repeat(200)}2]`]);
    // Of the first call when the second begins, and of both once they are over.
    expect(join).toHaveBeenCalledTimes(3);
    join.mockRestore();
  });
});

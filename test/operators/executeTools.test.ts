import fc from 'fast-check';
import * as t from 'io-ts';
import {
  concat,
  concatMap,
  defer,
  finalize,
  ignoreElements,
  lastValueFrom,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { executeTools } from '../../operators/executeTools.ts';
import { InterruptedError } from '../../src/errors.ts';
import type {
  AnyEvent,
  Diagnostic,
  FinishReason,
  FinishReasonEvent,
  TextDelta,
  ToolCall,
  ToolEvent,
  ToolFailure,
  ToolProgress,
  ToolResult,
  ToolStarted,
} from '../../src/events.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import type { Tool, ToolContext } from '../../src/tools/tool.ts';
import type { Json } from '../../src/values.ts';
import { describeCompliance } from '../support/compliance.ts';
import { moreThan } from '../support/reach.ts';
import { tick, unhandledErrors } from '../support/watched.ts';
import {
  badCall,
  call,
  codes,
  collect,
  failure,
  finish,
  later,
  marbles,
  progress,
  reader,
  restarted,
  result,
  resultsOf,
  roundEnd,
  started,
  text,
  tool,
} from '../tools/support.ts';

const seen = { type: 'seen' };
const c = call('1', 'look');
const s = started('1', 'look');
const e = roundEnd();
const a = text('a');
const b = text('b');

describe('executeTools: what it emits, and when', () => {
  it('runs a tool while text keeps flowing', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, now }) => {
      const source = cold('     --c----a--b--(e|)        ', { c, a, b, e });
      const expected = '        --(cs)-a--bp-e----(r|)   ';
      const subs = '            ^------------!           ';
      const work = cold('         ---------p------|');
      const look = reader('look', () => work);
      const values = { c, s, a, b, e, p: progress('1', 'look', 'p'), r: result('1', 'look', 'p', 16) };
      expectObservable(source.pipe(executeTools([look], { now }))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectSubscriptions(work.subscriptions).toBe('--^---------------!');
    });
  });

  it('starts a tool that may change something when the round has finished', () => {
    marbles(({ cold, expectObservable, now }) => {
      const source = cold('c--a--(e|)', { c, a, e });
      const expected = '   c--a--(esr|)';
      expectObservable(source.pipe(executeTools([tool('look', () => 1)], { now }))).toBe(expected, {
        c,
        a,
        e,
        s,
        r: result('1', 'look', 1),
      });
    });
  });

  const policies: ReadonlyArray<{
    own?: 'confirmed' | 'finished';
    all?: 'confirmed' | 'finished';
    readOnly: boolean;
    starts: 'confirmed' | 'finished';
  }> = [
    { readOnly: true, starts: 'confirmed' },
    { readOnly: false, starts: 'finished' },
    { readOnly: true, own: 'finished', starts: 'finished' },
    { readOnly: false, own: 'confirmed', starts: 'confirmed' },
    { readOnly: true, all: 'finished', starts: 'finished' },
    { readOnly: false, all: 'confirmed', starts: 'confirmed' },
    { readOnly: true, all: 'finished', own: 'confirmed', starts: 'confirmed' },
  ];
  for (const { own, all, readOnly, starts } of policies) {
    it(`starts when ${starts}: read-only ${readOnly}, the tool says ${own ?? 'nothing'}, the options say ${all ?? 'nothing'}`, async () => {
      const look = tool('look', () => 1, { annotations: { readOnlyHint: readOnly }, ...(own ? { startWhen: own } : {}) });
      const { events } = await collect([c, a, e], [look], all ? { startWhen: all } : {});
      expect(events.map(({ type }) => type)).toEqual(
        starts === 'confirmed'
          ? ['tool-call', 'tool-started', 'tool-result', 'text-delta', 'round-end']
          : ['tool-call', 'text-delta', 'round-end', 'tool-started', 'tool-result'],
      );
    });
  }

  it('passes on events it does not know untouched, the same object', async () => {
    const { events } = await collect([seen, a], []);
    expect(events[0]).toBe(seen);
    expect(events[1]).toBe(a);
  });

  it('stamps the round of the call on its own events, where the call has one', async () => {
    const { events } = await collect([call('1', 'look', {}, 3)], [reader('look', () => 1)]);
    expect(events.slice(1).map((event) => (event as ToolStarted).round)).toEqual([3, 3]);
  });

  it('runs a call once that comes twice in its round, and again where a later round uses its id anew', async () => {
    let runs = 0;
    const again = { ...c, round: 2 };
    const { events } = await collect([c, c, e, again, e], [reader('look', () => ++runs)]);
    expect(resultsOf(events)).toMatchObject([
      { callId: '1', outcome: { right: 1 } },
      { callId: '1', outcome: { right: 2 }, round: 2 },
    ]);
  });

  it('leaves calls of a tool without execute to the caller', async () => {
    const { events } = await collect([c, badCall('2', 'look', 'invalid-json'), finish('length'), e], [tool('look')]);
    expect(resultsOf(events)).toEqual([]);
  });

  it('completes after the last result when the source has completed', () => {
    marbles(({ cold, expectObservable, now }) => {
      const source = cold('c-|', { c });
      const expected = '   (cs)-(r|)';
      const look = reader('look', () => cold('-----(p|)').pipe(concatMap(() => of())));
      expectObservable(source.pipe(executeTools([look], { now }))).toBe(expected, { c, s, r: result('1', 'look', null, 5) });
    });
  });

  it('has fresh state for each subscription: the same calls run again', async () => {
    let runs = 0;
    const stream$ = of(c, e).pipe(executeTools([tool('look', () => ++runs)], { now: () => 0 }));
    const values: unknown[] = [];
    stream$.subscribe((event) => event.type === 'tool-result' && values.push((event as ToolResult).outcome));
    stream$.subscribe((event) => event.type === 'tool-result' && values.push((event as ToolResult).outcome));
    expect(values).toEqual([1, 2].map((right) => ({ _tag: 'Right', right })));
  });
});

describe('executeTools: what a tool returns', () => {
  const cases: ReadonlyArray<{ name: string; execute: () => unknown; on?: unknown[]; value: unknown }> = [
    { name: 'a value', execute: () => ({ a: 1 }), value: { a: 1 } },
    { name: 'nothing, which is null', execute: () => undefined, value: null },
    { name: 'an array, which is a value', execute: () => [1, 2], value: [1, 2] },
    { name: 'a Promise', execute: async () => 'later', value: 'later' },
    { name: 'an Observable: its last value', execute: () => of(1, 2), on: [1, 2], value: 2 },
    { name: 'an Observable without values', execute: () => of(), value: null },
    { name: 'a Promise of an Observable', execute: async () => of(1, 2), on: [1, 2], value: 2 },
    {
      name: 'an async generator: its return value',
      execute: async function* () {
        yield 1;
        yield 2;
        return 3;
      },
      on: [1, 2],
      value: 3,
    },
    {
      name: 'an async generator that returns nothing: its last value',
      execute: async function* () {
        yield 1;
        yield 2;
      },
      on: [1, 2],
      value: 2,
    },
    {
      name: 'a generator',
      execute: function* () {
        yield 'half';
        return 'whole';
      },
      on: ['half'],
      value: 'whole',
    },
    {
      name: 'an Observable of another library',
      execute: () => ({
        subscribe(observer: { next(value: unknown): void; complete(): void }) {
          observer.next('foreign');
          observer.complete();
          return { unsubscribe: () => undefined };
        },
      }),
      on: ['foreign'],
      value: 'foreign',
    },
    {
      name: 'empty objects',
      execute: () => ({ a: {}, b: [{}], c: Object.create(null), d: '{}' }),
      value: { a: {}, b: [{}], c: {}, d: '{}' },
    },
    { name: 'a Date, as JSON has it', execute: () => new Date(0), value: '1970-01-01T00:00:00.000Z' },
  ];
  for (const { name, execute, on = [], value } of cases) {
    it(`takes ${name}`, async () => {
      const { events } = await collect([c], [reader('look', execute)]);
      expect(events.filter(({ type }) => type === 'tool-progress').map((event) => (event as ToolProgress).value)).toEqual(on);
      expect(resultsOf(events).map(({ outcome }) => outcome)).toEqual([{ _tag: 'Right', right: value }]);
    });
  }

  it('copies what a tool yields, so that a tool may go on changing it', async () => {
    const { events } = await collect(
      [c],
      [
        reader('look', async function* () {
          const state = { done: 0 };
          yield state;
          state.done = 1;
          yield state;
        }),
      ],
    );
    expect(events.filter(({ type }) => type === 'tool-progress').map((event) => (event as ToolProgress).value)).toEqual([
      { done: 0 },
      { done: 1 },
    ]);
  });

  it('leaves out progress that is no JSON, says so, and goes on', async () => {
    const { events } = await collect(
      [c],
      [
        reader('look', async function* () {
          yield 1n;
          return 'fine';
        }),
      ],
    );
    expect(events).toContainEqual(expect.objectContaining({ type: 'diagnostic', code: 'progress-unserialisable', callId: '1' }));
    expect(codes(events)).toEqual({ 1: 'ok' });
  });
});

describe('executeTools: failures are results', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const strict = defineTool({
    name: 'strict',
    description: 'strict',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'array', items: { type: 'integer' } } },
      required: ['city'],
    },
    annotations: { readOnlyHint: true },
    execute: ({ city }) => city,
  });
  const cases: ReadonlyArray<{ name: string; call: ToolCall; execute?: () => unknown; code: string; says: RegExp; started: boolean }> = [
    { name: 'an unknown tool', call: call('1', 'lok'), code: 'unknown-tool', says: /no tool "lok".*look, strict/, started: false },
    {
      name: 'arguments that are no JSON',
      call: badCall('1', 'look', 'invalid-json'),
      code: 'invalid-arguments',
      says: /Arguments are invalid-json/,
      started: false,
    },
    {
      name: 'arguments that were cut by a regular end',
      call: badCall('1', 'look', 'incomplete'),
      code: 'invalid-arguments',
      says: /incomplete/,
      started: false,
    },
    {
      name: 'arguments with a message that is a sentence',
      call: { ...c, arguments: { _tag: 'Left', left: { code: 'invalid-json', message: 'They are no JSON.' } } },
      code: 'invalid-arguments',
      says: /They are no JSON\. Call the tool again/,
      started: false,
    },
    { name: 'arguments too deep', call: badCall('1', 'look', 'too-deep'), code: 'invalid-arguments', says: /too-deep/, started: false },
    {
      name: 'a call the stream broke in',
      call: badCall('1', 'look', 'interrupted'),
      code: 'not-run',
      says: /broke within the call/,
      started: false,
    },
    {
      name: 'arguments the schema refuses',
      call: call('1', 'strict', { days: [1, 'SECRET'] }),
      code: 'invalid-arguments',
      says: /arguments: .*"city"; days\[1\]: .*"string".*"integer"[^.]*\. Call the tool again/,
      started: false,
    },
    {
      name: 'a tool that throws',
      call: c,
      execute: () => {
        throw new RangeError('no such place');
      },
      code: 'threw',
      says: /RangeError: no such place/,
      started: true,
    },
    {
      name: 'a tool that rejects',
      call: c,
      execute: () => Promise.reject(new Error('offline')),
      code: 'threw',
      says: /offline/,
      started: true,
    },
    { name: 'a tool that rejects with nothing', call: c, execute: () => Promise.reject(), code: 'threw', says: /undefined/, started: true },
    {
      name: 'an Observable that errors after a value',
      call: c,
      execute: () =>
        concat(
          of(1),
          throwError(() => new Error('cut')),
        ),
      code: 'threw',
      says: /cut/,
      started: true,
    },
    {
      name: 'a generator that throws',
      call: c,
      execute: async function* () {
        yield 1;
        throw new Error('half way');
      },
      code: 'threw',
      says: /half way/,
      started: true,
    },
    { name: 'a BigInt', call: c, execute: () => 1n, code: 'unserialisable-result', says: /BigInt/, started: true },
    { name: 'a cycle', call: c, execute: () => cyclic, code: 'unserialisable-result', says: /circular/, started: true },
    { name: 'a function', call: c, execute: () => () => 1, code: 'unserialisable-result', says: /function/, started: true },
    {
      name: 'a Map',
      call: c,
      execute: () => new Map([[1, 2]]),
      code: 'unserialisable-result',
      says: /JSON of a Map is \{\}/,
      started: true,
    },
    {
      name: 'an error that is returned',
      call: c,
      execute: () => ({ answers: [new RangeError('no such place')] }),
      code: 'unserialisable-result',
      says: /JSON of a RangeError is \{\}/,
      started: true,
    },
  ];
  for (const { name, call: one, execute = () => 1, code, says, started: isStarted } of cases) {
    it(`gives one ${code} for ${name}, and the stream goes on (issue anthropics/anthropic-sdk-typescript#1006)`, async () => {
      const { events, error } = await collect([one, a, e], [reader('look', execute), strict as never]);
      expect(error).toBeUndefined();
      expect(resultsOf(events)).toEqual([failure('1', one.name, code as 'threw', says, isStarted)]);
      expect(events).toContain(a);
      expect(events.some(({ type }) => type === 'tool-started')).toBe(isStarted);
      expect(JSON.stringify(resultsOf(events))).not.toContain('SECRET');
    });
  }
});

describe('executeTools: the finish reason', () => {
  for (const reason of ['length', 'content-filter', 'error'] as const) {
    it(`starts nothing more after ${reason}; what runs finishes`, () => {
      marbles(({ cold, expectObservable, now }) => {
        const values = { c, s, l: call('2', 'change'), m: finish(reason), n: call('3', 'look'), e: roundEnd(reason) };
        const early = new RegExp(`ended early \\(${reason}\\).*not run`);
        const added = {
          x: failure('2', 'change', 'not-run', early, false),
          y: failure('3', 'look', 'not-run', early, false),
          p: progress('1', 'look', 'p'),
          r: result('1', 'look', 'p', 20),
        };
        const source = cold('c---l--m------n---------(e|)', values);
        const expected = '   (cs)l--(mx)---(ny)--(pr)(e|)';
        const tools = [reader('look', () => later(20, 'p')), tool('change', () => 1)];
        expectObservable(source.pipe(executeTools(tools, { now }))).toBe(expected, { ...values, ...added });
      });
    });
  }

  it('heeds the reason of round-end where no finish-reason came', async () => {
    const { events } = await collect([c, roundEnd('length')], [tool('look', () => 1)]);
    expect(codes(events)).toEqual({ 1: 'not-run' });
  });

  for (const reason of ['stop', 'tool-calls', 'pause', 'other'] as const) {
    it(`runs calls after ${reason}: what came decides, not the word for it (issue vercel/workflow#1387)`, async () => {
      const { events } = await collect([c, finish(reason), roundEnd(reason)], [tool('look', () => 1)]);
      expect(codes(events)).toEqual({ 1: 'ok' });
    });
  }

  it('adds nothing to a round that says tool-calls and has none (issue mastra-ai/mastra#14187)', async () => {
    const source = [a, finish('tool-calls'), e];
    expect((await collect(source, [tool('look', () => 1)])).events).toEqual(source);
  });

  it('does not heed the finish reason of another choice', async () => {
    const other: FinishReasonEvent = { ...finish('length'), choice: 1 };
    const { events } = await collect([c, other, e], [tool('look', () => 1)]);
    expect(codes(events)).toEqual({ 1: 'ok' });
  });

  it('stops waiting for an approval', () => {
    const approval = new Subject<boolean>();
    const source = new Subject<AnyEvent>();
    const events: AnyEvent[] = [];
    source
      .pipe(executeTools([reader('look', () => 1)], { approve: () => approval, now: () => 0 }))
      .subscribe((event) => events.push(event));
    source.next(c);
    expect(approval.observed).toBe(true);
    source.next(finish('length'));
    expect(codes(events)).toEqual({ 1: 'not-run' });
    expect(approval.observed).toBe(false);
  });

  it('takes a call for incomplete when the source completes without the end of its round', async () => {
    const { events } = await collect([c], [tool('look', () => 1)]);
    expect(resultsOf(events)).toEqual([failure('1', 'look', 'not-run', /without the end of its round/, false)]);
  });
});

describe('executeTools: concurrency', () => {
  it('runs 8 tools at a time, the others first come, first served', () => {
    marbles(({ cold, expectObservable, now }) => {
      const order: string[] = [];
      let running = 0;
      let most = 0;
      const look = reader('look', (_, { callId }) => {
        order.push(callId);
        most = Math.max(most, ++running);
        return later(10, callId).pipe(finalize(() => running--));
      });
      const calls = Array.from({ length: 20 }, (_, i) => call(`${i}`, 'look'));
      const source = cold('(c|)', { c: calls }).pipe(concatMap((list) => list));
      const end$ = source.pipe(executeTools([look], { now }), ignoreElements());
      expectObservable(end$).toBe('30ms |');
      cold('40ms |').subscribe({
        complete: () => {
          expect(order).toEqual(calls.map(({ callId }) => callId));
          expect(most).toBe(8);
        },
      });
    });
    expect.assertions(3);
  });

  it('runs thousands of tools that return at once without deepening the stack', async () => {
    const calls = Array.from({ length: 5000 }, (_, i) => call(`${i}`, 'look'));
    const { events } = await collect([...calls, e], [tool('look', () => 1)], { concurrency: 1 });
    expect(resultsOf(events)).toHaveLength(5000);
  });

  it('does not count a call that waits for its approval', async () => {
    const { events } = await collect([call('1', 'look'), call('2', 'look')], [reader('look', () => 1)], {
      concurrency: 1,
      approve: ({ callId }) => (callId === '1' ? later(5, true) : true) as boolean,
    });
    expect(resultsOf(events).map(({ callId }) => callId)).toEqual(['2', '1']);
  });
});

describe('executeTools: timeouts', () => {
  it('gives up on a tool after 60 s, and its signal aborts with a TimeoutError', () => {
    marbles(({ cold, expectObservable, now }) => {
      let signal: AbortSignal | undefined;
      const work = cold('p-');
      const look = reader('look', (_, context) => {
        signal = context.signal;
        return work;
      });
      const x = failure('1', 'look', 'timed-out', /within 60000 ms.*may have had an effect/, true, 60_000);
      const source = cold('c|', { c });
      expectObservable(source.pipe(executeTools([look], { now }))).toBe('(csp) 59995ms (x|)', { c, s, x, p: progress('1', 'look', 'p') });
      cold('60001ms |').subscribe({ complete: () => expect(signal?.reason).toMatchObject({ name: 'TimeoutError' }) });
    });
    expect.assertions(2);
  });

  it('lets a tool have a limit of its own', () => {
    marbles(({ cold, expectObservable, now }) => {
      const look = reader('look', () => NEVER, { timeoutMs: 7 });
      const x = failure('1', 'look', 'timed-out', /within 7 ms/, true, 7);
      expectObservable(cold('c|', { c }).pipe(executeTools([look], { now, timeoutMs: 5 }))).toBe('(cs)---(x|)', { c, s, x });
    });
  });

  it('starts the clock with the tool: neither an approval nor a place in the line counts', () => {
    marbles(({ cold, expectObservable, now }) => {
      const look = reader('look', () => later(4, 'p'));
      const approve = () => later(100, true) as Observable<boolean>;
      const values = { c, s, p: progress('1', 'look', 'p'), r: result('1', 'look', 'p', 4) };
      expectObservable(cold('c|', { c }).pipe(executeTools([look], { now, timeoutMs: 5, approve }))).toBe('c 99ms s---(pr|)', values);
    });
  });

  it('ignores what a tool says after its time', () => {
    marbles(({ cold, expectObservable, now }) => {
      const look = reader('look', (_, { signal }) => {
        const late = new Subject();
        signal.addEventListener('abort', () => late.error(new Error('aborted')));
        return late;
      });
      const x = failure('1', 'look', 'timed-out', /./, true, 5);
      expectObservable(cold('c|', { c }).pipe(executeTools([look], { now, timeoutMs: 5 }))).toBe('(cs)-(x|)', { c, s, x });
    });
  });

  it('bounds a tool that never lets its timer run: one that emits synchronously, and a generator that yields what is there', async () => {
    let emitted = 0;
    const firehose = new Observable((subscriber) => {
      while (!subscriber.closed && emitted < 3_000_000) subscriber.next(emitted++);
    });
    async function* eager() {
      for (let n = 0; n < 500_000; n++) yield n;
    }
    for (const execute of [() => firehose, () => eager()]) {
      const events: AnyEvent[] = [];
      await new Promise<void>((resolve) => {
        of(c)
          .pipe(executeTools([reader('look', execute)], { timeoutMs: 20 }))
          .subscribe({ next: (event) => event.type === 'tool-result' && events.push(event), complete: resolve });
      });
      expect(events).toEqual([failure('1', 'look', 'timed-out', /within 20 ms/, true, expect.any(Number))]);
    }
  });

  it('bounds the check of the arguments and their repair', () => {
    marbles(({ cold, expectObservable, now }) => {
      const bad = badCall('1', 'look', 'invalid-json');
      const x = failure('1', 'look', 'timed-out', /Checking the arguments took longer than 5 ms/, false);
      const source = cold('c|', { c: bad });
      expectObservable(source.pipe(executeTools([reader('look', () => 1)], { now, timeoutMs: 5, repair: () => NEVER }))).toBe('c----(x|)', {
        c: bad,
        x,
      });
    });
  });
});

describe('executeTools: retries', () => {
  const flaky = (fails: number, retries: number | undefined) => {
    let runs = 0;
    const execute = () => {
      runs++;
      if (runs <= fails) throw new Error(`failure ${runs}`);
      return runs;
    };
    return { look: reader('look', execute, retries === undefined ? {} : { retries }), runs: () => runs };
  };

  it('does not retry unless asked to', async () => {
    const { look, runs } = flaky(1, undefined);
    expect(codes((await collect([c], [look])).events)).toEqual({ 1: 'threw' });
    expect(runs()).toBe(1);
  });

  it('retries as often as asked to, then gives the last failure', async () => {
    const { look, runs } = flaky(9, 2);
    const { events } = await collect([c], [look]);
    expect(resultsOf(events)).toEqual([failure('1', 'look', 'threw', /failure 3/, true)]);
    expect(runs()).toBe(3);
  });

  it('gives the result of the retry that succeeds, and one tool-started', async () => {
    const { look } = flaky(2, 2);
    expect((await collect([c], [look])).events).toEqual([c, s, result('1', 'look', 3)]);
  });

  it('does not retry after the source failed', () => {
    marbles(({ cold, expectObservable, now }) => {
      let runs = 0;
      const look = reader('look', () => (runs++ === 0 ? timer(10).pipe(mergeMap(() => throwError(() => new Error('once')))) : of(2)), {
        retries: 3,
      });
      const x = failure('1', 'look', 'threw', /once/, true, 10);
      expectObservable(cold('c----#', { c }).pipe(executeTools([look], { now }))).toBe('(cs)------(x#)', { c, s, x });
    });
  });
});

describe('executeTools: approval', () => {
  const refused = failure('1', 'look', 'rejected', /not approved.*not run/, false);
  const answers: ReadonlyArray<{ name: string; approve: () => unknown; ok?: true; says?: RegExp }> = [
    { name: 'true', approve: () => true, ok: true },
    { name: 'a Promise of true', approve: async () => true, ok: true },
    { name: 'an Observable of true', approve: () => of(true), ok: true },
    { name: "an Observable's first value", approve: () => of(true, false), ok: true },
    { name: 'false', approve: () => false },
    { name: 'a Promise of false', approve: async () => false },
    { name: 'an Observable of false', approve: () => of(false) },
    { name: 'an Observable without a value', approve: () => of() },
    { name: 'something that is not true', approve: () => 'yes' },
    {
      name: 'a hook that throws',
      approve: () => {
        throw new Error('dialog crashed');
      },
      says: /could not be approved: .*dialog crashed/,
    },
    { name: 'a hook that rejects', approve: () => Promise.reject(new Error('dialog closed')), says: /dialog closed/ },
  ];
  for (const { name, approve, ok, says } of answers) {
    it(`${ok ? 'runs' : 'refuses, without running,'} at ${name}`, async () => {
      let runs = 0;
      const { events } = await collect([c], [reader('look', () => ++runs)], { approve: approve as () => boolean });
      expect(runs).toBe(ok ? 1 : 0);
      expect(resultsOf(events)).toEqual([ok ? result('1', 'look', 1) : says ? failure('1', 'look', 'rejected', says, false) : refused]);
    });
  }

  it('asks with the call and its tool, once, and only when the arguments are valid', async () => {
    const asked: string[] = [];
    const approve = ({ callId }: ToolCall, { name }: Tool) => asked.push(`${callId} ${name}`) > 0;
    await collect([c, badCall('2', 'look', 'invalid-json'), call('3', 'nope')], [reader('look', () => 1)], { approve });
    expect(asked).toEqual(['1 look']);
  });
});

describe('executeTools: repair', () => {
  const strict = defineTool({
    name: 'look',
    description: 'look',
    parameters: t.type({ city: t.string }),
    annotations: { readOnlyHint: true },
    execute: ({ city }) => city,
  }) as Tool;
  const broken = badCall('1', 'look', 'invalid-json', '{city: "Hue"}');
  const wrong = call('1', 'look', { town: 'Hue' });
  const cases: ReadonlyArray<{ name: string; call: ToolCall; repair: () => unknown; value?: string; says?: RegExp }> = [
    { name: 'a value', call: broken, repair: () => ({ city: 'Hue' }), value: 'Hue' },
    { name: 'JSON text', call: wrong, repair: () => '{"city":"Hue"}', value: 'Hue' },
    { name: 'a Promise', call: wrong, repair: async () => ({ city: 'Hue' }), value: 'Hue' },
    { name: 'an Observable', call: wrong, repair: () => of({ city: 'Hue' }), value: 'Hue' },
    { name: 'undefined, where it cannot', call: wrong, repair: () => undefined, says: /city: expected string, got nothing/ },
    { name: 'arguments that are wrong again', call: wrong, repair: () => ({ city: 7 }), says: /city: expected string, got number/ },
    { name: 'text that is no JSON', call: wrong, repair: () => '{city', says: /city: expected string.*repair was tried and failed/ },
    {
      name: 'an error',
      call: broken,
      repair: () => {
        throw new Error('no idea');
      },
      says: /Arguments are invalid-json.*repair.*no idea/,
    },
  ];
  for (const { name, call: one, repair, value, says } of cases) {
    it(`checks the answer again: ${name}`, async () => {
      let asked = 0;
      const options = {
        repair: () => {
          asked++;
          return repair() as Json;
        },
      };
      const { events } = await collect([one], [strict], options);
      expect(asked).toBe(1);
      expect(resultsOf(events)).toEqual([
        value ? result('1', 'look', value) : failure('1', 'look', 'invalid-arguments', says ?? /./, false),
      ]);
    });
  }

  it('asks for approval of the arguments that will run', async () => {
    const seen: unknown[] = [];
    const approve = (one: ToolCall) => {
      seen.push(one.arguments, one.argumentsText);
      return true;
    };
    await collect([wrong], [strict], { approve, repair: () => '{ "city": "Hue" }' });
    expect(seen).toEqual([{ _tag: 'Right', right: { city: 'Hue' } }, '{"city":"Hue"}']);
  });

  it('gives a tool of plain text its text, whichever form the call had, and shows it to who approves', async () => {
    const sql = defineTool({
      name: 'look',
      description: 'look',
      parameters: { type: 'text' },
      annotations: { readOnlyHint: true },
      execute: (query) => query,
    }) as Tool;
    const cases: ReadonlyArray<readonly [ToolCall, string]> = [
      [call('1', 'look', 'SELECT 1'), 'SELECT 1'],
      [call('1', 'look', { input: 'SELECT 1' }), 'SELECT 1'],
      [call('1', 'look', { sql: 'SELECT 1' }), '{"repaired":true}'],
      [broken, '{"repaired":true}'],
    ];
    for (const [one, text] of cases) {
      const seen: unknown[] = [];
      const approve = (asked: ToolCall) => {
        seen.push(asked.arguments);
        return true;
      };
      const { events } = await collect([one], [sql], { approve, repair: () => '{"repaired":true}' });
      expect(seen).toEqual([{ _tag: 'Right', right: text }]);
      expect(resultsOf(events)).toEqual([result('1', 'look', text)]);
    }
  });

  it('is told the call and what is wrong', async () => {
    const repair = (one: ToolCall, error: ToolFailure) => ({ city: `${one.callId} ${error.code}` });
    const { events } = await collect([wrong], [strict], { repair });
    expect(resultsOf(events)).toEqual([result('1', 'look', '1 invalid-arguments')]);
  });

  for (const code of ['interrupted', 'incomplete'] as const) {
    it(`is not asked for a call that is ${code}: a call that was cut short never runs (issue langchain-ai/langchainjs#11471)`, async () => {
      const { events } = await collect([badCall('1', 'look', code)], [strict], { repair: () => ({ city: 'Hue' }) });
      expect(codes(events)).not.toEqual({ 1: 'ok' });
    });
  }
});

describe('executeTools: when the source errors', () => {
  it('starts nothing more, waits for what runs, then raises the error: no call without a result (issue openai/openai-node#2571)', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, now }) => {
      const values = { c, s, l: call('2', 'change') };
      const source = cold('c---l--#', values);
      const expected = '   (cs)l--x----(pr#)';
      const subs = '       ^------!';
      const added = {
        x: failure('2', 'change', 'not-run', /broke before the tool was started/, false),
        p: progress('1', 'look', 'p'),
        r: result('1', 'look', 'p', 12),
      };
      const tools = [reader('look', () => later(12, 'p')), tool('change', () => 1)];
      expectObservable(source.pipe(executeTools(tools, { now }))).toBe(expected, { ...values, ...added });
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('bounds what runs by its timeout', () => {
    marbles(({ cold, expectObservable, now }) => {
      const x = failure('1', 'look', 'timed-out', /./, true, 20);
      expectObservable(cold('c---#', { c }).pipe(executeTools([reader('look', () => NEVER)], { now, timeoutMs: 20 }))).toBe(
        '(cs) 16ms (x#)',
        { c, s, x },
      );
    });
  });

  it('adds the results to the partial answer of the error, which stays the same error', async () => {
    const earlier = { ...result('0', 'old', 1), type: 'tool-result' } as ToolResult;
    const cut = new InterruptedError('cut', {
      partial: { text: 'so far', reasoning: '', calls: [], toolCalls: [], messages: [], results: [earlier] },
    });
    const source = concat(
      of(c, call('2', 'change')),
      throwError(() => cut),
    );
    const { error, events } = await collect(source, [reader('look', () => 1), tool('change', () => 1)]);
    expect(error).toBe(cut);
    expect(cut.partial.text).toBe('so far');
    expect(cut.partial.results).toEqual([earlier, ...resultsOf(events)]);
    expect(codes(events)).toEqual({ 1: 'ok', 2: 'not-run' });
  });

  it('gives up an approval that never comes, and a place in the line', async () => {
    const cut = new InterruptedError('cut');
    const source = concat(
      of(call('1', 'look'), call('2', 'slow'), call('3', 'slow')),
      later(5, c).pipe(mergeMap(() => throwError(() => cut))),
    );
    const tools = [reader('look', () => 1), reader('slow', () => later(20, 1))];
    const approve = ({ name }: ToolCall) => (name === 'look' ? NEVER : true);
    const { events, error } = await collect(source, tools, { concurrency: 1, approve });
    expect(error).toBe(cut);
    expect(codes(events)).toEqual({ 1: 'not-run', 2: 'ok', 3: 'not-run' });
  });

  it('tells a call that may have run from one that did not (issue anthropics/claude-code#1796)', async () => {
    const source = concat(
      of(call('1', 'look'), call('2', 'change')),
      throwError(() => new InterruptedError('cut')),
    );
    const { events } = await collect(source, [reader('look', () => NEVER, { timeoutMs: 5 }), tool('change', () => 1)]);
    const startedFlags = resultsOf(events).map(({ callId, outcome }) => [callId, outcome._tag === 'Left' && outcome.left.started]);
    expect(Object.fromEntries(startedFlags)).toEqual({ 1: true, 2: false });
  });
});

describe('executeTools: unsubscribing', () => {
  it('aborts every signal, emits nothing more, and stops the source (issue ag-ui-protocol/ag-ui#2288)', () => {
    const source = new Subject<AnyEvent>();
    const signals: AbortSignal[] = [];
    const events: AnyEvent[] = [];
    const inner = new Subject();
    const look = reader('look', (_, { signal }) => {
      signals.push(signal);
      return inner;
    });
    const subscription = source.pipe(executeTools([look], { now: () => 0 })).subscribe((event) => events.push(event));
    source.next(call('1', 'look'));
    source.next(call('2', 'look'));
    const before = [...events];
    subscription.unsubscribe();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect([inner.observed, source.observed]).toEqual([false, false]);
    inner.next('late');
    inner.complete();
    expect(events).toEqual(before);
  });

  it('swallows what a tool throws because of it: no unhandled rejection (issue elastic/kibana#203816)', async () => {
    const rejecting = reader(
      'rejecting',
      (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const generating = reader('generating', async function* (_, { signal }) {
      yield 1;
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const stubborn = reader('stubborn', () => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined), return: () => Promise.reject(new Error('cannot stop')) }),
    }));
    const names = ['rejecting', 'generating', 'stubborn'];
    const errors = await unhandledErrors(async () => {
      const source = new Subject<AnyEvent>();
      const subscription = source.pipe(executeTools([rejecting, generating, stubborn])).subscribe();
      for (const name of names) source.next(call(name, name));
      await tick();
      subscription.unsubscribe();
      await tick();
    });
    expect(errors).toEqual([]);
  });

  it('stops a tool that emits synchronously and without end', () => {
    let last = 0;
    const look = reader('look', () =>
      range(0, 100_000).pipe(
        tap((n) => {
          last = n;
        }),
      ),
    );
    of(c)
      .pipe(executeTools([look]), take(5))
      .subscribe();
    expect(last).toBe(2);
  });

  it('has torn a tool down before its result goes out', () => {
    let running = 0;
    const look = reader('look', () => defer(() => of(++running)).pipe(finalize(() => running--)));
    const atResult: number[] = [];
    of(c)
      .pipe(executeTools([look]))
      .subscribe((event) => event.type === 'tool-result' && atResult.push(running));
    expect(atResult).toEqual([0]);
  });

  it('lets a generator run its finally', async () => {
    let closed = false;
    const look = reader('look', async function* () {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        closed = true;
      }
    });
    const third = await lastValueFrom(concat(of(c), NEVER).pipe(executeTools([look]), take(5)));
    await tick();
    expect(third).toEqual(progress('1', 'look', 2));
    expect(closed).toBe(true);
  });

  it('drops an approval and a repair that are waited for', () => {
    const approval = new Subject<boolean>();
    const repair = new Subject<Json>();
    const source = of(c, badCall('2', 'look', 'invalid-json'));
    const options = { approve: () => approval, repair: () => repair };
    const subscription = source.pipe(executeTools([reader('look', () => 1)], options)).subscribe();
    expect([approval.observed, repair.observed]).toEqual([true, true]);
    subscription.unsubscribe();
    expect([approval.observed, repair.observed]).toEqual([false, false]);
  });

  it('runs nothing when it happens at tool-started or at the end of the round', () => {
    let runs = 0;
    for (const count of [2, 3]) {
      of(c, call('2', 'look'), e)
        .pipe(executeTools([tool('look', () => ++runs)]), take(count + 1))
        .subscribe();
    }
    expect(runs).toBe(0);
  });

  it('does not abort the signal of a tool that succeeded', async () => {
    let signal: AbortSignal | undefined;
    const look = reader('look', (_, context) => {
      signal = context.signal;
      return 1;
    });
    await collect([c], [look]);
    expect(signal?.aborted).toBe(false);
  });
});

describe('executeTools: the journal', () => {
  const twice = (id: string, args: Json = { a: 1, b: [2] }) => call(id, 'look', args);

  it('gives the result of the cut attempt to the call asked again, without running it (issue mastra-ai/mastra#24211)', async () => {
    let runs = 0;
    const again = { ...twice('2', { b: [2], a: 1 }) };
    const { events } = await collect([twice('1'), restarted, again, e], [reader('look', () => ++runs)]);
    expect(events).toEqual([twice('1'), started('1', 'look'), result('1', 'look', 1), restarted, again, result('2', 'look', 1), e]);
  });

  it('gives a running execution to the call asked again, with its later progress and its result', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, now }) => {
      const values = { c, x: restarted, d: call('2', 'look'), e };
      // What it yields between the cut and the claim (m) is not repeated.
      const work = cold('  ----p-m-----q-----|   ');
      const source = cold('c----x--d-------(e|)  ', values);
      const expected = '   (cs)px--(dt)q---e-(r|)';
      const added = {
        s,
        t: started('2', 'look'),
        p: progress('1', 'look', 'p'),
        q: progress('2', 'look', 'q'),
        r: result('2', 'look', 'q', 18),
      };
      expectObservable(source.pipe(executeTools([reader('look', () => work)], { now }))).toBe(expected, { ...values, ...added });
      expectSubscriptions(work.subscriptions).toBe('^-----------------!');
    });
  });

  it('pairs the k-th with the k-th, each once; a further one runs anew', async () => {
    let runs = 0;
    const source = [twice('1'), twice('2'), restarted, twice('3'), twice('4'), twice('5'), e];
    const { events } = await collect(source, [reader('look', () => ++runs)]);
    const values = resultsOf(events).map(({ callId, outcome }) => [callId, outcome._tag === 'Right' && outcome.right]);
    expect(values).toEqual([
      ['1', 1],
      ['2', 2],
      ['3', 1],
      ['4', 2],
      ['5', 3],
    ]);
  });

  it('carries failures of tools that had started, and refusals, and asks nobody twice', async () => {
    let asked = 0;
    const source = [call('1', 'throws'), call('2', 'refused'), restarted, call('3', 'throws'), call('4', 'refused'), e];
    const throws = reader('throws', () => {
      throw new Error('once');
    });
    const approve = ({ name }: ToolCall) => {
      asked++;
      return name === 'throws';
    };
    const { events } = await collect(source, [throws, reader('refused', () => 1)], { approve });
    expect(codes(events)).toEqual({ 1: 'threw', 2: 'rejected', 3: 'threw', 4: 'rejected' });
    expect(asked).toBe(2);
  });

  it('goes on waiting for an approval that was asked for', () => {
    const approval = new Subject<boolean>();
    let asked = 0;
    const source = new Subject<AnyEvent>();
    const events: AnyEvent[] = [];
    const approve = () => {
      asked++;
      return approval;
    };
    source.pipe(executeTools([reader('look', () => 1)], { approve, now: () => 0 })).subscribe((event) => events.push(event));
    source.next(call('1', 'look'));
    source.next(restarted);
    source.next(call('2', 'look'));
    approval.next(true);
    expect(asked).toBe(1);
    expect(events.slice(3)).toEqual([started('2', 'look'), result('2', 'look', 1)]);
  });

  it('does not start what was approved after the cut until it is asked for again', () => {
    const approval = new Subject<boolean>();
    let runs = 0;
    const source = new Subject<AnyEvent>();
    source.pipe(executeTools([reader('look', () => ++runs)], { approve: () => approval })).subscribe();
    source.next(call('1', 'look'));
    source.next(restarted);
    approval.next(true);
    expect(runs).toBe(0);
    source.next(call('2', 'look'));
    expect(runs).toBe(1);
  });

  it('does not start what stood in the line until it is asked for again', () => {
    const source = new Subject<AnyEvent>();
    const first = new Subject<Json>();
    const ran: unknown[] = [];
    const look = reader('look', ({ n }) => {
      ran.push(n);
      return n === 1 ? first : n;
    });
    source.pipe(executeTools([look], { concurrency: 1 })).subscribe();
    for (const event of [twice('1', { n: 1 }), twice('2', { n: 2 }), restarted]) source.next(event);
    first.complete();
    expect(ran).toEqual([1]);
    source.next(twice('3', { n: 2 }));
    expect(ran).toEqual([1, 2]);
  });

  it('forgets what only waited: it runs once, for the new call', async () => {
    let runs = 0;
    const { events } = await collect([c, restarted, call('2', 'look'), e], [tool('look', () => ++runs)]);
    expect(resultsOf(events)).toEqual([result('2', 'look', 1)]);
  });

  it('runs anew what was not run because the cut attempt was vetoed', async () => {
    const { events } = await collect([c, finish('length'), restarted, call('2', 'look'), e], [tool('look', () => 1)]);
    expect(codes(events)).toEqual({ 1: 'not-run', 2: 'ok' });
  });

  it('goes on with the retries of a tool that may be asked for again', () => {
    marbles(({ cold, expectObservable, now }) => {
      let runs = 0;
      const look = reader('look', () => (runs++ === 0 ? timer(8).pipe(mergeMap(() => throwError(() => new Error('once')))) : of(2)), {
        retries: 1,
      });
      const values = { c, x: restarted, d: call('2', 'look'), e, s, r: result('2', 'look', 2, 8) };
      expectObservable(cold('c----x----d---e|', values).pipe(executeTools([look], { now }))).toBe('(cs)-x----(dr)e|', values);
    });
  });

  it('outlives several restarts', async () => {
    let runs = 0;
    const source = [call('1', 'look'), call('2', 'look'), restarted, call('3', 'look'), restarted, call('4', 'look'), call('5', 'look'), e];
    const { events } = await collect(source, [reader('look', () => ++runs)]);
    expect(resultsOf(events).slice(-2)).toEqual([result('4', 'look', 1), result('5', 'look', 2)]);
  });

  it('runs later rounds anew', async () => {
    let runs = 0;
    const source = [call('1', 'look'), e, call('2', 'look'), restarted, call('3', 'look'), e];
    const { events } = await collect(source, [reader('look', () => ++runs)]);
    expect(resultsOf(events)).toEqual([result('1', 'look', 1), result('2', 'look', 2), result('3', 'look', 2)]);
  });

  it('aborts what nobody asked for again at the end of the round, and tells of it where it may have had an effect', () => {
    const source = new Subject<AnyEvent>();
    const signals: Record<string, AbortSignal> = {};
    const events: AnyEvent[] = [];
    const execute = (_: unknown, { signal, name }: ToolContext) => {
      signals[name] = signal;
      return NEVER;
    };
    const tools = [reader('look', execute), tool('change', execute, { startWhen: 'confirmed' })];
    source
      .pipe(executeTools(tools, { now: () => 0 }))
      .subscribe({ next: (event) => events.push(event), complete: () => events.push({ type: 'completed' }) });
    for (const event of [call('1', 'look'), call('2', 'change'), restarted, a]) source.next(event);
    expect(Object.values(signals).map(({ aborted }) => aborted)).toEqual([false, false]);
    source.next(e);
    expect(Object.values(signals).map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(events.slice(-1)).toEqual([expect.objectContaining({ type: 'diagnostic', code: 'execution-unclaimed', callId: '2' })]);
    source.complete();
    expect(events.at(-1)).toEqual({ type: 'completed' });
  });

  it('frees the places of what it aborts', async () => {
    const look = reader('look', ({ n }) => (n === 1 ? NEVER : n) as Observable<never>);
    const { events } = await collect([twice('1', { n: 1 }), restarted, twice('2', { n: 2 }), e], [look], { concurrency: 1 });
    expect(resultsOf(events)).toEqual([result('2', 'look', 2)]);
  });

  it('drops the results of the cut attempt from the partial answer', async () => {
    const cut = new InterruptedError('cut');
    const source = concat(
      of(call('0', 'look', { n: 0 }), e, call('1', 'look'), restarted, call('2', 'look')),
      throwError(() => cut),
    );
    await collect(source, [reader('look', () => 1)]);
    expect(cut.partial.results.map(({ callId }) => callId)).toEqual(['0', '2']);
  });
});

describe('executeTools: rounds that follow each other', () => {
  it('lets a tool of an earlier round finish while the next one streams', () => {
    marbles(({ cold, expectObservable, now }) => {
      const values = { c, e, a, d: call('2', 'look') };
      const source = cold('c---e-a-d---(e|)', values);
      const expected = '   (cs)e-a-(dt)(epr)-(uv|)';
      const added = {
        s,
        t: started('2', 'look'),
        p: progress('1', 'look', 'p'),
        r: result('1', 'look', 'p', 12),
        u: progress('2', 'look', 'p'),
        v: result('2', 'look', 'p', 10),
      };
      const look = reader('look', (_, { callId }) => later(callId === '1' ? 12 : 10, 'p'));
      expectObservable(source.pipe(executeTools([look], { now }))).toBe(expected, { ...values, ...added });
    });
  });

  it('lets a veto end with its round', async () => {
    const { events } = await collect([c, finish('length'), roundEnd('length'), call('2', 'look'), e], [tool('look', () => 1)]);
    expect(codes(events)).toEqual({ 1: 'not-run', 2: 'ok' });
  });
});

describe("executeTools: a caller's mistake throws at the call", () => {
  const look = tool('look', () => 1);
  const cases: ReadonlyArray<[string, () => unknown, RegExp]> = [
    ['two tools of one name', () => executeTools([look, look]), /two tools are named "look". Rename one/],
    ['a tool of another making', () => executeTools([{ name: 'x', inputSchema: {} } as never]), /not made by defineTool/],
    ['a negative timeout', () => executeTools([look], { timeoutMs: -1 }), /timeoutMs is -1.*milliseconds, more than 0/],
    ['a timeout no timer keeps', () => executeTools([look], { timeoutMs: 2 ** 31 }), /at most 2147483647/],
    ['no places', () => executeTools([look], { concurrency: 0 }), /concurrency is 0.*from 1/],
    ['half a place', () => executeTools([look], { concurrency: 1.5 }), /whole number/],
    ['an unknown start policy', () => executeTools([look], { startWhen: 'soon' as 'finished' }), /'confirmed' or 'finished'/],
  ];
  for (const [name, act, message] of cases) {
    it(name, () => expect(act).toThrow(message));
  }
});

describe('executeTools: laws', () => {
  const kinds = ['look', 'change', 'gone', 'yours', 'throws', 'slow'] as const;
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('text' as const), wait: fc.nat(9) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('call' as const),
        wait: fc.nat(9),
        kind: fc.constantFrom(...kinds),
        ms: fc.nat(30),
        bad: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('end' as const),
        wait: fc.nat(9),
        reason: fc.constantFrom<FinishReason>('stop', 'tool-calls', 'length'),
      }),
    },
  );
  const plan = fc.record({
    steps: fc.array(step, { maxLength: 25 }),
    ending: fc.constantFrom('complete', 'error'),
    concurrency: fc.integer({ min: 1, max: 3 }),
    refuse: fc.boolean(),
  });

  it('law: one result for each call of a tool with execute or without a tool, and the same text, whatever the timings', () => {
    const reached = { calls: 0, errors: 0 };
    fc.assert(
      fc.property(plan, ({ steps, ending, concurrency, refuse }) => {
        const execute = ({ ms }: { [key: string]: unknown }) => later(Number(ms), ms);
        const tools = [
          reader('look', execute),
          tool('change', execute),
          tool('yours'),
          reader('throws', () => timer(3).pipe(mergeMap(() => throwError(() => new Error('no'))))),
          reader('slow', () => NEVER, { timeoutMs: 12 }),
        ];
        let at = 0;
        const inputs = steps.flatMap((one, i): Array<{ at: number; event: AnyEvent }> => {
          at += one.wait;
          if (one.type === 'text') return [{ at, event: text(`${i}`) }];
          if (one.type === 'end') return [finish(one.reason), roundEnd(one.reason)].map((event) => ({ at, event }));
          return [{ at, event: one.bad ? badCall(`${i}`, one.kind, 'invalid-json') : call(`${i}`, one.kind, { ms: one.ms }) }];
        });
        const events: AnyEvent[] = [];
        let end = 'none';
        const scheduler = new TestScheduler(() => undefined);
        scheduler.run(({ flush }) => {
          const source = concat(
            merge(...inputs.map(({ at: when, event }) => timer(when).pipe(map(() => event)))),
            ending === 'complete' ? of() : throwError(() => new InterruptedError('cut')),
          );
          const approve = ({ callId }: ToolCall) => (refuse ? later(Number(callId) % 7, Number(callId) % 3 > 0) : true) as boolean;
          source.pipe(executeTools(tools, { concurrency, approve, now: () => scheduler.now() })).subscribe({
            next: (event) => events.push(event),
            error: () => {
              end = 'error';
            },
            complete: () => {
              end = 'complete';
            },
          });
          flush();
        });
        const due = inputs.flatMap(({ event }) =>
          event.type === 'tool-call' && (event as ToolCall).name !== 'yours' ? [(event as ToolCall).callId] : [],
        );
        reached.calls += due.length;
        reached.errors += ending === 'error' ? 1 : 0;
        expect(end).toBe(ending);
        expect(
          resultsOf(events)
            .map(({ callId }) => callId)
            .sort(),
        ).toEqual([...due].sort());
        const passed = new Set<AnyEvent>(inputs.map(({ event }) => event));
        expect(events.filter((event) => passed.has(event))).toEqual(inputs.map(({ event }) => event));
        let running = 0;
        for (const event of events) {
          if (event.type === 'tool-started') running++;
          if (
            event.type === 'tool-result' &&
            ((event as ToolResult).outcome._tag === 'Right' || JSON.stringify(event).includes('"started":true'))
          )
            running--;
          expect(running).toBeLessThanOrEqual(concurrency);
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) },
    );
    expect(reached.calls).toBeGreaterThan(moreThan(300));
    expect(reached.errors).toBeGreaterThan(moreThan(30));
  });

  it('law: each side effect at most once, under a cut at any event and a restart', () => {
    const names = fc.array(fc.record({ name: fc.constantFrom('look', 'change'), n: fc.nat(2) }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(names, fc.nat(20), fc.nat(40), fc.array(fc.nat(12), { maxLength: 3 }), (calls, pace, ms, cuts) => {
        const runs = new Map<string, number>();
        const execute = (args: { [key: string]: unknown }, { name }: ToolContext) => {
          const key = `${name}${args.n}`;
          runs.set(key, (runs.get(key) ?? 0) + 1);
          return later(ms, key);
        };
        const attempt = (nth: number): AnyEvent[] => [
          ...calls.map(({ name, n }, i) => call(`${nth}.${i}`, name, { n })),
          finish('tool-calls'),
          e,
        ];
        const script = [
          ...cuts.flatMap((cut, nth) => [...attempt(nth).slice(0, Math.min(cut, calls.length + 1)), restarted]),
          ...attempt(99),
        ];
        const events: AnyEvent[] = [];
        const scheduler = new TestScheduler(() => undefined);
        scheduler.run(({ flush }) => {
          const source = merge(...script.map((event, i) => timer(i * pace).pipe(map(() => event))));
          source
            .pipe(executeTools([reader('look', execute), tool('change', execute)], { now: () => 0 }))
            .subscribe((event) => events.push(event));
          flush();
        });
        const wanted = new Map<string, number>();
        for (const { name, n } of calls) wanted.set(`${name}${n}`, (wanted.get(`${name}${n}`) ?? 0) + 1);
        expect(runs).toEqual(wanted);
        const last = resultsOf(events).filter(({ callId }) => callId.startsWith('99.'));
        expect(last.map(({ callId }) => callId).sort()).toEqual(calls.map((_, i) => `99.${i}`));
        expect(last.every(({ outcome }) => outcome._tag === 'Right')).toBe(true);
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) },
    );
  });
});

describe('executeTools: types', () => {
  it('passes unknown events through, and adds its own', () => {
    const source = of<TextDelta | { readonly type: 'mine'; readonly a: 1 }>();
    const out = source.pipe(executeTools([]));
    expectTypeOf(out).toEqualTypeOf<Observable<TextDelta | { readonly type: 'mine'; readonly a: 1 } | ToolEvent | Diagnostic>>();
  });

  it('takes tools with arguments of any type', () => {
    const typed = defineTool({ name: 'typed', description: 'typed', parameters: t.type({ a: t.number }), execute: ({ a }) => a });
    expectTypeOf(executeTools).toBeCallableWith([typed]);
  });
});

const clockless = () => {
  throw new Error('no clock');
};

describeCompliance('executeTools', {
  operator: () => executeTools([reader('look', () => 1), tool('change', () => of(1, 2))], { now: () => 0 }) as never,
  throwing: () => executeTools([reader('look', () => 1)], { now: clockless }) as never,
  inputs: [text('a'), c, badCall('2', 'nope', 'invalid-json'), call('3', 'change'), seen, finish('tool-calls'), e],
});

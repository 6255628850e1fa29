import fc from 'fast-check';
import * as t from 'io-ts';
import { concat, defer, EMPTY, finalize, from, ignoreElements, map, NEVER, type Observable, take, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { streamAnswer } from '../src/answer.ts';
import { InterruptedError } from '../src/errors.ts';
import type { AnswerEnd, AnswerEvent, ModelEvent, ToolCall, ToolResult } from '../src/events.ts';
import type { ModelRequest } from '../src/messages.ts';
import type { Model } from '../src/models/model.ts';
import { defineTool } from '../src/tools/define-tool.ts';
import { begin, end, faults, fragment, text, user } from './rounds/events.ts';
import { moreThan } from './support/reach.ts';

/** An io-ts codec: checked at once, in the same turn, so that virtual time has it. */
const parameters = t.type({ n: t.number });
const request: ModelRequest = { messages: [user('15 + 27?')] };
const wait = (ms: number) => timer(ms).pipe(map(() => 42));

/** A tool that takes `ms` of virtual time, and tells what it was asked. */
function tool(name: string, { ms = 0, readOnlyHint = false, asked = [] as AbortSignal[] } = {}) {
  return defineTool({
    name,
    description: name,
    parameters,
    annotations: { readOnlyHint },
    execute: (_, { signal }) => {
      asked.push(signal);
      return ms > 0 ? wait(ms) : 42;
    },
  });
}

const said = (callIds: readonly string[], name = 'add', argumentsText = '{"n":1}') =>
  ({
    ...end('tool-calls', []),
    message: { role: 'assistant', content: '', toolCalls: callIds.map((id) => ({ id, name, argumentsText })) },
  }) as ModelEvent;

const calling = (name = 'add', argumentsText = '{"n":1}') => [
  begin('c1', 0, name) as ModelEvent,
  fragment('c1', argumentsText) as ModelEvent,
  said(['c1'], name, argumentsText),
];
const done = [text('42'), end('stop', [], '42')] as ModelEvent[];

/** A model that plays one script a round, and remembers what it was asked. */
function scripted(...rounds: ReadonlyArray<readonly ModelEvent[] | Observable<ModelEvent>>) {
  const asked: ModelRequest[] = [];
  const signals: AbortSignal[] = [];
  const model: Model = (one, signal) => {
    asked.push(one);
    if (signal) signals.push(signal);
    return from(rounds[asked.length - 1] ?? done);
  };
  return { model, asked, signals };
}

function run(answer$: Observable<AnswerEvent>) {
  const events: AnswerEvent[] = [];
  const outcome: { error?: unknown; completed: boolean } = { completed: false };
  const subscription = answer$.subscribe({
    next: (event) => events.push(event),
    error: (error: unknown) => {
      outcome.error = error;
    },
    complete: () => {
      outcome.completed = true;
    },
  });
  return { events, last: () => events.at(-1) as AnswerEnd, outcome, subscription };
}

const LETTERS: Record<string, string> = {
  'tool-call-start': 's',
  'tool-call-delta': 'd',
  'text-delta': 't',
  'round-end': 'e',
  'tool-call': 'C',
  'tool-started': 'B',
  'tool-progress': 'P',
  'tool-result': 'R',
  'answer-end': 'A',
};

describe('streamAnswer', () => {
  it('runs the tool while text flows, asks again, and ends', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const events = {
        s: begin('c1') as ModelEvent,
        d: fragment('c1', '{"n":1}') as ModelEvent,
        t: text('…') as ModelEvent,
        e: said(['c1']),
      };
      const first = cold('-s-d-t---------e|', events);
      const again = cold('-t-e|', { t: text('42') as ModelEvent, e: end('stop', [], '42') as ModelEvent });
      const model: Model = ({ messages }) => (messages.length === 1 ? first : again);
      const answer$ = streamAnswer({ model, request, tools: [tool('add', { ms: 5, readOnlyHint: true })] });
      expectObservable(answer$.pipe(map(({ type }) => LETTERS[type] ?? '?'))).toBe('-s-d-(tCB)(PR)-et-e(A|)');
      expectSubscriptions(first.subscriptions).toBe('^---------------!');
      expectSubscriptions(again.subscriptions).toBe('---------------^---!');
    });
  });

  it('asks with the tools, and with what came of them', async () => {
    const add = tool('add', { readOnlyHint: true });
    const { model, asked } = scripted(calling());
    const answer = run(streamAnswer({ model, request: { ...request, temperature: 0 }, tools: [add] }));
    await expect.poll(() => answer.outcome.completed).toBe(true);
    expect(asked.map(({ tools, temperature }) => [tools, temperature])).toEqual([
      [[add], 0],
      [[add], 0],
    ]);
    expect(asked[1]?.messages.slice(1)).toMatchObject([{ role: 'assistant' }, { role: 'tool', toolCallId: 'c1', content: '42' }]);
    expect(answer.last()).toMatchObject({ type: 'answer-end', reason: 'stop', rounds: 2 });
  });

  it('sends no empty list of tools', () => {
    const { model, asked } = scripted(done);
    run(streamAnswer({ model, request }));
    expect(asked).toEqual([request]);
  });

  it('leaves the calls of a tool without execute to the caller', () => {
    const { model, asked } = scripted(calling('ask_user'));
    const answer = run(streamAnswer({ model, request, tools: [defineTool({ name: 'ask_user', description: '', parameters })] }));
    expect(answer.last()).toMatchObject({ reason: 'awaiting-results', pending: [{ callId: 'c1', arguments: { right: { n: 1 } } }] });
    expect(asked).toHaveLength(1);
  });

  it('gives a call that must not run back to the model, also of a tool without execute (issue anthropics/anthropic-sdk-typescript#1006)', () => {
    const { model, asked } = scripted(calling('ask_user', '{"n":'));
    const answer = run(streamAnswer({ model, request, tools: [defineTool({ name: 'ask_user', description: '', parameters })] }));
    expect(answer.last()).toMatchObject({ reason: 'stop', rounds: 2 });
    expect(asked[1]?.messages.at(-1)).toMatchObject({ isError: true, content: expect.stringContaining('invalid-arguments') });
    expect(answer.events.filter(({ type }) => type === 'tool-result')).toMatchObject([{ callId: 'c1', round: 1 }]);
  });

  it('runs nothing twice after an error: what was done is on it (issue mastra-ai/mastra#24211)', async () => {
    const asked: AbortSignal[] = [];
    const { model } = scripted(
      calling(),
      throwError(() => new InterruptedError('cut')),
    );
    const { outcome } = run(streamAnswer({ model, request, tools: [tool('add', { asked })] }));
    await expect.poll(() => outcome.error).toBeInstanceOf(InterruptedError);
    const { partial } = outcome.error as InterruptedError;
    expect(asked).toHaveLength(1);
    expect(partial.results).toMatchObject([{ callId: 'c1', round: 1, outcome: { right: 42 } }]);
    expect(partial.messages).toMatchObject([{ role: 'assistant' }, { role: 'tool', content: '42' }]);
  });

  describe('the signal of the answer', () => {
    it('is one for all rounds, and aborts at the end of the answer', async () => {
      const { model, signals } = scripted(calling());
      const seen: boolean[] = [];
      const answer$ = streamAnswer({ model, request, tools: [tool('add')] });
      const completed = new Promise<void>((resolve, reject) => {
        answer$.subscribe({ next: () => seen.push(signals[0]?.aborted ?? true), error: reject, complete: resolve });
      });
      await completed;
      expect(signals).toHaveLength(2);
      expect(signals[1]).toBe(signals[0]);
      expect(seen).not.toContain(true);
      expect(signals[0]?.aborted).toBe(true);
    });

    it('aborts when the answer fails', () => {
      const { model, signals } = scripted(throwError(() => 'boom'));
      expect(run(streamAnswer({ model, request })).outcome.error).toBe('boom');
      expect(signals[0]?.aborted).toBe(true);
      expect(signals[0]?.reason).toMatchObject({ name: 'AbortError', message: 'The answer is over.' });
    });

    it('aborts when nobody listens any more (issue ag-ui-protocol/ag-ui#2288)', () => {
      const { model, signals } = scripted(NEVER);
      const { subscription } = run(streamAnswer({ model, request }));
      expect(signals[0]?.aborted).toBe(false);
      subscription.unsubscribe();
      expect(signals[0]?.aborted).toBe(true);
    });

    it('is a fresh one for each subscription', () => {
      const { model, signals } = scripted(NEVER, NEVER);
      const answer$ = streamAnswer({ model, request });
      run(answer$).subscription.unsubscribe();
      run(answer$);
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    });
  });

  it('raises what the model throws', () => {
    const model: Model = () => {
      throw new Error('no model');
    };
    expect(run(streamAnswer({ model, request })).outcome.error).toEqual(new Error('no model'));
  });

  it('says so where the model gives no Observable, in the first round and later', () => {
    const absent = (() => undefined) as unknown as Model;
    const { model } = scripted(calling());
    const late: Model = (one) => (one.messages.length > 1 ? absent(one) : model(one));
    for (const silent of [absent, late]) {
      const { error } = run(streamAnswer({ model: silent, request, tools: [tool('add')] })).outcome;
      expect(String(error)).toMatch(/TypeError: You provided 'undefined' where a stream was expected/);
    }
  });

  it('is interrupted where the model completes without a word, with the rounds before in the error', () => {
    for (const before of [[], [calling()]]) {
      const { model } = scripted(...before, EMPTY);
      const { error } = run(streamAnswer({ model, request, tools: [tool('add')] })).outcome;
      expect(error).toBeInstanceOf(InterruptedError);
      const { results, messages } = (error as InterruptedError).partial;
      expect([results.length, messages.map(({ role }) => role)]).toEqual(before.length === 0 ? [0, []] : [1, ['assistant', 'tool']]);
    }
  });

  it('asks nothing before it is subscribed', () => {
    const { model, asked } = scripted(done);
    streamAnswer({ model, request });
    expect(asked).toEqual([]);
  });

  it('throws caller mistakes at the call', () => {
    const { model } = scripted(done);
    expect(() => streamAnswer({ model, request, tools: [tool('add'), tool('add')] })).toThrow(TypeError);
    expect(() => streamAnswer({ model, request, maxRounds: 0 })).toThrow(RangeError);
    const endpoint = { url: 'https://api.example/v1' } as unknown as Model;
    expect(() => streamAnswer({ model: endpoint, request })).toThrow(/`model`.*httpModel\(endpoint\)/);
    const approve = true as unknown as () => boolean;
    expect(() => streamAnswer({ model, request, approve })).toThrow(/executeTools: `approve` is no function/);
    expect(() => streamAnswer({ model, request: { ...request, tools: [tool('add')] } })).toThrow(/beside the request/);
  });
});

/** One round of up to three calls, written in turns, of tools that exist, do not, or are left to the caller; maybe cut. */
const roundScript = fc
  .record({
    names: fc.array(fc.constantFrom('now', 'later', 'slow', 'unknown', 'ask_user'), { maxLength: 3 }),
    args: fc.array(fc.constantFrom('{"n":1}', '{"n":"x"}', '{"n":', ''), { minLength: 3, maxLength: 3 }),
    reason: fc.constantFrom('stop', 'tool-calls', 'length', 'pause', 'other', 'error'),
  })
  .map(({ names, args, reason }): ModelEvent[] => [
    text('a') as ModelEvent,
    ...names.flatMap((name, i) => [
      begin(`c${i}`, i, name) as ModelEvent,
      fragment(`c${i}`, args[i] ?? '', i) as ModelEvent,
      text('b') as ModelEvent,
    ]),
    { type: 'finish-reason', reason, raw: reason } as ModelEvent,
    {
      type: 'round-end',
      reason,
      message: {
        role: 'assistant',
        content: 'a',
        toolCalls: names.map((name, i) => ({ id: `c${i}`, name, argumentsText: args[i] ?? '' })),
      },
    } as ModelEvent,
  ]);

const tools = [
  tool('now', { readOnlyHint: true }),
  tool('later'),
  tool('slow', { ms: 3, readOnlyHint: true }),
  defineTool({ name: 'ask_user', description: '', parameters }),
];

const conversations = fc.record({
  rounds: fc.array(roundScript, { minLength: 1, maxLength: 4 }),
  cutRound: fc.nat({ max: 5 }),
  cutAt: fc.nat({ max: 12 }),
});

describe('laws of the whole answer', () => {
  it('law: under a cut at any event, each call has one result, and every history answers each call once, in order', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(conversations, ({ rounds, cutRound, cutAt }) => {
        new TestScheduler(() => {}).run(({ flush }) => {
          const cut = rounds.map((events, i) =>
            i === cutRound && cutAt < events.length
              ? concat(
                  from(events.slice(0, cutAt)),
                  throwError(() => new InterruptedError('cut')),
                )
              : concat(from(events), timer(1).pipe(map((): ModelEvent => ({ type: 'diagnostic', code: 'late', message: '' })))),
          );
          const { model, asked } = scripted(...cut);
          const { events, outcome } = run(streamAnswer({ model, request, tools, maxRounds: 3 }));
          flush();
          const last = events.at(-1);
          const { error } = outcome;
          if (!outcome.completed && !(error instanceof InterruptedError)) throw error ?? new Error('the answer never ended');
          const ending = outcome.completed ? (last as AnswerEnd) : undefined;
          reached.add(ending ? ending.reason : 'failed');

          const id = ({ round, callId }: ToolCall | ToolResult) => `${round} ${callId}`;
          const calls = events.filter((event): event is ToolCall => event.type === 'tool-call').map(id);
          const results = events.filter((event): event is ToolResult => event.type === 'tool-result').map(id);
          const pending = (ending?.pending ?? []).map(id);
          expect(new Set(calls).size).toBe(calls.length);
          expect([...results, ...pending].sort()).toEqual([...calls].sort());

          for (const { messages } of asked) expect(faults(messages)).toEqual([]);
          if (error instanceof InterruptedError) expect(faults(error.partial.messages)).toEqual([]);
          else if (pending.length === 0) expect(faults(ending?.messages ?? [])).toEqual([]);
          expect(asked.length).toBeLessThanOrEqual(3);
        });
      }),
      { numRuns: 300 },
    );
    const ends = ['failed', 'stop', 'length', 'max-rounds', 'awaiting-results', 'error'];
    expect(ends.filter((end) => reached.has(end)).length).toBeGreaterThan(moreThan(5));
  });

  it('law: the text is the same whatever the tools do', () => {
    fc.assert(
      fc.property(roundScript, fc.constantFrom(0, 1, 5), (events, ms) => {
        const textOf = (slow: boolean) => {
          let seen = '';
          new TestScheduler(() => {}).run(({ flush }) => {
            const { model } = scripted(from(events));
            const some = slow ? [tool('now', { ms, readOnlyHint: true }), tool('slow', { ms: 9 }), tool('later')] : [];
            streamAnswer({ model, request, tools: some, maxRounds: 1 }).subscribe((event) => {
              if (event.type === 'text-delta') seen += event.text;
            });
            flush();
          });
          return seen;
        };
        expect(textOf(true)).toBe(textOf(false));
      }),
      { numRuns: 100 },
    );
  });

  it('law: unsubscribing at any event leaves no round and no tool running, and nothing is asked afterwards', () => {
    /** Runs a conversation up to its n-th event. @returns whether it was cut there. */
    const cutAfter = (count: number, rounds: ReadonlyArray<readonly ModelEvent[]>): boolean => {
      let ended = false;
      new TestScheduler(() => {}).run(({ flush }) => {
        let active = 0;
        let askedAtEnd = -1;
        const watched = <T>(source$: Observable<T>) =>
          defer(() => {
            active++;
            return source$.pipe(finalize(() => active--));
          });
        const draining = (events: readonly ModelEvent[]) => watched(concat(from(events), timer(2).pipe(ignoreElements())));
        const { model, asked } = scripted(...rounds.map(draining));
        const annotations = { readOnlyHint: true };
        const later = defineTool({ name: 'slow', description: '', parameters, execute: () => watched(wait(3)) });
        const eager = defineTool({ name: 'now', description: '', parameters, annotations, execute: () => watched(wait(1)) });
        const noteAsked = finalize<AnswerEvent>(() => {
          askedAtEnd = asked.length;
        });
        const { events } = run(streamAnswer({ model, request, tools: [later, eager], maxRounds: 3 }).pipe(take(count), noteAsked));
        flush();
        ended = events.at(-1)?.type === 'answer-end';
        expect(active).toBe(0);
        expect(asked.length).toBe(askedAtEnd);
      });
      return !ended;
    };
    let cuts = 0;
    fc.assert(
      fc.property(conversations, ({ rounds }) => {
        let count = 1;
        while (count < 100 && cutAfter(count, rounds)) count++;
        cuts += count - 1;
      }),
      { numRuns: 25 },
    );
    expect(cuts).toBeGreaterThan(moreThan(100));
  });
});

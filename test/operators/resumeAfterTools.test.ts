import { concat, EMPTY, from, map, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { type ResumeAfterToolsOptions, resumeAfterTools } from '../../operators/resumeAfterTools.ts';
import { InterruptedError, noPartial, ProviderError } from '../../src/errors.ts';
import type { AnswerEnd, AnswerEvent } from '../../src/events.ts';
import type { ModelRequest } from '../../src/messages.ts';
import { answered, begin, call, end, faults, fragment, result, said, text, user } from '../rounds/events.ts';
import { type ComplianceSubject, complianceChecks, describeCompliance } from '../support/compliance.ts';

type Options = ResumeAfterToolsOptions<AnswerEvent>;

const request: ModelRequest = { messages: [user('15 + 27?')] };
const resume = (ask: Options['ask'], more: Partial<Options> = {}) => resumeAfterTools<AnswerEvent>({ request, ask, ...more });
const unasked: Options['ask'] = () => {
  throw new Error('asked another round');
};
const withCall = [call('c1'), result('c1'), end('tool-calls', ['c1'])];

/** Everything a synchronous answer emits, and the error that ended it. */
function run(answer$: Observable<AnswerEvent>) {
  const events: AnswerEvent[] = [];
  const outcome: { error?: unknown; completed: boolean } = { completed: false };
  answer$.subscribe({
    next: (event) => events.push(event),
    error: (error: unknown) => {
      outcome.error = error;
    },
    complete: () => {
      outcome.completed = true;
    },
  });
  return { events, last: events.at(-1) as AnswerEnd, ...outcome };
}

const marbles = (test: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

describe('resumeAfterTools', () => {
  it('asks the next round at the round end and the last result, and ends with answer-end', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const e = { c: call('c1'), r: result('c1'), e: end('tool-calls', ['c1']), t: text('42'), f: end('stop', [], '42') };
      const source = cold<AnswerEvent>('--c-r-e-|', e);
      const next = cold<AnswerEvent>('        --t-f|', e);
      const messages = [said('', ['c1']), answered('c1'), said('42')];
      expectObservable(source.pipe(resume(() => next))).toBe('--c-r-e-t-f(A|)', {
        c: { ...e.c, round: 1 },
        r: { ...e.r, round: 1 },
        e: { ...e.e, round: 1 },
        t: { ...e.t, round: 2 },
        f: { ...e.f, round: 2 },
        A: { type: 'answer-end', round: 2, reason: 'stop', usage: {}, messages, rounds: 2 },
      });
      expectSubscriptions(source.subscriptions).toBe('^-------!');
      expectSubscriptions(next.subscriptions).toBe('  ------^----!');
    });
  });

  /** One letter an event, so that a marble shows only which and when. */
  const letters = map(({ type }: AnswerEvent) => LETTERS[type as keyof typeof LETTERS] ?? '?');
  const LETTERS = { 'tool-call': 'c', 'tool-result': 'r', 'round-end': 'e', 'text-delta': 't', diagnostic: 'd', 'answer-end': 'A' };

  it('waits for a result that comes after the round end', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const e = { c: call('c1'), d: call('c2', 1), r: result('c1'), s: result('c2'), e: end('tool-calls', ['c1', 'c2']), f: end('stop') };
      const source = cold<AnswerEvent>('cdre-s---|', e);
      const next = cold<AnswerEvent>('       -f|', e);
      expectObservable(
        source.pipe(
          resume(() => next),
          letters,
        ),
      ).toBe('ccre-re--(A|)');
      expectSubscriptions(source.subscriptions).toBe('^--------!');
      expectSubscriptions(next.subscriptions).toBe('  -----^-!');
    });
  });

  it('passes on what a round says while it drains, and survives its failure then (issue openai/openai-node#1292)', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const late: AnswerEvent = { type: 'diagnostic', code: 'after-end', message: 'late' };
      const e = { c: call('c1'), r: result('c1'), e: end('tool-calls', ['c1']), l: late, t: text('42'), f: end('stop', [], '42') };
      const source = cold<AnswerEvent>('cre-l--#     ', e, new Error('reset'));
      const next = cold<AnswerEvent>('    ---t-f---|', e);
      expectObservable(
        source.pipe(
          resume(() => next),
          letters,
        ),
      ).toBe('cre-dt-(de)(A|)');
      expectSubscriptions(source.subscriptions).toBe('^------!');
      expectSubscriptions(next.subscriptions).toBe('  --^--------!');
    });
  });

  it('stops every round when it is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const e = { c: call('c1'), r: result('c1'), e: end('tool-calls', ['c1']), t: text('42') };
      const source = cold<AnswerEvent>('cre------', e);
      const next = cold<AnswerEvent>('    --t---', e);
      expectObservable(
        source.pipe(
          resume(() => next),
          letters,
        ),
        '^----!',
      ).toBe('cre-t');
      expectSubscriptions(source.subscriptions).toBe('^----!');
      expectSubscriptions(next.subscriptions).toBe('  --^--!');
    });
  });

  it('leaves the events of the source as they were', () => {
    const events = [text('a'), end('stop', [], 'a')].map((event) => Object.freeze(event));
    expect(run(from(events).pipe(resume(unasked))).completed).toBe(true);
    expect(events[0]).toEqual(text('a'));
  });

  it('appends the assistant message and the results in the order of the calls', () => {
    const asked: ModelRequest[] = [];
    const first = [call('c1'), call('c2', 1), result('c2', 2), result('c1', 1), end('tool-calls', ['c1', 'c2'])];
    const ask = (r: ModelRequest) => {
      asked.push(r);
      return of<AnswerEvent>(end('stop', [], 'done'));
    };
    const { last } = run(from(first).pipe(resume(ask, { request: { ...request, temperature: 0.5 } })));
    const round = [said('', ['c1', 'c2']), answered('c1', '1'), answered('c2', '2')];
    expect(asked).toEqual([{ temperature: 0.5, messages: [user('15 + 27?'), ...round] }]);
    expect(last.messages).toEqual([...round, said('done')]);
  });

  it.each(['required', { name: 'add' }] as const)('forces the tool choice %j for the first round only', (toolChoice) => {
    const asked: ModelRequest[] = [];
    run(
      from(withCall).pipe(
        resume(
          (r) => {
            asked.push(r);
            return of(end('stop'));
          },
          { request: { ...request, toolChoice } },
        ),
      ),
    );
    expect(asked.map((r) => 'toolChoice' in r)).toEqual([false]);
  });

  it.each(['auto', 'none'] as const)('keeps the tool choice %s', (toolChoice) => {
    const asked: ModelRequest[] = [];
    run(
      from(withCall).pipe(
        resume(
          (r) => {
            asked.push(r);
            return of(end('stop'));
          },
          { request: { ...request, toolChoice } },
        ),
      ),
    );
    expect(asked[0]?.toolChoice).toBe(toolChoice);
  });

  describe('decides from what came, not from the finish reason', () => {
    it('asks again after `stop` with calls (issue vercel/workflow#1387)', () => {
      const { last } = run(of(call('c1'), result('c1'), end('stop', ['c1'])).pipe(resume(() => of(end('stop', [], 'done')))));
      expect([last.reason, last.rounds]).toEqual(['stop', 2]);
    });

    it('is done after `tool-calls` without calls (issue mastra-ai/mastra#14187)', () => {
      const { last } = run(of(text('hm'), end('tool-calls', [], 'hm')).pipe(resume(unasked)));
      expect([last.reason, last.rounds]).toEqual(['tool-calls', 1]);
    });

    it.each(['length', 'content-filter', 'error'] as const)('asks nothing after `%s`, and answers each call (row 9)', (reason) => {
      const { last } = run(of(call('c1'), result('c1'), call('c2', 1), end(reason, ['c1', 'c2'])).pipe(resume(unasked)));
      expect([last.reason, last.pending]).toEqual([reason, undefined]);
      expect(faults(last.messages)).toEqual([]);
      expect(last.messages[2]).toMatchObject({ toolCallId: 'c2', isError: true, content: expect.stringContaining('not-run') });
    });

    it('asks again after `pause`, with the assistant message', () => {
      const asked: ModelRequest[] = [];
      const ask = (r: ModelRequest) => {
        asked.push(r);
        return of(end('stop', [], 'b'));
      };
      const { last } = run(of(end('pause', [], 'a')).pipe(resume(ask)));
      expect(asked[0]?.messages).toEqual([...request.messages, said('a')]);
      expect(last).toMatchObject({ reason: 'stop', messages: [said('a'), said('b')] });
    });
  });

  it('ends with max-rounds, the results of the last round appended', () => {
    let asked = 0;
    const ask = () => {
      asked++;
      return from(withCall);
    };
    const { last } = run(from(withCall).pipe(resume(ask, { maxRounds: 3 })));
    expect([last.reason, last.rounds, asked]).toEqual(['max-rounds', 3, 2]);
    expect(last.messages).toHaveLength(6);
    expect(faults(last.messages)).toEqual([]);
  });

  describe('awaiting results', () => {
    it('ends with the calls that nobody answered, and the results of the others', () => {
      const { last } = run(of(call('c1'), call('c2', 1), result('c2'), end('tool-calls', ['c1', 'c2'])).pipe(resume(unasked)));
      expect(last).toMatchObject({ reason: 'awaiting-results', pending: [{ ...call('c1'), round: 1 }] });
      expect(last.messages).toEqual([said('', ['c1', 'c2']), answered('c2')]);
    });

    it('knows the calls from the message where nothing assembled them', () => {
      const { last } = run(of(begin('c1'), fragment('c1', '[15,27]'), end('tool-calls', ['c1'])).pipe(resume(unasked)));
      expect(last.pending).toEqual([{ ...call('c1'), round: 1 }]);
    });
  });

  it('sums the usage over the rounds, cut attempts included', () => {
    const usage = (inputTokens: number): AnswerEvent => ({ type: 'usage', usage: { inputTokens, outputTokens: 1 }, raw: null });
    const restart: AnswerEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
    const first = of(usage(1), usage(2), restart, usage(3), call('c1'), result('c1'), end('tool-calls', ['c1']));
    const second = of(end('stop', [], '', { inputTokens: 10, durationsMs: { total: 5 } }));
    const { last } = run(first.pipe(resume(() => second)));
    expect(last.usage).toEqual({ inputTokens: 15, outputTokens: 2, durationsMs: { total: 5 } });
  });

  it('counts what a round reports while it drains, beside what the next has reported', () => {
    const draining = new Subject<AnswerEvent>();
    const asked = new Subject<AnswerEvent>();
    const { events } = run(draining.pipe(resume(() => asked)));
    for (const event of [call('c1'), result('c1'), end('tool-calls', ['c1'], '', { inputTokens: 1 })]) draining.next(event);
    asked.next({ type: 'usage', usage: { inputTokens: 100 }, raw: null });
    draining.next({ type: 'usage', usage: { inputTokens: 5 }, raw: null });
    draining.complete();
    asked.next(end('stop'));
    asked.complete();
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', usage: { inputTokens: 105 } });
  });

  it('forgets the calls of an attempt that is asked again (issue mastra-ai/mastra#24211)', () => {
    const restart: AnswerEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
    const { last, events } = run(
      of(begin('old'), call('old'), restart, call('c1'), result('old'), result('c1'), end('tool-calls', ['c1'])).pipe(
        resume(() => of(end('stop', [], 'done'))),
      ),
    );
    expect(last.messages).toEqual([said('', ['c1']), answered('c1'), said('done')]);
    expect(events.filter(({ type }) => type === 'diagnostic')).toEqual([]);
  });

  it('adds a call to the message that does not list it, without the native form', () => {
    const unlisted = { ...end('stop', [], 'add(…)'), message: { ...said('add(…)'), native: { dialect: 'x', message: null } } };
    const { last } = run(of(call('c1'), result('c1'), unlisted).pipe(resume(() => of(end('stop')))));
    expect(last.messages.slice(0, 2)).toEqual([said('add(…)', ['c1']), answered('c1')]);
  });

  it('says in a diagnostic what does not fit, and leaves it out', () => {
    const odd = of(call('c1'), call('c1'), result('c9'), result('c1', 1), result('c1', 2), end('stop', ['c1']));
    const { events, last } = run(odd.pipe(resume(() => of(end('stop')))));
    const codes = events.flatMap((event) => (event.type === 'diagnostic' ? [[event.code, event.callId]] : []));
    expect(codes).toEqual([
      ['duplicate-call', 'c1'],
      ['result-without-call', 'c9'],
      ['duplicate-result', 'c1'],
    ]);
    expect(last.messages.slice(0, 2)).toEqual([said('', ['c1']), answered('c1', '1')]);
  });

  it('counts only choice 0', () => {
    const other = [
      { ...text('x'), choice: 1 },
      { ...begin('c1'), choice: 1 },
    ];
    const { last } = run(from([...other, end('stop', [], 'a')]).pipe(resume(unasked)));
    expect(last.messages).toEqual([said('a')]);
  });

  describe('errors', () => {
    it('raises what `ask` throws, with the whole rounds on it', () => {
      const thrown = new ProviderError('overloaded', { retryable: true, raw: null });
      const ask = () => {
        throw thrown;
      };
      const { error, last } = run(from([text('a'), ...withCall]).pipe(resume(ask)));
      expect(error).toBe(thrown);
      expect(last.type).toBe('round-end');
      expect(thrown.partial).toEqual({
        ...noPartial,
        text: 'a',
        toolCalls: [{ ...call('c1'), round: 1 }],
        results: [{ ...result('c1'), round: 1 }],
        messages: [said('', ['c1']), answered('c1')],
      });
    });

    it('raises what a later round raises, with all that came, and a history that is whole (issue openai/openai-node#2571)', () => {
      const broken = new InterruptedError('cut', { partial: { ...noPartial, message: said('b', ['c1'], '[1') } });
      const second = concat(
        of(text('b'), begin('c1'), fragment('c1', '[1')),
        throwError(() => broken),
      );
      const { error } = run(from([text('a'), ...withCall]).pipe(resume(() => second)));
      expect(error).toBe(broken);
      const { partial } = broken;
      expect([partial.text, partial.calls, partial.results.length]).toEqual([
        'ab',
        [{ callId: 'c1', name: 'add', argumentsText: '[1' }],
        1,
      ]);
      expect(partial.message).toEqual(said('b', ['c1'], '[1'));
      expect(partial.messages).toHaveLength(4);
      expect(faults(partial.messages)).toEqual([]);
    });

    it('takes the broken message from the events where the error does not have it', () => {
      const broken = new InterruptedError('cut');
      run(
        concat(
          of(text('b'), call('c1')),
          throwError(() => broken),
        ).pipe(resume(unasked)),
      );
      expect(broken.partial.messages[0]).toEqual(said('b', ['c1']));
      expect(faults(broken.partial.messages)).toEqual([]);
    });

    it('appends no empty message', () => {
      const broken = new InterruptedError('cut', { partial: { ...noPartial, message: said('') } });
      run(throwError(() => broken).pipe(resume(unasked)));
      expect(broken.partial.messages).toEqual([]);
    });

    it('passes on errors of others as they are', () => {
      expect(run(throwError(() => 'boom').pipe(resume(unasked))).error).toBe('boom');
    });

    it.each([
      ['nothing', EMPTY],
      ['text alone', of(text('a'))],
    ])('is interrupted by a round that completes with %s and without an end', (_, round$) => {
      const { error, completed } = run(round$.pipe(resume(unasked)));
      expect(error).toBeInstanceOf(InterruptedError);
      expect(completed).toBe(false);
    });

    it('raises a TypeError where `ask` returns nothing', () => {
      const nothing = (() => undefined) as unknown as Options['ask'];
      expect(run(from(withCall).pipe(resume(nothing))).error).toBeInstanceOf(TypeError);
    });
  });

  it('runs a thousand synchronous rounds without growing the stack', () => {
    let asked = 0;
    const depths: number[] = [];
    const ask = () => {
      depths.push((new Error('here').stack ?? '').split('\n').length);
      return ++asked < 1000 ? from(withCall) : of<AnswerEvent>(end('stop'));
    };
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = Number.POSITIVE_INFINITY;
    const { last } = run(from(withCall).pipe(resume(ask, { maxRounds: 2000 })));
    Error.stackTraceLimit = limit;
    expect([last.reason, last.rounds]).toEqual(['stop', 1001]);
    expect(depths[999]).toBe(depths[1]);
  });

  it('asks nothing once it was unsubscribed from within the round end', () => {
    const source = new Subject<AnswerEvent>();
    let asked = 0;
    const subscription = source
      .pipe(
        resume(() => {
          asked++;
          return NEVER;
        }),
      )
      .subscribe(({ type }) => {
        if (type === 'round-end') subscription.unsubscribe();
      });
    for (const event of withCall) source.next(event);
    expect(asked).toBe(0);
  });

  it.each([0, 1.5, -1, Number.NaN])('throws at once at maxRounds %d', (maxRounds) => {
    expect(() => resume(unasked, { maxRounds })).toThrow(/integer from 1/);
  });

  it('hands results on whole up to their bound; beyond it cut, or refused where that is asked for', () => {
    const asked: ModelRequest[] = [];
    const answers = (more: Partial<Options>) => {
      const next = (sent: ModelRequest) => {
        asked.push(sent);
        return of<AnswerEvent>(end('stop'));
      };
      run(from([call('c1'), result('c1', 'abcdef'), end('tool-calls', ['c1'])]).pipe(resume(next, more)));
      return asked.at(-1)?.messages.at(-1);
    };
    expect(answers({})).toEqual(answered('c1', 'abcdef'));
    expect(answers({ maxResultLength: 6, longResults: 'refuse' })).toEqual(answered('c1', 'abcdef'));
    expect(answers({ maxResultLength: 4 })).toMatchObject({ content: expect.stringMatching(/^abcd\n/) });
    expect(answers({ maxResultLength: 4, longResults: 'refuse' })).toMatchObject({ isError: true });
    expect(() => resume(unasked, { longResults: 'drop' as 'cut' })).toThrow(TypeError);
  });

  it('throws at once without `ask`', () => {
    expect(() => resumeAfterTools({ request } as Options)).toThrow(/`ask` is missing/);
  });
});

describeCompliance('resumeAfterTools, within a round', {
  operator: () => resume(unasked),
  inputs: [text('a'), call('c1'), result('c1')],
  earlyEnd: 'may-error',
});

describe('resumeAfterTools, over two rounds, keeps the rules of every operator', () => {
  const subject: ComplianceSubject = {
    operator: () => resume(() => of(text('42'), end('stop', [], '42'))),
    inputs: [text('a'), ...withCall],
    earlyEnd: 'may-error',
    throwing: () => resume(unasked),
  };
  // An error after the round's end is survived: that has a test of its own.
  const checks = complianceChecks.filter(({ name }) => !name.startsWith('source error'));
  for (const check of checks) it(check.name, () => check.run(subject));
});

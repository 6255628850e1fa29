import fc from 'fast-check';
import { concat, from, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { type ConverseOptions, converse } from '../../operators/converse.ts';
import { resumeAfterTools } from '../../operators/resumeAfterTools.ts';
import { InterruptedError, noPartial } from '../../src/errors.ts';
import type { AnswerEvent } from '../../src/events.ts';
import type { Message, ToolMessage, UserMessage } from '../../src/messages.ts';
import type { ChatEvent, ChatInput, TurnEnd } from '../../src/rounds/chat-events.ts';
import { answered, begin, call, end, failure, faults, fragment, result, said, started, text, user } from '../rounds/events.ts';
import { describeCompliance } from '../support/compliance.ts';

type ChatAnswer = AnswerEvent | ChatEvent;

const marbles = (test: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

const reply = (content = 'ok') => of<AnswerEvent[]>(text(content), end('stop', [], content));

/** A chat driven by hand: its messages, what it said, and the answers it asked for. */
function chat(options: Partial<ConverseOptions<AnswerEvent>> = {}) {
  const source = new Subject<ChatInput>();
  const events: ChatAnswer[] = [];
  const asked: Array<readonly Message[]> = [];
  const answers: Array<Subject<AnswerEvent>> = [];
  const state = { completed: false };
  const subscription = source
    .pipe(
      converse<AnswerEvent>({
        answer: (messages) => {
          asked.push(messages);
          const answer = new Subject<AnswerEvent>();
          answers.push(answer);
          return answer;
        },
        ...options,
      }),
    )
    .subscribe({
      next: (event) => events.push(event),
      complete: () => {
        state.completed = true;
      },
    });
  const ends = () => events.filter((event): event is TurnEnd => event.type === 'turn-end');
  const say = (nth: number, ...said: AnswerEvent[]) => {
    for (const event of said) answers[nth]?.next(event);
  };
  return { source, events, asked, answers, state, subscription, ends, say };
}

describe('converse', () => {
  it('answers each message in its turn', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a-----b-----|', { a: 'one', b: 'two' });
      const answer = cold<AnswerEvent>('-t-e|', { t: text('ok'), e: end('stop', [], 'ok') });
      const one = [user('one'), said('ok')];
      expectObservable(source.pipe(converse<AnswerEvent>({ answer: () => answer }))).toBe('--St-eE-Tt-eF-|', {
        S: { type: 'turn-start', turn: 1, messages: [user('one')] },
        t: text('ok'),
        e: end('stop', [], 'ok'),
        E: { type: 'turn-end', turn: 1, outcome: 'answered', history: one },
        T: { type: 'turn-start', turn: 2, messages: [user('two')] },
        F: { type: 'turn-end', turn: 2, outcome: 'answered', history: [...one, user('two'), said('ok')] },
      });
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
      expectSubscriptions(answer.subscriptions).toBe(['--^---!', '--------^---!']);
    });
  });

  it('lets a message wait while an answer runs', () => {
    marbles(({ cold, expectSubscriptions, flush }) => {
      const answer = cold<AnswerEvent>('---e|', { e: end('stop') });
      const source = cold('ab|');
      source.pipe(converse<AnswerEvent>({ answer: () => answer })).subscribe();
      flush();
      expectSubscriptions(answer.subscriptions).toBe(['^---!', '----^---!']);
    });
  });

  it('stops the answer that runs when it is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a------');
      const answer = cold<AnswerEvent>('-t-----', { t: text('ok') });
      const letters = source.pipe(converse<AnswerEvent>({ answer: () => answer }));
      expectObservable(letters, '^--!').toBe('St', {
        S: { type: 'turn-start', turn: 1, messages: [user('a')] },
        t: text('ok'),
      });
      expectSubscriptions(source.subscriptions).toBe('^--!');
      expectSubscriptions(answer.subscriptions).toBe('^--!');
    });
  });

  it('begins with the history it is given', () => {
    const { source, asked } = chat({ history: [{ role: 'system', content: 'Be brief.' }] });
    source.next({ role: 'user', content: [{ type: 'text', text: 'one' }] });
    expect(asked).toEqual([
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'one' }] },
      ],
    ]);
  });

  it('keeps what resumeAfterTools says of the answer', () => {
    const first = of<AnswerEvent[]>(call('c1'), result('c1'), end('tool-calls', ['c1']));
    const answer = () => first.pipe(resumeAfterTools<AnswerEvent>({ request: { messages: [] }, ask: () => reply() }));
    const ends: ChatAnswer[] = [];
    of('one')
      .pipe(converse<AnswerEvent>({ answer }))
      .subscribe((event) => ends.push(event));
    expect(ends.at(-1)).toMatchObject({ history: [user('one'), said('', ['c1']), answered('c1'), said('ok')] });
  });

  it('refuses a message beyond the queue, and says so', () => {
    const { source, events, asked } = chat({ maxQueued: 2 });
    for (const message of ['one', 'two', 'three', 'four']) source.next(message);
    expect(events.at(-1)).toEqual({ type: 'message-refused', reason: 'queue-full', message: user('four') });
    expect(asked).toHaveLength(1);
  });

  it('completes when the last turn has ended', () => {
    const { source, state, answers } = chat();
    source.next('one');
    source.complete();
    expect(state.completed).toBe(false);
    answers[0]?.complete();
    expect(state.completed).toBe(true);
  });

  describe('an answer that is cut', () => {
    const midway = [text('Let me'), begin('c1'), fragment('c1', '[15,27]'), call('c1'), started('c1'), begin('c2', 1), fragment('c2', '[')];

    it('is superseded by a newer message, its partial kept and its calls answered (issue anthropics/claude-code#1796)', () => {
      const { source, say, ends, asked, answers } = chat({ supersede: true });
      source.next('one');
      say(0, ...midway);
      source.next('two');
      expect(answers[0]?.observed).toBe(false);
      expect(ends()[0]).toMatchObject({ turn: 1, outcome: 'superseded' });
      expect(asked[1]?.at(-1)).toEqual(user('two'));
      expect(faults(asked[1] ?? [])).toEqual([]);
      expect(asked[1]?.slice(2, 4)).toMatchObject([
        { toolCallId: 'c1', content: expect.stringContaining('"started":true'), isError: true },
        { toolCallId: 'c2', content: expect.stringContaining('not-run'), isError: true },
      ]);
    });

    it('is stopped while its tools run, after the round: nothing is pending, each call is answered', () => {
      const stop$ = new Subject<void>();
      const { source, say, ends } = chat({ stop$ });
      source.next('one');
      say(0, call('c1'), call('c2', 1), end('tool-calls', ['c1', 'c2']), started('c1'));
      stop$.next();
      const [stopped] = ends();
      expect(stopped?.pending).toBeUndefined();
      expect(faults(stopped?.history ?? [])).toEqual([]);
      expect(stopped?.history.slice(2)).toMatchObject([
        { content: expect.stringContaining('cancelled') },
        { content: expect.stringContaining('not-run') },
      ]);
    });

    it('shows a long result as the answers do, where it is stopped', () => {
      const stop$ = new Subject<void>();
      const { source, say, ends } = chat({ stop$, maxResultLength: 4 });
      source.next('one');
      say(0, call('c1'), end('tool-calls', ['c1']), result('c1', 'twelve chars'));
      stop$.next();
      const shown = ends()[0]?.history.find(({ role }) => role === 'tool');
      expect(String(shown?.content)).toMatch(/^twel\D/);
    });

    it('is stopped by the user, and the chat goes on', () => {
      const stop$ = new Subject<void>();
      const { source, say, ends, asked, answers } = chat({ stop$ });
      stop$.next();
      source.next('one');
      source.next('two');
      say(0, ...midway);
      stop$.next();
      expect(ends()[0]).toMatchObject({ turn: 1, outcome: 'stopped', history: asked[1]?.slice(0, -1) });
      expect(faults(asked[1] ?? [])).toEqual([]);
      expect(answers.map((answer) => answer.observed)).toEqual([false, true]);
    });

    it('has begun before it ends, even where it is stopped at once', () => {
      const types: string[] = [];
      of('one')
        .pipe(converse({ answer: () => NEVER, stop$: of('now') }))
        .subscribe(({ type }) => types.push(type));
      expect(types).toEqual(['turn-start', 'turn-end']);
    });

    it('ends in words, whatever was thrown', () => {
      const ends: unknown[] = [];
      of('one')
        .pipe(converse({ answer: () => throwError(() => Object.create(null)) }))
        .subscribe((event) => event.type === 'turn-end' && ends.push(event.error));
      expect(ends).toEqual([{ name: 'Error', message: 'something that cannot be shown' }]);
    });

    it('fails, and the chat goes on with what came of it (issue openai/openai-node#2571)', () => {
      const { source, say, ends, asked, answers } = chat();
      source.next('one');
      say(0, ...midway);
      const native = { dialect: 'x', message: { id: 'm1' } };
      const message = { ...said('Let me', ['c1']), native };
      answers[0]?.error(new InterruptedError('cut', { partial: { ...noPartial, message } }));
      source.next('two');
      expect(ends()[0]).toMatchObject({ outcome: 'failed', error: { name: 'InterruptedError', code: 'interrupted', message: 'cut' } });
      expect(faults(asked[1] ?? [])).toEqual([]);
      expect(asked[1]?.[1]).toMatchObject({ content: 'Let me', toolCalls: [{ id: 'c1' }, { id: 'c2' }] });
    });

    it.each([
      [
        'throws',
        () => {
          throw new Error('boom');
        },
      ],
      ['raises', () => throwError(() => 'boom')],
    ])('fails where `answer` %s', (_, answer: () => Observable<AnswerEvent>) => {
      const { source, ends } = chat({ answer });
      source.next('one');
      expect(ends()).toMatchObject([{ outcome: 'failed', error: { message: 'boom' }, history: [user('one')] }]);
    });
  });

  describe('calls that wait for the caller', () => {
    const open = () => of(call('c1'), call('c2', 1), end('tool-calls', ['c1', 'c2']));
    const awaiting = () => open().pipe(resumeAfterTools<AnswerEvent>({ request: { messages: [] }, ask: () => NEVER }));
    const settle = (id: string, content: string): ToolMessage => ({ role: 'tool', toolCallId: id, name: 'add', content });

    function waiting() {
      const asked: Array<readonly Message[]> = [];
      const one = chat({
        answer: (messages) => {
          asked.push(messages);
          return asked.length === 1 ? awaiting() : reply();
        },
      });
      one.source.next('one');
      return { ...one, asked };
    }

    it('are named at the end of the turn', () => {
      expect(waiting().ends()[0]?.pending).toMatchObject([{ callId: 'c1' }, { callId: 'c2' }]);
    });

    it('are settled by tool messages, in any order; the last one is a turn', () => {
      const { source, asked, ends, events } = waiting();
      source.next(settle('c2', '2'));
      expect(asked).toHaveLength(1);
      source.next(settle('c1', '1'));
      const results = [answered('c1', '1'), answered('c2', '2')];
      expect(asked[1]).toEqual([user('one'), said('', ['c1', 'c2']), ...results]);
      expect(events.filter(({ type }) => type === 'turn-start').at(-1)).toEqual({ type: 'turn-start', turn: 2, messages: results });
      expect(ends()).toHaveLength(2);
    });

    it('are settled as not run by the next user message', () => {
      const { source, asked } = waiting();
      source.next(settle('c2', '2'));
      source.next('two');
      expect(asked[1]?.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'user']);
      expect(asked[1]?.filter(({ role }) => role === 'tool')).toMatchObject([{ toolCallId: 'c1', isError: true }, { toolCallId: 'c2' }]);
      expect(faults(asked[1] ?? [])).toEqual([]);
    });

    it('refuse a result that nobody waits for', () => {
      const { source, events } = waiting();
      source.next(settle('c9', '9'));
      expect(events.at(-1)).toMatchObject({ type: 'message-refused', reason: 'unknown-call' });
    });
  });

  it('raises a TypeError for an input that is no message', () => {
    let raised: unknown;
    of({ role: 'system', content: 'x' } as unknown as UserMessage)
      .pipe(converse({ answer: () => reply() }))
      .subscribe({
        error: (error: unknown) => {
          raised = error;
        },
      });
    expect(raised).toBeInstanceOf(TypeError);
  });

  it('lets no message wait at maxQueued 0', () => {
    const { source, events } = chat({ maxQueued: 0 });
    source.next('one');
    source.next('two');
    expect(events.at(-1)).toEqual({ type: 'message-refused', reason: 'queue-full', message: user('two') });
  });

  it.each([-1, 1.5])('throws at once at maxQueued %d', (maxQueued) => {
    expect(() => converse({ answer: () => reply(), maxQueued })).toThrow(/integer from 0/);
  });

  it('throws at once without `answer`', () => {
    expect(() => converse({} as ConverseOptions<AnswerEvent>)).toThrow(/`answer` is missing/);
  });

  it('law: whatever is said, cut and stopped when, each call in every history is answered once, in its place', () => {
    const script: readonly AnswerEvent[] = [
      text('a'),
      begin('c1'),
      fragment('c1', '[15,27]'),
      call('c1'),
      started('c1'),
      begin('c2', 1),
      call('c2', 1),
      result('c1'),
      end('tool-calls', ['c1', 'c2'], 'a'),
      failure('c2', 'threw'),
    ];
    const step = fc.constantFrom('say', 'say', 'say', 'say', 'message', 'stop', 'end', 'fail');
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, supersede) => {
        const stop$ = new Subject<void>();
        const { source, answers, ends, asked, events } = chat({ stop$, supersede, maxQueued: 100 });
        let said = 0;
        let at = 0;
        for (const one of ['message', ...steps]) {
          const answer = answers.at(-1);
          if (answers.length !== at) said = 0;
          at = answers.length;
          if (one === 'message') source.next(`message ${events.length}`);
          else if (one === 'stop') stop$.next();
          else if (one === 'fail') answer?.error(new InterruptedError('cut'));
          else if (one === 'end') answer?.complete();
          else if (said < script.length) answer?.next(script[said++] as AnswerEvent);
        }
        for (const history of asked) expect(faults(history)).toEqual([]);
        const starts = events.filter(({ type }) => type === 'turn-start').length;
        expect(starts - ends().length).toBe(answers.at(-1)?.observed ? 1 : 0);
        for (const { outcome, history, pending = [] } of ends()) {
          outcomes.add(outcome);
          if (pending.length === 0) expect(faults(history)).toEqual([]);
          else expect(faults(history)).toEqual([expect.stringContaining(pending.map(({ callId }) => callId).join(', '))]);
        }
      }),
      { numRuns: 300 },
    );
    expect([...outcomes].sort()).toEqual(['answered', 'failed', 'stopped', 'superseded']);
  });
});

describeCompliance('converse', {
  operator: () => converse({ answer: () => reply() }),
  inputs: ['one', 'two'],
});

describeCompliance('converse, superseding, over answers that fail', {
  operator: () =>
    converse({
      supersede: true,
      answer: () =>
        concat(
          from([text('a'), call('c1')]),
          throwError(() => new Error('boom')),
        ),
    }),
  inputs: ['one', 'two'],
});

import { from, map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { answerState } from '../../operators/answerState.ts';
import { partialArguments } from '../../operators/partialArguments.ts';
import type { AnswerEvent, AnyEvent } from '../../src/events.ts';
import type { AnswerState } from '../../src/rounds/answer-state.ts';
import { begin, call, end, failure, fragment, progress, result, started, text } from '../rounds/events.ts';
import { describeCompliance } from '../support/compliance.ts';

/** A copy of the state after each event. */
function states(events: readonly AnyEvent[]): AnswerState[] {
  const seen: AnswerState[] = [];
  from(events)
    .pipe(answerState())
    .subscribe(({ answer }) => seen.push(structuredClone(answer)));
  return seen;
}

const callsOf = (events: readonly AnyEvent[]) => states(events).map(({ calls }) => calls.map(({ status }) => status).join());

describe('answerState', () => {
  it('puts the answer so far on each event', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const events = { a: text('Hel'), b: text('lo'), c: begin('c1') };
      const source = cold<AnswerEvent>('--a--b--c--|', events);
      const shown = map(({ type, answer }: { type: string; answer: AnswerState }) => `${type} ${answer.text} ${answer.calls.length}`);
      expectObservable(source.pipe(answerState(), shown)).toBe('--A--B--C--|', {
        A: 'text-delta Hel 0',
        B: 'text-delta Hello 0',
        C: 'tool-call-start Hello 1',
      });
      expectSubscriptions(source.subscriptions).toBe('^----------!');
    });
  });

  it('tells how far each call is', () => {
    const events = [
      begin('c1'),
      fragment('c1', '[15,'),
      fragment('c1', '27]'),
      begin('c2', 1),
      call('c1'),
      started('c1'),
      call('c2', 1),
      progress('c1', 'half'),
      result('c1'),
      failure('c2', 'rejected'),
    ];
    expect(callsOf(events)).toEqual([
      'writing',
      'writing',
      'writing',
      'writing,writing',
      'ready,writing',
      'running,writing',
      'running,ready',
      'running,ready',
      'done,ready',
      'done,failed',
    ]);
    expect(states(events).at(-1)?.calls[0]).toEqual({
      round: 1,
      callId: 'c1',
      index: 0,
      name: 'add',
      status: 'done',
      argumentsText: '[15,27]',
      partial: [15, 27],
      call: call('c1'),
      progress: 'half',
      result: result('c1'),
    });
  });

  it('shows a call that must not run as failed', () => {
    const refused = { ...call('c1'), arguments: { _tag: 'Left', left: { code: 'incomplete', message: 'cut' } } };
    expect(callsOf([begin('c1'), refused])).toEqual(['writing', 'failed']);
  });

  it('shows arguments while they are written', () => {
    const partials = states([begin('c1'), fragment('c1', '{"city":"Ha'), fragment('c1', 'noi"}')]).map(({ calls }) => calls[0]?.partial);
    expect(partials).toEqual([undefined, { city: 'Ha' }, { city: 'Hanoi' }]);
  });

  it('uses the views of partialArguments where it comes before', () => {
    let same = false;
    from([begin('c1'), fragment('c1', '{"city":"Ha')] as AnswerEvent[])
      .pipe(partialArguments(), answerState())
      .subscribe((event) => {
        if (event.type === 'tool-call-delta') same = event.partial === event.answer.calls[0]?.partial;
      });
    expect(same).toBe(true);
  });

  it('takes back what a restart drops, in its round alone', () => {
    const restart = { type: 'round-restarted', attempt: 2, message: 'cut', round: 2 };
    const first = [text('a'), call('c1'), result('c1'), end('tool-calls', ['c1'])].map((event) => ({ ...event, round: 1 }));
    const second = [text('b'), call('c1'), result('c1'), { type: 'finish-reason', reason: 'tool-calls' }].map((event) => ({
      ...event,
      round: 2,
    }));
    const all = states([...first, ...second, restart]);
    expect(all.at(-2)).toMatchObject({ text: 'ab', calls: [{ round: 1 }, { round: 2 }], rounds: 2 });
    expect(all.at(-1)).toEqual({ ...all[3], rounds: 2, finishReason: undefined });
  });

  it('sums usage over the rounds', () => {
    const usage = (round: number, inputTokens: number) => ({ type: 'usage', usage: { inputTokens }, raw: null, round });
    const sums = states([usage(1, 1), usage(1, 2), usage(2, 5), usage(2, 6)]).map((state) => state.usage.inputTokens);
    expect(sums).toEqual([1, 2, 7, 8]);
  });

  it('begins anew with each turn of a chat', () => {
    expect(states([text('a'), { type: 'turn-start' }, text('b')]).map((state) => state.text)).toEqual(['a', '', 'b']);
  });

  it('leaves events it does not know as they are, and out of the state', () => {
    const seen: unknown[] = [];
    from([{ type: 'mine', value: 1 }])
      .pipe(answerState())
      .subscribe((event) => seen.push(event));
    expect(seen).toEqual([{ type: 'mine', value: 1, answer: expect.objectContaining({ text: '' }) }]);
  });

  it('does the same work for an event however long the answer is', () => {
    const deltas = (count: number) => Array.from({ length: count }, () => fragment('c1', 'x'.repeat(10)));
    const time = (count: number) => {
      const events = [begin('c1'), fragment('c1', '"'), ...deltas(count)];
      const from0 = performance.now();
      from(events).pipe(answerState()).subscribe();
      return performance.now() - from0;
    };
    time(5_000);
    const [short, long] = [Math.min(time(5_000), time(5_000)), Math.min(time(50_000), time(50_000))];
    expect(long / Math.max(short, 1)).toBeLessThan(40);
  });
});

describeCompliance('answerState', {
  operator: () => answerState(),
  inputs: [text('a'), begin('c1'), fragment('c1', '[1'), call('c1'), result('c1'), end('tool-calls', ['c1'])],
});

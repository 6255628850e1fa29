import { concat, from, NEVER, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { collectAnswer } from '../../operators/collectAnswer.ts';
import { resumeAfterTools } from '../../operators/resumeAfterTools.ts';
import type { AnswerEvent } from '../../src/events.ts';
import type { CollectedAnswer } from '../../src/rounds/collected-answer.ts';
import { answered, call, end, result, said, text, user } from '../rounds/events.ts';
import { describeCompliance } from '../support/compliance.ts';

const nothing: CollectedAnswer = { text: '', reasoning: '', calls: [], results: [], usage: {}, rounds: 0, messages: [] };

function collect(events: readonly AnswerEvent[]): CollectedAnswer | undefined {
  let collected: CollectedAnswer | undefined;
  from(events)
    .pipe(collectAnswer())
    .subscribe((value) => {
      collected = value;
    });
  return collected;
}

describe('collectAnswer', () => {
  it('gives one value when the source completes', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c--|', { a: text('Hel'), b: text('lo'), c: end('stop', [], 'Hello') });
      const answer = { ...nothing, text: 'Hello', finishReason: 'stop', rounds: 1, messages: [said('Hello')] };
      expectObservable(source.pipe(collectAnswer())).toBe('-----------(A|)', { A: answer });
      expectSubscriptions(source.subscriptions).toBe('^----------!');
    });
  });

  it('has all rounds of an answer', () => {
    const first = of<AnswerEvent[]>(
      { type: 'reasoning-delta', text: 'hm' },
      text('a'),
      call('c1'),
      result('c1'),
      end('tool-calls', ['c1'], 'a', { inputTokens: 1 }),
    );
    const second = of<AnswerEvent[]>(text('b'), { type: 'refusal-delta', text: 'no' }, end('stop', [], 'b', { inputTokens: 2 }));
    const seen: CollectedAnswer[] = [];
    first
      .pipe(resumeAfterTools({ request: { messages: [user('?')] }, ask: () => second }), collectAnswer())
      .subscribe((value) => seen.push(value));
    expect(seen).toEqual([
      {
        text: 'ab',
        reasoning: 'hm',
        refusal: 'no',
        calls: [{ ...call('c1'), round: 1 }],
        results: [{ ...result('c1'), round: 1 }],
        usage: { inputTokens: 3 },
        finishReason: 'stop',
        rounds: 2,
        messages: [said('a', ['c1']), answered('c1'), said('b')],
      },
    ]);
  });

  it('leaves calls open that nobody has answered, without resumeAfterTools', () => {
    const collected = collect([call('c1'), end('tool-calls', ['c1'])]);
    expect(collected).toMatchObject({ calls: [call('c1')], messages: [said('', ['c1'])], pending: [call('c1')] });
  });

  it('has the calls the caller must settle', () => {
    const seen: CollectedAnswer[] = [];
    of<AnswerEvent[]>(call('c1'), end('tool-calls', ['c1']))
      .pipe(resumeAfterTools<AnswerEvent>({ request: { messages: [] }, ask: () => NEVER }), collectAnswer())
      .subscribe((value) => seen.push(value));
    expect(seen[0]).toMatchObject({ finishReason: 'awaiting-results', pending: [{ callId: 'c1' }] });
  });

  it('forgets what a restart dropped (issue mastra-ai/mastra#24211)', () => {
    const restart: AnswerEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
    const collected = collect([text('a'), call('old'), result('old'), restart, text('b'), end('stop', [], 'b')]);
    expect(collected).toEqual({ ...nothing, text: 'b', finishReason: 'stop', rounds: 1, messages: [said('b')] });
  });

  it('gives an empty answer for an empty source', () => {
    expect(collect([])).toEqual(nothing);
  });

  it('gives no value where the source fails', () => {
    const seen: unknown[] = [];
    concat(
      of(text('a')),
      throwError(() => 'boom'),
    )
      .pipe(collectAnswer())
      .subscribe({ next: (value) => seen.push(value), error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual(['boom']);
  });
});

describeCompliance('collectAnswer', {
  operator: () => collectAnswer(),
  inputs: [text('a'), call('c1'), result('c1'), end('tool-calls', ['c1'])],
  firehose: false,
});

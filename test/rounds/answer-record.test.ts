import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noPartial } from '../../src/errors.ts';
import type { AnswerEvent } from '../../src/events.ts';
import { AnswerRecord } from '../../src/rounds/answer-record.ts';
import { moreThan } from '../support/reach.ts';
import { answered, begin, call, end, failure, faults, finish, fragment, progress, result, said, started, text } from './events.ts';

/** Events in an order no pipeline would give them in. */
const anyEvent = fc
  .record({
    kind: fc.constantFrom('text', 'begin', 'fragment', 'call', 'started', 'result', 'failure', 'restart', 'end'),
    id: fc.constantFrom('c1', 'c2', 'c3'),
    listed: fc.uniqueArray(fc.constantFrom('c1', 'c2', 'c3')),
    choice: fc.constantFrom(undefined, undefined, undefined, 1),
  })
  .map(({ kind, id, listed, choice }): AnswerEvent => ({ ...eventOf(kind, id, listed), ...(choice && { choice }) }));

function eventOf(kind: string, id: string, listed: readonly string[]): AnswerEvent {
  switch (kind) {
    case 'text':
      return text('a');
    case 'begin':
      return begin(id);
    case 'fragment':
      return fragment(id, '[1');
    case 'call':
      return call(id);
    case 'started':
      return started(id);
    case 'result':
      return result(id);
    case 'failure':
      return failure(id, 'threw');
    case 'restart':
      return { type: 'round-restarted', attempt: 2, message: 'cut' };
    default:
      return end('tool-calls', listed, 'a');
  }
}

const inRound = (event: AnswerEvent, round: number): AnswerEvent => ({ ...event, round });

const rounds = fc.array(fc.array(anyEvent, { maxLength: 12 }), { maxLength: 4 });

describe('AnswerRecord', () => {
  it('law: after each event, however odd, a settled history answers each call once, right after its message, in order', () => {
    let results = 0;
    fc.assert(
      fc.property(rounds, (script) => {
        const record = new AnswerRecord();
        script.forEach((events, i) => {
          for (const event of events) {
            record.take(inRound(event, i + 1));
            const messages = record.messages('settled');
            expect(faults(messages)).toEqual([]);
            expect(faults(record.partial(noPartial).messages)).toEqual([]);
            expect(faults(record.partial({ ...noPartial, message: said('a', ['c2', 'c1'], '[') }).messages)).toEqual([]);
            results += messages.filter(({ role }) => role === 'tool').length;
          }
        });
      }),
      { numRuns: 300 },
    );
    expect(results).toBeGreaterThan(moreThan(1000));
  });

  it('law: its counters agree with what it holds', () => {
    fc.assert(
      fc.property(rounds, (script) => {
        const record = new AnswerRecord();
        script.forEach((events, i) => {
          for (const event of events) record.take(inRound(event, i + 1));
          const round = record.round(i + 1);
          const counted = [...round.calls.values()].filter(({ counts, state }) => counts && !state.result);
          expect(round.unanswered).toBe(counted.length);
        });
        const { calls, results } = record.state;
        expect(new Set(calls.map(({ round, callId }) => `${round} ${callId}`)).size).toBe(calls.length);
        expect(calls.filter((one) => one.result).length).toBe(results.length);
      }),
      { numRuns: 300 },
    );
  });

  it('says nothing about a round in which nothing was said', () => {
    const record = new AnswerRecord();
    record.take({ type: 'round-start' });
    expect(record.messages('settled')).toEqual([]);
  });

  it('takes reasoning and refusals into the message of a cut round', () => {
    const record = new AnswerRecord();
    record.take({ type: 'reasoning-delta', text: 'hm' } as AnswerEvent);
    record.take({ type: 'refusal-delta', text: 'no' } as AnswerEvent);
    expect(record.messages('settled')).toEqual([{ role: 'assistant', content: '', reasoning: 'hm', refusal: 'no' }]);
  });

  it('tells of a broken round what its events said, and what the operators before know of it', () => {
    const record = new AnswerRecord();
    for (const event of [text('a'), begin('c1'), fragment('c1', '[1'), call('c2', 1)]) record.take(event);
    const begun = [
      { callId: 'c1', name: 'add', argumentsText: '[1' },
      { callId: 'c2', name: 'add', argumentsText: '[15,27]' },
    ];
    expect(record.partial(noPartial)).toMatchObject({ text: 'a', calls: begun, toolCalls: [{ callId: 'c2' }], message: { content: 'a' } });
    expect(record.partial(noPartial)).not.toHaveProperty('usage');
    const known = [{ callId: 'c9', name: 'add', argumentsText: '' }];
    expect(record.partial({ ...noPartial, calls: known }).calls).toEqual(known);
    record.take({ type: 'usage', usage: { inputTokens: 3 } } as AnswerEvent);
    record.take(end('tool-calls', ['c1', 'c2']));
    expect(record.partial(noPartial)).toMatchObject({ calls: [], usage: { inputTokens: 3 } });
    expect(record.partial(noPartial)).not.toHaveProperty('message');
    expect(new AnswerRecord().partial({ ...noPartial, message: said('b') })).toMatchObject({ message: said('b'), messages: [] });
  });

  it('finds a call by its round, and nothing where there is none', () => {
    const record = new AnswerRecord();
    expect(record.call(1, 'c1')).toBeUndefined();
    record.take(begin('c1'));
    expect(record.call(1, 'c1')).toMatchObject({ callId: 'c1', status: 'writing' });
    expect(record.call(1, 'c2')).toBeUndefined();
  });

  it('knows the arguments of a call from its pieces, its call or the message, whichever says most', () => {
    const record = new AnswerRecord();
    record.take(call('c1'));
    record.take(fragment('c1', '!'));
    const last: AnswerEvent = { ...end('tool-calls'), message: said('', ['c1', 'c2'], '[2]') };
    record.take(last);
    expect(record.state.calls.map(({ argumentsText }) => argumentsText)).toEqual(['[15,27]', '[2]']);
  });

  it('shows progress only of what a tool says on the way, and keeps the state of a call that ended', () => {
    const record = new AnswerRecord();
    for (const event of [call('c1'), progress('c1', 'half'), started('c1')]) record.take(event);
    expect(record.call(1, 'c1')).toMatchObject({ status: 'running', progress: 'half' });
    record.take(failure('c1', 'threw'));
    record.take(started('c1'));
    record.take(call('c1'));
    expect(record.call(1, 'c1')).toMatchObject({ status: 'failed' });
  });

  it('leaves open what a whole round asked for and nobody answered; of a cut one, nothing', () => {
    const record = new AnswerRecord();
    expect(record.outcome()).toEqual({ messages: [] });
    record.take(call('c1'));
    expect(record.outcome()).toMatchObject({ messages: [{}, { toolCallId: 'c1' }] });
    record.take(end('tool-calls', ['c1']));
    expect(record.outcome()).toMatchObject({ messages: [{ role: 'assistant' }], pending: [{ callId: 'c1' }] });
    expect(record.outcome(true)).toEqual({ messages: [expect.anything(), expect.objectContaining({ toolCallId: 'c1' })] });
    record.take(result('c1'));
    expect(record.outcome()).toEqual({ messages: [expect.anything(), answered('c1')] });
    const answerEnd = { type: 'answer-end', round: 1, reason: 'stop', usage: {}, messages: [], rounds: 1 } as const;
    record.take(answerEnd);
    expect(record.outcome(true)).toBe(answerEnd);
    expect(record.answerEnd).toBe(answerEnd);
    expect(record.state.finishReason).toBe('stop');
  });

  it('knows the reason of a round before its end, and takes an earlier round’s events for its own', () => {
    const record = new AnswerRecord();
    record.take(inRound(finish('length'), 1));
    expect(record.state.finishReason).toBe('length');
    record.take(inRound(text('a'), 1));
    record.take(inRound(text('b'), 2));
    record.take(inRound(text('c'), 1));
    expect(record.state.rounds).toBe(2);
    expect(record.messages('settled').map(({ content }) => content)).toEqual(['ac', 'b']);
  });

  it('settles earlier rounds even where the last one stays open', () => {
    const record = new AnswerRecord();
    for (const [round, id] of [
      [1, 'c1'],
      [2, 'c2'],
    ] as const) {
      record.take(inRound(call(id), round));
      record.take(inRound(end('tool-calls', [id]), round));
    }
    expect(record.messages('open').map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(record.messages('settled').map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant', 'tool']);
  });

  it('answers a call once that its message lists twice', () => {
    const record = new AnswerRecord();
    for (const event of [call('c1'), result('c1'), end('tool-calls', ['c1', 'c1'])]) record.take(event);
    expect(record.messages('settled').slice(1)).toEqual([answered('c1')]);
  });

  it('tells a call that was running from one that was not', () => {
    const record = new AnswerRecord();
    for (const event of [call('c1'), call('c2', 1), started('c1')]) record.take(event);
    expect(record.messages('settled').slice(1)).toMatchObject([
      { toolCallId: 'c1', content: expect.stringMatching(/cancelled.*"started":true/) },
      { toolCallId: 'c2', content: expect.stringMatching(/not-run/) },
    ]);
  });
});

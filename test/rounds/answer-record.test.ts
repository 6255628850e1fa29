import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noPartial } from '../../src/errors.ts';
import type { AnswerEvent } from '../../src/events.ts';
import { AnswerRecord } from '../../src/rounds/answer-record.ts';
import { answered, begin, call, end, failure, faults, fragment, result, said, started, text } from './events.ts';

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
    expect(results).toBeGreaterThan(1000);
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

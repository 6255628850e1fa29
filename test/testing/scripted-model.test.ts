import { lastValueFrom, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { ModelEvent } from '../../src/events.ts';
import { type ScriptedRound, scriptedModel } from '../../src/testing/index.ts';

const request = { messages: [{ role: 'user' as const, content: 'Hi' }] };
const told = (round: ScriptedRound) => lastValueFrom(scriptedModel([round])(request).pipe(toArray()));
const marbles = (run: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);

describe('scriptedModel', () => {
  it('adds what a round needs besides', async () => {
    expect(await told(['Hel', 'lo'])).toEqual([
      { type: 'round-start' },
      { type: 'text-delta', text: 'Hel' },
      { type: 'text-delta', text: 'lo' },
      { type: 'finish-reason', reason: 'stop', raw: 'stop' },
      { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'Hello' } },
    ]);
  });

  it('spells calls out, in fragments, and ends with tool-calls', async () => {
    expect(
      await told([
        { call: 'add', arguments: { a: 1 }, fragmentLength: 4 },
        { call: 'now', id: 'x' },
      ]),
    ).toEqual([
      { type: 'round-start' },
      { type: 'tool-call-start', callId: 'call_1', index: 0, name: 'add' },
      { type: 'tool-call-delta', callId: 'call_1', index: 0, text: '{"a"' },
      { type: 'tool-call-delta', callId: 'call_1', index: 0, text: ':1}' },
      { type: 'tool-call-start', callId: 'x', index: 1, name: 'now' },
      { type: 'tool-call-delta', callId: 'x', index: 1, text: '{}' },
      { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
      {
        type: 'round-end',
        reason: 'tool-calls',
        message: {
          role: 'assistant',
          content: '',
          toolCalls: [
            { id: 'call_1', name: 'add', argumentsText: '{"a":1}' },
            { id: 'x', name: 'now', argumentsText: '{}' },
          ],
        },
      },
    ]);
  });

  it('takes a string as the arguments themselves, valid or not', async () => {
    expect(await told([{ call: 'add', arguments: '{"a":' }])).toContainEqual({
      type: 'tool-call-delta',
      callId: 'call_1',
      index: 0,
      text: '{"a":',
    });
  });

  it('keeps what the script itself says of start, reason and end', async () => {
    const events: ModelEvent[] = [
      { type: 'round-start', responseId: 'r' },
      { type: 'reasoning-delta', text: 'hm' },
      { type: 'finish-reason', reason: 'length', raw: 'length' },
      { type: 'usage', usage: { outputTokens: 1 }, raw: {} },
    ];
    expect(await told(events)).toEqual([
      ...events,
      { type: 'round-end', reason: 'length', usage: { outputTokens: 1 }, message: { role: 'assistant', content: '', reasoning: 'hm' } },
    ]);
  });

  it('pauses in virtual time', () => {
    marbles(({ expectObservable }) => {
      const values = {
        s: { type: 'round-start' },
        h: { type: 'text-delta', text: 'Hel' },
        l: { type: 'text-delta', text: 'lo' },
        f: { type: 'finish-reason', reason: 'stop', raw: 'stop' },
        e: { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'Hello' } },
      };
      const result = '(sh) 16ms (lfe|)';
      expectObservable(scriptedModel([['Hel', 20, 'lo']])(request)).toBe(result, values);
    });
  });

  it('errors where the script does, and says no more', () => {
    marbles(({ expectObservable }) => {
      const values = { s: { type: 'round-start' }, h: { type: 'text-delta', text: 'Hel' } };
      expectObservable(scriptedModel([['Hel', 5, new Error('cut'), 'lo']])(request)).toBe('(sh) -#', values, new Error('cut'));
    });
  });

  it('stops when unsubscribed', () => {
    marbles(({ expectObservable, flush }) => {
      const model = scriptedModel([['Hel', 20, 'lo']]);
      expectObservable(model(request), '^ 9ms !').toBe('(sh)', { s: { type: 'round-start' }, h: { type: 'text-delta', text: 'Hel' } });
      flush();
      expect(model.open).toBe(0);
    });
  });

  it('gives the n-th request the n-th round, asked when subscribed', async () => {
    const model = scriptedModel([['one'], ['two']]);
    const first$ = model({ messages: [] });
    expect(model.requests).toEqual([]);
    const second = await lastValueFrom(model(request));
    expect(second).toMatchObject({ message: { content: 'one' } });
    expect(await lastValueFrom(first$)).toMatchObject({ message: { content: 'two' } });
    expect(model.requests).toEqual([request, { messages: [] }]);
    await expect(lastValueFrom(first$)).rejects.toThrow(RangeError);
  });

  it('numbers calls over all rounds', async () => {
    const model = scriptedModel([[{ call: 'a' }], [{ call: 'b' }]]);
    await lastValueFrom(model(request));
    expect(await lastValueFrom(model(request))).toMatchObject({ message: { toolCalls: [{ id: 'call_2' }] } });
  });

  it('throws for a fragment length below one', () => {
    expect(() => scriptedModel([[{ call: 'a', fragmentLength: 0 }]])).toThrow(RangeError);
  });
});

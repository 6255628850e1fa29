import { TestScheduler } from 'rxjs/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { accumulateToolCalls } from '../../operators/accumulateToolCalls.ts';
import type { Diagnostic, ModelEvent, ToolCall } from '../../src/events.ts';
import { describeCompliance } from '../support/compliance.ts';

const c: ModelEvent = { type: 'tool-call-start', callId: 'a', index: 0, name: 'x' };
const d: ModelEvent = { type: 'tool-call-delta', callId: 'a', index: 0, text: '{"n":' };
const D: ModelEvent = { type: 'tool-call-delta', callId: 'a', index: 0, text: '1}' };
const t: ModelEvent = { type: 'text-delta', text: 'so' };
const F: ModelEvent = { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' };
const e: ModelEvent = { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } };
const T: ToolCall = {
  type: 'tool-call',
  callId: 'a',
  index: 0,
  name: 'x',
  argumentsText: '{"n":1}',
  arguments: { _tag: 'Right', right: { n: 1 } },
};

describeCompliance('accumulateToolCalls', { operator: () => accumulateToolCalls(), inputs: [c, d, D, t, F, e] });

describe('accumulateToolCalls', () => {
  const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

  it('adds a call when something after it confirms it', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const events = { c, d, D, t, F, e };
      const source$ = cold('                                        --c-d-D--t-----F-e|', events);
      expectObservable(source$.pipe(accumulateToolCalls())).toBe('  --c-d-D--(tT)--F-e|', { ...events, T });
      expectSubscriptions(source$.subscriptions).toBe('             ^-----------------!');
    });
  });

  it('passes events it does not know, the same object, and says so in its type', () => {
    const other = { type: 'my-event' as const, n: 1 };
    scheduler().run(({ cold, expectObservable }) => {
      const source$ = cold('-o|', { o: other });
      const result$ = source$.pipe(accumulateToolCalls());
      expectTypeOf(result$).toEqualTypeOf<import('rxjs').Observable<typeof other | ToolCall | Diagnostic>>();
      expectObservable(result$).toBe('-o|', { o: other });
    });
  });

  it('knows two ways to read big numbers, and refuses another at the call', () => {
    for (const bigNumbers of ['number', 'text'] as const) expect(() => accumulateToolCalls({ bigNumbers })).not.toThrow();
    expect(() => accumulateToolCalls({ bigNumbers: 'string' as 'text' })).toThrow(TypeError);
  });

  it('refuses a bound that is none, at the call', () => {
    for (const bound of ['maxArgumentLength', 'maxDepth', 'maxCalls']) {
      for (const value of [-1, Number.NaN]) expect(() => accumulateToolCalls({ [bound]: value })).toThrow(bound);
    }
  });
});

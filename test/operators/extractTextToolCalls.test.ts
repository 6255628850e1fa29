import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { extractTextToolCalls } from '../../operators/extractTextToolCalls.ts';
import type { ModelEvent } from '../../src/events.ts';
import { describeCompliance } from '../support/compliance.ts';
import { round, textDelta, tools } from '../text/support.ts';

describe('extractTextToolCalls', () => {
  it('turns marked text into a call', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const [, a, b, F, e] = round(['Sure.<tool_call>{"name":"f",', '"arguments":{}}</tool_call>']) as ModelEvent[];
      const callId = 'call_7ff9n6_0';
      const source = cold('--a--b-------F-e|', { a, b, F, e } as { [key: string]: ModelEvent });
      const result = {
        x: textDelta('Sure.'),
        c: { type: 'tool-call-start', callId, index: 0, name: 'f' },
        d: { type: 'tool-call-delta', callId, index: 0, text: '{' },
        D: { type: 'tool-call-delta', callId, index: 0, text: '}' },
        E: { type: 'tool-call-end', callId, index: 0 },
        F,
        e: { ...e, message: { role: 'assistant', content: 'Sure.', toolCalls: [{ id: callId, name: 'f', argumentsText: '{}' }] } },
      };
      expectObservable(source.pipe(extractTextToolCalls({ tools }))).toBe('--x--(cdDE)--F-e|', result as never);
      expectSubscriptions(source.subscriptions).toBe('^---------------!');
    });
  });

  it('refuses a format it does not know, a bound that is none, and to go without tools', () => {
    expect(() => extractTextToolCalls({ tools, format: 'xml' as never })).toThrow(/use one of auto, hermes/);
    expect(() => extractTextToolCalls({ tools, maxHeldLength: -1 })).toThrow(RangeError);
    expect(() => extractTextToolCalls({} as never)).toThrow(TypeError);
  });
});

describeCompliance('extractTextToolCalls', {
  operator: () => extractTextToolCalls({ tools }),
  inputs: [textDelta('Sure.<tool_call>{"name":"f",'), textDelta('"arguments":{}}</tool_call>'), { type: 'x' }, textDelta('a <tool')],
});

import { firstValueFrom, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { collectAnswer } from '../../operators/collectAnswer.ts';
import { extractTextToolCalls } from '../../operators/extractTextToolCalls.ts';
import { streamAnswer } from '../../src/answer.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { ModelRequest } from '../../src/messages.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
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

  it('makes an answer of rounds, and gives the calls back in the API’s own words', async () => {
    const asked: ModelRequest[] = [];
    const rounds = [['I look.<tool_', 'call>{"name":"f","arguments":{"x":2}}</tool_call>'], ['It is 4.']];
    const f = defineTool({
      name: 'f',
      description: 'Squares.',
      parameters: { type: 'object', properties: { x: { type: 'number' } } },
      execute: (args) => (args as { x: number }).x ** 2,
    });
    const model = (request: ModelRequest) => of(...round(rounds[asked.push(request) - 1] ?? [])).pipe(extractTextToolCalls({ tools: [f] }));
    const answer = await firstValueFrom(
      streamAnswer({ model, tools: [f], request: { messages: [{ role: 'user', content: '2²?' }] } }).pipe(collectAnswer()),
    );
    expect(answer.text).toContain('It is 4.');
    const [, said, result] = asked[1]?.messages ?? [];
    expect(said).toEqual({
      role: 'assistant',
      content: 'I look.',
      toolCalls: [{ id: expect.any(String), name: 'f', argumentsText: '{"x":2}' }],
    });
    expect(result).toMatchObject({ role: 'tool', name: 'f', content: '4' });
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

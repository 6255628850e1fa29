import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { extractReasoning } from '../../operators/extractReasoning.ts';
import type { ModelEvent } from '../../src/events.ts';
import { describeCompliance } from '../support/compliance.ts';
import { round, textDelta } from '../text/support.ts';

describe('extractReasoning', () => {
  it('turns tagged text into reasoning', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const [, a, b, c, F, e] = round(['<think>Hm', '.</th', 'ink>Hi']) as ModelEvent[];
      const said = { ...e, message: { role: 'assistant', content: 'Hi', reasoning: 'Hm.' } };
      const values = {
        a,
        b,
        c,
        F,
        e,
        x: { type: 'reasoning-delta', text: 'Hm' },
        y: { type: 'reasoning-delta', text: '.' },
        z: textDelta('Hi'),
      };
      const source = cold('--a--b--c--F-e|', values as { [key: string]: ModelEvent });
      expectObservable(source.pipe(extractReasoning())).toBe('--x--y--z--F-e|', { ...values, e: said });
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
    });
  });

  it('refuses a tag that is none at the call', () => {
    expect(() => extractReasoning({ tag: 'two words' })).toThrow(RangeError);
  });
});

describeCompliance('extractReasoning', {
  operator: () => extractReasoning(),
  inputs: [textDelta('<think>Hm'), textDelta('.</think>Hi'), { type: 'x' }, textDelta('\n<thi')],
});

import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { textOnly } from '../../operators/textOnly.ts';
import type { AnswerEvent } from '../../src/events.ts';
import { begin, text } from '../rounds/events.ts';
import { describeCompliance } from '../support/compliance.ts';

describe('textOnly', () => {
  it('gives the text of choice 0', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable, expectSubscriptions }) => {
      const other: AnswerEvent = { type: 'text-delta', text: 'other', choice: 1 };
      const thought: AnswerEvent = { type: 'reasoning-delta', text: 'hm' };
      const source = cold<AnswerEvent>('--a--c--b--o-r-|', { a: text('Hel'), b: text('lo'), c: begin('c1'), o: other, r: thought });
      expectObservable(source.pipe(textOnly())).toBe('--x-----y------|', { x: 'Hel', y: 'lo' });
      expectSubscriptions(source.subscriptions).toBe('^--------------!');
    });
  });
});

describeCompliance('textOnly', { operator: () => textOnly(), inputs: [text('a'), { type: 'x' }, text('b')] });

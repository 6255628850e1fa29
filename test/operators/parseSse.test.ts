import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { parseSse } from '../../operators/parseSse.ts';
import { LimitError } from '../../src/errors.ts';
import { describeCompliance } from '../support/compliance.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

describe('parseSse', () => {
  const chunks = { a: 'data: 1\n', b: '\ndata:', c: '2\n\ndata: 3' };
  const frames = { x: { data: '1' }, y: { data: '2' }, z: { data: '3', unterminated: true as const } };

  it('emits a frame at its blank line, and the last one at the end', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', chunks);
      expectObservable(source.pipe(parseSse())).toBe('-----x--y-----(z|)', frames);
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
    });
  });

  it('drops the last one without its blank line when strict', () => {
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold('--a--b--c-----|', chunks).pipe(parseSse({ strict: true }))).toBe('-----x--y-----|', frames);
    });
  });

  it('emits what was held back before the error of the source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----#', chunks);
      expectObservable(source.pipe(parseSse())).toBe('-----x--y-----(z#)', frames);
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
    });
  });

  it('forgets what was held back when unsubscribed', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', chunks);
      expectObservable(source.pipe(parseSse()), '^--------!').toBe('-----x--y--', frames);
      expectSubscriptions(source.subscriptions).toBe('^--------!');
    });
  });

  it('errors at a frame beyond the bound, and stops the source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', { ...chunks, c: '2\n\ndata: 30' });
      const error = new LimitError('maxFrameBytes', 7, 'bytes in one SSE frame', { place: { frame: 2 }, excerpt: 'data: 3' });
      expectObservable(source.pipe(parseSse({ maxFrameBytes: 7 }))).toBe('-----x--(y#)', frames, error);
      expectSubscriptions(source.subscriptions).toBe('^-------!');
    });
  });

  it('says what to give where a chunk is neither bytes nor text', () => {
    const errors: unknown[] = [];
    for (const chunk of [new Response('data: 1'), { data: 1 }, 5, null]) {
      of(chunk as unknown as string)
        .pipe(parseSse())
        .subscribe({ error: (error) => errors.push(String(error)) });
    }
    const about = (what: string) =>
      `TypeError: parseSse reads bytes or strings; this is ${what}. Of a Response, give the chunks of its \`body\`, as fetchBytes does.`;
    expect(errors).toEqual(['a Response', 'an object', '5', 'null'].map(about));
  });

  it('refuses a bound that is none at the call', () => {
    expect(() => parseSse({ maxFrameBytes: 0 })).toThrow(/maxFrameBytes is 0: give a whole number of bytes above 0/);
  });
});

describeCompliance('parseSse', {
  operator: parseSse,
  inputs: ['data: 1\n\nda', new TextEncoder().encode('ta: é\n\n'), 'data: 3\n\n'],
});

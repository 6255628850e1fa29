import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { parseNdjson } from '../../operators/parseNdjson.ts';
import { LimitError } from '../../src/errors.ts';
import { describeCompliance } from '../support/compliance.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

describe('parseNdjson', () => {
  const chunks = { a: '{"a":', b: '1}\n\n{"b"', c: ':2}\r\n{"c":3' };
  const frames = { x: { data: '{"a":1}' }, y: { data: '{"b":2}' }, z: { data: '{"c":3', unterminated: true as const } };

  it('emits a frame at the end of its line, and the last one at the end', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', chunks);
      expectObservable(source.pipe(parseNdjson())).toBe('-----x--y-----(z|)', frames);
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
    });
  });

  it('emits what was held back before the error of the source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----#', chunks);
      expectObservable(source.pipe(parseNdjson())).toBe('-----x--y-----(z#)', frames);
      expectSubscriptions(source.subscriptions).toBe('^-------------!');
    });
  });

  it('forgets what was held back when unsubscribed', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', chunks);
      expectObservable(source.pipe(parseNdjson()), '^--------!').toBe('-----x--y--', frames);
      expectSubscriptions(source.subscriptions).toBe('^--------!');
    });
  });

  it('errors at a line beyond the bound, and stops the source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c-----|', { ...chunks, c: ':2}\r\n{"c":300' });
      const error = new LimitError('maxFrameBytes', 7, 'bytes in one NDJSON line', { place: { frame: 2 }, excerpt: '{"c":30' });
      expectObservable(source.pipe(parseNdjson({ maxFrameBytes: 7 }))).toBe('-----x--(y#)', frames, error);
      expectSubscriptions(source.subscriptions).toBe('^-------!');
    });
  });

  it('says what to give where a chunk is neither bytes nor text', () => {
    const errors: unknown[] = [];
    of(new Response('{}') as unknown as string)
      .pipe(parseNdjson())
      .subscribe({ error: (error) => errors.push(String(error)) });
    expect(errors).toEqual([
      'TypeError: parseNdjson reads bytes or strings; this is a Response. Of a Response, give the chunks of its `body`, as fetchBytes does.',
    ]);
  });

  it('refuses a bound that is none at the call', () => {
    expect(() => parseNdjson({ maxFrameBytes: 0 })).toThrow(/maxFrameBytes is 0: give a whole number of bytes above 0/);
  });
});

describeCompliance('parseNdjson', {
  operator: parseNdjson,
  inputs: ['{"a":1}\n{"b', new TextEncoder().encode('":"é"}\r\n'), '{"c":3}\n'],
});

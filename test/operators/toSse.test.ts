import { concat, from, of, throwError, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { toSse } from '../../operators/toSse.ts';
import { ProviderError } from '../../src/errors.ts';
import type { AnyEvent } from '../../src/events.ts';
import { describeCompliance } from '../support/compliance.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

describe('toSse', () => {
  const events = { a: { type: 'a' }, b: { type: 'b' } };
  const frames = {
    p: 'id: 0\n\n',
    h: ': heartbeat\n\n',
    a: 'id: 1\ndata: {"type":"a"}\n\n',
    b: 'id: 2\ndata: {"type":"b"}\n\n',
    e: 'event: end\nid: 3\ndata: {}\n\n',
    f: 'event: error\nid: 2\ndata: {"code":"internal","message":"The answer failed."}\n\n',
  };

  it('writes a frame per event, heartbeats, and ends with `end`', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a------b|', events);
      expectObservable(source.pipe(toSse({ heartbeatMs: 5 }))).toBe('p-a--h---b(e|)', frames);
      expectSubscriptions(source.subscriptions).toBe('^---------!');
    });
  });

  it('beats every 15 seconds by default, and not at all when told so', () => {
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold<AnyEvent>('-').pipe(toSse()), '^ 31s !').toBe('p 14999ms h 14999ms h', frames);
      expectObservable(cold<AnyEvent>('-').pipe(toSse({ heartbeatMs: Number.POSITIVE_INFINITY })), '^ 31s !').toBe('p', frames);
    });
  });

  it('makes an error a frame, then ends', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--#', events);
      expectObservable(source.pipe(toSse())).toBe('p-a--(fe|)', frames);
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });

  it('stops the source and the heartbeats when unsubscribed', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a------b|', events);
      expectObservable(source.pipe(toSse({ heartbeatMs: 5 })), '^-----!').toBe('p-a--h-', frames);
      expectSubscriptions(source.subscriptions).toBe('^-----!');
    });
  });

  const written = (...input: unknown[]) => {
    let texts: string[] = [];
    from(input as AnyEvent[])
      .pipe(toSse(), toArray())
      .subscribe((all) => {
        texts = all;
      });
    return texts;
  };

  it('keeps line ends in data out of the framing', () => {
    const [, frame = ''] = written({ type: 'text-delta', text: 'a\n\nevent: end\r\n\rb\u2028c\ud800' });
    expect(frame.split('\n')).toHaveLength(4);
    expect(frame).not.toContain('\r');
  });

  it('gives every frame an id that rises, the last one too', () => {
    const ids = written({ type: 'a' }, { type: 'b' }, { type: 'c' }).map((text) => Number(/^id: (\d+)$/m.exec(text)?.[1]));
    expect(ids).toEqual([0, 1, 2, 3, 4]);
  });

  it('makes an event that is no JSON an error frame', () => {
    const cycle: { type: string; self?: unknown } = { type: 'cycle' };
    cycle.self = cycle;
    for (const broken of [cycle, { type: 'big', value: 1n }, { type: 'none', toJSON: () => undefined }]) {
      expect(written({ type: 'a' }, broken, { type: 'b' }).slice(2)).toEqual([frames.f, frames.e]);
    }
  });

  it('shows of an error no key, no cause, no excerpt and no partial answer', () => {
    const secret = 'sk-secret';
    const own = new ProviderError('Overloaded.', {
      providerCode: 'overloaded',
      status: 529,
      retryable: true,
      raw: { echo: secret },
      excerpt: secret,
      cause: new Error(secret),
      partial: { text: secret, reasoning: '', calls: [], toolCalls: [], results: [], messages: [] },
    });
    const text = (error: unknown, options = {}) => {
      let last = '';
      concat(
        of({ type: 'a' }),
        throwError(() => error),
      )
        .pipe(toSse(options))
        .subscribe((frame) => {
          last += frame;
        });
      expect(last).not.toContain(secret);
      return /^event: error\nid: 2\ndata: (.*)$/m.exec(last)?.[1];
    };
    expect(JSON.parse(text(own) ?? '')).toEqual({
      code: 'provider',
      message: 'Overloaded.',
      providerCode: 'overloaded',
      status: 529,
      retryable: true,
    });
    expect(JSON.parse(text(new TypeError(`bad header ${secret}`)) ?? '')).toEqual({ code: 'internal', message: 'The answer failed.' });
    expect(JSON.parse(text(new Error(secret), { errorMessage: () => 'Sorry.' }) ?? '')).toEqual({ code: 'internal', message: 'Sorry.' });
  });

  it.each([0, -1, Number.NaN, 2 ** 31])('refuses heartbeatMs %d at the call', (heartbeatMs) => {
    expect(() => toSse({ heartbeatMs })).toThrow(/heartbeatMs is .*give milliseconds from 1/);
  });
});

describeCompliance('toSse', {
  operator: toSse,
  inputs: [{ type: 'a' }, { type: 'b', text: '1\n2' }],
  sourceError: 'value',
  emitsAtStart: true,
});

import { concat, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decode } from '../../operators/decode.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { LimitError } from '../../src/errors.ts';
import type { Frame } from '../../src/frame.ts';
import { delta, done, finish, frames } from '../calls/support.ts';
import { describeCompliance } from '../support/compliance.ts';

const [hello, world, stop, end] = frames([delta({ content: 'Hello' }), delta({ content: ' world' }), finish('stop'), done]) as [
  Frame,
  Frame,
  Frame,
  Frame,
];

describeCompliance('decode', {
  operator: () => decode(openAiChat),
  inputs: [hello, world],
  firehose: [world],
  sourceError: 'any',
  earlyEnd: 'may-error',
});

describe('decode', () => {
  const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const named = {
    s: { type: 'round-start', responseId: 'r1', model: 'm' },
    t: { type: 'text-delta', text: 'Hello' },
    u: { type: 'text-delta', text: ' world' },
    F: { type: 'finish-reason', reason: 'stop', raw: 'stop' },
    e: expect.objectContaining({ type: 'round-end', reason: 'stop' }),
  };

  it('emits what each frame says at once, and ends with its source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('                                      --h-----w--f--d---|', { h: hello, w: world, f: stop, d: end });
      expectObservable(source$.pipe(decode(openAiChat))).toBe('   --(st)--u--F--e---|', named);
      expectSubscriptions(source$.subscriptions).toBe('           ^-----------------!');
    });
  });

  it('ends one second after the end mark where the source stays open, and unsubscribes it', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('                                      h---f---d--------', { h: hello, f: stop, d: end });
      expectObservable(source$.pipe(decode(openAiChat))).toBe('   (st)F---e 999ms |', named);
      expectSubscriptions(source$.subscriptions).toBe('           ^-------- 999ms !');
    });
  });

  it('says what is missing where it is given bytes', () => {
    let raised: unknown;
    of(new Uint8Array([100]) as unknown as Frame)
      .pipe(decode(openAiChat))
      .subscribe({
        error: (error) => {
          raised = error;
        },
      });
    expect(String(raised)).toContain('parseSse()');
  });

  it('leaves no timer behind when it is unsubscribed after the end mark', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('                                            h---f---d--------', { h: hello, f: stop, d: end });
      expectObservable(source$.pipe(decode(openAiChat)), '              ^---------!').toBe('(st)F---e', named);
      expectSubscriptions(source$.subscriptions).toBe('                 ^---------!');
    });
  });

  it('refuses to be without a dialect at the call, and says what to give', () => {
    for (const none of [undefined, 'openai', {}]) {
      expect(() => decode(none as unknown as Dialect)).toThrow(/`dialect` is missing: .* decode\(openAiChat\)/);
    }
  });

  it('refuses a bound that is none, at the call', () => {
    for (const bound of ['maxArgumentLength', 'maxCalls']) {
      for (const value of [-1, Number.NaN]) expect(() => decode(openAiChat, { [bound]: value })).toThrow(bound);
    }
  });
});

describe('the wait for the end of the body', () => {
  afterEach(() => void vi.useRealTimers());

  const answer = [hello, stop, end];
  const long: Frame = { data: 'x'.repeat(2000) };

  it.each([
    ['the body ends', of(...answer), undefined],
    [
      'the connection breaks',
      concat(
        of(...answer),
        throwError(() => new Error('cut')),
      ),
      undefined,
    ],
    ['too much comes', of(...answer, long), LimitError],
  ])('leaves no timer when %s', (_when, frames$, raised) => {
    vi.useFakeTimers();
    let error: unknown;
    let ended = false;
    frames$.pipe(decode(openAiChat, { maxResponseLength: 1000 })).subscribe({
      error: (problem) => {
        error = problem;
      },
      complete: () => {
        ended = true;
      },
    });
    expect(ended).toBe(raised === undefined);
    if (raised) expect(error).toBeInstanceOf(raised);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer when the subscriber leaves, then or at the end of the round', () => {
    vi.useFakeTimers();
    const body = new Subject<Frame>();
    const subscription = body.pipe(decode(openAiChat)).subscribe();
    for (const frame of answer) body.next(frame);
    expect(vi.getTimerCount()).toBe(1);
    subscription.unsubscribe();
    const leaving = body.pipe(decode(openAiChat)).subscribe((event) => {
      if (event.type === 'round-end') leaving.unsubscribe();
    });
    for (const frame of answer) body.next(frame);
    expect([vi.getTimerCount(), body.observed]).toEqual([0, false]);
  });
});

import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { decode } from '../../operators/decode.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
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

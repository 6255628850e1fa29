import fc from 'fast-check';
import { concat, from, lastValueFrom, materialize, NEVER, of, throwError, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { fromSse } from '../../operators/fromSse.ts';
import { toSse } from '../../operators/toSse.ts';
import {
  ConnectionError,
  HttpError,
  InterruptedError,
  LimitError,
  MalformedFrameError,
  ProviderError,
  TimeoutError,
} from '../../src/errors.ts';
import type { AnyEvent } from '../../src/events.ts';
import { pieces } from '../sse/support.ts';
import { describeCompliance } from '../support/compliance.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

const frames = {
  p: 'id: 0\n\n',
  h: ': heartbeat\n\n',
  a: 'id: 1\ndata: {"type":"a"}\n\n',
  b: 'id: 2\ndata: {"type":"b"}\n\n',
  e: 'event: end\nid: 3\ndata: {}\n\n',
};
const events = { a: { type: 'a' }, b: { type: 'b' } };

/** All events, and the error, of a body. */
async function read(body: Iterable<Uint8Array | string>, failure?: unknown) {
  const source$ =
    failure === undefined
      ? from(body)
      : concat(
          from(body),
          throwError(() => failure),
        );
  const notes = await lastValueFrom(source$.pipe(fromSse<AnyEvent>(), materialize(), toArray()));
  const error = notes.flatMap((note) => (note.kind === 'E' ? [note.error as Error] : []))[0];
  return { events: notes.flatMap((note) => (note.kind === 'N' ? [note.value] : [])), error };
}

async function bytesOf(input: readonly AnyEvent[], failure?: unknown): Promise<Uint8Array> {
  const source$ =
    failure === undefined
      ? from(input)
      : concat(
          from(input),
          throwError(() => failure),
        );
  const texts = await lastValueFrom(source$.pipe(toSse(), toArray()));
  return new TextEncoder().encode(texts.join(''));
}

describe('fromSse', () => {
  it('gives the events again, and completes at `end`, which stops the source', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('p-a-h-b-e--', frames);
      expectObservable(source.pipe(fromSse<AnyEvent>())).toBe('--a---b-|', events);
      expectSubscriptions(source.subscriptions).toBe('^-------!');
    });
  });

  it('stops the source when unsubscribed', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('p-a-h-b-e--', frames);
      expectObservable(source.pipe(fromSse<AnyEvent>()), '^--!').toBe('--a-', events);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });

  it('takes a source that completes before `end` for a cut', () => {
    scheduler().run(({ cold, expectObservable }) => {
      const error = new InterruptedError('The event stream was cut after 1 frames: its `end` event never came.', { place: { frame: 1 } });
      expectObservable(cold('p-a-|', frames).pipe(fromSse<AnyEvent>())).toBe('--a-#', events, error);
    });
  });

  it('takes a source that fails before `end` for a cut, and keeps why', async () => {
    const cause = new TypeError('terminated');
    const cut = await read([frames.p, frames.a, frames.b.slice(0, 20)], cause);
    expect(cut.events).toEqual([events.a]);
    expect(cut.error).toBeInstanceOf(InterruptedError);
    expect(cut.error?.cause).toBe(cause);
    const own = new TimeoutError('idle', 5);
    expect((await read([frames.a], own)).error).toBe(own);
  });

  it('law: events → toSse → any split of the bytes → fromSse gives equal events', async () => {
    const anyEvent = fc.record(
      { type: fc.string({ minLength: 1 }), text: fc.string({ unit: 'binary' }), value: fc.jsonValue(), round: fc.nat() },
      { requiredKeys: ['type'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 6 }), fc.infiniteStream(fc.integer({ min: 1, max: 30 })), async (input, sizes) => {
        const bytes = await bytesOf(input);
        const plain = JSON.parse(JSON.stringify(input)) as AnyEvent[];
        expect(await read(pieces(bytes, sizes))).toEqual({ events: plain, error: undefined });
      }),
      { numRuns: process.env.CI ? 1000 : 200 },
    );
  });

  it('law: a body cut before its `end` gives a prefix of the events, then an InterruptedError', async () => {
    const input = [
      { type: 'text-delta', text: 'chuyến → bay\n\ndata: x' },
      { type: 'tool-call', callId: '1' },
    ];
    const bytes = await bytesOf(input);
    for (let at = 0; at < bytes.length; at++) {
      const cut = await read([bytes.subarray(0, at)]);
      expect(cut.events).toEqual(input.slice(0, cut.events.length));
      expect(cut.error).toBeInstanceOf(InterruptedError);
    }
  });

  it.each([
    new InterruptedError('The connection was lost.'),
    new ProviderError('Overloaded.', { providerCode: 'overloaded_error', status: 529, retryable: true, raw: null }),
    new HttpError('Too many requests.', { status: 429, retryable: true, retryAfterMs: 2000 }),
    new ConnectionError('Refused.'),
    new TimeoutError('first-event', 30_000),
    new MalformedFrameError('Frame 3 is no JSON.'),
    new LimitError('maxFrameBytes', 16, 'bytes in one SSE frame', { hint: 'Ask for less.' }),
  ])('gives $name again, after all events before it', async (error) => {
    const { raw: _raw, ...shown } = { ...error, raw: undefined };
    const again = await read([await bytesOf([events.a], error)]);
    expect(again.events).toEqual([events.a]);
    expect(again.error).toBeInstanceOf(error.constructor);
    expect(again.error?.message).toBe(error.message);
    expect(again.error).toMatchObject(shown);
  });

  it.each([
    ['http', { name: 'HttpError', status: 0, retryable: false }],
    ['timeout', { name: 'TimeoutError', kind: 'total' }],
    ['limit', { name: 'LimitError', limit: '', max: 0 }],
    ['provider', { name: 'ProviderError', providerCode: undefined, status: undefined }],
    ['new-code', { name: 'ProviderError', providerCode: 'new-code' }],
  ])('gives an error of code %s that lacks its details with what it says', async (code, expected) => {
    const { error } = await read([`event: error\ndata: ${JSON.stringify({ code, message: 'Said.' })}\n\n`]);
    expect(error).toMatchObject({ message: 'Said.', ...expected });
  });

  it('gives an error of another class as a ProviderError that says no more than the server did', async () => {
    const { error } = await read([await bytesOf([], new RangeError('at /srv/app/key.ts'))]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ message: 'The answer failed.', providerCode: 'internal', retryable: false });
  });

  it.each([
    ['data that is no JSON', 'data: {"type"\n\n', '{"type"'],
    ['an event without a type', 'data: {"text":"a"}\n\n', '{"text":"a"}'],
    ['a number', 'data: 1\n\n', '1'],
    ['an error frame without a message', 'event: error\ndata: {"code":"x"}\n\n', '{"code":"x"}'],
    ['a JSON body', '{"error":"unauthorized"}', '{"error":"unauthorized"}'],
    ['a web page', '<!doctype html>\n<title>502</title>', '<!doctype html>'],
  ])('refuses %s, and says what came', async (_name, body, excerpt) => {
    const { events: before, error } = await read([frames.a, body]);
    expect(before).toEqual([events.a]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect(error).toMatchObject({ excerpt, place: { frame: 1 } });
  });

  it('ignores frames of other names, and all that follows `end`', async () => {
    const body = [frames.a, 'event: extension\ndata: ?\n\n', frames.e, 'data: ?\n\n'];
    expect(await read(body)).toEqual({ events: [events.a], error: undefined });
  });

  it('refuses a bound that is none at the call, and a frame beyond it in the stream', async () => {
    expect(() => fromSse({ maxFrameBytes: -1 })).toThrow(RangeError);
    const note = await lastValueFrom(concat(of(frames.a), NEVER).pipe(fromSse({ maxFrameBytes: 10 }), materialize()));
    expect(note.kind === 'E' && note.error).toBeInstanceOf(LimitError);
  });
});

describeCompliance('fromSse', {
  operator: fromSse,
  inputs: [frames.p + frames.a, frames.b],
  sourceError: 'any',
  earlyEnd: 'may-error',
});

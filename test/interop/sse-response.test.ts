import { concat, finalize, interval, map, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { AnyEvent } from '../../src/events.ts';
import { SSE_HEARTBEAT } from '../../src/interop/sse-out.ts';
import { sseResponse } from '../../src/interop/sse-response.ts';
import type { Gate } from '../../src/models/gate.ts';

const url = 'http://localhost/answer';
const request = (init?: RequestInit) => new Request(url, init);
const hi = { type: 'text-delta', text: 'Hi' };

/** Reads a body chunk by chunk. */
function reader(response: Response) {
  if (response.body === null) throw new Error('The response has no body.');
  const chunks = response.body.getReader();
  const decoder = new TextDecoder();
  return {
    next: async () => {
      const { done, value } = await chunks.read();
      return done ? undefined : decoder.decode(value);
    },
    cancel: () => chunks.cancel(),
  };
}

describe('sseResponse', () => {
  it('answers with an event stream', async () => {
    const response = sseResponse(request(), () => of(hi));
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
    expect(await response.text()).toBe('id: 0\n\nid: 1\ndata: {"type":"text-delta","text":"Hi"}\n\nevent: end\nid: 2\ndata: {}\n\n');
  });

  it('answers a reconnect with 204, and never runs the answer again', () => {
    const answer = vi.fn(() => of(hi));
    for (const id of ['0', '1', '']) {
      const response = sseResponse(request({ headers: { 'Last-Event-ID': id } }), answer);
      expect([response.status, response.body]).toEqual([204, null]);
    }
    expect(answer).not.toHaveBeenCalled();
  });

  it('adds the headers it is given, to a 204 too', () => {
    const headers = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' };
    expect(Object.fromEntries(sseResponse(request(), () => NEVER, { headers }).headers)).toMatchObject(headers);
    const again = sseResponse(request({ headers: { 'last-event-id': '1' } }), () => NEVER, { headers });
    expect(Object.fromEntries(again.headers)).toMatchObject(headers);
  });

  it('runs the answer when the body is first read, and stops it when the body is cancelled', async () => {
    const stopped = vi.fn();
    const answer = vi.fn(() => concat(of(hi), NEVER).pipe(finalize(stopped)));
    const response = sseResponse(request(), answer);
    expect(answer).not.toHaveBeenCalled();
    const body = reader(response);
    expect(await body.next()).toBe('id: 0\n\n');
    expect(answer).toHaveBeenCalledTimes(1);
    await body.cancel();
    expect(stopped).toHaveBeenCalledTimes(1);
  });

  it('stops the answer when the request aborts', async () => {
    const stopped = vi.fn();
    const gone = new AbortController();
    const body = reader(sseResponse(request({ signal: gone.signal }), () => concat(of(hi), NEVER).pipe(finalize(stopped))));
    await body.next();
    await body.next();
    gone.abort();
    expect(await body.next()).toBeUndefined();
    expect(stopped).toHaveBeenCalledTimes(1);
  });

  it('does not run the answer for a request that was aborted before', async () => {
    const answer = vi.fn(() => of(hi));
    expect(await sseResponse(request({ signal: AbortSignal.abort() }), answer).text()).toBe('');
    expect(answer).not.toHaveBeenCalled();
  });

  it('leaves no listener on the signal once it is over', async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, 'addEventListener');
    const remove = vi.spyOn(signal, 'removeEventListener');
    await sseResponse({ headers: new Headers(), signal }, () => of(hi)).text();
    expect(add.mock.calls.length).toBe(1);
    expect(remove).toHaveBeenCalledWith('abort', add.mock.calls[0]?.[1]);
  });

  it('makes what the answer throws an error frame', async () => {
    const failing: Array<() => Observable<AnyEvent>> = [
      () => throwError(() => new Error('secret')),
      () => {
        throw new Error('secret');
      },
    ];
    for (const answer of failing) {
      const text = await sseResponse(request(), answer).text();
      expect(text).toBe(
        'id: 0\n\nevent: error\nid: 1\ndata: {"code":"internal","message":"The answer failed."}\n\nevent: end\nid: 2\ndata: {}\n\n',
      );
    }
  });

  it('beats while the answer is silent', async () => {
    const body = reader(sseResponse(request(), () => NEVER, { heartbeatMs: 5 }));
    expect([await body.next(), await body.next(), await body.next()]).toEqual(['id: 0\n\n', SSE_HEARTBEAT, SSE_HEARTBEAT]);
    await body.cancel();
  });

  it('closes the gate while the client is slow', async () => {
    const events$ = new Subject<AnyEvent>();
    let gate: Gate | undefined;
    const body = reader(
      sseResponse(
        request(),
        (given) => {
          gate = given;
          return events$;
        },
        { highWaterMark: 2 },
      ),
    );
    await body.next();
    expect(gate?.open).toBe(true);
    for (let n = 0; n < 3; n++) events$.next(hi);
    expect(gate?.open).toBe(false);
    await body.next();
    await body.next();
    expect(gate?.open).toBe(true);
    await body.cancel();
  });

  it('stops an answer that heeds no gate at the bound, and says so', async () => {
    const stopped = vi.fn();
    const firehose$ = new Observable<AnyEvent>((subscriber) => {
      for (let n = 0; n < 1000 && !subscriber.closed; n++) subscriber.next(hi);
    }).pipe(finalize(stopped));
    const body = reader(sseResponse(request(), () => firehose$, { highWaterMark: 4, maxQueued: 8 }));
    const texts: unknown[] = [];
    await expect(async () => {
      for (;;) texts.push(await body.next());
    }).rejects.toMatchObject({ code: 'limit', limit: 'maxQueued', max: 8 });
    expect(texts.length).toBeLessThanOrEqual(9);
    expect(stopped).toHaveBeenCalledTimes(1);
  });

  it('refuses wrong options at the call', () => {
    expect(() => sseResponse(request(), () => interval(1).pipe(map(() => hi)), { heartbeatMs: 0 })).toThrow(RangeError);
    expect(() => sseResponse(request(), () => NEVER, { highWaterMark: 0 })).toThrow(RangeError);
  });
});

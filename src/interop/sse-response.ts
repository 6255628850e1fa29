import { defer, map, Observable, takeUntil } from 'rxjs';
import type { AnyEvent } from '../events.ts';
import type { Gate } from '../models/gate.ts';
import type { PullOptions } from './event-queue.ts';
import { checkToSseOptions, SSE_HEADERS, sseText, type ToSseOptions } from './sse-out.ts';
import { toReadableStream } from './to-readable-stream.ts';

/** What of a request is looked at: a Web `Request` has it, and every framework's own can be given as such. */
export interface SseRequest {
  readonly headers: { get(name: string): string | null };
  /** Aborts when the client is gone, where the platform says so. */
  readonly signal?: AbortSignal;
}

/** How {@link sseResponse} answers. */
export interface SseResponseOptions extends ToSseOptions, PullOptions {
  /** Added to the response's own headers, e.g. for CORS. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers a request with a stream of events: {@link toSse} as a Web `Response`, for every server that speaks those.
 *
 * `answer` is called once, when the body is first read. A reconnecting browser (it sends `Last-Event-ID`) gets 204 and `answer` is
 * not called: there is no store to take the rest from, and a second run would cost again and call tools again. 204 tells the browser to
 * stop reconnecting. When the client is gone (the body is cancelled, or `request.signal` aborts) the answer is unsubscribed.
 *
 * Has real backpressure where the answer heeds the gate it is given (`httpModel({ gate })`): while `highWaterMark` frames wait for a slow
 * client (default 16), nothing more is read from the model. What comes regardless waits too, up to `maxQueued` frames (default 65 536);
 * then the body errors, and the answer is unsubscribed.
 *
 * @param request - The request, or what of it matters: its headers, and its signal.
 * @param answer - Makes the answer. What it throws goes out as an error frame.
 * @param options - Heartbeats in milliseconds, bounds in frames, headers.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { sseResponse } from 'toolstream';
 *
 * const answer = () => of({ type: 'text-delta', text: 'Hi' });
 * const handler = (request: Request) => sseResponse(request, answer);
 *
 * const first = handler(new Request('https://example.com/chat'));
 * console.log(first.status, (await first.text()).includes('data: {"type":"text-delta","text":"Hi"}')); // 200 true
 * const again = handler(new Request('https://example.com/chat', { headers: { 'last-event-id': '1' } }));
 * console.log(again.status); // 204
 * ```
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
 */
export function sseResponse<E extends AnyEvent>(
  request: SseRequest,
  answer: (gate: Gate) => Observable<E>,
  options: SseResponseOptions = {},
): Response {
  checkToSseOptions(options);
  if (request.headers.get('last-event-id') !== null) return new Response(null, { status: 204, headers: { ...options.headers } });
  const encoder = new TextEncoder();
  const body = toReadableStream((gate) => {
    const bytes$ = sseText(
      defer(() => answer(gate)),
      options,
    ).pipe(map((text) => encoder.encode(text)));
    return request.signal === undefined ? bytes$ : bytes$.pipe(takeUntil(aborted(request.signal)));
  }, options);
  return new Response(body, { headers: { ...SSE_HEADERS, ...options.headers } });
}

function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => {
    const abort = () => subscriber.next();
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });
}

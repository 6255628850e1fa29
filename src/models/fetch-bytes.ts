import { asyncScheduler, Observable, type Subscriber } from 'rxjs';
import { ConnectionError, TimeoutError } from '../errors.ts';
import { LONGEST_TIMER_MS } from '../tools/longest-timer.ts';
import { BodyReader } from './body-reader.ts';
import { connectionErrorOf } from './connection-error.ts';
import type { HttpRequest } from './endpoint.ts';
import { isInk } from './framing.ts';
import { GATED_PIECE, type Gate } from './gate.ts';
import { httpErrorOf, notAStream } from './http-error.ts';
import { orAborted } from './or-aborted.ts';
import { redactedCause, redactor } from './redact.ts';
import { type Fetch, type FetchResponse, followingRedirects } from './redirects.ts';

/** Settings of {@link fetchBytes}. */
export interface FetchBytesOptions {
  /** Sends the request. Default: the global `fetch`. */
  readonly fetch?: Fetch;
  /** Holds reading back while it is closed, down to the socket. Default: read as fast as the bytes come. */
  readonly gate?: Gate;
  /** From sending the request until the response's head, in milliseconds; `Infinity` for no limit. Default: 30 000. */
  readonly connectMs?: number;
}

/**
 * Sends a request and emits the response's body as it arrives.
 *
 * ```text
 * request → head ──▶ body     -----a-b---c-|
 * fetchBytes(request)         -----a-b---c-|
 * ```
 *
 * Cold: each subscription asks for the headers (and with them the key) and sends the request anew; nothing happens before.
 * Emits the body's chunks as they come, with a `gate` in pieces of at most 4096 bytes; completes at the end of the body.
 *
 * Errors with a {@link ConnectionError} when no response comes or the body breaks off (`place.byteOffset` says where), a
 * {@link TimeoutError} of kind `connect`, an {@link HttpError} for any status but 2xx, an HTML page, or a JSON document where a stream was
 * asked for, and a {@link ProviderError} where that document is an error. A body that is no stream is read up to 64 KiB and for up to 5 s.
 * A redirect of a POST is followed where it says that the method stays (307, 308), and to another origin without any header that may hold a
 * key; any other is an {@link HttpError} that says where to.
 *
 * What the caller's `apiKey` function throws goes out as it is. No error shows a key, a header or the request's body.
 *
 * Buffers nothing but the chunk at hand. Unsubscribing aborts at any moment: while the key is fetched, before the head, while the gate is
 * closed, in the middle of the body.
 *
 * @param request - What {@link httpRequest} made.
 * @param options - See {@link FetchBytesOptions}.
 *
 * @example
 * ```ts
 * import { fetchBytes, httpRequest, openAiChat } from 'toolstream';
 *
 * const endpoint = { dialect: openAiChat, url: 'https://api.example/v1', model: 'm' };
 * const fetch = async () => new Response('data: [DONE]\n\n', { headers: { 'content-type': 'text/event-stream' } });
 * const bytes$ = fetchBytes(httpRequest(endpoint, { messages: [] }), { fetch });
 * bytes$.subscribe((bytes) => console.log(bytes.length)); // 14
 * ```
 *
 * @see https://fetch.spec.whatwg.org/#fetch-method
 */
export function fetchBytes(request: HttpRequest, options: FetchBytesOptions = {}): Observable<Uint8Array> {
  const { connectMs = 30_000 } = options;
  if (!(connectMs > 0)) throw new RangeError(`\`connectMs\` is a positive number of milliseconds, or Infinity; this is ${connectMs}.`);
  return new Observable((subscriber) => {
    const reading = new AbortController();
    let over = false;
    const end = (tell: () => void) => {
      over = true;
      tell();
    };
    // Two steps, so that nothing of the request outlives the opening.
    opened(request, options, reading)
      .then((stream) => relay(stream, request.url, options.gate, reading.signal, subscriber))
      .then(
        () => end(() => subscriber.complete()),
        (error) => end(() => subscriber.error(error)),
      );
    // Aborting after a regular end would close a connection that can be used again.
    return () => over || reading.abort();
  });
}

interface OpenBody {
  readonly body: BodyReader;
  /** What was read to see what it is: taken out when it is handed on, since it may be all of a long stream's memory. */
  readonly chunks: Uint8Array[];
}

/** Sends the request, and reads of the response what tells whether it is a stream. */
async function opened(
  request: HttpRequest,
  { fetch = globalThis.fetch, connectMs = 30_000 }: FetchBytesOptions,
  reading: AbortController,
): Promise<OpenBody> {
  const { signal } = reading;
  const { url } = request;
  const sent = await orAborted(request.headers(), signal);
  const { response, redirectedTo } = await head(fetch, request, sent, reading, connectMs);
  const body = new BodyReader(response, signal);
  try {
    if (!response.ok) throw httpErrorOf({ response, url, redirectedTo, sent, text: await body.readDocument() });
    const chunks = await opening(body, request);
    if (looksLikeDocument(chunks, request, response))
      throw notAStream({ response, url, redirectedTo, sent, text: await body.readDocument(chunks) });
    return { body, chunks };
  } catch (error) {
    body.cancel();
    throw error;
  }
}

/** Hands the body on, to its end. */
async function relay(
  { body, chunks }: OpenBody,
  url: string,
  gate: Gate | undefined,
  signal: AbortSignal,
  subscriber: Subscriber<Uint8Array>,
): Promise<void> {
  try {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
      if (gate) await handOn(chunk, gate, signal, subscriber);
      else subscriber.next(chunk);
    }
    for (;;) {
      if (gate && !gate.open) await orAborted(gate.opened(), signal);
      // One promise a chunk: each costs as much as parsing it.
      let chunk: Uint8Array | undefined;
      try {
        chunk = body.took(await body.next());
      } catch (cause) {
        throw connectionErrorOf(url, cause, body.offset);
      }
      if (chunk === undefined || signal.aborted) return;
      if (gate) await handOn(chunk, gate, signal, subscriber);
      else if (chunk.length > 0) subscriber.next(chunk);
    }
  } finally {
    body.cancel();
  }
}

/** Waits for the response's head. */
async function head(
  fetch: Fetch,
  { url, body, method = 'POST' }: HttpRequest,
  headers: Readonly<Record<string, string>>,
  reading: AbortController,
  connectMs: number,
) {
  const { signal } = reading;
  const late = () => reading.abort(new TimeoutError('connect', connectMs));
  const timer = connectMs <= LONGEST_TIMER_MS ? asyncScheduler.schedule(late, connectMs) : undefined;
  try {
    const reached = followingRedirects(fetch, url, { method, headers: { ...headers }, signal, ...(method === 'POST' && { body }) });
    return await orAborted(reached, signal, ({ response }) => void response.body?.cancel().catch(() => {}));
  } catch (cause) {
    throw signal.aborted ? signal.reason : connectionErrorOf(url, redactedCause(cause, redactor(url, headers)));
  } finally {
    timer?.unsubscribe();
  }
}

/** The first chunks, up to the first byte that tells a document from a stream. */
async function opening(body: BodyReader, request: HttpRequest): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await read(body, request);
    if (chunk === undefined) return chunks;
    if (chunk.length === 0) continue;
    chunks.push(chunk);
    if (chunk.some(isInk) || body.offset > GATED_PIECE) return chunks;
  }
}

/**
 * What a body in one of the request's framings cannot begin with. Servers mislabel streams, so the content type alone decides nothing; JSON that is labelled
 * as a stream is left to the decoder, a page never is one.
 */
function looksLikeDocument(chunks: readonly Uint8Array[], { framings }: HttpRequest, { headers }: FetchResponse): boolean {
  const isLabelled = /event-stream/i.test(headers.get('content-type') ?? '');
  for (const chunk of chunks) {
    const first = chunk.find(isInk);
    if (first === undefined) continue;
    if (first === 0x7b) return !isLabelled && !framings.includes('ndjson');
    if (first === 0x5b) return !isLabelled && !framings.includes('json-array');
    return first === 0x3c;
  }
  return false;
}

async function read(body: BodyReader, { url }: HttpRequest): Promise<Uint8Array | undefined> {
  try {
    return await body.read();
  } catch (cause) {
    throw connectionErrorOf(url, cause, body.offset);
  }
}

/** In small pieces, so that a full queue has little more to take in. */
async function handOn(chunk: Uint8Array, gate: Gate, signal: AbortSignal, subscriber: Subscriber<Uint8Array>): Promise<void> {
  for (let at = 0; at < chunk.length && !signal.aborted; at += GATED_PIECE) {
    if (!gate.open) await orAborted(gate.opened(), signal);
    subscriber.next(chunk.subarray(at, at + GATED_PIECE));
  }
}

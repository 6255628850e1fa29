import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { fromEvent, lastValueFrom, map, type Observable, takeUntil, tap, toArray } from 'rxjs';
import { type Frame, type Gate, httpModel, type ModelEvent, openAiChat, runStage, through, toReadableStream } from 'toolstream';
import { completionOf } from './completion.ts';
import type { GatewayConfig, Upstream } from './config.ts';
import { type Refused, refused, refusedBy } from './errors.ts';
import { type Asked, readRequest } from './request.ts';

/** OpenAI's chat API in front of models that speak any dialect. */
export function gateway({ models }: GatewayConfig): Hono {
  const app = new Hono();

  app.get('/v1/models', (context) => {
    const data = [...models].map(([id, { dialect }]) => ({ id, object: 'model', created: 0, owned_by: dialect.name }));
    return context.json({ object: 'list', data });
  });

  app.post('/v1/chat/completions', async (context) => {
    const asked = readRequest(await context.req.json());
    const upstream = models.get(asked.model);
    if (!upstream)
      return refuse(refused(404, `No model is called \`${asked.model}\` here.`, 'invalid_request_error', 'model_not_found', 'model'));
    return asked.stream ? streamed(context, asked, upstream) : inOnePiece(context, asked, upstream);
  });

  app.notFound(() =>
    refuse(refused(404, 'There are `POST /v1/chat/completions` and `GET /v1/models`.', 'invalid_request_error', 'not_found')),
  );
  app.onError((error) => refuse(refusedBy(error)));
  return app;
}

/** One request upstream; unsubscribing aborts it. Whether to ask again is the client's to decide: its library does so by itself. */
function ask({ request, extra }: Asked, upstream: Upstream, gate?: Gate): Observable<ModelEvent> {
  return httpModel({ ...upstream, retry: { maxTries: 1 }, ...(gate && { gate }) })(upstream.passUnknown ? { ...request, extra } : request);
}

/**
 * Each event is written on as it comes, and read no faster than the client reads. The head of the response waits for the first frame: until
 * then an error is answered with a status, after that the encoder writes it into the stream.
 */
async function streamed(context: Context, asked: Asked, upstream: Upstream): Promise<Response> {
  let begun = false;
  let failure: { readonly error: unknown } | undefined;
  const note = tap<ModelEvent>({
    next: ({ type }) => {
      begun ||= type !== 'diagnostic';
    },
    error: (error: unknown) => {
      if (!begun) failure = { error };
    },
  });
  const encoder = () => encoderOf(asked, asked.includeUsage);
  const reader = toReadableStream((gate) => ask(asked, upstream, gate).pipe(note, through(encoder), map(eventText))).getReader();
  const { signal } = context.req.raw;
  signal.addEventListener('abort', () => void reader.cancel(), { once: true });

  const first = await reader.read();
  if (failure) return refuse(refusedBy(failure.error));
  return new Response(bodyOf(first, reader), {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  });
}

async function inOnePiece(context: Context, asked: Asked, upstream: Upstream): Promise<Response> {
  const left$ = fromEvent(context.req.raw.signal, 'abort');
  const events = await lastValueFrom(ask(asked, upstream).pipe(takeUntil(left$), toArray()));
  return context.json(completionOf(runStage(encoderOf(asked, true), events).values));
}

/** Writes what the client reads. `responseId` and `model` are for where the upstream has no names. */
function encoderOf({ model, legacyFunctions, customTools }: Asked, includeUsage: boolean) {
  const created = Math.floor(Date.now() / 1000);
  return openAiChat.encoder({ responseId: `chatcmpl-${randomUUID()}`, model, created, includeUsage, legacyFunctions, customTools });
}

function eventText({ data }: Frame): Uint8Array {
  return new TextEncoder().encode(`data: ${data}\n\n`);
}

/** What was read, and the rest. Cancelled when the client is gone. */
function bodyOf(first: ReadableStreamReadResult<Uint8Array>, reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  let next: ReadableStreamReadResult<Uint8Array> | undefined = first;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = next ?? (await reader.read());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => reader.cancel(),
  });
}

function refuse({ status, headers, body }: Refused): Response {
  return Response.json(body, { status, headers });
}

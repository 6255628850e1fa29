import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { Observable } from 'rxjs';
import { type AnyEvent, type Gate, SSE_HEADERS, sseResponse, toReadableStream, toSse } from 'toolstream';

/** Makes the events of one answer. `httpModel({ gate })` reads no faster from the model than the client reads from here. */
export type Answer = (request: IncomingMessage, gate: Gate) => Observable<AnyEvent>;

/** On plain node:http. */
export function plainServer(answer: Answer): Server {
  return createServer((request, response) => {
    if (request.headers['last-event-id'] !== undefined) return response.writeHead(204).end();
    response.writeHead(200, SSE_HEADERS);
    return send(
      toReadableStream((gate) => answer(request, gate).pipe(toSse())),
      response,
    );
  });
}

/** On a Web `Response`, which most frameworks take as it is; here put on node:http by hand. */
export function webServer(answer: Answer): Server {
  return createServer((request, response) => {
    const get = (name: string) => request.headers[name]?.toString() ?? null;
    const { status, headers, body } = sseResponse({ headers: { get } }, (gate) => answer(request, gate));
    response.writeHead(status, Object.fromEntries(headers));
    return body === null ? response.end() : send(body, response);
  });
}

/**
 * Waits for a slow client, and unsubscribes the answer as soon as the client is gone. (Given the web stream itself, `pipeline`
 * would hear of that with the next event only.)
 */
function send(body: ReadableStream, response: ServerResponse): void {
  pipeline(Readable.fromWeb(body as NodeReadableStream), response, () => {});
}

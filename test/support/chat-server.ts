import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request to the server, and the stream that answers it. */
export interface Chat {
  /** The n-th request, from 0. */
  readonly number: number;
  /** The request's body, parsed. */
  readonly body: { readonly messages: ReadonlyArray<Record<string, unknown>>; readonly [key: string]: unknown };
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Aborts when the client closes the connection before the response has ended. */
  readonly gone: AbortSignal;
  /** Writes one chunk with this `delta` (the first one says the role); gives the moment of the write by the clock of `performance.now()`. */
  delta(delta: object): number;
  /** Writes the finish reason and the end mark, and ends the response. */
  finish(reason: string): void;
  /** Breaks the connection, after what was written has had time to arrive. */
  cut(): Promise<void>;
}

/** A server that speaks OpenAI's chat stream, for what a test must time or cut itself. */
export interface ChatServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server on a free loopback port; `answer` is called once for each request. */
export async function startChatServer(answer: (chat: Chat) => void | Promise<void>): Promise<ChatServer> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableEnded) gone.abort();
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const body = JSON.parse(Buffer.concat(pieces).toString()) as Chat['body'];
    await answer({ number: requests++, body, headers: request.headers, gone: gone.signal, ...writer(response, gone.signal) });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function writer(response: ServerResponse, gone: AbortSignal): Pick<Chat, 'delta' | 'finish' | 'cut'> {
  let role: object = { role: 'assistant' };
  const chunk = (delta: object, finish_reason: string | null) => {
    const data = {
      id: 'response',
      object: 'chat.completion.chunk',
      model: 'm',
      choices: [{ index: 0, delta: { ...role, ...delta }, finish_reason }],
    };
    role = {};
    if (!gone.aborted) response.write(`data: ${JSON.stringify(data)}\n\n`);
  };
  return {
    delta(delta) {
      const at = performance.now();
      chunk(delta, null);
      return at;
    },
    finish(reason) {
      chunk({}, reason);
      response.end('data: [DONE]\n\n');
    },
    async cut() {
      await sleep(100);
      response.destroy();
    },
  };
}

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for events, and how it was answered. */
export interface Asked {
  readonly lastEventId: string | undefined;
  readonly response: ServerResponse;
}

/** An empty page, scripts beside it, and under `/events` the server under test: one origin, on loopback. */
export class Site {
  /** The requests for events so far. */
  readonly asked: Asked[] = [];
  private readonly server: Server;

  constructor(events: Server, scripts: Readonly<Record<string, string>> = {}) {
    this.server = createServer((request, response) => {
      const path = request.url ?? '/';
      if (path.startsWith('/events')) {
        this.asked.push({ lastEventId: request.headers['last-event-id']?.toString(), response });
        const { writeHead } = response;
        response.writeHead = (...head: unknown[]) => {
          const written = Reflect.apply(writeHead, response, head) as ServerResponse;
          // A browser waits 3 s before it reconnects, unless it is told otherwise.
          if (response.statusCode === 200) response.write('retry: 50\n\n');
          return written;
        };
        events.emit('request', request, response);
      } else if (path in scripts) {
        response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(scripts[path]);
      } else {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><title>test</title>');
      }
    });
  }

  /** @returns the page's URL. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Drops every connection, as a server that went down. */
  dropConnections(): void {
    for (const { response } of this.asked) response.destroy();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ServedSocket, servedSocket } from '../support/socket-server.ts';

/** In base64 it has characters that no subprotocol may have. */
export const KEY = 'sk->>>???';

/** One connection to a script. */
export interface Seen {
  readonly script: string;
  readonly served: ServedSocket;
  /** How often the client has pinged. */
  readonly pings: number;
}

/** The server that the program talks to: `/<who>/<script>`, `who` being the client. */
export interface SocketLab {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** All connections that a client has made, in their order. */
  seen(who: string): readonly Seen[];
  close(): Promise<void>;
}

/** What the server did to a client that reads slowly. */
interface Flood {
  bytes: number;
  over: boolean;
}

type Script = (served: ServedSocket, flood: Flood) => void | Promise<void>;

/** Starts it; `files` are what a browser's page is made of. */
export async function startSocketLab(
  files: Readonly<Record<string, { readonly type: string; readonly body: string }>>,
): Promise<SocketLab> {
  const clients = new Map<string, Client>();
  const clientOf = (who: string) => clients.get(who) ?? clients.set(who, new Client()).get(who) ?? new Client();
  const options = {
    noServer: true,
    handleProtocols: (offered: Set<string>) => [...offered].find((name) => !name.startsWith('bearer.')) ?? false,
  };
  const server = new WebSocketServer(options);
  const mute = new WebSocketServer({ ...options, autoPong: false });

  const http = createServer((request, response) => {
    const [, who = '', ...question] = (request.url ?? '').split('/');
    const file = files[request.url ?? ''];
    if (file) answer(response, file.type, file.body);
    else
      void clientOf(who)
        .tell(question.join('/'))
        .then((said) => answer(response, 'application/json', JSON.stringify(said)));
  });
  http.on('upgrade', (request, socket: Duplex, head) => {
    const [, who = '', script = ''] = (request.url ?? '').split('/');
    const client = clientOf(who);
    if (script === 'held') client.hold(socket);
    else if (script === 'silent') unanswered(socket);
    else if (script === 'denied') socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    else {
      const chosen = script === 'mute' ? mute : server;
      chosen.handleUpgrade(request, socket, head, (connection) => client.serve(script, connection, request));
    }
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    seen: (who) => clientOf(who).seen,
    close: () => {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

function answer(response: ServerResponse, type: string, body: string): void {
  // A connection that is kept would keep a process alive for a while.
  response.writeHead(200, { 'content-type': type, 'content-security-policy': "script-src 'self'", connection: 'close' }).end(body);
}

/** Waits until the client leaves. An HTTP server's sockets stay half open. */
function unanswered(socket: Duplex): Duplex {
  return socket
    .on('error', () => {})
    .on('end', () => socket.destroy())
    .resume();
}

/** All that is known of one client. */
class Client {
  readonly seen: Array<{ script: string; served: ServedSocket; pings: number }> = [];
  private readonly flood: Flood = { bytes: 0, over: false };
  private readonly held = new EventEmitter();
  private readonly was = new Set<string>();

  serve(script: string, socket: WebSocket, request: IncomingMessage): void {
    const served = servedSocket(socket, request);
    const seen = { script, served, pings: 0 };
    this.seen.push(seen);
    socket.on('ping', () => seen.pings++);
    void scripts[script]?.(served, this.flood);
  }

  /** Never answers the opening. */
  hold(socket: Duplex): void {
    unanswered(socket).on('close', () => this.note('unheld'));
    this.note('held');
  }

  private note(what: string): void {
    this.was.add(what);
    this.held.emit(what);
  }

  async tell(question: string): Promise<unknown> {
    if (question === 'flood') return this.flood;
    if (question === 'held' || question === 'unheld') {
      if (!this.was.has(question)) await once(this.held, question);
      return true;
    }
    // `gone/<script>`: the code with which the last such connection ended.
    return this.seen.findLast(({ script }) => question === `gone/${script}`)?.served.gone;
  }
}

const text = (content: string) => chunk({ content });
const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: 'r1',
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason }],
});
const call = (index: number, id: string, name: string, args: string) =>
  chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] });
const STOP = chunk({}, 'stop');
const DONE = '[DONE]';

const scripts: { readonly [name: string]: Script } = {
  duplex: async (served) => {
    await served.message(0);
    served.send(
      { type: 'start', id: 'r1', model: 'm-1' },
      { type: 'content_block', text: 'Xem nào 🛫. ' },
      { type: 'function_call', id: 'c1', name: 'add', arguments: { a: 15, b: 27 } },
      { type: 'function_call', id: 'c2', name: 'add', arguments: '{"a":1,' },
      { type: 'function_call', id: 'c2', arguments: '"b":2}' },
      { type: 'done', finish_reason: 'tool_calls' },
    );
    const results = [await served.message(1), await served.message(2)];
    const told = results.map(({ id, result }) => `${id}: ${result}`).join(', ');
    served.send({ type: 'content_block', text: told }, { type: 'done', finish_reason: 'stop' });
  },
  chunks: async (served) => {
    await served.message(0);
    served.send(call(0, 'c0', 'f', '{"a":'), call(1, 'c1', 'g', '{"ü":'), call(0, '', '', '1}'), call(1, '', '', '"🛫"}'));
    served.send(chunk({}, 'tool_calls'), DONE);
  },
  key: async (served) => {
    const { 'sec-websocket-protocol': offered = '', authorization, 'x-team': team } = served.request.headers;
    const bearer = `bearer.${Buffer.from(KEY).toString('base64url')}`;
    const { type, token } = await served.message(0);
    const ways = [
      authorization === `Bearer ${KEY}` ? 'header' : '',
      offered.split(/, */).includes(bearer) ? 'subprotocol' : '',
      type === 'auth' && token === KEY ? 'message' : '',
    ];
    served.send(text([...ways, team, served.socket.protocol].filter(Boolean).join(' ')), STOP, DONE);
  },
  pinged: (served) => {
    let pings = 0;
    served.socket.on('ping', () => ++pings === 2 && served.send(text('pinged'), STOP, DONE));
  },
  mute: half(() => {}),
  'ended-after': async (served) => {
    await served.message(0);
    served.send(text('Whole'), STOP);
    served.socket.close(1000);
  },
  'ended-before': half(({ socket }) => socket.close(1000)),
  cut: half(({ socket }) => socket.terminate()),
  refused: (served) => served.socket.close(4401, 'no such key'),
  oversized: half((served) => served.send(text('x'.repeat(2_000)))),
  binary: async (served) => {
    await served.message(0);
    served.send(text('a'), Uint8Array.of(0, 255, 1), STOP, DONE);
  },
  endless: async (served) => {
    await served.message(0);
    const timer = setInterval(() => served.send(text('word ')), 5);
    await served.gone;
    clearInterval(timer);
  },
  // Reads nothing any more, not even a farewell.
  deaf: half(({ socket }) => socket.pause()),
  flood: async (served, flood) => {
    await served.message(0);
    const words = text('x'.repeat(8_000));
    const gone = served.gone.then(() => (flood.over = true));
    while (flood.bytes < FLOOD_BYTES && served.socket.readyState === served.socket.OPEN) {
      // Until it has left this process, and long enough to hear a farewell.
      await Promise.race([gone, new Promise((resolve) => served.socket.send(JSON.stringify(words), resolve))]);
      await setImmediate();
      flood.bytes += 8_000;
    }
    served.send(STOP, DONE);
  },
};

/** All that `flood` sends. */
export const FLOOD_BYTES = 32e6;

/** Half an answer, on its way before `then`. */
function half(then: (served: ServedSocket) => void): Script {
  return async (served) => {
    await served.message(0);
    await new Promise((resolve) => served.socket.send(JSON.stringify(text('Half of it')), resolve));
    then(served);
  };
}

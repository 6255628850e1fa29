import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  chunk,
  DONE,
  drained,
  type Exchange,
  FINISH,
  frame,
  head,
  json,
  LAST_CHUNK,
  type RawServer,
  rawServer,
  STREAM_HEAD,
  type Step,
  text,
  whole,
} from '../support/raw-server.ts';

const END = [DONE, LAST_CHUNK] as const;

/** Starts the server the program talks to; `files` are what a browser's page is made of. */
export function startServer(files: Readonly<Record<string, { readonly type: string; readonly body: string }>>): Promise<RawServer> {
  let endless: Exchange | undefined;
  let flooded = 0;
  return rawServer((exchange) => {
    if (exchange.path.startsWith('/endless/')) endless = exchange;
    if (exchange.path.startsWith('/flood/')) return [STREAM_HEAD, (socket) => flood(socket, (bytes) => (flooded = bytes))];
    if (exchange.path === '/flooded') return [json(200, flooded)];
    if (exchange.path === '/was-left') return [(socket) => tellWhetherLeft(endless, socket)];
    const file = files[exchange.path];
    // No `unsafe-eval`: compiling code from a string would fail.
    if (file) return [whole(200, file.type, file.body, { 'content-security-policy': "script-src 'self'" })];
    return scripts[exchange.path.split('/')[1] ?? '']?.(exchange) ?? [json(404, { error: { message: 'Not here' } })];
  });
}

/** Text as fast as the client takes it, 512 MB at most; `wrote` is told how many bytes so far. */
async function flood(socket: Socket, wrote: (bytes: number) => void): Promise<void> {
  const piece = text('x'.repeat(4_000));
  for (let bytes = 0; bytes < 512e6 && !socket.destroyed; wrote(bytes)) {
    bytes += piece.length;
    if (!socket.write(piece)) await drained(socket);
  }
}

/** Whether the client has closed the connection of that response, or does within 2 s, while it lives on to ask. */
async function tellWhetherLeft(endless: Exchange | undefined, socket: Socket): Promise<void> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, 2_000, false));
  socket.write(json(200, await Promise.race([endless?.left, late])));
}

const scripts: { readonly [name: string]: (exchange: Exchange) => readonly Step[] } = {
  flight: ({ body }) =>
    body.includes('"role":"tool"') ? [STREAM_HEAD, ...torn('Es sind 42 → SGN–HAN 🛫.'), FINISH, ...END] : callsThenText(),
  words: () => [STREAM_HEAD, ...torn('Tìm chuyến bay 🛫'), FINISH, ...END],
  denied: () => [json(401, { error: { message: 'Incorrect API key', type: 'invalid_request_error', code: 'invalid_api_key' } })],
  endless: () => [STREAM_HEAD, ...call(0, 'call_1', 'search', '{"to":"HAN"}'), ...words(500)],
  silent: () => [STREAM_HEAD, chunk(': a heartbeat is no event\n\n'), 'hold'],
  reset: () => [STREAM_HEAD, text('Half of '), text('it'), { wait: 50 }, 'reset'],
  // In the middle of a chunk, then between two, then where the length is not known and nothing but the missing end mark tells.
  closed: () => [STREAM_HEAD, text('Half of '), text('it'), 'ff\r\ndata: {"cho', { wait: 50 }, 'close'],
  ended: () => [head(200, { 'content-type': 'text/event-stream', connection: 'close' }), plain('Half of it'), { wait: 50 }, 'close'],
};

function callsThenText(): readonly Step[] {
  return [
    STREAM_HEAD,
    text('Let me see. '),
    ...call(0, 'call_1', 'add', '{"a":15,"b":27}'),
    ...call(1, 'call_2', 'add', '{"a":15,"b":"27"}'),
    ...call(2, 'call_3', 'search', '{"to":"HAN"}'),
    ...words(25),
    frame({ id: 'r1', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }),
    ...END,
  ];
}

function call(index: number, id: string, name: string, args: string): readonly Step[] {
  const delta = (call: object) => frame({ id: 'r1', model: 'm', choices: [{ index: 0, delta: { tool_calls: [{ index, ...call }] } }] });
  const half = args.length / 2;
  return [
    delta({ id, type: 'function', function: { name, arguments: '' } }),
    delta({ function: { arguments: args.slice(0, half) } }),
    delta({ function: { arguments: args.slice(half) } }),
  ];
}

/** A word every 20 ms. */
function words(count: number): readonly Step[] {
  return Array.from({ length: count }, (_, n) => [text(`word${n} `), { wait: 20 }]).flat();
}

/** Each byte of the frame in a chunk, and as far as loopback allows in a packet, of its own. */
function torn(content: string): readonly Step[] {
  const bytes = [...Buffer.from(plain(content))];
  return bytes.map((byte) => Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]));
}

/** The frame without any transfer coding. */
function plain(content: string): string {
  return `data: ${JSON.stringify({ id: 'r1', model: 'm', choices: [{ index: 0, delta: { content } }] })}\n\n`;
}

/** A URL on loopback where nothing listens. */
export async function urlOfNothing(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/v1`;
}

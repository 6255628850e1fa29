/**
 * A process that serves the soak: answers in three dialects and over two WebSocket protocols, a piece every few milliseconds, and what else servers do.
 * A message from the parent asks how many sockets are open; another ends it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { ModelEvent } from '../../src/events.ts';
import { anthropicMessages, duplexSession, ollama, openAiChat, runStage } from '../../src/index.ts';
import { type ScriptedRound, spellOut } from '../../src/testing/script.ts';
import { randomFrom } from '../../src/testing/splits.ts';
import { answering, asking, type Habit, LONG_PIECE, type Spoken } from './soak-answer.ts';

const EVERY_MS = Number(process.argv[2] ?? 20);
const random = randomFrom(20);
const dialects: Record<Spoken, Dialect> = { chat: openAiChat, anthropic: anthropicMessages, ollama };

/** The frames of a round as the wire has them. */
function written(dialect: Dialect, round: ScriptedRound): string[] {
  let calls = 0;
  const { values } = runStage(dialect.encoder({ responseId: 'r' }), spellOut(round, () => ++calls) as ModelEvent[]);
  if (dialect.framing === 'ndjson') return values.map(({ data }) => `${data}\n`);
  if (dialect.framing === 'messages') return values.map(({ data }) => data);
  return values.map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`);
}

const rounds = (dialect: Dialect) => ({ asking: written(dialect, asking), answering: written(dialect, answering) });
const wires = Object.fromEntries(Object.entries(dialects).map(([name, dialect]) => [name, rounds(dialect)])) as Record<
  Spoken,
  ReturnType<typeof rounds>
>;
const overSocket = { chunks: rounds({ ...openAiChat, framing: 'messages' }), duplex: rounds(duplexSession) };
const long = written(
  openAiChat,
  Array.from({ length: 64 }, () => 'x'.repeat(LONG_PIECE)),
);

/** Writes piece after piece; after some of them, by chance, it does what its habit is. */
function play(pieces: readonly string[], habit: Habit, to: { write(piece: string): void; end(): void; cut(): void; gone(): boolean }) {
  const troubled = ['cut', 'broken', 'failing', 'silent'].includes(habit) && random() < (habit === 'cut' ? 0.5 : 0.8);
  const trouble = troubled ? Math.floor(random() * (pieces.length - 1)) : Infinity;
  let at = 0;
  const timer = setInterval(() => {
    if (to.gone()) return clearInterval(timer);
    if (at === trouble) {
      clearInterval(timer);
      if (habit === 'cut') to.cut();
      else if (habit === 'broken') to.write('data: {"choices": [}\n\n');
      else if (habit === 'failing') to.write('data: {"error":{"message":"overloaded","type":"server_error"}}\n\n');
      if (habit === 'broken' || habit === 'failing') to.end();
      return;
    }
    to.write(pieces[at++] as string);
    if (at < pieces.length) return;
    clearInterval(timer);
    to.end();
  }, EVERY_MS);
}

function serve(request: IncomingMessage, response: ServerResponse, body: string): void {
  const habit = (JSON.parse(body) as { model: Habit }).model;
  const dialect = (request.url ?? '').split('/')[1] as Spoken;
  if (habit === 'refused') return void response.writeHead(401).end();
  if (habit === 'busy' && random() < 0.5) {
    return void (random() < 0.5 ? response.writeHead(429, { 'retry-after': '0' }) : response.writeHead(503)).end();
  }
  response.writeHead(200, { 'content-type': dialect === 'ollama' ? 'application/x-ndjson' : 'text/event-stream' });
  if (habit === 'long') return void response.end(long.join(''));
  const { asking: first, answering: second } = wires[dialect];
  play(/"role":"tool"|"tool_result"/.test(body) ? second : first, habit, {
    write: (piece) => response.write(piece),
    end: () => response.end(),
    cut: () => response.destroy(),
    gone: () => response.destroyed,
  });
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (piece: string) => {
    body += piece;
  });
  request.on('end', () => serve(request, response, body));
});

const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket: WebSocket, request) => {
  const protocol = request.url === '/duplex' ? 'duplex' : 'chunks';
  let habit: Habit = 'whole';
  let results = 0;
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const text = String(data);
    const message = JSON.parse(text) as { type?: string; model?: Habit };
    if (message.model) habit = message.model;
    if (message.type === 'function_result' && ++results % 3 !== 0) return;
    const asksAgain = message.type === 'function_result' || text.includes('"role":"tool"');
    play(overSocket[protocol][asksAgain ? 'answering' : 'asking'], habit, {
      write: (piece) => socket.send(piece),
      end: () => {},
      cut: () => socket.terminate(),
      gone: () => socket.readyState !== socket.OPEN,
    });
  });
});

const open = new Set<Socket>();
server.on('connection', (socket) => {
  open.add(socket);
  socket.on('close', () => open.delete(socket));
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ sockets: open.size }));
process.on('disconnect', () => process.exit());

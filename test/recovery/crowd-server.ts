/**
 * A process that serves a crowd of answers: each response says one thing a tick, about one a second for each stream, as models do. The last
 * fragment of a call's arguments carries the moment of its writing, by a clock that all processes of a machine share.
 *
 * It listens at several ports, as an endpoint has several addresses: with 10,000 connections to one, a third of the client's time goes into
 * looking for a free port (the kernel) and for a free connection (undici looks at each for each request).
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const EVERY_MS = Number(process.argv[2] ?? 1000);
const TICK_MS = 10;
const PORTS = 10;

type Write = () => string;
const chunk = (delta: object, finish: string | null = null) =>
  `data: {"id":"r","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]}\n\n`;
const call = (index: number, fragment: string, begin?: object) =>
  chunk({ tool_calls: [{ index, ...begin, function: { ...(begin && { name: 'look' }), arguments: fragment } }] });
const now = () => String(process.hrtime.bigint() / 1000n);

const text =
  (words: string): Write =>
  () =>
    chunk({ content: words });
/** Two calls; what confirms each comes with its last byte, so that nothing but work lies between that and the `tool-call`. */
const asking: readonly Write[] = [
  () => chunk({ role: 'assistant', content: '' }),
  ...['Let ', 'me ', 'look ', 'that ', 'up. '].map(text),
  () => call(0, '', { id: 'call_0', type: 'function' }),
  () => call(0, '{"city":"Köln"'),
  () => call(0, `,"sent":${now()}}`) + call(1, '{"city":"Rom"', { id: 'call_1', type: 'function' }),
  () => `${call(1, `,"sent":${now()}}`)}${chunk({}, 'tool_calls')}data: [DONE]\n\n`,
];
const answering: readonly Write[] = [
  ...['Both ', 'are ', 'there'].map(text),
  () => `${chunk({ content: '.' })}${chunk({}, 'stop')}data: [DONE]\n\n`,
];

/** The streams by the tick at which they write next: one timer for all of them. */
const wheel: Array<Array<() => void>> = Array.from({ length: EVERY_MS / TICK_MS }, () => []);
let tick = 0;
setInterval(() => {
  const due = wheel[tick % wheel.length]?.splice(0) ?? [];
  tick++;
  for (const write of due) write();
}, TICK_MS);

function play(response: ServerResponse, script: readonly Write[]): void {
  let at = 0;
  const slot = Math.floor(Math.random() * wheel.length);
  const step = () => {
    if (response.destroyed) return;
    response.write(script[at++]?.() ?? '');
    if (at === script.length) response.end();
    else wheel[slot]?.push(step);
  };
  wheel[slot]?.push(step);
}

function listen(): Promise<number> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => {
      body += data;
    });
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      play(response, body.includes('"role":"tool"') ? answering : asking);
    });
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 20_000 }, () => resolve((server.address() as AddressInfo).port));
  });
}

const ports = await Promise.all(Array.from({ length: PORTS }, listen));
process.send?.(ports.map((port) => `http://127.0.0.1:${port}/v1`));
process.on('disconnect', () => process.exit());

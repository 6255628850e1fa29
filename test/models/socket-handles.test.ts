import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import type { Observable } from 'rxjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { streamAnswer } from '../../src/answer.ts';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { type SocketModelOptions, socketModel } from '../../src/models/socket-model.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { settled } from '../support/settled.ts';
import { type ServedSocket, servedSocket } from '../support/socket-server.ts';

/** Sockets and timers of this process, the server's own ends included. */
function open(): Record<string, number> {
  const counts: Record<string, number> = { Timeout: 0, TCPSocketWrap: 0, TCPConnectWrap: 0 };
  for (const name of process.getActiveResourcesInfo()) if (name in counts) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** A server on loopback: what it does is the path of the URL. */
class Lab {
  readonly served: ServedSocket[] = [];
  readonly sockets = new Set<Duplex>();
  readonly http = createServer();
  private readonly wss = new WebSocketServer({ noServer: true });
  private readonly mute = new WebSocketServer({ noServer: true, autoPong: false });
  private readonly waiting: Array<() => void> = [];

  get url(): string {
    return `ws://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.http.on('upgrade', (request, socket, head) => {
      const script = (request.url ?? '').slice(1);
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      if (script === 'unanswered') {
        // An HTTP server's sockets stay half open.
        socket.on('error', () => {}).on('end', () => socket.destroy());
        socket.resume();
      } else if (/^\d+$/.test(script)) {
        socket.end(`HTTP/1.1 ${script} Whatever\r\ncontent-length: 0\r\nlocation: /\r\nconnection: close\r\n\r\n`);
      } else {
        const server = script === 'mute' ? this.mute : this.wss;
        server.handleUpgrade(request, socket, head, (connection) => {
          const served = servedSocket(connection, request);
          this.served.push(served);
          void scripts[script]?.(served, this.served.length - 1);
        });
      }
      for (const tell of this.waiting) tell();
    });
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
  }

  /** The n-th upgrade that was asked for is there. */
  async asked(n = 0): Promise<void> {
    let count = this.sockets.size;
    while (count <= n) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      count++;
    }
  }

  /** The n-th message of the n-th connection is there. */
  async message(n: number, connection = 0): Promise<void> {
    while (this.served[connection] === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
    await this.served[connection]?.message(n);
  }
}

const chunk = (delta: object, finish_reason: string | null = null) => ({ id: 'r1', choices: [{ index: 0, delta, finish_reason }] });
const HALF = chunk({ content: 'Half' });
const STOP = chunk({}, 'stop');

function half(then: (served: ServedSocket) => void): (served: ServedSocket) => Promise<void> {
  return async (served) => {
    await served.message(0);
    await new Promise((resolve) => served.socket.send(JSON.stringify(HALF), resolve));
    then(served);
  };
}

const scripts: { readonly [name: string]: (served: ServedSocket, n: number) => unknown } = {
  silent: () => {},
  half: half(() => {}),
  mute: half(() => {}),
  cut: half(({ socket }) => socket.terminate()),
  ended: half(({ socket }) => socket.close(1000)),
  oversized: half((served) => served.send('x'.repeat(2_000))),
  malformed: half((served) => served.send('{"choices":')),
  // Reserved bits are set.
  'no-frame': half(({ socket }) => (socket as unknown as { _socket: Duplex })._socket.write(Uint8Array.of(0xf1, 2, 65, 65))),
  failed: half((served) => served.send({ error: { message: 'no funds', code: 'insufficient_quota' } })),
  flood: half((served) => served.send(...Array.from({ length: 100 }, () => chunk({ content: 'x'.repeat(100) })))),
  unfinished: half((served) => served.send(STOP)),
  whole: half((served) => served.send(STOP, '[DONE]')),
  deaf: half(({ socket }) => socket.pause()),
  refused: ({ socket }) => socket.close(4401),
  busy: ({ socket }) => socket.close(1011),
  calling: async (served) => {
    await served.message(0);
    served.send({ type: 'function_call', id: 'c1', name: 'wait', arguments: {} }, { type: 'done', finish_reason: 'tool_calls' });
    await served.message(1);
    served.send({ type: 'content_block', text: 'Half' });
  },
  'calling-then-gone': async (served, n) => {
    await served.message(0);
    if (n > 0) return served.send({ type: 'content_block', text: 'Whole' }, { type: 'done', finish_reason: 'stop' });
    served.send({ type: 'function_call', id: 'c1', name: 'wait', arguments: {} }, { type: 'done', finish_reason: 'tool_calls' });
    served.socket.terminate();
  },
};

const request = { messages: [{ role: 'user', content: 'Hi' }] } as const;
let lab: Lab;
let before: Record<string, number>;

beforeAll(async () => {
  // The test runner has timers of its own, some for a moment only.
  before = open();
  for (let n = 0; n < 6; n++) {
    await after(50);
    const now = open();
    for (const [name, count] of Object.entries(now)) before[name] = Math.min(before[name] ?? 0, count);
  }
});

beforeEach(async () => {
  lab = new Lab();
  await lab.start();
});

afterEach(async () => {
  for (const { socket } of lab.served) socket.terminate();
  lab.http.closeAllConnections();
  await new Promise((resolve) => lab.http.close(resolve));
});

/** Limits are the default ones, long enough that a timer which stays is seen. */
function modelAt(script: string, options: Partial<SocketModelOptions> = {}) {
  return socketModel({
    protocol: chatChunks,
    url: `${lab.url}/${script}`,
    model: 'm',
    webSocket: WebSocket,
    retry: { maxTries: 1 },
    ...options,
  });
}

const ask = (script: string, options?: Partial<SocketModelOptions>) => settled(modelAt(script, options)(request));
const duplex = { protocol: duplexSession };

/** An answer with a tool that says when it runs and ends when it is told. */
function answering(script: string) {
  let tellStarted = () => {};
  let finish = () => {};
  const started = new Promise<void>((resolve) => (tellStarted = resolve));
  const wait = defineTool({
    name: 'wait',
    description: 'Waits',
    parameters: { type: 'object', properties: {} },
    execute: () => {
      tellStarted();
      return new Promise<string>((resolve) => (finish = () => resolve('ok')));
    },
  });
  return {
    answer$: streamAnswer({ model: modelAt(script, { ...duplex, retry: { maxTries: 2, baseDelayMs: 1 } }), request, tools: [wait] }),
    started,
    finish: () => finish(),
  };
}

/** Unsubscribes when something has come to pass; nothing ends before. */
async function leave<E>(events$: Observable<E>, when: (events: readonly E[]) => Promise<unknown>): Promise<void> {
  const events: E[] = [];
  let ended = false;
  const over = () => (ended = true);
  const subscription = events$.subscribe({ next: (event) => events.push(event), error: over, complete: over });
  await when(events);
  expect(ended).toBe(false);
  subscription.unsubscribe();
}

/** Aborts the answer when something has come to pass. */
async function abort(script: string, when: () => Promise<unknown>, options?: Partial<SocketModelOptions>): Promise<void> {
  const answer = new AbortController();
  const ended = settled(modelAt(script, options)(request, answer.signal));
  await when();
  answer.abort();
  expect(await ended).toMatchObject({ error: { code: 'interrupted' } });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(5);
}

const forever = () => new Promise<never>(() => {});
const backoff = { retry: { maxTries: 2, baseDelayMs: 60_000, random: () => 0.9 } };
const has = (type: string) => (events: ReadonlyArray<{ readonly type: string }>) =>
  until(() => events.some((event) => event.type === type));
const shut = { open: false, opened: forever };

const failures: ReadonlyArray<readonly [what: string, go: () => Promise<{ readonly error: unknown }>, error: object]> = [
  ['refused, and again', () => ask('', { url: 'ws://127.0.0.1:1', retry: { maxTries: 2, baseDelayMs: 1 } }), { code: 'connection' }],
  ['an opening that is never answered', () => ask('unanswered', { timeouts: { connectMs: 50 } }), { code: 'timeout' }],
  ['a refusal in place of the opening', () => ask('401'), { code: 'http' }],
  ['a redirection in place of the opening', () => ask('302'), { code: 'connection' }],
  ['a key that cannot be had', () => ask('half', { apiKey: () => Promise.reject(new Error('none')) }), {}],
  [
    'a request that cannot be made',
    () => {
      const adaptBody = () => {
        throw new Error('none');
      };
      return ask('half', { adaptBody });
    },
    {},
  ],
  ['closed before the first event', () => ask('refused'), { code: 'provider' }],
  ['closed before the first event, and again', () => ask('busy', { retry: { maxTries: 3, baseDelayMs: 1 } }), { code: 'connection' }],
  ['cut in the middle', () => ask('cut'), { code: 'interrupted' }],
  ['closed in the middle', () => ask('ended'), { code: 'interrupted' }],
  ['no first event', () => ask('silent', { timeouts: { firstEventMs: 50 } }), { code: 'timeout' }],
  ['silence in the middle', () => ask('half', { timeouts: { idleMs: 50 } }), { code: 'interrupted' }],
  ['a ping without an answer', () => ask('mute', { keepAlive: { everyMs: 20, answerMs: 20 } }), { code: 'interrupted' }],
  ['an oversized message', () => ask('oversized', { maxFrameBytes: 1_000 }), { code: 'limit' }],
  ['a message that is no JSON', () => ask('malformed'), {}],
  ['bytes that are no frame', () => ask('no-frame'), { code: 'interrupted' }],
  ['an error in the middle', () => ask('failed'), { code: 'provider' }],
];

const leavings: ReadonlyArray<readonly [when: string, go: () => Promise<void>]> = [
  ['while the key is fetched', () => leave(modelAt('half', { apiKey: forever })(request), () => after(5))],
  ['at once', () => leave(modelAt('half')(request), () => Promise.resolve())],
  ['while the connection is opened', () => leave(modelAt('unanswered')(request), () => lab.asked())],
  ['before the first event', () => leave(modelAt('silent')(request), () => lab.message(0))],
  ['in the middle', () => leave(modelAt('half')(request), has('text-delta'))],
  ['while the gate is shut', () => leave(modelAt('flood', { gate: shut })(request), () => lab.message(0).then(() => after(20)))],
  [
    'when too much waited behind the gate',
    () =>
      leave(modelAt('flood', { gate: shut, maxQueuedBytes: 200 })(request), () =>
        lab.message(0).then(() => lab.served[0]?.gone ?? forever()),
      ),
  ],
  ['after the finish reason', () => leave(modelAt('unfinished', { graceMs: 60_000 })(request), has('finish-reason'))],
  ['while another try is waited for', () => leave(modelAt('busy', backoff)(request), has('diagnostic'))],
  [
    'while a tool runs',
    () => {
      const { answer$, started } = answering('calling');
      return leave(answer$, () => started);
    },
  ],
  [
    'in the second round',
    () => {
      const { answer$, started, finish } = answering('calling');
      return leave(answer$, (events) => started.then(finish).then(() => has('text-delta')(events)));
    },
  ],
];

const abortions: ReadonlyArray<readonly [when: string, go: () => Promise<void>]> = [
  ['while the key is fetched', () => abort('half', () => after(5), { apiKey: forever })],
  ['while the connection is opened', () => abort('unanswered', () => lab.asked())],
  ['before the first event', () => abort('silent', () => lab.message(0))],
  [
    'while another try is waited for',
    () =>
      abort(
        'busy',
        () =>
          lab
            .asked()
            .then(() => lab.served[0]?.gone)
            .then(() => after(20)),
        backoff,
      ),
  ],
  [
    'between two rounds, on a connection that is kept for the next',
    async () => {
      const answer = new AbortController();
      await settled(modelAt('calling', duplex)(request, answer.signal));
      expect(lab.sockets.size).toBe(1);
      answer.abort();
    },
  ],
];

describe('socketModel leaves no socket and no timer behind', () => {
  it.each(failures)('after %s', async (_, go, error) => {
    expect((await go()).error).toMatchObject(error);
    await expectNothingLeft();
  });

  it.each(leavings)('on unsubscribing %s', async (_, go) => {
    await go();
    await expectNothingLeft();
  });

  it.each(abortions)('when the answer is aborted %s', async (_, go) => {
    await go();
    await expectNothingLeft();
  });

  it.each(['whole', 'half', 'busy'])('and no listener on the answer: %s', async (script) => {
    const answer = new AbortController().signal;
    await settled(modelAt(script, { timeouts: { idleMs: 50 } })(request, answer));
    await expectNothingLeft();
    expect(getEventListeners(answer, 'abort')).toEqual([]);
  });

  it('when a peer hears no farewell', async () => {
    await leave(modelAt('deaf')(request), has('text-delta'));
    // The server's end: it does not read that its peer is gone.
    await expectLeft({ clients: 1, TCPSocketWrap: 1 });
    lab.served[0]?.socket.resume();
    await expectNothingLeft();
  });

  it('after an answer whose connection was lost while a tool ran', async () => {
    const { answer$, started, finish } = answering('calling-then-gone');
    const ended = settled(answer$);
    await started;
    await lab.served[0]?.gone;
    finish();
    expect((await ended).events.at(-1)).toMatchObject({ type: 'answer-end', reason: 'stop' });
    expect(lab.served).toHaveLength(2);
    await expectNothingLeft();
  });
});

/** What there is more than before the test. */
function left(): Record<string, number> {
  const more = Object.entries(open()).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return { clients: lab.sockets.size, ...Object.fromEntries(more.filter(([, count]) => count > 0)) };
}

/** Within the second that a farewell may take, and some more on a slow day. */
async function expectLeft(expected: Record<string, number>): Promise<void> {
  const deadline = performance.now() + 5_000;
  const wanted = JSON.stringify(expected);
  while (JSON.stringify(left()) !== wanted && performance.now() < deadline) await after(10);
  expect(left()).toEqual(expected);
}

const expectNothingLeft = () => expectLeft({ clients: 0 });

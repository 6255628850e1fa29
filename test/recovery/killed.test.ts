import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChatServer, startChatServer } from '../support/chat-server.ts';
import { figure } from '../support/figures.ts';

const folder = await mkdtemp(join(tmpdir(), 'toolstream-killed-'));
const program = join(folder, 'child.mjs');
let model: ChatServer;
let counter: Counter;

beforeAll(async () => {
  const entry = new URL('killed-child.ts', import.meta.url).pathname;
  await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: program, logLevel: 'error' });
  model = await startChatServer(async (chat) => {
    if (chat.body.messages.some(({ role }) => role === 'tool')) {
      chat.delta({ content: 'Done.' });
      chat.finish('stop');
      return;
    }
    const write = async (deltas: readonly object[]) => {
      for (const delta of deltas) {
        chat.delta(delta);
        await sleep(2);
      }
    };
    await write([
      { content: 'I pay. ' },
      ...call(0, 'pay', '{"amount":5}'),
      ...call(1, 'pay', '{"amount":5}'),
      ...call(2, 'put', '{"amount":7}'),
    ]);
    // Every other attempt of a process breaks here, so that the journal of the process and that on disk have to agree.
    if (chat.number % 2 === 0) return chat.cut();
    await write([{ content: 'All three.' }]);
    chat.finish('tool_calls');
  });
  counter = await startCounter();
});
afterAll(async () => {
  await Promise.all([model.stop(), counter.stop(), rm(folder, { recursive: true, force: true })]);
});

/** A call in fragments. */
const call = (index: number, name: string, args: string) => [
  { tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] },
  { tool_calls: [{ index, function: { arguments: args.slice(0, 4) } }] },
  { tool_calls: [{ index, function: { arguments: args.slice(4) } }] },
];

/** Counts effects, in this process: the one that is killed cannot forget them. */
interface Counter {
  readonly url: string;
  readonly effects: string[];
  /** Called with each effect, after it was counted and before the tool is told. */
  onEffect: (effect: string) => void | Promise<void>;
  stop(): Promise<void>;
}

async function startCounter(): Promise<Counter> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const effect = Buffer.concat(pieces).toString();
    counted.effects.push(effect);
    await counted.onEffect(effect);
    response.end('done');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const counted: Counter = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    effects: [],
    onEffect: () => undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return counted;
}

interface Ended {
  readonly killed: boolean;
  readonly said?: { readonly text?: string; readonly results?: ReadonlyArray<readonly [string, string]>; readonly error?: string };
}

/** Runs the process to its end, or until `kill` resolves. */
async function answer(journal: string, kill?: Promise<unknown>): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [program, model.url, counter.url, journal], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  void kill?.then(() => child.kill('SIGKILL'));
  const [, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on('close', (code, sig) => resolve([code, sig])));
  return signal === 'SIGKILL' ? { killed: true } : { killed: false, said: JSON.parse(output) };
}

const count = (effect: string) => counter.effects.filter((each) => each === effect).length;
const PAY = 'pay {"amount":5}';
const PUT = 'put {"amount":7}';

describe('a process that is killed while it answers', () => {
  it('is followed by one that runs no call twice, whenever it was killed', { timeout: 120_000 }, async () => {
    let killed = 0;
    let repeated = 0;
    const ends: Record<string, number> = {};
    for (let round = 0; round < 12; round++) {
      counter.effects.length = 0;
      counter.onEffect = () => sleep(5);
      const path = join(folder, `at-random-${round}.jsonl`);
      const first = await answer(path, sleep(120 + round * 17));
      const second = await answer(path, sleep(140 + ((round * 53) % 190)));
      if (first.killed) killed++;
      if (second.killed) killed++;
      const { said } = await answer(path);
      // Two equal calls are two effects, and never a third.
      repeated += Math.max(0, count(PAY) - 2);
      expect(count(PAY), JSON.stringify({ round, said })).toBeLessThanOrEqual(2);
      if (said?.error) expect(said).toEqual({ error: 'uncertain-call' });
      else {
        expect(said?.text).toMatch(/Done\.$/);
        expect(said?.results).toEqual([
          ['pay', 'Right'],
          ['pay', 'Right'],
          ['put', 'Right'],
        ]);
        expect(count(PAY)).toBe(2);
        expect(count(PUT)).toBeGreaterThanOrEqual(1);
      }
      const end = said?.error ?? 'answered';
      ends[end] = (ends[end] ?? 0) + 1;
    }
    figure('killed', { killed, ends, callsRunTwice: repeated });
    expect(killed).toBeGreaterThan(0);
  });

  it('within a tool: the next one says that nobody knows what came of the call, and calls nothing twice', async () => {
    counter.effects.length = 0;
    const path = join(folder, 'within.jsonl');
    const reached = new Promise<void>((resolve) => {
      counter.onEffect = (effect) => {
        if (effect === PAY) resolve();
        return new Promise(() => undefined);
      };
    });
    expect(await answer(path, reached)).toEqual({ killed: true });
    const before = count(PAY);
    counter.onEffect = () => undefined;
    expect(await answer(path)).toEqual({ killed: false, said: { error: 'uncertain-call' } });
    expect(count(PAY)).toBe(before);
  });

  it('within a tool that says it may run again: the next one runs it again', async () => {
    counter.effects.length = 0;
    const path = join(folder, 'idempotent.jsonl');
    const reached = new Promise<void>((resolve) => {
      counter.onEffect = async (effect) => {
        if (effect !== PUT) return;
        while ((await readFile(path, 'utf8')).split('"settled"').length < 3) await sleep(5);
        resolve();
        await new Promise(() => undefined);
      };
    });
    expect(await answer(path, reached)).toEqual({ killed: true });
    expect(count(PAY)).toBe(2);
    counter.onEffect = () => undefined;
    const { said } = await answer(path);
    expect(said?.results).toHaveLength(3);
    expect([count(PAY), count(PUT)]).toEqual([2, 2]);
  });

  it('after its answer: the next one runs nothing, and gives the same results', async () => {
    counter.effects.length = 0;
    counter.onEffect = () => undefined;
    const path = join(folder, 'whole.jsonl');
    const first = await answer(path);
    expect(await answer(path)).toEqual(first);
    expect([count(PAY), count(PUT)]).toEqual([2, 1]);
  });
});

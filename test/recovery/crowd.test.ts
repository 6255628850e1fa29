import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figure } from '../support/figures.ts';

const folder = await mkdtemp(join(tmpdir(), 'toolstream-crowd-'));
const children: ChildProcess[] = [];
/** What else the machine was doing: delays say little on a busy one. */
const loadBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10;

beforeAll(async () => {
  const entry = (name: string) => new URL(name, import.meta.url).pathname;
  const entryPoints = { server: entry('crowd-server.ts'), client: entry('crowd-client.ts'), floor: entry('crowd-floor.ts') };
  await build({
    entryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
});
afterAll(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a process and gives the first thing it says. */
function start<T>(program: string, args: readonly string[], execArgv: string[] = []): Promise<T> {
  const child = fork(join(folder, program), args, { execArgv });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
}

interface Figures {
  readonly ends: object;
  readonly wholeTexts: number;
  readonly calls: number;
  readonly ran: number;
  readonly atOnce: number;
}

interface Crowd {
  readonly count: number;
  /** Over how long they begin. */
  readonly rampMs: number;
  /** How often the server writes to each. */
  readonly everyMs: number;
  readonly weighing?: boolean;
}

async function crowdOf(client: string, { count, rampMs, everyMs, weighing }: Crowd): Promise<Figures> {
  const urls = await start<string[]>('server.mjs', [String(everyMs)]);
  const figures = await start<Figures>(client, [urls.join(' '), String(count), String(rampMs), weighing ? 'weigh' : ''], ['--expose-gc']);
  expect(figures.ends).toEqual({ answered: count });
  expect(figures).toMatchObject({ wholeTexts: count, calls: 2 * count, ran: 2 * count });
  expect(figures.atOnce).toBeGreaterThan(count * 0.9);
  return figures;
}

const LARGEST = { count: 10_000, rampMs: 40_000, everyMs: 4_000 };

describe('many answers at once in one process, each with two calls and two rounds', () => {
  it.each<Crowd>([
    { count: 1_000, rampMs: 4_000, everyMs: 1_000 },
    LARGEST,
    { count: 2_000, rampMs: 4_000, everyMs: 1_000, weighing: true },
  ])('$count: all finish, every text is whole, every call runs once', { timeout: 400_000 }, async (crowd) => {
    figure(`crowd-${crowd.count}`, { ...(await crowdOf('client.mjs', crowd)), loadBefore });
  });

  // For comparison: it shows nothing of ours, and takes two minutes.
  if (process.env.TOOLSTREAM_FIGURES) {
    it('the same by hand', { timeout: 400_000 }, async () => {
      figure('crowd-floor', { ...(await crowdOf('floor.mjs', LARGEST)), loadBefore });
    });
  }
});

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimes, versionOf } from '../runtimes/runtimes.ts';
import { figure } from '../support/figures.ts';

/** Where Node finds rxjs. */
const folder = await mkdtemp(fileURLToPath(new URL('../../node_modules/.crowd-', import.meta.url)));
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
    // Loaded by Node, as in any program: bundled, each of its names would be looked up at each use.
    external: ['rxjs'],
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
});
afterAll(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

/** The newest that is here: what a crowd costs is the platform's, and has fallen by a third since Node 20. */
const [current] = runtimes;
const { binary: execPath = process.execPath } = runtimes.find(({ name, binary }) => binary && name === 'node, the newest') ?? {
  ...current,
};
const node = versionOf({ name: 'node', binary: execPath, flags: [] });

/** Starts a process and gives the first thing it says. */
function start<T>(program: string, args: readonly string[], execArgv: string[] = []): Promise<T> {
  const child = fork(join(folder, program), args, { execArgv, execPath });
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
  readonly callDelayMs?: { readonly p99: number };
}

interface Crowd {
  readonly count: number;
  /** Over how long they begin. */
  readonly rampMs: number;
  /** How often the server writes to each. */
  readonly everyMs: number;
  /** What the client asks with: the global `fetch`, `nodeFetch`, or the global `fetch` in a loop by hand. */
  readonly with: 'fetch' | 'nodeFetch' | 'hand';
  readonly weighing?: boolean;
}

async function crowdOf({ count, rampMs, everyMs, weighing, with: means }: Crowd): Promise<Figures> {
  const urls = await start<string[]>('server.mjs', [String(everyMs)]);
  const args = [urls.join(' '), String(count), String(rampMs), weighing ? 'weigh' : '', means];
  const figures = await start<Figures>(means === 'hand' ? 'floor.mjs' : 'client.mjs', args, ['--expose-gc']);
  for (const child of children.splice(0)) child.kill();
  expect(figures.ends).toEqual({ answered: count });
  expect(figures).toMatchObject({ wholeTexts: count, calls: 2 * count, ran: 2 * count });
  expect(figures.atOnce).toBeGreaterThan(count * 0.9);
  return figures;
}

/** Of several runs the one whose slowest calls are the middle ones. */
async function middleOf(runs: number, crowd: Crowd): Promise<Figures> {
  const all: Figures[] = [];
  for (let i = 0; i < runs; i++) all.push(await crowdOf(crowd));
  all.sort((a, b) => (a.callDelayMs?.p99 ?? 0) - (b.callDelayMs?.p99 ?? 0));
  return all[runs >> 1] as Figures;
}

const THOUSAND = { count: 1_000, rampMs: 4_000, everyMs: 1_000 };
const TEN_THOUSAND = { count: 10_000, rampMs: 40_000, everyMs: 4_000 };
const WEIGHED = { count: 2_000, rampMs: 4_000, everyMs: 1_000, weighing: true };

/** For comparison: they show nothing that the others do not, and take a quarter of an hour. */
const compared: readonly Crowd[] = process.env.TOOLSTREAM_FIGURES
  ? [
      { ...THOUSAND, with: 'nodeFetch' },
      { ...THOUSAND, with: 'hand' },
      { ...TEN_THOUSAND, with: 'fetch' },
      { ...TEN_THOUSAND, with: 'hand' },
      { ...TEN_THOUSAND, rampMs: 80_000, everyMs: 8_000, with: 'nodeFetch' },
      { ...TEN_THOUSAND, rampMs: 80_000, everyMs: 8_000, with: 'hand' },
      { ...WEIGHED, with: 'nodeFetch' },
    ]
  : [];

describe('many answers at once in one process, each with two calls and two rounds', () => {
  it.each<Crowd>([{ ...THOUSAND, with: 'fetch' }, { ...TEN_THOUSAND, with: 'nodeFetch' }, { ...WEIGHED, with: 'fetch' }, ...compared])(
    '$count, every $everyMs ms, with $with: all finish, every text is whole, every call runs once',
    { timeout: 600_000 },
    async (crowd) => {
      const runs = process.env.TOOLSTREAM_FIGURES && crowd.count === 1_000 ? 5 : 1;
      const name = `crowd ${crowd.count} ${crowd.everyMs} ${crowd.with}${crowd.weighing ? ' weighed' : ''}`;
      figure(name, { ...crowd, ...(await middleOf(runs, crowd)), runs, node, loadBefore });
    },
  );
});

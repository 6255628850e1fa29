// Feeds parsers and decoders with spoilt recordings: no crash, no hang, the same under every split. A worker does it, and is watched.
// `npm run fuzz -- [--minutes 1] [--seed 1] [--first 0]`; `--case n` writes the n-th case of the seed into test/fixtures/fuzz.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const text = (fallback) => ({ type: 'string', default: fallback });
const { values } = parseArgs({ options: { minutes: text('1'), seed: text('1'), first: text('0'), case: { type: 'string' } } });
const seed = Number(values.seed);
const HANG_MS = 10_000;

const data = resolve(root, process.env.TOOLSTREAM_SHARED ?? '../shared');
const folder = existsSync(join(data, 'streams/manifest.json')) ? data : undefined;
const built = mkdtempSync(join(tmpdir(), 'toolstream-fuzz-'));
process.on('exit', () => rmSync(built, { recursive: true, force: true }));
const bundle = (entry) =>
  build({
    entryPoints: [join(root, 'test/fuzz', `${entry}.ts`)],
    outfile: join(built, `${entry}.mjs`),
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });

if (values.case !== undefined) {
  await Promise.all([bundle('target'), bundle('seeds')]);
  const { caseOf } = await import(pathToFileURL(join(built, 'target.mjs')));
  const { seedsFrom } = await import(pathToFileURL(join(built, 'seeds.mjs')));
  const { bytes, ...how } = caseOf(seedsFrom(folder), seed, Number(values.case));
  const file = join(root, 'test/fixtures/fuzz', `${seed}-${values.case}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...how, base64: Buffer.from(bytes).toString('base64') }, null, 2)}\n`);
  console.log(file);
} else {
  await bundle('worker');
  await fuzz();
}

async function fuzz() {
  const crashes = new Map();
  const hangs = [];
  const started = Date.now();
  const until = started + Number(values.minutes) * 60_000;
  let first = Number(values.first);
  let slowest = 0;
  while (Date.now() < until) {
    const at = new Int32Array(new SharedArrayBuffer(8));
    Atomics.store(at, 0, first);
    const end = await watch(
      new Worker(join(built, 'worker.mjs'), { workerData: { seed, first, folder, at }, resourceLimits: { maxOldGenerationSizeMb: 768 } }),
      at,
    );
    first = Atomics.load(at, 0) + 1;
    if (end !== undefined) hangs.push({ n: first - 1, end });
  }
  const executions = first - Number(values.first);
  const seconds = (Date.now() - started) / 1000;
  for (const [problem, { n, times }] of crashes) console.log(`\ncase ${n} (${times} times): ${problem}`);
  for (const { n, end } of hangs) console.log(`\ncase ${n}: ${end}`);
  const figures = {
    seed,
    seconds: Math.round(seconds),
    executions,
    perSecond: Math.round(executions / seconds),
    crashes: crashes.size,
    hangs: hangs.length,
    slowestMs: Math.round(slowest),
    recordings: folder !== undefined,
  };
  console.log(`\n${JSON.stringify(figures)}`);
  if (process.env.TOOLSTREAM_FIGURES) {
    mkdirSync(process.env.TOOLSTREAM_FIGURES, { recursive: true });
    writeFileSync(join(process.env.TOOLSTREAM_FIGURES, 'fuzz.json'), `${JSON.stringify(figures, null, 2)}\n`);
  }
  process.exitCode = crashes.size + hangs.length > 0 ? 1 : 0;

  /** Resolves when the worker is through; with what happened where it never came back from a case. */
  function watch(worker, at) {
    return new Promise((done) => {
      let last = -1;
      let since = Date.now();
      const timer = setInterval(() => {
        const n = Atomics.load(at, 0);
        if (n !== last) since = Date.now();
        last = n;
        if (Date.now() >= until) Atomics.store(at, 1, 1);
        if (Date.now() - since > HANG_MS) stop(`no end after ${HANG_MS} ms`);
      }, 200);
      const stop = (end) => {
        clearInterval(timer);
        void worker.terminate();
        done(end);
      };
      worker.on('error', (error) => stop(`${error.code ?? error.name}: ${error.message}`));
      worker.on('message', ({ done: over, n, problem, ms }) => {
        if (over) return stop(undefined);
        slowest = Math.max(slowest, ms);
        if (ms > 2000 && problem === undefined) hangs.push({ n, end: `${Math.round(ms)} ms` });
        if (problem === undefined) return;
        const kind = problem.replace(/\d+/g, '#').slice(0, 160);
        const known = [...crashes.entries()].find(([other]) => other.replace(/\d+/g, '#').slice(0, 160) === kind);
        if (known) known[1].times++;
        else crashes.set(problem, { n, times: 1 });
      });
    });
  }
}

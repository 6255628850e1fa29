// Answers of every kind, side by side and without a pause, for some minutes: what a process holds the while, and what is left in the end.
// `node scripts/soak.mjs [--minutes 10] [--lanes 100] [--every 5] [--out file.json]`; memory is counted after a full collection.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const text = (fallback) => ({ type: 'string', default: fallback });
const { values } = parseArgs({ options: { minutes: text('10'), lanes: text('100'), every: text('5'), out: { type: 'string' } } });
const [minutes, lanes, everySeconds] = [values.minutes, values.lanes, values.every].map(Number);
const MIB = 2 ** 20;
/** The part of the time in which pools and code fill, which no trend is drawn through. */
const WARM_UP = 0.2;

const folder = mkdtempSync(join(tmpdir(), 'toolstream-soak-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
await build({
  entryPoints: ['server', 'client'].map((name) => join(root, `test/recovery/soak-${name}.ts`)),
  outdir: folder,
  bundle: true,
  platform: 'node',
  format: 'esm',
  mainFields: ['module', 'main'],
  // Of the packages inlined some are CommonJS.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  outExtension: { '.js': '.mjs' },
  logLevel: 'error',
});

/** Starts a process; `hears` gives the next thing it says. */
function start(name, args) {
  const child = fork(join(folder, `soak-${name}.mjs`), args, { execArgv: ['--expose-gc'] });
  process.on('exit', () => child.kill());
  const hears = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`The ${name} ended with ${code}.`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  const ask = (what) => {
    child.send(what);
    return hears();
  };
  return { child, hears, ask };
}

const server = start('server', []);
const { port } = await server.hears();
const client = start('client', [String(port), String(lanes)]);

const started = performance.now();
const seconds = () => Math.round((performance.now() - started) / 100) / 10;
const mib = (bytes) => Math.round((bytes / MIB) * 100) / 100;
const samples = [];
while (seconds() < minutes * 60) {
  await sleep(everySeconds * 1000);
  const [{ heapUsed, rss, handles, over }, { sockets }] = await Promise.all([client.ask('sample'), server.ask('sample')]);
  samples.push({ seconds: seconds(), heapMiB: mib(heapUsed), rssMiB: mib(rss), socketsAtServer: sockets, handles, answers: over });
}
const end = await client.ask('stop');
// The server hears of the last closed socket a moment later.
await sleep(500);
const { sockets } = await server.ask('sample');
server.child.disconnect();

const { warm, ...trend } = trendOf(samples);
const result = {
  minutes,
  lanes,
  everySeconds,
  answers: end.over,
  unended: end.unended,
  faults: end.faults,
  ends: end.ends,
  heapMiB: {
    atTheStart: mib(end.heapAtTheStart),
    mean: mib(mean(warm.map(({ heapMiB }) => heapMiB)) * MIB),
    ...trend,
    afterTheEnd: mib(end.heapUsed),
  },
  left: { ...end.left, ...(sockets > 0 && { socketsAtServer: sockets }) },
  samples,
};
if (values.out) writeFileSync(values.out, written(result));
const { samples: _, ...said } = result;
console.log(JSON.stringify(said, null, 2));

/** The straight line through heap over time after the warm-up, and from its beginning to its end. */
function trendOf(all) {
  const warm = all.filter((each) => each.seconds >= minutes * 60 * WARM_UP);
  const [x, y] = [warm.map((each) => each.seconds), warm.map((each) => each.heapMiB)];
  const [meanX, meanY] = [mean(x), mean(y)];
  const slope = mean(x.map((at, i) => (at - meanX) * (y[i] - meanY))) / mean(x.map((at) => (at - meanX) ** 2));
  const answers = warm.at(-1).answers - warm[0].answers;
  const grown = slope * (x.at(-1) - x[0]);
  return { warm, grownMiB: mib(grown * MIB), bytesPerAnswer: Math.round((grown * MIB) / answers) };
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** One sample a line: a file that can be compared and looked at. */
function written({ samples: all, ...rest }) {
  const lines = all.map((each) => `    ${JSON.stringify(each)}`).join(',\n');
  return `${JSON.stringify(rest, null, 2).slice(0, -2)},\n  "samples": [\n${lines}\n  ]\n}\n`;
}

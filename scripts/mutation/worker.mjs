// Loads all tests with the sources that have every mutant in them, then runs what it is told: all tests with coverage, or those that reach one mutant.
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, matchesGlob, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as harness from './harness.mjs';
import { modulesOf } from './modules.mjs';

/** How long the tests of the mutant's own folder may compute, in milliseconds, and then the others that reach it: what is left survives. */
const OWN_MS = 4_000;
const OTHER_MS = 1_500;
/** A test that computes for longer than ten times what it takes, and this, never ends. */
const ENDLESS_MS = 2_000;
/** So long may a test compute where nothing is broken and coverage is counted. */
const UNBROKEN_MS = 240_000;

const counting = process.argv[2] === 'coverage';
const state = {};
globalThis.__stryker__ = state;
const { collect, endSuites, runTest, tests } = harness;

const { test, load, keep } = await modulesOf(harness, counting);

/** Tests that wait for real seconds, or measure how work grows over a megabyte: other tests reach the same code. */
const LEFT_OUT = [
  'laws/bytes.test.ts#law: a prefix of the bytes before the finish reason gives a prefix of the events',
  'models/with-retry.test.ts#withRetry over a real connection asks a round again that is cut',
  'text/laws.test.ts#extractTextToolCalls law: a megabyte of marks',
  'interop/to-readable-stream.test.ts#backpressure, over real HTTP',
  'recovery/resume.test.ts#a background response whose connection breaks law: cut at any byte',
  'recovery/resume.test.ts#resumeByLastEventId law: cut at any byte',
  'e2e/overlap-saves-time.test.ts#',
].map((begin) => `test/${begin}`);

const { include, exclude, setupFiles } = test;
/** How the names of the files that are run begin. */
const wanted = (process.env.MUTATION_TESTS ?? '').split(',');
const fits = (file, patterns) => patterns.some((pattern) => matchesGlob(file, pattern));
const files = readdirSync('test', { recursive: true })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => fits(file, include) && !fits(file, exclude) && wanted.some((begin) => file.startsWith(`test/${begin}`)))
  .sort();
try {
  for (const file of setupFiles) await load(file);
  for (const file of files) await collect(file, () => load(file));
} catch (error) {
  console.error(error);
  process.exit(1);
}

for (const id of tests.keys()) if (LEFT_OUT.some((begin) => id.startsWith(begin))) tests.delete(id);

/** How long each test takes, for processes that did not count coverage themselves. */
const times = 'mutation-times.json';
if (!counting && existsSync(times)) {
  for (const [id, ms] of Object.entries(JSON.parse(readFileSync(times, 'utf8')))) if (tests.has(id)) tests.get(id).ms = ms;
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
/** When the CPU time of this process passes this, it is killed. From another thread: the loop that never ends holds this one. */
const limit = new Float64Array(new SharedArrayBuffer(8));
const watch = `
  const limit = new Float64Array(require('node:worker_threads').workerData);
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    if (limit[0] > 0 && (user + system) / 1000 > limit[0]) process.kill(process.pid, 'SIGKILL');
  }, 100);`;
new Worker(watch, { eval: true, workerData: limit.buffer }).unref();

async function run(test, endlessMs = ENDLESS_MS + 10 * test.ms) {
  limit[0] = cpuMs() + endlessMs;
  const result = await runTest(test);
  limit[0] = 0;
  return result;
}

/** All tests, with what each reaches. */
async function dryRun() {
  const results = [];
  let previous;
  for (const test of tests.values()) {
    if (test.file !== previous?.file) await endSuites();
    previous = test;
    state.currentTestId = test.id;
    test.ms = 2_000;
    const { failure, ms } = await run(test, UNBROKEN_MS);
    state.currentTestId = undefined;
    test.ms = ms;
    // A law that wants to see that its draws reached much may fail where there are few: it is left out, and told.
    if (failure) log(`left out, for it fails unbroken: ${test.id}: ${told(failure.error).slice(0, 120)}`);
    else results.push({ id: test.id, name: test.name, fileName: resolve(test.file), timeSpentMs: ms, status: 0 });
  }
  if (tests.size - results.length > 30) throw new Error('More tests fail unbroken than few draws explain.');
  await endSuites();
  keep();
  writeFileSync(times, JSON.stringify(Object.fromEntries([...tests.values()].map(({ id, ms }) => [id, ms]))));
  return { tests: results, mutantCoverage: state.mutantCoverage };
}

const log = (line) => appendFileSync(new URL('../../reports/mutation/log.txt', import.meta.url), `${line}\n`);
const told = (error) => String(error?.message ?? error).slice(0, 2_000);

/** The tests that failed last, newest first: they are likely to fail for the next mutant, too. */
let killers = [];

/** Those of the mutant's own folder first, the quick ones first. Tests in suites with something to set up stay together. */
function inOrder(ids, fileName) {
  const own = fileName.startsWith('operators/') ? `test/operators/${basename(fileName, '.ts')}` : dirname(fileName).replace(/^src/, 'test');
  const rank = (test) => {
    const killed = killers.indexOf(test);
    if (killed >= 0 && test.ms < 50) return killed - 1_000;
    return (test.file.startsWith(own) ? 0 : 10_000) + (test.heavy ? 1_000 : 0) + Math.min(test.ms, 900);
  };
  const all = ids.map((id) => tests.get(id)).filter(Boolean);
  const ranks = new Map(all.map((test) => [test, rank(test)]));
  return { own, ordered: all.sort((a, b) => ranks.get(a) - ranks.get(b)) };
}

async function mutantRun({ id, hitLimit, ids, fileName }) {
  const { own, ordered } = inOrder(ids, fileName);
  const spent = { own: 0, other: 0 };
  let nrOfTests = 0;
  state.hitLimit = hitLimit;
  for (const test of ordered) {
    const whose = test.file.startsWith(own) ? 'own' : 'other';
    if (spent[whose] > (whose === 'own' ? OWN_MS : OTHER_MS)) continue;
    nrOfTests++;
    await endSuites(test);
    const before = cpuMs();
    const { failure, ms } = await broken(test, id);
    spent[whose] += cpuMs() - before;
    if (!failure) {
      test.ms = (test.ms + ms) / 2;
      continue;
    }
    // What nobody caught may have been left by a test before.
    if (failure.elsewhere && !(await broken(test, id)).failure) continue;
    const looped = state.hitCount > hitLimit;
    await endSuites();
    // Does it hold where nothing is broken? Otherwise something stayed behind.
    if (!(await holds(test)) && !(await holds(test))) {
      log(`fails unbroken after mutant ${id}: ${test.id}: ${told(failure.error).slice(0, 120)}`);
      return { polluted: test.id };
    }
    killers = [test, ...killers.filter((other) => other !== test)].slice(0, 20);
    return looped ? { status: 'timeout' } : { status: 'killed', killedBy: [test.id], failureMessage: told(failure.error), nrOfTests };
  }
  await endSuites();
  return { status: 'survived', nrOfTests };
}

async function holds(test) {
  const { failure } = await run(test);
  await endSuites();
  return !failure;
}

async function broken(test, id) {
  state.hitCount = 0;
  state.activeMutant = id;
  const result = await run(test);
  state.activeMutant = undefined;
  return result;
}

process.on('message', async (message) => {
  process.send(message.kind === 'dry' ? await dryRun() : await mutantRun(message));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send({ ready: tests.size });

// Stands in for vitest where thousands of broken sources are tried: the tests of all files are collected once in one process, then any of them run
// any number of times. What tests call besides `describe`, `it` and hooks is vitest's own.
import { isAbsolute, relative } from 'node:path';
import { format } from 'node:util';

// vitest's `expect` and `vi` ask for this when they are imported outside of its workers.
globalThis.__vitest_worker__ ??= {
  config: { fakeTimers: {}, testTimeout: 20_000 },
  ctx: {},
  environment: { name: 'node' },
  durations: {},
  rpc: {},
};
const vitest = await import('vitest');

/** Before fake timers replace them. */
const { setInterval, clearInterval, setImmediate } = globalThis;
const now = performance.now.bind(performance);
const idleSoFar = () => utilization().idle;
const utilization = performance.eventLoopUtilization.bind(performance);

export const { vi, expectTypeOf } = vitest;
export const expect = new Proxy(vitest.expect, { get: (target, key) => (key === 'poll' ? poll : Reflect.get(target, key)) });

/** `expect.poll`, which vitest allows inside its own tests only. */
function poll(read) {
  const matcher =
    (name) =>
    async (...args) => {
      const deadline = now() + 1_000;
      for (;;) {
        try {
          return vitest.expect(await read())[name](...args);
        } catch (error) {
          if (now() > deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    };
  return new Proxy({}, { get: (_, name) => matcher(name) });
}

class Suite {
  constructor(name, parent, file) {
    Object.assign(this, { name, parent, file, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] });
  }

  get lineage() {
    return this.parent ? [...this.parent.lineage, this] : [this];
  }
}

/** All tests, by id: file and name. */
export const tests = new Map();
let suite;

/** Collects the tests of one file. */
export async function collect(file, load) {
  const name = isAbsolute(file) ? relative(process.cwd(), file) : file;
  suite = new Suite('', undefined, name);
  await load();
}

function addTest(name, args) {
  const run = args.find((arg) => typeof arg === 'function');
  const full = [...suite.lineage.map(({ name }) => name), name].filter(Boolean).join(' ');
  let id = `${suite.file}#${full}`;
  for (let i = 2; tests.has(id); i++) id = `${suite.file}#${full} (${i})`;
  const heavy = suite.lineage.some(({ beforeAll }) => beforeAll.length > 0);
  tests.set(id, { id, name: full, run, suite, file: suite.file, heavy, ms: 5 });
}

function addSuite(name, args) {
  const fill = args.find((arg) => typeof arg === 'function');
  const outer = suite;
  suite = new Suite(typeof name === 'function' ? name.name : name, outer, outer.file);
  const filled = fill?.();
  if (filled instanceof Promise) throw new Error(`${outer.file}: a suite that is filled asynchronously`);
  suite = outer;
}

const titled = (name, values, i) => {
  const shown = String(name).replaceAll(/\$([\w.]+)/g, (all, path) => {
    const value = path.split('.').reduce((from, key) => from?.[key], values[0]);
    return value === undefined ? all : String(value);
  });
  const blanks = shown.match(/%[sdifjoOp]/g)?.length ?? 0;
  return format(shown.replaceAll('%#', i).replaceAll('%p', '%j'), ...values.slice(0, blanks));
};

function adder(add) {
  const each =
    (rows) =>
    (name, ...args) =>
      rows.forEach((row, i) => {
        const values = Array.isArray(row) ? row : [row];
        const run = args.find((arg) => typeof arg === 'function');
        add(titled(name, values, i), [() => run(...values)]);
      });
  const nothing = Object.assign(() => {}, { each: () => () => {} });
  const adds = (name, ...args) => add(name, args);
  return Object.assign(adds, {
    each,
    skip: nothing,
    skipIf: (skipped) => (skipped ? nothing : adder(add)),
    runIf: (wanted) => (wanted ? adder(add) : nothing),
  });
}

export const describe = adder(addSuite);
export const it = adder(addTest);
export const test = it;
const hook = (kind) => (run) => void suite[kind].push(run);
export const beforeAll = hook('beforeAll');
export const afterAll = hook('afterAll');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');

/** What nobody caught while a test ran. */
let uncaught;
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    uncaught ??= { error };
  });
}

const TICK_MS = 50;
/** How long a test may wait for nothing, beyond three times what it takes. */
const PATIENCE_MS = 1_000;

/** Fails when there is nothing to do for long. A tick counts little, however late: the process may have been stopped. */
async function patiently(promise, ms) {
  let timer;
  let left = PATIENCE_MS + 3 * ms;
  let idle = idleSoFar();
  const impatience = new Promise((_, reject) => {
    timer = setInterval(() => {
      const before = idle;
      idle = idleSoFar();
      left -= Math.min(idle - before, 2 * TICK_MS);
      if (left <= 0) reject(new Error('It waits for what does not come.'));
    }, TICK_MS);
    timer.unref();
  });
  try {
    return await Promise.race([promise, impatience]);
  } finally {
    clearInterval(timer);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function hooks(runs, ms = 3_000) {
  for (const run of runs) await patiently(Promise.resolve(run()), ms);
}

/** Suites whose `beforeAll` ran. */
const begun = new Set();

/** Runs one test: what made it fail, or undefined. */
export async function runTest(test) {
  const suites = test.suite.lineage;
  const began = now();
  uncaught = undefined;
  let failure;
  try {
    for (const suite of suites) {
      if (begun.has(suite)) continue;
      begun.add(suite);
      await hooks(suite.beforeAll);
    }
    vitest.expect.setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null, currentTestName: test.name });
    await hooks(suites.flatMap((suite) => suite.beforeEach));
    await patiently(Promise.resolve(test.run({ expect })), test.ms);
    const { assertionCalls, expectedAssertionsNumber } = vitest.expect.getState();
    if (expectedAssertionsNumber !== null && assertionCalls !== expectedAssertionsNumber) {
      throw new Error(`${expectedAssertionsNumber} assertions expected, ${assertionCalls} made`);
    }
  } catch (error) {
    failure = { error };
  }
  try {
    await hooks(suites.toReversed().flatMap((suite) => suite.afterEach.toReversed()));
  } catch (error) {
    failure ??= { error };
  }
  if (uncaught !== undefined) failure ??= { ...uncaught, elsewhere: true };
  if (failure) {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }
  return { failure, ms: now() - began };
}

/** Ends the suites that were begun, except those a test is in. */
export async function endSuites(next) {
  const kept = new Set(next?.suite.lineage);
  for (const suite of [...begun].reverse()) {
    if (kept.has(suite)) continue;
    begun.delete(suite);
    try {
      await hooks(suite.afterAll);
    } catch {
      // What a broken source left behind may not be there to end.
    }
  }
  await turn();
}

// A test runner for Stryker that loads the tests once for thousands of mutants, where `@stryker-mutator/vitest-runner` loads them for each.
import { fork } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const log = (line) => appendFileSync(new URL('../../reports/mutation/log.txt', import.meta.url), `${line}\n`);

class OneProcess {
  worker;
  /** Tests that failed though nothing was broken. */
  unsteady = new Set();

  capabilities() {
    // Nothing needs to be loaded again: mutants that only loading reaches are ignored.
    return { reloadEnvironment: true };
  }

  async dryRun() {
    await this.start('coverage');
    const result = await this.ask({ kind: 'dry' });
    this.stop();
    if (result === undefined) throw new Error('The tests ended while they ran unbroken.');
    return { status: 'complete', ...result, mutantCoverage: sampled(result.mutantCoverage) };
  }

  async mutantRun({ activeMutant: { id, fileName, location, replacement }, hitLimit, testFilter = [] }) {
    for (;;) {
      if (!this.worker) await this.start('mutants');
      const ids = testFilter.filter((test) => !this.unsteady.has(test));
      const result = await this.ask({ kind: 'mutant', id, hitLimit, ids, fileName: fileName.slice(process.cwd().length + 1) });
      if (result === undefined) return { status: 'timeout' };
      if (result.polluted === undefined) {
        if (result.status === 'survived')
          log(`${fileName}:${location.start.line + 1}:${location.start.column + 1} survives: ${replacement}`);
        return result;
      }
      // One that fails now and then says nothing here. Where more do, something stayed behind: with a new process they may be steady again.
      this.unsteady.add(result.polluted);
      if (this.unsteady.size % 5 === 0) this.stop();
    }
  }

  dispose() {
    this.stop();
  }

  async start(mode) {
    const worker = fork(fileURLToPath(new URL('./worker.mjs', import.meta.url)), [mode], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--no-warnings'],
    });
    this.worker = worker;
    if ((await this.answer()) === undefined) throw new Error('The tests could not be loaded.');
  }

  stop() {
    this.worker?.kill('SIGKILL');
    this.worker = undefined;
  }

  ask(message) {
    this.worker.send(message);
    return this.answer();
  }

  /** What the worker says next; undefined if it dies, as one does whose test computes without an end. */
  answer() {
    const { worker } = this;
    return new Promise((resolve) => {
      const died = (code, signal) => {
        if (this.worker === worker) log(`The tests ended: ${code ?? signal}`);
        if (this.worker === worker) this.worker = undefined;
        resolve(undefined);
      };
      worker.once('exit', died);
      worker.once('message', (message) => {
        worker.off('exit', died);
        resolve(message);
      });
    });
  }
}

/** One mutant of so many is tried, the same ones for the same number of the sample. */
const ONE_OF = Number(process.env.MUTATION_ONE_OF ?? 1);
const SAMPLE = Number(process.env.MUTATION_SAMPLE ?? 0);
const MOST_MUTANTS = 100_000;

/** Says of the others that only loading reaches them: those are ignored. */
function sampled({ perTest, static: loading }) {
  if (ONE_OF === 1) return { perTest, static: loading };
  // Neighbours are alike, so the number is scattered first.
  const chosen = (id) => (Math.imul(Number(id) + 20, 2_654_435_761) >>> 8) % ONE_OF === SAMPLE % ONE_OF;
  const ids = Array.from({ length: MOST_MUTANTS }, (_, id) => id).filter((id) => !chosen(id));
  const counts = (reached) => Object.fromEntries(Object.entries(reached).filter(([id]) => chosen(id)));
  return {
    perTest: Object.fromEntries(Object.entries(perTest).map(([test, reached]) => [test, counts(reached)])),
    static: { ...counts(loading), ...Object.fromEntries(ids.map((id) => [id, 1])) },
  };
}

/**
 * Leaves prose unbroken, that is strings of three words or more: what errors, diagnostics and notes to the model say. Which error it is, and what
 * it carries, is behaviour; its sentence is not.
 */
const prose = {
  shouldIgnore(path) {
    const { node } = path;
    const said = path.isStringLiteral() ? node.value : path.isTemplateLiteral() ? node.quasis.map(({ value }) => value.raw).join('…') : '';
    return /\p{L}[\p{L}'`,:;.…()]* [\p{L}'`…]+ [\p{L}'`…]/u.test(said) ? 'Prose' : undefined;
  },
};

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'one-process', injectableClass: OneProcess },
  { kind: 'Ignore', name: 'prose', value: prose },
];

// A test runner for Stryker that loads the tests once for thousands of mutants, where `@stryker-mutator/vitest-runner` loads them for each.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

class OneProcess {
  worker;
  /** Tests that failed though nothing was broken. */
  unsteady = new Set();

  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun() {
    await this.start('coverage');
    const result = await this.ask({ kind: 'dry' });
    this.stop();
    return { status: 'complete', ...result };
  }

  async mutantRun({ activeMutant: { id, fileName }, hitLimit, testFilter = [] }) {
    for (let left = 3; ; left--) {
      if (!this.worker) await this.start('mutants');
      const ids = testFilter.filter((test) => !this.unsteady.has(test));
      const result = await this.ask({ kind: 'mutant', id, hitLimit, ids, fileName: fileName.slice(process.cwd().length + 1) });
      if (result === undefined) return { status: 'timeout' };
      if (result.polluted === undefined) return result;
      this.stop();
      if (left < 3) {
        console.error(`Fails though nothing is broken: ${result.polluted}`);
        this.unsteady.add(result.polluted);
      }
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
      const died = () => {
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

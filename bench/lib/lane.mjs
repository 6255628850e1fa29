// One child process: a contestant at a case, kept over the rounds.
import { fork } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { node } from './node.mjs';

const child = fileURLToPath(new URL('../child.mjs', import.meta.url));

/** Longest sample, in milliseconds of CPU time. */
const PATIENCE_MS = 20_000;

/** What that is on the clock of a machine which has other things to do. */
const onTheClock = (ms) => ms * Math.max(1, loadavg()[0] / availableParallelism());

export class Lane {
  samples = [];
  /** Why there are no (more) samples: too slow, or wrong. */
  out = undefined;

  constructor(name, work, dist) {
    this.name = name;
    this.patience = work.patience ?? PATIENCE_MS;
    this.tooSlow = `> ${this.patience / 1000} s`;
    const told = JSON.stringify({ name, work, dist });
    this.process = fork(child, [told], { execPath: node, execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.said = '';
    this.process.stderr.on('data', (text) => {
      this.said = (this.said + text).slice(-2_000);
    });
  }

  /** Loads and warms up. */
  async start() {
    if ((await this.hear(this.patience)) === 'ready') await this.take('warm up', this.patience + 5_000);
  }

  /** One sample. Whoever was wrong or too slow once takes no more. */
  async sample() {
    const taken = await this.take('sample', this.patience);
    if (taken?.cpuMs > this.patience) this.leave(this.tooSlow);
    else if (taken) this.samples.push(taken);
  }

  /** The functions that its time goes to. */
  async profile() {
    return (await this.take('profile', 10 * this.patience))?.functions;
  }

  async take(what, patience) {
    if (this.out) return undefined;
    this.process.send(what);
    const taken = await this.hear(patience);
    if (taken?.wrong) this.leave(`void: ${taken.wrong.split('\n', 1)[0]}`);
    return this.out ? undefined : taken;
  }

  hear(patience) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(() => this.leave(this.tooSlow)), onTheClock(patience));
      const heard = (message) => finish(() => message);
      const died = () => finish(() => this.leave(`void: ended with ${this.said.trim().split('\n').slice(0, 6).join(' · ') || 'no word'}`));
      const finish = (outcome) => {
        clearTimeout(timer);
        this.process.off('message', heard).off('exit', died);
        resolve(outcome());
      };
      this.process.once('message', heard).once('exit', died);
    });
  }

  leave(why) {
    this.out ??= why;
    this.stop();
  }

  stop() {
    this.process.removeAllListeners('exit').kill('SIGKILL');
  }
}

import type { Tinypool } from 'tinypool';
import { Slots } from './slots.ts';
import type { ToolContext } from './tool.ts';

/** Settings of {@link workerTool}. */
export interface WorkerToolOptions {
  /** Threads at most; further calls wait. Threads are made when they are needed. Default 4. */
  readonly maxWorkers?: number;
  /** Milliseconds an idle thread is kept for the next call. Default 30,000. */
  readonly idleMs?: number;
  /** Which export of the module does the work. Default `default`. */
  readonly exportName?: string;
}

/** An `execute` that works in a pool of threads. */
export interface WorkerExecute {
  (args: unknown, context: Pick<ToolContext, 'signal'>): Promise<unknown>;
  /** Ends all threads; calls that still run reject. A call after it makes new ones. Not needed for the process to end. */
  close(): Promise<void>;
}

/**
 * Moves a tool's work to a pool of threads, so that text does not stall while it computes.
 *
 * The module at `url` exports a function from arguments to a result (or a Promise of it); both travel as structured clones. Aborting the
 * signal (unsubscribed, timed out) ends the thread at once, in the middle of a computation too, and frees its place. Idle threads do not keep
 * the process alive. Needs the package `tinypool`, an optional peer dependency, and says so at the first call if it is not installed.
 *
 * @param url of a module, `file:` or an absolute path: `new URL('./work.js', import.meta.url)`.
 * @param options `maxWorkers` (threads, default 4), `idleMs` (milliseconds, default 30,000), `exportName` (default `default`).
 *
 * @example
 * ```ts
 * import { workerTool } from 'toolstream/node';
 *
 * const execute = workerTool(new URL('data:text/javascript,export default ({ n }) => n * n'), { maxWorkers: 2 });
 * console.log(await execute({ n: 7 }, { signal: new AbortController().signal })); // 49
 * ```
 *
 * @see https://github.com/tinylibs/tinypool#readme
 */
export function workerTool(url: URL | string, options: WorkerToolOptions = {}): WorkerExecute {
  const { maxWorkers = 4, idleMs = 30_000, exportName = 'default' } = options;
  if (!Number.isSafeInteger(maxWorkers) || maxWorkers < 1) {
    throw new RangeError(`workerTool: maxWorkers is ${maxWorkers}. Give a whole number from 1.`);
  }
  if (!(idleMs >= 0)) throw new RangeError(`workerTool: idleMs is ${idleMs}. Give milliseconds from 0.`);
  const filename = moduleOf(url);
  const work: Work = { filename, name: exportName };
  // Waiting happens here: tinypool forgets what waits in its own line when the thread it waits for is ended.
  const slots = new Slots<() => void>(maxWorkers, (start) => start());
  let pool: Promise<Tinypool> | undefined;

  const run = (args: unknown, { signal }: Pick<ToolContext, 'signal'>) =>
    new Promise<unknown>((resolve, reject) => {
      const start = () => {
        pool ??= open(maxWorkers, idleMs);
        pool
          .then((threads) => threads.run(args, { ...work, signal }))
          .then(resolve, reject)
          .finally(() => {
            signal.removeEventListener('abort', leave);
            slots.free();
          });
      };
      const leave = () => {
        slots.drop((waiting) => waiting === start);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      slots.add(start);
    });

  const close = async () => {
    const closing = pool;
    pool = undefined;
    await (await closing)?.destroy();
  };
  return Object.assign(run, { close });
}

interface Work {
  readonly filename: string;
  readonly name: string;
}

/** No module is named here: a thread that cannot load its module while it starts would leave its call waiting for ever. */
async function open(maxThreads: number, idleTimeout: number): Promise<Tinypool> {
  const { Tinypool } = await import('tinypool').catch((cause) => {
    throw new Error('workerTool needs the package tinypool. Install it: npm install tinypool', { cause });
  });
  const pool = new Tinypool({ minThreads: 0, maxThreads, idleTimeout });
  // A thread that dies between two calls is replaced; without a listener its error would end the process.
  pool.on('error', () => undefined);
  return pool;
}

function moduleOf(url: URL | string): string {
  const href = String(url);
  if (/^(file|data):/.test(href) || /^(\/|[A-Za-z]:[\\/])/.test(href)) return href;
  throw new TypeError(`workerTool: ${JSON.stringify(href)} is no absolute path. Use new URL(${JSON.stringify(href)}, import.meta.url).`);
}

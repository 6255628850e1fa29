import { parentPort, workerData } from 'node:worker_threads';
import { seedsFrom } from './seeds.ts';
import { caseOf, check } from './target.ts';

/** Runs case after case, from `first`; says which one it is at, so that who watches knows which one never came back. */
const { seed, first, folder, at } = workerData as { seed: number; first: number; folder: string | undefined; at: Int32Array };
const seeds = seedsFrom(folder);
for (let n = first; Atomics.load(at, 1) === 0; n++) {
  Atomics.store(at, 0, n);
  const started = performance.now();
  const given = caseOf(seeds, seed, n);
  let problem: string | undefined;
  try {
    check(given);
  } catch (error) {
    problem =
      error instanceof Error ? `${error.name}: ${error.message}\n${error.stack?.split('\n').slice(1, 6).join('\n')}` : String(error);
  }
  const ms = performance.now() - started;
  if (problem !== undefined || ms > 2000) parentPort?.postMessage({ n, problem, ms });
}
parentPort?.postMessage({ done: true });

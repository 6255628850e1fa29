// CPU time of this process (all its threads: the collector and the compiler are paid for too) beside wall time.

/** Runs `work` after a collection. Both times in milliseconds. */
export async function timed(work) {
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs };
}

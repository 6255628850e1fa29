// CPU time of this process (all its threads: the collector and the compiler are paid for too) beside wall time.

/**
 * Both times of `work`, in milliseconds.
 *
 * No collection is forced before it. One throws away compiled code whose shapes of objects just died, so that each sample would pay for compiling it
 * anew: that was three quarters of a sample's time where an answer is short.
 */
export async function timed(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs };
}

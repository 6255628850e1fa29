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

/** What is shorter than this is done again: in a few milliseconds a process that has waited for the others does not come into its stride. */
const SHORTEST_SAMPLE_MS = 100;

/** A sample that is long enough: repeats a shorter one, each time checked, and gives the mean of both times. */
export function repeated(once) {
  return async () => {
    let cpuMs = 0;
    let wallMs = 0;
    for (let times = 1; ; times++) {
      const taken = await once();
      if (taken.wrong) return taken;
      cpuMs += taken.cpuMs;
      wallMs += taken.wallMs;
      if (cpuMs >= SHORTEST_SAMPLE_MS) return { ...taken, cpuMs: cpuMs / times, wallMs: wallMs / times };
    }
  };
}

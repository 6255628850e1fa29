/** Keeps its thread busy for `ms` milliseconds, then says how long. */
export default function burn({ ms }) {
  const end = performance.now() + ms;
  let turns = 0;
  while (performance.now() < end) turns++;
  return { ms, busy: turns > 0 };
}

export function fail() {
  throw new RangeError('out of range');
}

/** Adds one to a shared counter, over and over: stops only with its thread. */
export function spin({ counter }) {
  const cells = new Int32Array(counter);
  for (;;) Atomics.add(cells, 0, 1);
}

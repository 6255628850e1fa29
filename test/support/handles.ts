/** Kinds of sockets and timers that keep a process alive; what the test runner itself holds is among them. */
export function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (!/TCP|TLS|Timeout|Immediate|HTTP/.test(kind)) continue;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Waits until no more of each kind is there than before, and gives what is left beyond that; nothing, if all is well. */
export async function leftBeyond(before: Record<string, number>, limitMs = 5_000): Promise<Record<string, number>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    // Not by a timer: it would count itself.
    await new Promise(setImmediate);
    const beyond = Object.entries(handles()).filter(([kind, count]) => kind !== 'Immediate' && count > (before[kind] ?? 0));
    if (beyond.length === 0 || performance.now() > deadline) return Object.fromEntries(beyond);
  }
}

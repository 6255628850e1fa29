/**
 * Counts what is asked of strings while `run` is at work, each call at the length it may cost: a character of a string that was joined
 * costs its whole length, of a string that is flat (at most `flat` long: a fragment) one; a slice of a flat string costs at most 13,
 * since longer ones are views. A count, not a time, so that it is the same on every machine.
 */
export function charactersLookedAt(run: () => void, flat = 8): number {
  let count = 0;
  const { prototype } = String;
  const kept = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(
    ([name, { value }]) => typeof value === 'function' && name !== 'constructor',
  );
  for (const [name, { value }] of kept) {
    const counting = function (this: string, ...args: unknown[]): unknown {
      if (this.length > flat) count += this.length;
      else count += name === 'charCodeAt' ? 1 : Math.min(this.length, 13);
      return value.apply(this, args);
    };
    Object.defineProperty(prototype, name, { value: counting, configurable: true, writable: true });
  }
  try {
    run();
  } finally {
    for (const [name, descriptor] of kept) Object.defineProperty(prototype, name, descriptor);
  }
  return count;
}

export function fragments(text: string, size = 8): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}

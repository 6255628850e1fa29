/** Runs some of many things side by side: each lane takes the next one when it is done with one. */
export async function inLanes<T>(items: readonly T[], run: (item: T) => Promise<void>, lanes = 32): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await run(items[next++] as T);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

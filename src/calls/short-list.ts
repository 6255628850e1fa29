/** Beyond this a list grows as engines do it. */
const SHORT = 16;

/**
 * The list with one item more: another list as long as it is short, the same one afterwards. A list that is pushed to has room for seventeen at
 * once, 150 bytes for as long as a stream is open, and most streams have a few calls.
 */
export function withItem<T extends object>(list: T[], item: T): T[] {
  if (list.length < SHORT) return list.concat([item]);
  list.push(item);
  return list;
}

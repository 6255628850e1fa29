/** Bounds of `partialArguments` and `selectArgument`, named and set as those of `accumulateToolCalls`. */
export interface ArgumentsBounds {
  /** Arguments of one call, in UTF-16 code units; a fragment that goes beyond, and what follows it, is not read. Default: 16 Mi. */
  readonly maxArgumentLength?: number;
  /** How many arrays and objects may be open at once; where there are more, reading stops. Default: 512. */
  readonly maxDepth?: number;
}

/** Fills in the defaults; throws where a bound is none. */
export function checkedBounds(bounds: ArgumentsBounds): Required<ArgumentsBounds> {
  checkBounds(bounds, 'maxArgumentLength', 'maxDepth');
  return { maxArgumentLength: bounds.maxArgumentLength ?? 16 * 1024 * 1024, maxDepth: bounds.maxDepth ?? 512 };
}

/** Throws where a bound that was given is none. */
export function checkBounds<K extends string>(bounds: { readonly [name in K]?: number } | undefined, ...names: readonly K[]): void {
  for (const name of names) {
    const value = bounds?.[name];
    if (value !== undefined && !(value >= 0)) throw new RangeError(`${name} is ${value}: give a number, 0 or more.`);
  }
}

import type { ModelRequest } from '../messages.ts';
import type { RollbackRules } from './canary-watch.ts';
import type { Model } from './model.ts';

/** What tells users, or conversations, apart. Absent or `''`: chance decides, anew for each answer. */
export type CanaryKey = string | number | undefined;

/** Settings of {@link canary}. */
export interface CanaryOptions {
  /** The model that is trusted. */
  readonly baseline: Model;
  /** The model that is tried. */
  readonly candidate: Model;
  /** How many of a hundred answers, or keys, go to the candidate at first: 0 to 100. */
  readonly percent: number;
  /** The key of a request, for `model`. Default: none. What it throws fails the round. */
  readonly key?: (request: ModelRequest) => CanaryKey;
  /** Put before each key: a different one chooses different users. Give each trial its own, else the same users try everything. Default: `''`. */
  readonly salt?: string;
  /**
   * Whether the baseline takes an answer over where the candidate fails before a round's first event: always, never, or as a function says. Such
   * a failure counts all the same. Default: `true`, whatever the error: what the candidate refuses the baseline may take.
   */
  readonly fallback?: boolean | ((error: unknown) => boolean);
  /** When the candidate is given up; `false`: never. Default: see {@link RollbackRules}. */
  readonly rollback?: RollbackRules | false;
  /** How many decisions are kept. Default: 256. */
  readonly maxDecisions?: number;
  /** A monotonic clock in milliseconds. Default: `performance.now`. */
  readonly clock?: () => number;
  /** From 0 to below 1, asked where there is no key. Default: `Math.random`. */
  readonly random?: () => number;
}

/** The options with every default. */
export type CheckedCanary = ReturnType<typeof checkedCanary>;

/** Fills in the defaults; throws what cannot work. */
export function checkedCanary(options: CanaryOptions) {
  const { baseline, candidate, key, fallback: may = true, rollback = {}, salt = '', maxDecisions = 256 } = options;
  for (const [name, model] of Object.entries({ baseline, candidate }))
    if (typeof model !== 'function') throw new TypeError(`canary: \`${name}\` is no function: give a model, e.g. httpModel(endpoint).`);
  if (key !== undefined && typeof key !== 'function')
    throw new TypeError('canary: `key` is no function. Give one, request => key, or use `modelFor(key)`.');
  if (typeof may !== 'boolean' && typeof may !== 'function')
    throw new TypeError('canary: `fallback` is neither true, false nor a function.');
  if (!(Number.isSafeInteger(maxDecisions) && maxDecisions >= 0))
    throw new RangeError(`canary: \`maxDecisions\` is ${maxDecisions}: give a whole number from 0.`);
  const { clock = () => performance.now(), random = Math.random } = options;
  return { baseline, candidate, key, fallback: may, rollback, salt, maxDecisions, clock, random, percent: checkedPercent(options.percent) };
}

/** Throws a RangeError for what is no percentage. */
export function checkedPercent(percent: number): number {
  if (percent >= 0 && percent <= 100) return percent;
  throw new RangeError(`canary: \`percent\` is ${percent}: give a number from 0 to 100.`);
}

/** How far a percentile may be from the exact one, as a share of it: 1 %. */
export const RELATIVE_ERROR = 0.01;

/** Below this a value counts as 0: one microsecond, where the unit is the millisecond. */
export const SMALLEST = 1e-3;

/** Above this a value counts as this: eleven days, where the unit is the millisecond. */
export const LARGEST = 1e9;

// Bucket 0 holds what counts as 0; bucket i > 0 holds (GROWTH^(i-1+FIRST), GROWTH^(i+FIRST)]. The value given out for a bucket
// lies where both its ends are the same share away, which with this growth is RELATIVE_ERROR.
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GROWTH = Math.log(GROWTH);
const FIRST = Math.floor(Math.log(SMALLEST) / LOG_GROWTH);
const BUCKETS = Math.ceil(Math.log(LARGEST) / LOG_GROWTH) - FIRST + 1;

/** A {@link Histogram} as plain data: only the buckets that hold something. */
export interface HistogramData {
  /** Which buckets these are: data of another error cannot be merged. */
  readonly relativeError: number;
  readonly count: number;
  readonly sum: number;
  /** Exact; 0 while empty. */
  readonly min: number;
  /** Exact; 0 while empty. */
  readonly max: number;
  /** Bucket and how many values it holds, by rising bucket. */
  readonly buckets: ReadonlyArray<readonly [bucket: number, count: number]>;
}

/**
 * Percentiles of any number of values: buckets that grow by 2 %, so a percentile is within 1 % of the exact one from a thousandth to a
 * thousand million. Count, sum, least and greatest are exact. Memory is held for the buckets that something fell into: 1,384 of them at most, and
 * some tens for the gaps of a stream.
 *
 * Histograms of different streams or processes add up: what was merged is what one histogram of all the values would hold.
 *
 * @example
 * ```ts
 * import { Histogram } from 'toolstream';
 *
 * const gaps = new Histogram();
 * for (const ms of [20, 20, 20, 400]) gaps.record(ms);
 * console.log(gaps.mean, gaps.percentile(50)?.toFixed(0), gaps.max); // 115 20 400
 * ```
 *
 * @see https://www.vldb.org/pvldb/vol12/p2195-masson.pdf (the bound on the error, §2)
 */
export class Histogram {
  /**
   * The buckets that hold something, by rising number: each is {@link CELL} times its number, and how much it holds. One number for both, since
   * a stream keeps a histogram: two lists take twice the memory, a `Map` six times.
   */
  private readonly cells: number[] = [];
  private total = 0;
  private least = Number.POSITIVE_INFINITY;
  private greatest = 0;
  private added = 0;

  /** Adds a value in constant time. Negative counts as 0 (a clock that was set back), more than a thousand million as that; `NaN` is not counted. */
  record(value: number): void {
    if (Number.isNaN(value)) return;
    const known = Math.min(Math.max(value, 0), LARGEST);
    const bucket = bucketOf(known);
    this.add(bucket, 1);
    this.total += 1;
    this.added += known;
    if (known < this.least) this.least = known;
    if (known > this.greatest) this.greatest = known;
  }

  /** How many values were recorded. */
  get count(): number {
    return this.total;
  }

  /** The values added up. */
  get sum(): number {
    return this.added;
  }

  /** The average; `undefined` while empty. */
  get mean(): number | undefined {
    return this.total === 0 ? undefined : this.added / this.total;
  }

  /** The least value; `undefined` while empty. */
  get min(): number | undefined {
    return this.total === 0 ? undefined : this.least;
  }

  /** The greatest value; `undefined` while empty. */
  get max(): number | undefined {
    return this.total === 0 ? undefined : this.greatest;
  }

  /**
   * The value that `percent` % of the values do not exceed, by nearest rank; `undefined` while empty.
   *
   * @param percent 0 to 100.
   */
  percentile(percent: number): number | undefined {
    if (!(percent >= 0 && percent <= 100)) throw new RangeError(`A percentile lies between 0 and 100, not at ${percent}.`);
    if (this.total === 0) return undefined;
    let left = Math.max(1, Math.ceil((percent * this.total) / 100));
    if (left >= this.total) return this.greatest;
    let i = -1;
    while (left > 0 && ++i < this.cells.length) left -= countOf(this.cells[i] as number);
    return Math.min(Math.max(middleOf(bucketIn(this.cells[i] ?? 0)), this.least), this.greatest);
  }

  /** Adds all values of another histogram, or of its data. */
  merge(other: Histogram | HistogramData): void {
    const data = other instanceof Histogram ? other.toJSON() : other;
    if (data.relativeError !== RELATIVE_ERROR || data.buckets.some(([bucket]) => !isBucket(bucket))) {
      throw new RangeError(
        `Only histograms with a relative error of ${RELATIVE_ERROR} can be merged; was the data made by another version?`,
      );
    }
    if (data.count === 0) return;
    checkCounts(data, this.total);
    for (const [bucket, count] of data.buckets) if (count > 0) this.add(bucket, count);
    this.total += data.count;
    this.added += data.sum;
    this.least = Math.min(this.least, data.min);
    this.greatest = Math.max(this.greatest, data.max);
  }

  /** Plain data, for another process or a file; {@link Histogram.merge} takes it back. */
  toJSON(): HistogramData {
    const buckets = this.byBucket();
    return { relativeError: RELATIVE_ERROR, count: this.total, sum: this.added, min: this.min ?? 0, max: this.greatest, buckets };
  }

  private add(bucket: number, count: number): void {
    const { cells } = this;
    const first = bucket * CELL;
    let low = 0;
    let high = cells.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cells[middle] as number) < first) low = middle + 1;
      else high = middle;
    }
    const found = cells[low];
    if (found !== undefined && found < first + CELL) {
      cells[low] = found + count;
      return;
    }
    // By hand: a `splice` makes an array for nothing, and leaves twice the room.
    cells.push(0);
    for (let at = cells.length - 1; at > low; at--) cells[at] = cells[at - 1] as number;
    cells[low] = first + count;
  }

  private byBucket(): Array<readonly [bucket: number, count: number]> {
    return this.cells.map((cell) => [bucketIn(cell), countOf(cell)]);
  }
}

/** More than a bucket ever holds: a thousand thousand million. All buckets times this is below 2^53. */
const CELL = 2 ** 40;
const bucketIn = (cell: number) => Math.floor(cell / CELL);
/** The remainder, without `%`, which takes ten times as long for numbers of this size. */
const countOf = (cell: number) => cell - bucketIn(cell) * CELL;

/** Data may come from a file: a histogram that does not add up would tell nonsense. */
function checkCounts({ buckets, count }: HistogramData, before: number): void {
  const sum = buckets.reduce((all, [, each]) => (Number.isSafeInteger(each) && each >= 0 ? all + each : Number.NaN), 0);
  if (sum !== count)
    throw new RangeError(`The buckets of a histogram hold whole numbers of values, ${count} in all as its \`count\` says; these do not.`);
  if (before + count >= CELL) throw new RangeError(`A histogram holds fewer than 2^40 values; this one would hold ${before + count}.`);
}

function isBucket(bucket: number): boolean {
  return Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS;
}

function bucketOf(value: number): number {
  if (value < SMALLEST) return 0;
  return Math.min(Math.ceil(Math.log(value) / LOG_GROWTH) - FIRST, BUCKETS - 1);
}

function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : (2 * GROWTH ** (bucket + FIRST)) / (GROWTH + 1);
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, LARGEST, RELATIVE_ERROR, SMALLEST } from '../../src/latency/histogram.ts';

/** Milliseconds as streams have them, evenly spread over the orders of magnitude rather than over the numbers. */
const milliseconds = fc
  .double({ min: Math.log(SMALLEST), max: Math.log(LARGEST), noNaN: true })
  .map((log) => Math.min(LARGEST, Math.max(SMALLEST, Math.exp(log))));

const filled = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

/** Nearest rank on the sorted values: what the histogram has to come close to. */
const exactly = (values: readonly number[], percent: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent * sorted.length) / 100)) - 1] ?? Number.NaN;
};

describe('Histogram', () => {
  it('law: a percentile is within 1 % of the exact one', () => {
    let farthest = 0;
    fc.assert(
      fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 300 }), fc.integer({ min: 0, max: 100 }), (values, percent) => {
        const exact = exactly(values, percent);
        const error = Math.abs((filled(values).percentile(percent) ?? Number.NaN) - exact) / exact;
        farthest = Math.max(farthest, error);
        expect(error).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-9);
      }),
      { numRuns: 500 },
    );
    // The bound is used: a histogram that kept the values would make this test say nothing.
    expect(farthest).toBeGreaterThan(RELATIVE_ERROR / 2);
  });

  it('law: count, sum, least and greatest are exact', () => {
    fc.assert(
      fc.property(fc.array(milliseconds, { minLength: 1 }), (values) => {
        const histogram = filled(values);
        expect(histogram.count).toBe(values.length);
        expect(histogram.sum).toBe(values.reduce((sum, value) => sum + value, 0));
        expect(histogram.min).toBe(Math.min(...values));
        expect(histogram.max).toBe(Math.max(...values));
        expect(histogram.percentile(100)).toBe(histogram.max);
      }),
    );
  });

  it('law: merged in any grouping, through JSON or not, it equals one histogram of all the values', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 100_000 }))), (groups) => {
        const merged = new Histogram();
        groups.forEach((group, i) => {
          merged.merge(i % 2 === 0 ? filled(group) : JSON.parse(JSON.stringify(filled(group))));
        });
        expect(merged.toJSON()).toEqual(filled(groups.flat()).toJSON());
      }),
    );
  });

  it('keeps its size whatever comes', () => {
    const histogram = new Histogram();
    for (let i = 0; i < 200_000; i++) histogram.record((i * 7919) % 1e9);
    expect(histogram.toJSON().buckets.length).toBeLessThan(1500);
  });

  it.each([
    ['nothing', [], undefined],
    ['one value exactly', [123.456], 123.456],
    ['equal values exactly', [20, 20, 20], 20],
    ['a gap of zero as zero', [0, 0, 5], 0],
    ['a clock set back as zero', [-3, -1, 5], 0],
    ['no NaN', [Number.NaN, 7], 7],
    ['an infinite gap as the largest it knows', [Number.POSITIVE_INFINITY], LARGEST],
  ])('gives the middle of %s', (_, values, median) => {
    expect(filled(values).percentile(50)).toBe(median);
  });

  it('refuses a percentile that is none, and data of other buckets', () => {
    expect(() => filled([1]).percentile(101)).toThrow(RangeError);
    expect(() => filled([1]).percentile(Number.NaN)).toThrow(RangeError);
    expect(() => filled([]).merge({ ...filled([1]).toJSON(), relativeError: 0.02 })).toThrow('0.01');
    expect(() => filled([]).merge({ ...filled([1]).toJSON(), buckets: [[99_999, 1]] })).toThrow(RangeError);
  });

  it.each([
    ['a count that its buckets do not come to', 5, []],
    ['a bucket that holds part of a value', 1, [[344, 0.5]]],
    [
      'a bucket that holds less than nothing',
      1,
      [
        [344, 2],
        [345, -1],
      ],
    ],
    ['more than it can hold', 2 ** 40, [[344, 2 ** 40]]],
  ] as Array<[string, number, Array<[number, number]>]>)('refuses data with %s, and stays as it was', (_, count, buckets) => {
    const histogram = filled([1, 2]);
    const before = histogram.toJSON();
    expect(() => histogram.merge({ relativeError: 0.01, count, sum: 1, min: 1, max: 1, buckets })).toThrow(RangeError);
    expect(histogram.toJSON()).toEqual(before);
  });

  it('tells apart what a bucket and the next one hold, however much it is', () => {
    const much = 2 ** 39;
    const histogram = filled([]);
    for (let i = 0; i < 2; i++)
      histogram.merge({ relativeError: 0.01, count: much - 1, sum: 1, min: 1, max: 2, buckets: [[344, much - 1]] });
    expect(histogram.toJSON().buckets).toEqual([[344, 2 * much - 2]]);
  });
});

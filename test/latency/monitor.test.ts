import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Usage } from '../../src/events.ts';
import { Histogram } from '../../src/latency/histogram.ts';
import { LatencyMonitor } from '../../src/latency/monitor.ts';
import type { LatencyReport } from '../../src/latency/report.ts';
import { reportWith } from './support.ts';

const gapsOf = (...values: number[]): LatencyReport['gaps'] => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return { count: values.length, histogram: histogram.toJSON() };
};

const summaryOf = (reports: readonly LatencyReport[], options?: ConstructorParameters<typeof LatencyMonitor>[0]) => {
  const monitor = new LatencyMonitor(options);
  for (const report of reports) monitor.record(report, { model: 'm' });
  const summary = monitor.summary('m');
  if (summary === undefined) throw new Error('nothing recorded');
  return summary;
};

const tokens = (perSecond: number): LatencyReport['tokens'] => ({ count: 10, source: 'usage', perSecond });

describe('LatencyMonitor', () => {
  it('sums up each model by itself, in the order in which they came', () => {
    const monitor = new LatencyMonitor();
    monitor.record(reportWith({ model: 'b' }));
    monitor.record(reportWith({ model: 'a' }));
    monitor.record(reportWith({ model: 'ignored' }), { model: 'b' });
    monitor.record(reportWith({}));
    expect(monitor.summaries().map(({ model, requests }) => [model, requests])).toEqual([
      ['b', 2],
      ['a', 1],
      ['unknown', 1],
    ]);
    expect(monitor.summary('nobody')).toBeUndefined();
  });

  it('gives average and percentiles of the time to the first token and to the first call', () => {
    const reports = Array.from({ length: 100 }, (_, i) => reportWith({ firstTokenMs: (i + 1) * 10, firstToolCallMs: (i + 1) * 20 }));
    const { firstTokenMs, firstToolCallMs } = summaryOf([...reports, reportWith({})]);
    expect(firstTokenMs).toMatchObject({ count: 100, avg: 505, max: 1000 });
    for (const [exact, approximate] of [
      [500, firstTokenMs.p50],
      [950, firstTokenMs.p95],
      [990, firstTokenMs.p99],
      [1000, firstToolCallMs.p50],
    ]) {
      expect(Math.abs((approximate ?? 0) - (exact ?? 0)) / (exact ?? 0)).toBeLessThanOrEqual(0.01);
    }
  });

  it('takes the percentile of all gaps, not the average of percentiles', () => {
    const busy = reportWith({ gaps: gapsOf(...Array.from({ length: 999 }, () => 10)) });
    const { gapMs } = summaryOf([busy, reportWith({ gaps: gapsOf(5000) })]);
    expect(gapMs).toMatchObject({ count: 1000, max: 5000 });
    expect(gapMs.p99).toBeCloseTo(10, 0);
  });

  it('counts success among the streams that were not cancelled, and failures by their code', () => {
    const summary = summaryOf([
      reportWith({ totalMs: 100, reason: 'stop' }),
      reportWith({ totalMs: 300, reason: 'length' }),
      reportWith({ totalMs: 5, ended: 'failed', error: { code: 'http', status: 429 } }),
      reportWith({ totalMs: 5, ended: 'failed', error: { code: 'http', status: 429 } }),
      reportWith({ totalMs: 5, ended: 'failed', error: { code: 'timeout', kind: 'idle' } }),
      reportWith({ totalMs: 5, ended: 'failed', error: { code: 'interrupted' } }),
      reportWith({ totalMs: 5, ended: 'completed', reason: 'error' }),
      reportWith({ totalMs: 5, ended: 'cancelled' }),
    ]);
    expect(summary).toMatchObject({ requests: 8, succeeded: 2, failed: 5, cancelled: 1, successRate: 2 / 7 });
    expect(summary.failures).toEqual({ 'http 429': 2, 'timeout idle': 1, interrupted: 1, 'finish-reason error': 1 });
    // A quick failure does not make a model fast.
    expect(summary.totalMs).toMatchObject({ count: 2, avg: 200 });
  });

  it('has no success rate where every stream was cancelled', () => {
    expect(summaryOf([reportWith({ ended: 'cancelled' })])).not.toHaveProperty('successRate');
  });

  it('gives as accuracy the calls that were known, valid and successful, of all that got a result', () => {
    const calls = (results: LatencyReport['calls']['results'], count = 2) => reportWith({ calls: { count, invalid: 0, results } });
    const summary = summaryOf([
      calls({ succeeded: 2 }),
      calls({ 'unknown-tool': 1, 'invalid-arguments': 1 }),
      calls({ succeeded: 1, threw: 1 }),
    ]);
    expect(summary.toolCallAccuracy).toBe(0.5);
    expect(summary.calls).toEqual({ count: 6, invalid: 0, results: { succeeded: 3, 'unknown-tool': 1, 'invalid-arguments': 1, threw: 1 } });
    expect(summaryOf([calls({})])).not.toHaveProperty('toolCallAccuracy');
  });

  it('averages tokens a second over streams, and adds up stalls', () => {
    const stalls = { thresholdMs: 1000, count: 2, totalMs: 4000 };
    expect(summaryOf([reportWith({ tokens: tokens(50), stalls }), reportWith({ tokens: tokens(150), stalls })])).toMatchObject({
      tokensPerSecond: { count: 2, avg: 100 },
      stalls: 4,
    });
  });

  it('costs what the price table says, cached input apart, per answer that reported usage', () => {
    const prices = { m: { inputPerMillion: 2, cachedInputPerMillion: 0.5, outputPerMillion: 8 } };
    const usage = { inputTokens: 1000, cachedInputTokens: 400, outputTokens: 100 };
    const summary = summaryOf(
      [reportWith({ usage }), reportWith({ usage, ended: 'failed', error: { code: 'interrupted' } }), reportWith({})],
      { prices },
    );
    expect(summary.usage).toEqual({ inputTokens: 2000, cachedInputTokens: 800, outputTokens: 200 });
    expect(summary.cost?.totalUsd).toBeCloseTo(0.0044, 12);
    expect(summary.cost?.perAnswerUsd).toBeCloseTo(0.0022, 12);
  });

  it('costs cached input like input where it has no price of its own', () => {
    const prices = { m: { inputPerMillion: 1, outputPerMillion: 0 } };
    expect(summaryOf([reportWith({ usage: { inputTokens: 10, cachedInputTokens: 10 } })], { prices }).cost?.totalUsd).toBeCloseTo(1e-5, 12);
  });

  it('costs what was written to a cache at its own price, and no part more than the whole', () => {
    const prices = { m: { inputPerMillion: 4, cachedInputPerMillion: 1, cacheWriteInputPerMillion: 5, outputPerMillion: 0 } };
    const costOfOne = (usage: Usage) => summaryOf([reportWith({ usage })], { prices }).cost?.totalUsd;
    expect(costOfOne({ inputTokens: 1000, cachedInputTokens: 600, cacheWriteInputTokens: 300 })).toBeCloseTo((400 + 600 + 1500) / 1e6, 12);
    expect(costOfOne({ inputTokens: 10, cachedInputTokens: 8, cacheWriteInputTokens: 8 })).toBeCloseTo((8 + 10) / 1e6, 12);
    const plain = { m: { inputPerMillion: 4, outputPerMillion: 0 } };
    const usage = { inputTokens: 10, cacheWriteInputTokens: 10 };
    expect(summaryOf([reportWith({ usage })], { prices: plain }).cost?.totalUsd).toBeCloseTo(4e-5, 12);
  });

  it('has no cost without a price or without usage, and takes none from a prototype', () => {
    const usage = { inputTokens: 10 };
    expect(summaryOf([reportWith({ usage })])).not.toHaveProperty('cost');
    expect(summaryOf([reportWith({})], { prices: { m: { inputPerMillion: 1, outputPerMillion: 1 } } })).not.toHaveProperty('cost');
    const monitor = new LatencyMonitor();
    monitor.record(reportWith({ usage }), { model: 'constructor' });
    monitor.record(reportWith({ usage }), { model: '__proto__' });
    expect(monitor.summaries().map(({ model, cost }) => [model, cost])).toEqual([
      ['constructor', undefined],
      ['__proto__', undefined],
    ]);
  });

  it('keeps at most `maxModels` models and 64 kinds of failure apart', () => {
    const monitor = new LatencyMonitor({ maxModels: 2 });
    for (const model of ['a', 'b', 'c', 'd', 'a']) monitor.record(reportWith({ model }));
    expect(monitor.summaries().map(({ model, requests }) => [model, requests])).toEqual([
      ['a', 2],
      ['b', 1],
      ['(other)', 2],
    ]);
    const failures = Array.from({ length: 100 }, (_, i) => reportWith({ ended: 'failed', error: { code: `E${i}` } }));
    expect(summaryOf(failures).failures).toMatchObject({ E0: 1, E63: 1, other: 36 });
  });

  describe('with a window', () => {
    let now = 0;
    const windowed = (options = {}) => new LatencyMonitor({ windowMs: 600, clock: () => now, ...options });

    it('forgets what is older, a sixth at a time', () => {
      now = 1_000_000;
      const monitor = windowed();
      const requests = () => monitor.summary('m')?.requests;
      const start = 1_000_200;
      for (const at of [0, 99, 100, 550]) {
        now = start + at;
        monitor.record(reportWith({}), { model: 'm' });
      }
      const seen = [599, 600, 699, 700, 1_099].map((at) => {
        now = start + at;
        return requests();
      });
      expect(seen).toEqual([4, 2, 2, 1, 1]);
      now = start + 1_100;
      expect(requests()).toBeUndefined();
      expect(monitor.summaries()).toEqual([]);
    });

    it('gives room to new models for those it has forgotten', () => {
      now = 0;
      const monitor = windowed({ maxModels: 1 });
      monitor.record(reportWith({}), { model: 'a' });
      monitor.record(reportWith({}), { model: 'b' });
      now = 600;
      monitor.record(reportWith({}), { model: 'c' });
      expect(monitor.summaries().map(({ model }) => model)).toEqual(['c']);
    });

    it('counts on where the clock is set back', () => {
      now = 5_000;
      const monitor = windowed();
      monitor.record(reportWith({}), { model: 'm' });
      now = 10;
      monitor.record(reportWith({}), { model: 'm' });
      expect(monitor.summary('m')?.requests).toBe(2);
    });
  });

  it('law: a window that holds everything sums up as no window does', () => {
    const report = fc
      .record({
        ended: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const),
        totalMs: fc.nat(10_000),
        firstTokenMs: fc.nat(10_000),
        firstToolCallMs: fc.nat(10_000),
        code: fc.nat(80),
        perSecond: fc.nat(100),
        inputTokens: fc.option(fc.nat(1000), { nil: undefined }),
        gaps: fc.array(fc.nat(1000)).map((values) => gapsOf(...values)),
        calls: fc.record({ count: fc.nat(5), invalid: fc.nat(5), results: fc.record({ succeeded: fc.nat(5), threw: fc.nat(5) }) }),
        stalls: fc.nat(3).map((count) => ({ thresholdMs: 1000, count, totalMs: count * 1000 })),
      })
      .map(({ code, inputTokens, perSecond, ...fields }) =>
        reportWith({
          ...fields,
          tokens: tokens(perSecond),
          ...(fields.ended === 'failed' && { error: { code: `E${code}` } }),
          ...(inputTokens !== undefined && { usage: { inputTokens } }),
        }),
      );
    // Parts are 1,000 ms: most runs fill several, and none goes beyond the window.
    const steps = fc.array(fc.tuple(report, fc.constantFrom(0, 700)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, (reports) => {
        let now = 0;
        const monitor = new LatencyMonitor({ windowMs: 6_000, clock: () => now });
        for (const [made, wait] of reports) {
          monitor.record(made, { model: 'm' });
          now = Math.min(now + wait, 4_900);
        }
        expect(monitor.summary('m')).toEqual(summaryOf(reports.map(([made]) => made)));
      }),
      { numRuns: 100 },
    );
  });

  it('throws at the call what is wrong with the options', () => {
    expect(() => new LatencyMonitor({ maxModels: -1 })).toThrow('maxModels is -1');
    expect(() => new LatencyMonitor({ windowMs: 0 })).toThrow('windowMs is 0');
    expect(() => new LatencyMonitor({ prices: { m: { inputPerMillion: -1, outputPerMillion: 1 } } })).toThrow(
      'The price of "m" has inputPerMillion: -1',
    );
    const fromFile = JSON.parse('{"m":{"inputPerMillion":1}}');
    expect(() => new LatencyMonitor({ prices: fromFile })).toThrow('has outputPerMillion: undefined; give USD per million tokens');
  });

  it('law: a summary survives JSON and does not depend on the order of the reports', () => {
    const report = fc
      .record({
        ended: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const),
        totalMs: fc.nat(10_000),
        firstTokenMs: fc.nat(10_000),
        usage: fc.option(fc.record({ inputTokens: fc.nat(1000), outputTokens: fc.nat(1000) }), { nil: undefined }),
        gaps: fc.array(fc.nat(1000)).map((values) => gapsOf(...values)),
      })
      .map(({ usage, ...fields }) => reportWith(usage === undefined ? fields : { ...fields, usage }));
    fc.assert(
      fc.property(fc.array(report, { minLength: 1 }), (reports) => {
        const summary = summaryOf(reports);
        expect(JSON.parse(JSON.stringify(summary))).toStrictEqual(summary);
        expect(summaryOf([...reports].reverse())).toEqual(summary);
        expect(summary.succeeded + summary.failed + summary.cancelled).toBe(reports.length);
      }),
      { numRuns: 50 },
    );
  });
});

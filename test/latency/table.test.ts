import { describe, expect, it } from 'vitest';
import { LatencyMonitor } from '../../src/latency/monitor.ts';
import { latencyTable } from '../../src/latency/table.ts';
import { reportWith } from './support.ts';

const monitorOf = (...models: string[]) => {
  const monitor = new LatencyMonitor({ prices: { fast: { inputPerMillion: 1, outputPerMillion: 2 } } });
  for (const model of models) monitor.record(reportWith({}), { model });
  return monitor;
};

describe('latencyTable', () => {
  it('prints a line per model, aligned, with dashes for what was not measured', () => {
    const monitor = monitorOf('a model');
    monitor.record(
      reportWith({
        firstTokenMs: 320,
        firstToolCallMs: 1500,
        totalMs: 2500,
        tokens: { count: 50, source: 'usage', perSecond: 48.26 },
        calls: { count: 2, invalid: 0, results: { succeeded: 2 } },
        usage: { inputTokens: 1000, outputTokens: 100 },
      }),
      { model: 'fast' },
    );
    monitor.record(reportWith({ ended: 'failed', error: { code: 'connection' }, firstTokenMs: 320 }), { model: 'fast' });
    expect(latencyTable(monitor.summaries(), { answersPerMonth: 10_000 }).split('\n')).toEqual([
      '| model   | requests | success | TTFT avg |    p50 |    p95 |    p99 | to call avg | total p50 | tok/s | tool accuracy | USD/answer | USD/month |',
      '|:--------|---------:|--------:|---------:|-------:|-------:|-------:|------------:|----------:|------:|--------------:|-----------:|----------:|',
      '| a model |        1 | 100.0 % |        – |      – |      – |      – |           – |    0.0 ms |     – |             – |          – |         – |',
      '| fast    |        2 |  50.0 % |   320 ms | 320 ms | 320 ms | 320 ms |      1.50 s |    2.50 s |  48.3 |       100.0 % |   0.001200 |     12.00 |',
    ]);
  });

  it('has no column for the month unless a volume is given, and refuses one that is none', () => {
    expect(latencyTable(monitorOf('a').summaries())).not.toContain('USD/month');
    expect(() => latencyTable([], { answersPerMonth: -1 })).toThrow('answersPerMonth is -1');
  });

  it('never rounds a success rate up to 100 %', () => {
    const monitor = new LatencyMonitor();
    for (let i = 0; i < 4999; i++) monitor.record(reportWith({}));
    monitor.record(reportWith({ ended: 'failed', error: { code: 'x' } }));
    expect(latencyTable(monitor.summaries())).toContain(' 99.9 % ');
  });

  it('lets no name break the table or the terminal', () => {
    const lines = latencyTable(monitorOf('a|b\u001b[31m\nc', 'x'.repeat(100)).summaries()).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toContain('| a?b?[31m?c ');
    expect(lines[3]).toContain(`| ${'x'.repeat(39)}… |`);
  });
});

import type { AnyEvent } from '../../src/events.ts';
import { latencyMeter } from '../../src/latency/meter.ts';
import type { LatencyReport } from '../../src/latency/report.ts';

/** A report on a stream in which nothing happened, with what a test cares about. */
export function reportWith(fields: Partial<LatencyReport>): LatencyReport {
  let report: LatencyReport | undefined;
  const meter = latencyMeter<AnyEvent>({
    clock: () => 0,
    onReport: (made) => {
      report = made;
    },
  });
  meter.flush?.({ enqueue: () => {}, error: () => {}, terminate: () => {} });
  if (report === undefined) throw new Error('no report');
  return { ...report, ...fields };
}

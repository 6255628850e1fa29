import type { LatencyReport } from 'toolstream';
import { type Paint, plain } from './colours.ts';
import { duration } from './spans.ts';
import { pad } from './width.ts';

/** A row: what was measured, and how to say it. */
type Row = readonly [label: string, value: (report: LatencyReport) => string];

const ms = (value: number | undefined) => (value === undefined ? '–' : duration(value));

const ROWS: readonly Row[] = [
  ['first token', (report) => ms(report.firstTokenMs)],
  ['a call begins', (report) => ms(report.firstToolCallStartMs)],
  ['a call is whole', (report) => ms(report.firstToolCallMs)],
  ['between tokens, median', (report) => ms(report.gaps.p50Ms)],
  ['between tokens, 95 %', (report) => ms(report.gaps.p95Ms)],
  ['tokens a second', (report) => report.tokens.perSecond?.toFixed(1) ?? '–'],
  ['tools, longest', (report) => ms(Math.max(0, ...report.tools.entries.map((tool) => tool.durationMs)))],
  ['text while tools ran', (report) => `${Math.max(0, ...report.tools.entries.map((tool) => tool.overlap.textDeltas))} pieces`],
  ['calls, succeeded', (report) => `${report.calls.count}, ${report.calls.results.succeeded ?? 0}`],
  ['rounds', (report) => `${report.rounds.count}`],
  ['total', (report) => ms(report.totalMs)],
];

/** The latency reports of several answers, side by side. */
export function latencyTable(reports: readonly LatencyReport[], paint: Paint = plain): string {
  const label = 26;
  const cell = 14;
  const right = (text: string) => `${' '.repeat(Math.max(0, cell - text.length))}${text}`;
  const head = reports.map((_, index) => right(`question ${index + 1}`)).join('');
  return [
    paint('bold', `${pad('since the question', label)}${head}`),
    paint('dim', '─'.repeat(label + cell * reports.length)),
    ...ROWS.map(([name, value]) => pad(name, label) + reports.map((report) => right(value(report))).join('')),
  ].join('\n');
}

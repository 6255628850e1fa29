import type { ModelSummary } from './summary.ts';

/** Settings of {@link latencyTable}. */
export interface LatencyTableOptions {
  /** Adds a column with what this many answers cost. Default: no such column. */
  readonly answersPerMonth?: number;
}

interface Column {
  readonly title: string;
  readonly cell: (summary: ModelSummary) => string;
}

const NONE = '–';

const COLUMNS: readonly Column[] = [
  { title: 'model', cell: ({ model }) => nameOf(model) },
  { title: 'requests', cell: ({ requests }) => String(requests) },
  { title: 'success', cell: ({ successRate }) => percent(successRate) },
  { title: 'TTFT avg', cell: ({ firstTokenMs }) => duration(firstTokenMs.avg) },
  { title: 'p50', cell: ({ firstTokenMs }) => duration(firstTokenMs.p50) },
  { title: 'p95', cell: ({ firstTokenMs }) => duration(firstTokenMs.p95) },
  { title: 'p99', cell: ({ firstTokenMs }) => duration(firstTokenMs.p99) },
  { title: 'to call avg', cell: ({ firstToolCallMs }) => duration(firstToolCallMs.avg) },
  { title: 'total p50', cell: ({ totalMs }) => duration(totalMs.p50) },
  { title: 'tok/s', cell: ({ tokensPerSecond }) => tokensPerSecond.avg?.toFixed(1) ?? NONE },
  { title: 'tool accuracy', cell: ({ toolCallAccuracy }) => percent(toolCallAccuracy) },
  { title: 'USD/answer', cell: ({ cost }) => usd(cost?.perAnswerUsd) },
];

/**
 * The benchmark table: a line per model, aligned for a terminal, and valid Markdown for a write-up.
 *
 * Times are milliseconds below one second; `TTFT` is the time to the first token, `to call` that to the first call that may run,
 * tokens a second are averaged over streams. What was not measured is a dash.
 *
 * @example
 * ```ts
 * import { LatencyMonitor, latencyTable } from 'toolstream';
 *
 * const table = latencyTable(new LatencyMonitor().summaries());
 * console.log(table.slice(0, 28)); // | model | requests | success
 * ```
 */
export function latencyTable(summaries: readonly ModelSummary[], { answersPerMonth }: LatencyTableOptions = {}): string {
  const columns = answersPerMonth === undefined ? COLUMNS : [...COLUMNS, monthly(answersPerMonth)];
  const rows = [columns.map(({ title }) => title), ...summaries.map((summary) => columns.map(({ cell }) => cell(summary)))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => widthOf(row[i] ?? ''))));
  const [head = '', ...body] = rows.map((row) => `| ${row.map((text, i) => padded(text, widths[i] ?? 0, i === 0)).join(' | ')} |`);
  const rule = `|${widths.map((width, i) => (i === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [head, rule, ...body].join('\n');
}

function monthly(answersPerMonth: number): Column {
  if (!(answersPerMonth >= 0)) throw new RangeError(`answersPerMonth is ${answersPerMonth}; give a volume, 0 or more.`);
  return { title: 'USD/month', cell: ({ cost }) => (cost === undefined ? NONE : (cost.perAnswerUsd * answersPerMonth).toFixed(2)) };
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return NONE;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

function percent(share: number | undefined): string {
  if (share === undefined) return NONE;
  // Rounded down: what is below 100 % must not read as 100 %.
  return `${(Math.floor(share * 1000 + 1e-9) / 10).toFixed(1)} %`;
}

function usd(amount: number | undefined): string {
  return amount === undefined ? NONE : amount.toFixed(amount >= 1 ? 2 : 6);
}

/** A name may be the provider's own word: no control characters (terminal escapes), nothing that breaks the table. */
function nameOf(model: string): string {
  const clean = model.replace(/[\p{Cc}\p{Cf}|]/gu, '?');
  return widthOf(clean) <= 40 ? clean : `${[...clean].slice(0, 39).join('')}…`;
}

function widthOf(text: string): number {
  return [...text].length;
}

function padded(text: string, width: number, left: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return left ? text + space : space + text;
}

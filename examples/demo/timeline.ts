import { type Paint, plain } from './colours.ts';
import { type CallSpans, type Span, spansOf, type Timed, textDuring } from './spans.ts';
import { cut, pad } from './width.ts';

export interface TimelineOptions {
  /** Columns of the whole drawing; 80 by default. */
  readonly columns?: number;
  readonly paint?: Paint;
}

/**
 * Draws what happened in an answer against time: rounds, text, and each call while it was written and while its tool ran.
 * A column is the same moment in every row: what stands above each other happened at once.
 */
export function timeline(events: readonly Timed[], { columns = 80, paint = plain }: TimelineOptions = {}): string {
  const { rounds, calls, text, end } = spansOf(events);
  const labels = Math.min(20, Math.max(7, ...calls.map(({ name }) => name.length + 2)));
  const axis: Axis = { end, columns: Math.max(20, columns - labels - 1) };
  const row = (label: string, bars: readonly Bar[]) => `${pad(cut(label, labels - 1), labels)}${drawn(axis, bars)}`.trimEnd();
  const note = (line: string) => `${pad('', labels)}${line}`;
  const draw = brushes(paint);
  return [
    row('', ticks(axis, draw.dim)),
    row(
      'rounds',
      rounds.map((round, index) => roundBar(axis, round, `${index + 1}`)),
    ),
    row('text', [{ at: 0, cells: density(axis, text), draw: draw.text }]),
    ...calls.map((call) => row(call.name, callBars(axis, call, draw))),
    note(
      `${draw.text('▂▅▇')} text arrives  ${draw.writing('░░')} call is written  ${draw.running('▓▓')} tool runs  ${draw.progress('●')} progress`,
    ),
    ...calls
      .filter((call) => textDuring(call, text) > 0)
      .map((call) => note(paint('bold', `${textDuring(call, text)} pieces of text arrived while ${call.name} ran`))),
  ].join('\n');
}

interface Axis {
  /** Milliseconds. */
  readonly end: number;
  readonly columns: number;
}

type Draw = (cells: string) => string;

/** Cells from a column on. Blank cells let what lies below show. */
interface Bar {
  readonly at: number;
  readonly cells: string;
  readonly draw?: Draw;
}

function brushes(paint: Paint) {
  return {
    dim: (cells: string) => paint('dim', cells),
    text: (cells: string) => paint('cyan', cells),
    writing: (cells: string) => paint('yellow', cells),
    running: (cells: string) => paint('green', cells),
    progress: (cells: string) => paint('bold', cells),
  } satisfies Record<string, Draw>;
}

/** The column of a moment. */
function column({ end, columns }: Axis, at: number): number {
  return end === 0 ? 0 : Math.min(columns - 1, Math.floor((at / end) * columns));
}

/** A bar of one cell repeated, at least one column long. */
function filled(axis: Axis, { from, to }: Span, cell: string): Bar {
  const at = column(axis, from);
  return { at, cells: cell.repeat(column(axis, to) - at + 1) };
}

/** Steps a reader can count in, in milliseconds. */
const STEPS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];

function ticks(axis: Axis, draw: Draw): Bar[] {
  const step = STEPS.find((ms) => (ms / axis.end) * axis.columns >= 9) ?? axis.end;
  const bars: Bar[] = [];
  for (let at = 0; at <= axis.end && bars.length < axis.columns; at += step) {
    const cells = `╷${at === 0 ? '0' : `${at / 1000} s`}`;
    if (column(axis, at) + cells.length <= axis.columns) bars.push({ at: column(axis, at), cells, draw });
    if (step === 0) break;
  }
  return bars;
}

function roundBar(axis: Axis, span: Span, label: string): Bar {
  const { at, cells } = filled(axis, span, '━');
  if (cells.length < 7) return { at, cells };
  const middle = Math.floor((cells.length - label.length) / 2) - 1;
  return { at, cells: `┣${cells.slice(1, middle)} ${label} ${cells.slice(middle + label.length + 2, -1)}┫` };
}

function callBars(axis: Axis, { writing, running, progress }: CallSpans, draw: ReturnType<typeof brushes>): Bar[] {
  return [
    { ...filled(axis, writing, '░'), draw: draw.writing },
    ...(running ? [{ ...filled(axis, running, '▓'), draw: draw.running }] : []),
    ...progress.map((at) => ({ at: column(axis, at), cells: '●', draw: draw.progress })),
  ];
}

const LEVELS = ' ▁▂▃▄▅▆▇';

/** How densely pieces arrived: the tallest column is the densest of this answer. */
function density(axis: Axis, moments: readonly number[]): string {
  const counts = new Array<number>(axis.columns).fill(0);
  for (const at of moments) counts[column(axis, at)] = (counts[column(axis, at)] ?? 0) + 1;
  const most = Math.max(1, ...counts);
  return counts.map((count) => LEVELS[Math.ceil((count / most) * (LEVELS.length - 1))]).join('');
}

/** Later bars lie over earlier ones. Neighbours of one colour are painted at once. */
function drawn(axis: Axis, bars: readonly Bar[]): string {
  const cells = Array.from({ length: axis.columns }, (): { cell: string; draw?: Draw | undefined } => ({ cell: ' ' }));
  for (const { at, cells: content, draw } of bars) {
    [...content].forEach((cell, offset) => {
      if (cell !== ' ' && at + offset < axis.columns) cells[at + offset] = { cell, draw };
    });
  }
  let line = '';
  for (let from = 0, to = 0; from < cells.length; from = to) {
    const draw = cells[from]?.draw;
    let run = '';
    for (; to < cells.length && cells[to]?.draw === draw; to++) run += cells[to]?.cell;
    line += draw ? draw(run) : run;
  }
  return line;
}

// How much of each recorded stream was not parsed whole: the picture and the table.
import { sharePlot } from '../plots.mjs';

const percent = (part, whole) => Math.round((100 * part) / whole);

/** A dot for each recording. `undefined` where none was measured. */
export function recordingsPlot({ fastPath }) {
  const groups = Object.entries(fastPath ?? {}).flatMap(([name, { recordings }]) =>
    recordings ? { name, points: recordings.map(([, deltas, hits]) => [deltas, percent(hits, deltas)]) } : [],
  );
  if (groups.length === 0) return undefined;
  return sharePlot('How much was not parsed whole, of each recorded stream', {
    groups,
    across: 'deltas of the stream',
    upwards: 'not parsed whole, %',
  });
}

function overall(fastPath) {
  const sum = (rows, at) => rows.reduce((total, row) => total + row[at], 0);
  const shares = Object.entries(fastPath).map(([name, { recordings }]) => `${name} ${percent(sum(recordings, 2), sum(recordings, 1))} %`);
  return shares.join(', ');
}

/** The same as a table. */
export function recordingsPart(fastPath, picture) {
  const rows = Object.entries(fastPath ?? {}).flatMap(([dialect, { recordings = [] }]) =>
    recordings.map(
      ([name, deltas, hits, again]) => `| ${dialect} | ${name} | ${deltas} | ${percent(hits, deltas)} % | ${percent(again, deltas)} % |`,
    ),
  );
  if (rows.length === 0) return '';
  return `## Recorded streams

Of the deltas of each recording, those whose payload was like two before and not parsed whole: when the recordings of a dialect are read one after
the other, the longest in bytes first, and when the same one comes again right after, as the next answer of its server. Whole calls in one payload are
parsed, and what says something that only a codec can judge. Over all of them, not the ten longest alone: ${overall(fastPath)}.

${picture}
| dialect | recording | deltas | not parsed whole | again |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

`;
}

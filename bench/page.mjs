// Writes docs/benchmarks.md and its plots from the stored figures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goalText, isMet, mark, missedBy, shown } from './lib/goals.mjs';
import { reasonOf } from './lib/reasons.mjs';
import { recordingsPart, recordingsPlot } from './lib/recordings.mjs';
import { rowsOf } from './lib/rows.mjs';
import { barPlot, growthPlot } from './plots.mjs';
import { cases } from './work/index.mjs';

const BARS = ['W1 1–3 events', 'W1 16 KiB', 'W2 1–3 events', 'W2 Anthropic', 'W2 Ollama'];

export function writePage(root, figures) {
  const rows = rowsOf(cases, figures);
  const plots = {
    'bench-clients.svg': bars(figures),
    'bench-arguments.svg': growth(
      figures,
      'W3',
      'CPU time of one call whose arguments are shown on each fragment',
      ({ length }) => length,
      'characters of arguments',
    ),
    'bench-crowd.svg': growth(figures, 'W4', 'CPU time of many streams at once', ({ streams }) => streams, 'streams at once'),
    'bench-recordings.svg': recordingsPlot(figures),
  };
  for (const [name, plot] of Object.entries(plots)) if (plot) writeFileSync(join(root, 'docs/figures', name), plot);
  const drawn = Object.keys(plots).filter((name) => plots[name]);
  writeFileSync(join(root, 'docs/benchmarks.md'), page(rows, figures, drawn));
}

function page(rows, { measured, profiles = {}, nodes = {}, rounds = {}, bundles, fastPath }, drawn) {
  const picture = (name, text) => (drawn.includes(name) ? `![${text}](figures/${name})\n` : '');
  const versions = Object.entries(measured.versions).map(([name, version]) => `${name} ${version}`);
  return `---
title: Benchmarks
---
# Benchmarks

Where toolstream stands beside its peers. \`npm run bench\` measures, and writes the table and the plots from what it measured
([figures](figures/bench.json)); why a goal is missed is written by hand, from profiles and earlier runs.
Measured on ${measured.date} with Node ${measured.node.slice(1)}${others(rows, measured.node, nodes)}, ${measured.cores} cores (${measured.cpu}).

- **The floor, F1**, is a loop written by hand: one reader, one streaming decoder, a split at blank lines, \`JSON.parse\` of each event, text and
  calls collected. It checks nothing and survives nothing.
- **Ours** is the pipeline from the request to the whole calls: \`fetchBytes\`, \`parseSse\`, \`decode\` with all its checks, \`accumulateToolCalls\`,
  \`measureLatency\`, a subscriber. No tool runs, and there are no rounds, retries or time limits. Below 1 × is possible:
  what two payloads have in common is [not parsed again](architecture.md#speed).
- **streamAnswer** is the whole in one call, over \`httpModel\`: no clock, but time limits, keys kept out of errors, tools declared and calls checked, the
  answer recorded for the next round. Nobody runs the tools, so that one round is all.
- **Peers** are called as their documentation has it, with a \`fetch\` that returns the same bytes. Everybody's text and calls are compared with
  what was sent; who gets one wrong, or refuses, is void. Who takes more than 20 s of CPU time for a sample is out, at larger sizes too;
  at 10 MB and with 10,000 streams the limit is 120 s, and not all were asked. The peers at 10,000 were measured in an earlier sitting than we, beside the floor.
  Cases without peers ask how much the cut of the chunks matters to us.
- Bodies are made in the measuring process, so that no server and no socket is measured. A ratio is that of **CPU time** to the floor's within a round:
  the median of ${roundsOf(rows, rounds)} rounds, all contestants in turn, so it need not be the ratio of the times shown. In brackets, the middle half of the rounds; behind a CPU time, the time on the clock.
  Each contestant has a process of its own, warmed up before; from seven rounds on three of them, one after the other.
- ✓ the goal is met, ✗ it is not, ≈ it lies within the middle half of the rounds.

## Goals and figures

| work | goal | toolstream | met | others |
| --- | --- | --- | --- | --- |
${rows.map(tableRow).join('\n')}

What the works are: **W1** 20,000 pieces of text, in network chunks of so many events or bytes. **W2** 200 answers of 20 pieces of text and three
calls of 300 characters, in fragments of 1–20. **W3** one call with so long arguments, in fragments of eight characters, and a view of them on every
fragment, save for the floor, which has none; the parsers stand in for it in the hand loop. clarinet shows a string only when it is whole. **W3n** the same,
nobody wants views. **parser** one document read by the parser of partial JSON alone, beside one \`JSON.parse\` of the whole. **W4** so many streams of W2 at
once in one process, one event each a tick; a call's delay is from its last argument byte to the whole call; **heap** what such a stream holds before its last
event, text and calls included. **W5** one piece of text each millisecond, from the bytes to the subscriber. **an operator more** what one \`map\`, or one stage of
ours, behind the others adds. **cold import** a new process that imports the package and does no more. **browser bundle** a page that streams text and
runs one tool: minified by esbuild, gzipped, dependencies included. **fast path** of the deltas in the longest recorded streams, by bytes, those whose payload was
not parsed as a whole; and the same when each is read once more, as the next answer of the same server would be. [Each recording](#recorded-streams) is below.

Who is better than our pipeline: ${betterPeers(rows)}.

## Text and calls

${picture('bench-clients.svg', 'Bars: CPU time of each client as a multiple of the hand-written loop')}
## Growth

${picture('bench-arguments.svg', 'Curves: CPU time over the length of the arguments')}
${picture('bench-crowd.svg', 'Curves: CPU time over the number of streams')}
## Where a goal is not met

${missed(rows)}
${profilesPart(profiles, rows)}
${bundlePart(bundles)}${recordingsPart(fastPath, picture('bench-recordings.svg', 'Dots: how much of each recorded stream was not parsed whole'))}## Versions

${versions.join(' · ')}
`;
}

/** How many there were: in some cases fewer than in others, where they were measured apart. */
function roundsOf(rows, rounds) {
  const known = rows.flatMap(({ id }) => rounds[id] ?? []);
  const [fewest, most] = [Math.min(...known), Math.max(...known)];
  return fewest === most ? `${most}` : `${fewest} to ${most}`;
}

/** What was measured on another Node, before. */
function others(rows, newest, nodes) {
  const older = rows.filter(({ id }) => nodes[id] && nodes[id] !== newest);
  const versions = [...new Set(older.map(({ id }) => nodes[id]))];
  return versions
    .map((version) => {
      const ids = older.filter(({ id }) => nodes[id] === version).map(({ id }) => id);
      return ` (on ${version.slice(1)}: ${ids.join(', ')})`;
    })
    .join('');
}

function tableRow({ id, goals, shows, found }) {
  const { toolstream, streamAnswer, floor, rxjs, ...others } = found;
  const peers = { ...(streamAnswer && { streamAnswer }), ...others };
  const keys = shows ?? goals.map(({ key }) => key);
  const keysOf = (figures) => keys.filter((key) => key !== 'withLazyKb' || figures[key] > figures.atOnceKb);
  const figure = (figures) =>
    figures?.out?.replace('void: Error: ', 'void: ') ??
    keysOf(figures)
      .map((key) => shown(key, figures?.[key]))
      .join(', ');
  const half = (key) => (toolstream?.[`${key}Half`] ? ` (${toolstream[`${key}Half`].join('–')})` : '');
  const ours = toolstream?.out ? figure(toolstream) : keys.map((key) => shown(key, toolstream?.[key]) + half(key)).join(', ');
  const time = keys.includes('cpuRatio') && toolstream?.cpuMs ? `, ${times(toolstream)}` : '';
  const marks = goals.map((goal) => mark(goal, toolstream));
  const rest = Object.entries(peers).map(([name, figures]) => `${name} ${figure(figures)}`);
  const figureOfFloor = floor && baseFigure(keys, floor);
  const base = figureOfFloor ? `F1 ${figureOfFloor}` : rxjs ? `rxjs ${times(rxjs)}` : '';
  return `| ${id} | ${goals.map(goalText).join('; ')} | ${ours}${time} | ${marks.join(' ')} | ${[base, ...rest].filter(Boolean).join('; ')} |`;
}

/** Peers, by row, whose first figure is lower than ours. */
function betterPeers(rows) {
  const found = rows.flatMap(({ id, goals, shows, found: { toolstream, streamAnswer, floor, rxjs, ...peers } }) => {
    const [key] = shows ?? goals.map((goal) => goal.key);
    const better = Object.entries(peers).filter(([, figures]) => figures[key] < toolstream?.[key]);
    return better.length > 0 ? `${id}: ${better.map(([name, figures]) => `${name} ${shown(key, figures[key])}`).join(', ')}` : [];
  });
  return found.length > 0 ? found.join('; ') : 'nobody';
}

const times = ({ cpuMs, wallMs }) => `${cpuMs} ms (wall ${wallMs})`;

/** What the floor's ratios are to. */
function baseFigure(keys, { cpuMs, wallMs, heapKb, p50Us, p99Us, p99DelayMs }) {
  if (keys.includes('heapKb')) return `${heapKb} kB`;
  if (keys.includes('p50UsRatio')) return `p50 ${p50Us} µs, p99 ${p99Us} µs`;
  if (cpuMs === undefined) return '';
  const time = times({ cpuMs, wallMs });
  return keys.includes('p99DelayMs') ? `${time}, p99 delay of a call ${p99DelayMs} ms` : time;
}

function missed(rows) {
  const all = rows.flatMap(({ id, goals, found: { toolstream } }) =>
    goals.filter((goal) => toolstream?.out || isMet(goal, toolstream) === false).map((goal) => ({ id, goal, toolstream })),
  );
  if (all.length === 0) return 'Every goal is met.\n';
  const byReason = new Map();
  for (const miss of all) {
    const reason = reasonOf(miss.id) ?? '';
    byReason.set(reason, [...(byReason.get(reason) ?? []), miss]);
  }
  const parts = [...byReason].map(([reason, misses]) => `${misses.map(missLine).join('\n')}\n${reason && `\n${reason}\n`}`);
  return parts.join('\n');
}

function missLine({ id, goal, toolstream }) {
  const figure = toolstream.out ?? `${shown(goal.key, toolstream[goal.key], goal.of)}, ${missedBy(goal, toolstream)}`;
  return `- ${id}: ${goalText(goal)}, measured ${figure}.`;
}

/** Of the cases that miss their goal. */
function profilesPart(profiles, rows) {
  const missing = rows.filter(({ goals, found }) => goals.some((goal) => isMet(goal, found.toolstream) === false)).map(({ id }) => id);
  const shownOnes = Object.entries(profiles).filter(([id]) => missing.includes(id));
  const parts = shownOnes.map(([id, functions]) => {
    const lines = functions.map(({ name, percent }) => `| ${percent} % | \`${name}\` |`);
    return `### Where our time goes: ${id}\n\nThe functions with most time within themselves, those of the benchmark too (\`npm run bench -- --profile '${id}'\`).\n\n| | function |\n| --- | --- |\n${lines.join('\n')}\n`;
  });
  return parts.join('\n');
}

/** What our bundle is made of. */
function bundlePart(bundles) {
  const { parts } = bundles?.['toolstream, Standard Schema'] ?? {};
  if (!parts) return '';
  const lines = Object.entries(parts).map(([name, percent]) => `| ${percent} % | ${name} |`);
  return `### What the browser bundle is made of\n\nShares of its minified bytes, before compression.\n\n| | part |\n| --- | --- |\n${lines.join('\n')}\n\n`;
}

function bars({ cases: measured }) {
  const groups = BARS.filter((id) => measured[id]).map((id) => {
    const { floor, toolstream, streamAnswer, ...others } = measured[id];
    const found = Object.entries({ floor, toolstream, ...(streamAnswer && { streamAnswer }), ...others }).map(
      ([name, { cpuRatio, out }]) => ({
        name: name === 'floor' ? 'F1' : name,
        value: cpuRatio,
        note: out?.replace(/^void.*/s, 'void'),
      }),
    );
    return { title: id, goal: cases.find((each) => each.id === id).goals[0].most, bars: found };
  });
  return groups.length > 0 && barPlot('CPU time of each client as a multiple of the hand-written loop', groups);
}

function growth({ cases: measured }, work, title, sizeOf, across) {
  const sizes = cases.filter((each) => each.work === work && each.size && measured[each.id]);
  if (sizes.length < 2) return undefined;
  const names = [...new Set(sizes.flatMap(({ id }) => Object.keys(measured[id])))];
  const curves = names.map((name) => {
    const points = sizes.flatMap((size) => {
      const cpuMs = measured[size.id][name]?.cpuMs;
      return cpuMs === undefined ? [] : [[sizeOf(size), cpuMs]];
    });
    const over = sizes.find(({ id }) => measured[id][name]?.out?.startsWith('>'));
    return { name: name === 'floor' ? 'F1' : name, points, over: over && sizeOf(over) };
  });
  const drawn = curves.filter(({ points }) => points.length > 0);
  const limit = drawn.some(({ over }) => over !== undefined) ? 20_000 : undefined;
  return growthPlot(title, {
    curves: drawn,
    sizes: sizes.map((size) => ({ name: size.size, value: sizeOf(size) })),
    across,
    limit,
  });
}

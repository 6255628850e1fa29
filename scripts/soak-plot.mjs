// Draws the soak's curves as an SVG: panels one below the other over the same minutes, each with a scale of its own.
const WIDTH = 760;
const PANEL = 150;
const GAP = 46;
const LEFT = 62;
const RIGHT = 12;
const TOP = 34;

/** @param soak What `soak.mjs` writes. */
export function soakPlot({ minutes, lanes, answers, samples }) {
  const x = (seconds) => LEFT + ((WIDTH - LEFT - RIGHT) * seconds) / (minutes * 60);
  const rate = (sample, i) => (i === 0 ? undefined : (sample.answers - samples[i - 1].answers) / (sample.seconds - samples[i - 1].seconds));
  const panels = [
    { title: 'Memory after a collection, MiB', lines: { 'heap in use': (each) => each.heapMiB, resident: (each) => each.rssMiB } },
    {
      title: 'Sockets and timers',
      lines: {
        'open at the server': (each) => each.socketsAtServer,
        'open at the client': (each) => each.handles.TCPSocketWrap ?? 0,
        timers: (each) => each.handles.Timeout ?? 0,
      },
    },
    { title: 'Answers that ended, a second', lines: { answers: rate } },
  ];
  const height = TOP + panels.length * (PANEL + GAP) + 12;
  const drawn = panels.map(({ title, lines }, i) => panel({ title, lines, top: TOP + i * (PANEL + GAP), samples, minutes, x }));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${answers} answers in ${minutes} minutes, ${lanes} at a time: memory, sockets, timers and answers a second over time</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #333 } .end { text-anchor: end } .middle { text-anchor: middle } .title { font-weight: 600 }
.paper { fill: #fff } .grid { stroke: #ddd; fill: none } path { fill: none; stroke-width: 1.5 }
.c0 { stroke: #1f6fb2 } .c1 { stroke: #b5521b } .c2 { stroke: #4b8a2c } text.c0 { fill: #1f6fb2; stroke: none } text.c1 { fill: #b5521b; stroke: none } text.c2 { fill: #4b8a2c; stroke: none }
</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
${drawn.join('\n')}
<text class="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${height - 8}">minutes</text>
</svg>
`;
}

function panel({ title, lines, top, samples, minutes, x }) {
  const named = Object.entries(lines).map(([name, value]) => ({ name, points: samples.map((each, i) => [each.seconds, value(each, i)]) }));
  const all = named.flatMap(({ points }) => points.flatMap(([, value]) => (value === undefined ? [] : [value])));
  const step = niceStep(Math.max(...all) / 4);
  const most = Math.ceil(Math.max(...all) / step) * step;
  const y = (value) => top + PANEL - (PANEL * value) / most;
  const out = [`<text class="title" x="${LEFT}" y="${top - 10}">${title}</text>`];
  for (let value = 0; value <= most; value += step) {
    out.push(`<path class="grid" d="M${LEFT} ${at(y(value))}H${WIDTH - RIGHT}"/>`);
    out.push(`<text class="end" x="${LEFT - 8}" y="${at(y(value) + 4)}">${value}</text>`);
  }
  const every = niceStep(minutes / 10);
  for (let minute = 0; minute <= minutes; minute += every) {
    out.push(`<path class="grid" d="M${at(x(minute * 60))} ${top + PANEL}v4"/>`);
    out.push(`<text class="middle" x="${at(x(minute * 60))}" y="${top + PANEL + 17}">${minute}</text>`);
  }
  named.forEach(({ name, points }, i) => {
    const d = points.flatMap(([seconds, value]) => (value === undefined ? [] : [`${at(x(seconds))} ${at(y(value))}`])).join('L');
    out.push(`<path class="c${i}" d="M${d}"/>`);
    out.push(`<text class="end c${i}" x="${WIDTH - RIGHT - 130 * (named.length - 1 - i)}" y="${top - 10}">${name}</text>`);
  });
  return out.join('\n');
}

/** 1, 2 or 5 times a power of ten, at least so much. */
function niceStep(atLeast) {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= atLeast);
}

function at(number) {
  return Math.round(number * 10) / 10;
}

// Draws the figures as SVG. A paper of its own and the scheme of the reader's system, so that it can be read on light and dark pages.
const WIDTH = 760;
const LIGHT = ['#000', '#1f6fb2', '#b5521b', '#4b8a2c', '#8e44ad', '#b8860b', '#c2185b', '#00838f', '#a1887f', '#e57300'];
const DARK = ['#fff', '#5aa9e6', '#f0935c', '#8fcf6a', '#c792ea', '#e6c15a', '#f48fb1', '#4dd0e1', '#bcaaa4', '#ffb74d'];

const colours = (all) =>
  all.map((colour, i) => `.c${i} { stroke: ${colour} } text.c${i}, circle.c${i} { fill: ${colour}; stroke: none }`).join('\n');

const style = `
text { font: 12px system-ui, sans-serif; fill: #333 } .end { text-anchor: end } .middle { text-anchor: middle } .title { font-weight: 600 }
.paper { fill: #fff } .grid { stroke: #ddd; fill: none } .floor { stroke: #888; fill: none } .goal { stroke: #2e7d32; stroke-width: 2; fill: none }
.bar { fill: #9fb3c8 } .ours { fill: #1f6fb2 } .line { fill: none; stroke-width: 1.5 } .own { stroke-width: 3 } .over { stroke-dasharray: 3 4 }
${colours(LIGHT)}
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .paper { fill: #1b1f24 } .grid { stroke: #3a4048 } .floor { stroke: #999 } .goal { stroke: #81c784 } .bar { fill: #56687a } .ours { fill: #5aa9e6 }
${colours(DARK)}
}`;

const at = (number) => Math.round(number * 10) / 10;
const escaped = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');

function picture(title, height, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}
</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
${parts.join('\n')}
</svg>
`;
}

/** 1, 2, 5, 10, 20 … between two numbers. */
function ticks(from, to) {
  const found = [];
  for (let power = 10 ** Math.floor(Math.log10(from)); power <= to; power *= 10) {
    for (const factor of [1, 2, 5]) if (factor * power >= from && factor * power <= to) found.push(Number((factor * power).toPrecision(1)));
  }
  return found;
}

/**
 * Bars of ratios to the floor, on a log axis, from 1 to either side; a green mark is the goal.
 *
 * @param groups `{ title, goal, bars: [{ name, value }] }`; a bar without a value says `note`.
 */
export function barPlot(title, groups) {
  const LEFT = 150;
  const RIGHT = 60;
  const values = groups.flatMap(({ goal, bars }) => [goal, ...bars.flatMap(({ value }) => value ?? [])]);
  const [least, most] = [Math.min(0.5, ...values), Math.max(2, ...values) * 1.1];
  const x = (value) => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(value / least)) / Math.log(most / least);
  const parts = [];
  let y = 20;
  for (const { title: of, goal, bars } of groups) {
    parts.push(`<text class="title" x="12" y="${y + 6}">${escaped(of)}</text>`);
    const top = y + 14;
    const bottom = top + bars.length * 17;
    for (const tick of ticks(least, most)) {
      parts.push(`<path class="${tick === 1 ? 'floor' : 'grid'}" d="M${at(x(tick))} ${top}V${bottom}"/>`);
      parts.push(`<text class="middle" x="${at(x(tick))}" y="${bottom + 14}">${tick}</text>`);
    }
    bars.forEach(({ name, value, note }, i) => {
      const row = top + i * 17;
      parts.push(`<text class="end" x="${LEFT - 8}" y="${row + 13}">${escaped(name)}</text>`);
      if (value !== undefined) {
        parts.push(
          `<rect class="${name === 'toolstream' || name === 'streamAnswer' ? 'ours' : 'bar'}" x="${at(Math.min(x(1), x(value)))}" y="${row + 3}" width="${at(Math.max(1, Math.abs(x(value) - x(1))))}" height="12"/>`,
        );
      }
      // Behind what it would cover otherwise: its own bar, the goal.
      const end = Math.max(x(1), value === undefined ? 0 : x(value));
      const covers = x(goal) > end - 2 && x(goal) < end + 40;
      parts.push(`<text x="${at((covers ? x(goal) : end) + 6)}" y="${row + 13}">${escaped(value ?? note)}</text>`);
    });
    parts.push(`<path class="goal" d="M${at(x(goal))} ${top}V${bottom}"/>`);
    y = bottom + 40;
  }
  parts.push(
    `<text class="middle" x="${at((LEFT + WIDTH - RIGHT) / 2)}" y="${y - 8}">× F1, from 1 to either side, on a log axis · green: the goal</text>`,
  );
  return picture(title, y + 4, parts);
}

/**
 * Curves on two log axes.
 *
 * @param across what the sizes are.
 * @param curves `{ name, points: [[x, y]], over: x | undefined }`; `over`: the size at which it did not finish within `limit`.
 */
export function growthPlot(title, { curves, sizes, across, limit }) {
  const [LEFT, RIGHT, TOP, PANEL] = [62, 225, 34, 330];
  const all = curves.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, high] = [Math.min(...all) / 1.5, Math.max(limit ?? 0, ...all) * 1.5];
  const [first, last] = [sizes[0].value, sizes.at(-1).value];
  const x = (value) => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(value / first)) / Math.log(last / first);
  const y = (value) => TOP + PANEL - (PANEL * Math.log(value / low)) / Math.log(high / low);
  const parts = [`<text class="title" x="${LEFT}" y="${TOP - 12}">${escaped(title)}</text>`];
  for (const tick of ticks(low, high).filter((each) => /^[0.]*1/.test(each))) {
    parts.push(`<path class="grid" d="M${LEFT} ${at(y(tick))}H${WIDTH - RIGHT}"/>`);
    parts.push(`<text class="end" x="${LEFT - 8}" y="${at(y(tick) + 4)}">${tick.toLocaleString('en')}</text>`);
  }
  for (const { name, value } of sizes) {
    parts.push(`<path class="grid" d="M${at(x(value))} ${TOP}V${TOP + PANEL}"/>`);
    parts.push(`<text class="middle" x="${at(x(value))}" y="${TOP + PANEL + 17}">${escaped(name)}</text>`);
  }
  const labels = [];
  curves.forEach(({ name, points, over }, i) => {
    const colour = `c${i % LIGHT.length}`;
    parts.push(
      `<path class="line ${colour}${name === 'toolstream' ? ' own' : ''}" d="M${points.map(([px, py]) => `${at(x(px))} ${at(y(py))}`).join('L')}"/>`,
    );
    for (const [px, py] of points) parts.push(`<circle class="${colour}" cx="${at(x(px))}" cy="${at(y(py))}" r="3"/>`);
    const [endX, endY] = points.at(-1);
    if (over !== undefined && limit)
      parts.push(`<path class="line over ${colour}" d="M${at(x(endX))} ${at(y(endY))}L${at(x(over))} ${at(y(limit))}"/>`);
    const end = over ?? endX;
    labels.push({ end, text: over === undefined ? name : `${name}, > ${limit / 1000} s`, colour, y: y(over === undefined ? endY : limit) });
  });
  for (const end of new Set(labels.map((label) => label.end)))
    parts.push(
      ...spread(
        labels.filter((label) => label.end === end),
        TOP,
        TOP + PANEL,
        x(end) + 8,
      ),
    );
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  const dotted = limit ? ` · dotted: to more than ${limit / 1000} s` : '';
  parts.push(`<text class="middle" x="${middle}" y="${TOP + PANEL + 36}">${escaped(across + dotted)}</text>`);
  parts.push(`<text class="middle" transform="translate(14 ${TOP + PANEL / 2}) rotate(-90)">CPU time, ms</text>`);
  return picture(title, TOP + PANEL + 48, parts);
}

/**
 * Dots over a log axis, shares of a whole upwards.
 *
 * @param groups `{ name, points: [[x, percent]] }`.
 */
export function sharePlot(title, { groups, across, upwards }) {
  const [LEFT, RIGHT, TOP, PANEL] = [62, 190, 34, 260];
  const most = Math.max(...groups.flatMap(({ points }) => points.map(([size]) => size)));
  const x = (size) => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(size)) / Math.log(most);
  const y = (percent) => TOP + PANEL * (1 - percent / 100);
  const parts = [`<text class="title" x="${LEFT}" y="${TOP - 12}">${escaped(title)}</text>`];
  for (const percent of [0, 25, 50, 75, 100]) {
    parts.push(`<path class="grid" d="M${LEFT} ${y(percent)}H${WIDTH - RIGHT}"/>`);
    parts.push(`<text class="end" x="${LEFT - 8}" y="${y(percent) + 4}">${percent}</text>`);
  }
  for (const tick of ticks(1, most).filter((each) => /^1/.test(each))) {
    parts.push(`<path class="grid" d="M${at(x(tick))} ${TOP}V${TOP + PANEL}"/>`);
    parts.push(`<text class="middle" x="${at(x(tick))}" y="${TOP + PANEL + 17}">${tick.toLocaleString('en')}</text>`);
  }
  groups.forEach(({ name, points }, i) => {
    for (const [size, percent] of points)
      parts.push(`<circle class="c${i + 1}" cx="${at(x(size))}" cy="${at(y(percent))}" r="3.5" opacity="0.75"/>`);
    parts.push(`<circle class="c${i + 1}" cx="${WIDTH - RIGHT + 16}" cy="${TOP + 6 + i * 18}" r="4"/>`);
    parts.push(`<text class="c${i + 1}" x="${WIDTH - RIGHT + 26}" y="${TOP + 10 + i * 18}">${escaped(name)}</text>`);
  });
  parts.push(`<text class="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${TOP + PANEL + 36}">${escaped(across)}</text>`);
  parts.push(`<text class="middle" transform="translate(14 ${TOP + PANEL / 2}) rotate(-90)">${escaped(upwards)}</text>`);
  return picture(title, TOP + PANEL + 48, parts);
}

/** Labels of curves that end at one size, beside their ends, moved apart where they would cover one another. */
function spread(labels, top, bottom, x) {
  const sorted = labels.toSorted((a, b) => a.y - b.y);
  sorted.forEach((label, i) => {
    label.y = Math.max(label.y, i === 0 ? top : sorted[i - 1].y + 15);
  });
  for (let i = sorted.length - 1, most = bottom; i >= 0; i--, most -= 15) sorted[i].y = Math.min(sorted[i].y, most);
  return sorted.map(({ text, colour, y }) => `<text class="${colour}" x="${at(x)}" y="${at(y + 4)}">${escaped(text)}</text>`);
}

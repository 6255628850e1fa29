// Goals and figures in words.

const units = {
  cpuRatio: (value, of) => `${value} × ${of ?? ''}`.trim(),
  p50UsRatio: (value, of) => `p50 ${value} × ${of ?? ''}`.trim(),
  p99UsRatio: (value, of) => `p99 ${value} × ${of ?? ''}`.trim(),
  p99DelayMs: (value) => `call after ${value} ms, p99`,
  heapKb: (value) => `${value} kB`,
  mapPercent: (value) => `map ${value} %`,
  stagePercent: (value) => `stage ${value} %`,
  atOnceKb: (value) => `${value} kB`,
  growth: (value) => `${value} × a byte at 10 kB`,
  hitPercent: (value) => `${value} %`,
};

/** A figure in words. */
export function shown(key, value, of) {
  return value === undefined ? 'not measured' : units[key](value, of);
}

/** A goal in words: `≤ 0.8 × F1`. */
export function goalText({ key, most, least, of }) {
  return `${least === undefined ? '≤' : '≥'} ${shown(key, least ?? most, of)}`;
}

/** `undefined` where nothing was measured. */
export function isMet({ key, most, least }, figures) {
  const value = figures?.[key];
  if (value === undefined) return undefined;
  return least === undefined ? value <= most : value >= least;
}

/** How far a figure is from its goal. */
export function missedBy({ key, most, least }, figures) {
  const value = figures[key];
  if (least !== undefined) return `${(least - value).toFixed(1)} too few`;
  return key.endsWith('Percent') ? `${(value - most).toFixed(1)} points` : `${(value / most).toFixed(2)} times the goal`;
}

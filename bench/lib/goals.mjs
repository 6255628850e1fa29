// Goals and figures in words.

const units = {
  cpuRatio: (value, of) => `${value} × ${of ?? ''}`.trim(),
  p50UsRatio: (value, of) => `p50 ${value} × ${of ?? ''}`.trim(),
  p99UsRatio: (value, of) => `p99 ${value} × ${of ?? ''}`.trim(),
  p99DelayMs: (value) => `p99 delay of a call ${value} ms`,
  heapKb: (value) => `${value} kB`,
  mapPercent: (value) => `map ${value} %`,
  stagePercent: (value) => `stage ${value} %`,
  atOnceKb: (value) => `${value} kB`,
  withLazyKb: (value) => `${value} kB with what is loaded later`,
  growth: (value) => `${value} × a byte at 10 kB`,
  hitPercent: (value) => `${value} %`,
  againPercent: (value) => `${value} % when they come again`,
};

/** A figure in words. */
export function shown(key, value, of) {
  return value === undefined ? 'not measured' : units[key](value, of);
}

/** A goal in words: `≤ 0.8 × F1`. */
export function goalText({ key, most, least, of }) {
  const value = least ?? most;
  return shown(key, value, of).replace(String(value), `${least === undefined ? '≤' : '≥'} ${value}`);
}

/** Whether a figure meets its goal: ✓ or ✗; ≈ where the goal lies within the middle half of the rounds, so that another run may say the opposite. */
export function mark(goal, figures) {
  const [low, high] = figures?.[`${goal.key}Half`] ?? [];
  if (low < (goal.most ?? goal.least) && (goal.most ?? goal.least) < high) return '≈';
  return { true: '✓', false: '✗' }[isMet(goal, figures)] ?? '–';
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
  if (least !== undefined) return `${(least - value).toFixed(1)} points below it`;
  return key.endsWith('Percent') ? `${(value - most).toFixed(1)} points above it` : `${(value / most).toFixed(2)} times the goal`;
}

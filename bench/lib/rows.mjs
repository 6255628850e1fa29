// The rows of the page's table: what each case found, and what follows from several of them.

/** `{ id, goals, found }` of every row that was measured. */
export function rowsOf(cases, figures) {
  const rows = cases.filter(({ id }) => figures.cases[id]).map((work) => ({ ...work, found: figures.cases[work.id] }));
  const growth = growthRow(cases, figures);
  if (growth) rows.splice(rows.findLastIndex(({ work }) => work === 'W3') + 1, 0, growth);
  if (figures.bundles) rows.push(...bundleRows(figures.bundles));
  for (const [dialect, found] of Object.entries(figures.fastPath ?? {})) {
    const id = `fast path, ${dialect}, ${found.streams} recordings`;
    rows.push({
      id,
      work: 'fast path',
      goals: [{ key: 'hitPercent', least: 90 }],
      shows: ['hitPercent', 'againPercent'],
      found: { toolstream: found },
    });
  }
  return rows;
}

function growthRow(cases, { cases: measured }) {
  const ends = ['W3 10 kB', 'W3 10 MB'].map((id) => cases.find((each) => each.id === id));
  const perByte = (name) => {
    const [small, large] = ends.map(({ id, length }) => measured[id]?.[name]?.cpuMs / length);
    return Number((large / small).toPrecision(3));
  };
  const names = Object.keys(measured[ends[1].id] ?? {}).filter((name) => Number.isFinite(perByte(name)));
  if (!names.includes('toolstream')) return undefined;
  const found = Object.fromEntries(names.map((name) => [name, { growth: perByte(name) }]));
  return { id: 'W3, cost of a byte at 10 MB', work: 'W3', goals: [{ key: 'growth', most: 1.3 }], found };
}

function bundleRows(bundles) {
  const { 'toolstream, Standard Schema': standard, 'toolstream, JSON Schema': plain, ...peers } = bundles;
  return [
    {
      id: 'browser bundle, Standard Schema tool',
      work: 'bundle',
      goals: [{ key: 'atOnceKb', most: 15 }],
      found: { toolstream: standard },
    },
    {
      id: 'browser bundle, JSON Schema tool',
      work: 'bundle',
      goals: [],
      shows: ['atOnceKb', 'withLazyKb'],
      found: { toolstream: plain, ...peers },
    },
  ];
}

// Runs the tests that count, and writes docs/reliability.md and what it is made of (docs/figures) from what they counted. `npm run reliability --`
// nothing: counts anew · `--take folder`: figures that a run with TOOLSTREAM_FIGURES left there · `--page`: the page alone · `--check`: is it up to date?
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { page } from './reliability-page.mjs';
import { soakPlot } from './soak-plot.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { take: { type: 'string' }, page: { type: 'boolean' }, check: { type: 'boolean' } } });
const stored = join(root, 'docs/figures/counted.json');
const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});

if (values.take !== undefined) keep({ ...read(stored), ...taken(resolve(values.take)), ...reported() });
else if (!values.page && !values.check) keep(counted());

const soak = read(join(root, 'docs/figures/soak.json'));
const made = { 'docs/figures/soak.svg': soakPlot(soak), 'docs/reliability.md': page(read(stored), soak) };
for (const [file, text] of Object.entries(made)) {
  const path = join(root, file);
  if (!values.check) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${file} is not what the stored figures give: run \`npm run reliability -- --page\`.`);
    process.exitCode = 1;
  }
}

/** Runs what counts. Where a part fails its figures stay as they were: a page must not hide that, so the script fails too. */
function counted() {
  const folder = mkdtempSync(join(tmpdir(), 'toolstream-figures-'));
  const shared = resolve(root, process.env.TOOLSTREAM_SHARED ?? '../shared');
  const env = { ...process.env, CI: '1', TOOLSTREAM_FIGURES: folder, TOOLSTREAM_SHARED: shared };
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const crowd = 'test/recovery/crowd.test.ts';
  const steps = [
    // Alone: it measures delays.
    [vitest, 'run', crowd],
    [vitest, 'run', 'test/laws', 'test/recovery', 'test/dialects', '--exclude', crowd],
    [join(root, 'scripts/fuzz.mjs'), '--minutes', '1'],
    [join(root, 'scripts/break-laws.mjs')],
  ];
  for (const step of steps) {
    const { status } = spawnSync(process.execPath, step, { cwd: root, env, stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
  const figures = { ...read(stored), ...taken(folder), ...reported() };
  rmSync(folder, { recursive: true, force: true });
  return figures;
}

function taken(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && !['counted.json', 'soak.json'].includes(file));
  return Object.fromEntries(files.map((file) => [file.slice(0, -'.json'.length), read(join(folder, file))]));
}

/** What the reports of mutation and coverage say, where there are any. */
function reported() {
  const found = {};
  const coverage = join(root, 'coverage/coverage-summary.json');
  if (existsSync(coverage)) {
    const { branches, lines } = read(coverage).total;
    found.coverage = { branches: branches.pct, lines: lines.pct };
  }
  const mutation = join(root, 'reports/mutation/total.json');
  if (existsSync(mutation)) found.mutation = read(mutation);
  return found;
}

/** One figure a line, by name. */
function keep(figures) {
  const lines = Object.keys(figures)
    .sort()
    .map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(figures[name])}`);
  writeFileSync(stored, `{\n${lines.join(',\n')}\n}\n`);
}

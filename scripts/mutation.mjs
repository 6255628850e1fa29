// Breaks the sources one place at a time and counts what the tests notice, folder after folder: `npm run mutation`, or `npm run mutation -- json calls`.
// Reports are in reports/mutation, one for each folder, and total.json, what all of them come to; a folder that did not change is quick to do again.
// `--sum` only adds up the reports that are there.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const folders = {
  operators: 'operators/*.ts',
  tools: 'src/tools/*.ts',
  rounds: 'src/rounds/*.ts',
  models: 'src/models/*.ts',
  text: 'src/text/*.ts',
  interop: 'src/interop/*.ts',
  testing: 'src/testing/*.ts',
  src: 'src/*.ts',
  latency: 'src/latency/*.ts',
  dialects: 'src/dialects/*.ts',
  ndjson: 'src/ndjson/*.ts',
  sse: 'src/sse/*.ts',
  calls: 'src/calls/*.ts',
  json: 'src/json/*.ts',
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({ options: { sum: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !(name in folders));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: no folder. There are ${Object.keys(folders).join(', ')}.`);

// The sources are copied elsewhere to be broken there, so the recordings are named absolutely.
const shared = resolve(process.env.TOOLSTREAM_SHARED ?? join(root, '../shared'));
if (!values.sum && !existsSync(`${shared}/streams/manifest.json`)) {
  console.error(`No test data in ${shared}: set TOOLSTREAM_SHARED.`);
  process.exit(1);
}

const wanted = values.sum ? [] : positionals.length > 0 ? positionals : Object.keys(folders);
for (const name of wanted) {
  const env = { ...process.env, TOOLSTREAM_SHARED: shared, CI: '', MUTATION_NAME: name, MUTATION_FILES: folders[name] };
  const { status } = spawnSync('npx', ['stryker', 'run', 'stryker.config.mjs'], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

const counts = {};
for (const name of Object.keys(folders)) {
  const report = join(root, `reports/mutation/${name}.json`);
  if (existsSync(report)) counts[name] = counted(JSON.parse(readFileSync(report, 'utf8')));
  else console.error(`${name} has no report yet.`);
}
const total = scored(Object.values(counts).reduce((sum, { mutants, noticed }) => ({ mutants: sum.mutants + mutants, noticed: sum.noticed + noticed })));
console.table({ ...counts, total });
writeFileSync(join(root, 'reports/mutation/total.json'), `${JSON.stringify({ ...total, folders: counts }, null, 2)}\n`);

function counted({ files }) {
  const all = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const count = (...statuses) => all.filter((status) => statuses.includes(status)).length;
  const noticed = count('Killed', 'Timeout');
  return scored({ mutants: noticed + count('Survived', 'NoCoverage'), noticed });
}

function scored({ mutants, noticed }) {
  return { mutants, noticed, score: Math.round((1000 * noticed) / mutants) / 10 };
}

// Breaks the sources one place at a time and counts what the tests notice, part after part: `npm run mutation`, or `npm run mutation -- json calls`.
// Reports are in reports/mutation, one for each part, and total.json, what all of them come to by folder; what did not change is not done again.
// `--sum` only adds up the reports that are there. Of the big parts a sample is tried; `--one-of 1` tries every mutant, `--sample 1` others than
// before: what tests were written against says little about how much the tests notice.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * What is broken in one go, the tests that may notice it (how their names begin), and, of the big parts, how many mutants stand for one that is tried:
 * always the same one.
 */
const parts = {
  tools: {
    files: 'src/tools/*.ts',
    tests: 'tools/,operators/executeTools,operators/resume,operators/converse,agent-tool,answer,e2e/,laws/tools,rounds/',
  },
  face: {
    files: 'operators/*.ts,src/*.ts,src/rounds/*.ts,src/interop/*.ts,src/testing/*.ts',
    tests:
      'operators/,rounds/,interop/,testing/,agent-tool,answer,errors,stage,through,messages,e2e/,laws/tools,dialects/errors,support/,tools/tool-message',
    oneOf: 4,
  },
  models: {
    files: 'src/models/*.ts',
    tests:
      'models/,recovery/resume,e2e/,laws/secret,dialects/one-response,dialects/errors,dialects/duplex-session,dialects/responses-session',
    oneOf: 8,
  },
  text: { files: 'src/text/*.ts', tests: 'text/,models/with-text,operators/extract,dialects/text-tools', oneOf: 8 },
  dialects: { files: 'src/dialects/*.ts', tests: 'dialects/,operators/decode,recovery/resume,laws/codecs', oneOf: 16 },
  framing: {
    files: 'src/sse/*.ts,src/ndjson/*.ts,src/latency/*.ts',
    tests: 'sse/,ndjson/,latency/,interop/,dialects/wire-decoder,operators/parse,operators/fromSse,operators/toSse,operators/measure',
    oneOf: 4,
  },
  calls: {
    files: 'src/calls/*.ts',
    tests: 'calls/,operators/accumulate,laws/calls,laws/arguments,dialects/openai-chat,dialects/recorded',
    oneOf: 4,
  },
  json: { files: 'src/json/*.ts', tests: 'json/,calls/,operators/parseJson,operators/partial,operators/select,laws/arguments', oneOf: 4 },
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  options: { sum: { type: 'boolean' }, 'one-of': { type: 'string' }, sample: { type: 'string', default: '0' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: no part. There are ${Object.keys(parts).join(', ')}.`);

// The sources are copied elsewhere to be broken there, so the recordings are named absolutely.
const shared = resolve(process.env.TOOLSTREAM_SHARED ?? join(root, '../shared'));
if (!values.sum && !existsSync(`${shared}/streams/manifest.json`)) {
  console.error(`No test data in ${shared}: set TOOLSTREAM_SHARED.`);
  process.exit(1);
}

/** How many mutants stood for one in the newest report of each part. */
const sampled = join(root, 'reports/mutation/samples.json');
const taken = () => (existsSync(sampled) ? JSON.parse(readFileSync(sampled, 'utf8')) : {});

const wanted = values.sum ? [] : positionals.length > 0 ? positionals : Object.keys(parts);
for (const name of wanted) {
  const env = { ...process.env, TOOLSTREAM_SHARED: shared, CI: '', TOOLSTREAM_FEW_DRAWS: '1', ...told(name) };
  const { status } = spawnSync('npx', ['stryker', 'run', 'stryker.config.mjs'], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
  else writeFileSync(sampled, JSON.stringify({ ...taken(), [name]: oneOf(name) }));
}

const samples = taken();
const untried = [];
const folders = {};
for (const name of Object.keys(parts)) {
  const report = join(root, `reports/mutation/${name}.json`);
  if (!existsSync(report)) {
    console.error(`${name} has no report yet.`);
    untried.push(...parts[name].files.split(',').map((pattern) => dirname(pattern)));
    continue;
  }
  for (const [file, { mutants }] of Object.entries(JSON.parse(readFileSync(report, 'utf8')).files)) {
    folders[dirname(file)] ??= { mutants: 0, noticed: 0, oneOf: samples[name] ?? parts[name].oneOf ?? 1 };
    const folder = folders[dirname(file)];
    for (const { status } of mutants) {
      const noticed = status === 'Killed' || status === 'Timeout';
      if (noticed) folder.noticed++;
      if (noticed || status === 'Survived' || status === 'NoCoverage') folder.mutants++;
    }
  }
}
const total = { mutants: 0, noticed: 0 };
/** As if all were tried. */
const all = { mutants: 0, noticed: 0 };
for (const folder of Object.values(folders)) {
  for (const key of ['mutants', 'noticed']) {
    total[key] += folder[key];
    all[key] += folder[key] * folder.oneOf;
  }
  folder.score = percent(folder);
}
total.score = percent(all);
console.table({ ...folders, total });
writeFileSync(
  join(root, 'reports/mutation/total.json'),
  `${JSON.stringify({ ...total, folders, ...(untried.length > 0 && { untried }) }, null, 2)}\n`,
);

function oneOf(name) {
  return Number(values['one-of'] ?? parts[name].oneOf ?? 1);
}

function told(name) {
  const { files, tests } = parts[name];
  return {
    MUTATION_NAME: name,
    MUTATION_FILES: files,
    MUTATION_TESTS: tests,
    MUTATION_ONE_OF: String(oneOf(name)),
    MUTATION_SAMPLE: values.sample,
  };
}

function percent({ mutants, noticed }) {
  return Math.round((1000 * noticed) / mutants) / 10;
}

// Where we stand against the peers. `npm run bench --`
// nothing: measures everything, writes docs/figures/bench* and docs/benchmarks.md · `--quick`: in two minutes, us beside the floor, printed alone
// `--only W1,W2` or `--only 'W4 1,000'`: these works or cases, printed alone; with `--write` they take their place among the stored figures
// `--contestants floor,toolstream` · `--dist name=folder`: another build of ours, as `toolstream@name` · `--rounds 7` · `--json`
// `--profile W1`: the functions that our time goes to, on the page too · `--page`: the page alone, from the stored figures
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { contestantsOf } from './contestants/index.mjs';
import { bundleSizes } from './lib/bundles.mjs';
import { fastPath } from './lib/fast-path.mjs';
import { isMet } from './lib/goals.mjs';
import { Lane } from './lib/lane.mjs';
import { measure } from './lib/measure.mjs';
import { nodeVersion } from './lib/node.mjs';
import { makeReady } from './lib/ready.mjs';
import { report } from './lib/report.mjs';
import { circumstances, keep, stored } from './lib/store.mjs';
import { writePage } from './page.mjs';
import { cases } from './work/index.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    contestants: { type: 'string' },
    dist: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    profile: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    write: { type: 'boolean' },
    page: { type: 'boolean' },
  },
});
const root = resolve(import.meta.dirname, '..');
const own = resolve(root, 'dist');
const builds = Object.fromEntries(values.dist.map((each) => [each.split('=')[0], resolve(each.split('=').at(-1))]));
const distOf = (name) => builds[/^toolstream@(.*)/.exec(name)?.[1]] ?? own;
const isNamed = (name) => cases.some(({ id, work }) => work === name || id.startsWith(name));
const only = values.only && isNamed(values.only) ? [values.only] : values.only?.split(',');
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
const isWhole = !only && !values.quick && !values.contestants && !values.profile && !values.page;
const say = (text) => values.json || console.log(text);

/** Cases whose time is looked into where they miss their goal. */
const PROFILED = ['W1 16 KiB', 'W2 1–3 events', 'W2 Anthropic', 'W2 Ollama', 'W3 1 MB', 'parser 100 kB', 'W4 10,000 at once'];

const figures = stored(root);
if (!values.page) makeReady(root, !values.quick);
if (values.profile) await profile(values.profile);
else if (!values.page) await measureAll();
if (isWhole) for (const id of PROFILED.filter((each) => !meets(each))) await profile(id);
if (isWhole || values.write || values.profile) keep(root, figures);
if (isWhole || values.write || values.profile || values.page) writePage(root, figures);

async function measureAll() {
  const results = {};
  const { cores, cpu } = circumstances(root, rounds);
  say(`Node ${nodeVersion.slice(1)}, ${cores} cores (${cpu}), ${rounds} rounds or more`);
  for (const work of cases.filter(isWanted)) {
    const names = namesOf(work);
    const out = outBefore(results, work, names);
    const asked = names.filter((name) => !out[name]);
    const { found, rounds: taken } = await measure(values.quick ? { ...work, warmUpMs: 500 } : work, { names: asked, rounds, distOf });
    results[work.id] = { ...found, ...out };
    say(report(work, results[work.id]));
    figures.measured = circumstances(root, rounds);
    // Who was not asked keeps the figures there are.
    const before = values.contestants ? figures.cases?.[work.id] : {};
    figures.cases = { ...figures.cases, [work.id]: { ...before, ...results[work.id] } };
    figures.nodes = { ...figures.nodes, [work.id]: figures.measured.node };
    figures.rounds = { ...figures.rounds, [work.id]: taken };
    // After each case: a run that is broken off keeps what it has.
    if (isWhole || values.write) keep(root, figures);
  }
  const extra = {};
  if (!only || only.includes('bundle')) extra.bundles = await bundleSizes(own, values.quick);
  if (extra.bundles) say(`browser bundle, kB, gzipped: ${JSON.stringify(extra.bundles)}`);
  if (!only || only.includes('fast-path'))
    extra.fastPath = await fastPath(own, resolve(root, process.env.TOOLSTREAM_SHARED ?? '../shared'));
  if (extra.fastPath) say(`deltas on the fast path: ${JSON.stringify(extra.fastPath)}`);
  if (values.json) console.log(JSON.stringify({ cases: results, ...extra }, null, 2));
  Object.assign(figures, extra);
  // A slow day fails nothing; a wrong output does.
  if (Object.values(results).some((found) => Object.values(found).some(({ out }) => out?.startsWith('void')))) process.exitCode = 1;
}

function isWanted({ id, work, quick }) {
  if (only) return only.some((each) => work === each || id.startsWith(each));
  return !values.quick || quick;
}

/** Those who take part in a case: all who can, or those of them that were asked for; and other builds of ours. */
function namesOf(work) {
  const asked = values.contestants?.split(',') ?? (values.quick ? ['floor', 'toolstream', 'rxjs'] : undefined);
  const names = contestantsOf(work).filter((name) => !asked || asked.includes(name));
  return [...names, ...Object.keys(builds).map((name) => `toolstream@${name}`)];
}

/** Whoever was too slow at a smaller size of the same work is not asked to try a larger one. */
function outBefore(results, { work, size }, names) {
  if (size === undefined) return {};
  const smaller = cases.filter((each) => each.work === work && results[each.id]);
  const reason = (name) => smaller.map(({ id }) => results[id][name]?.out).find((out) => out !== undefined);
  return Object.fromEntries(names.filter((name) => reason(name)).map((name) => [name, { out: reason(name) }]));
}

function meets(id) {
  return cases.find((each) => each.id === id).goals.every((goal) => isMet(goal, figures.cases[id]?.toolstream));
}

async function profile(wanted) {
  const work = cases.find(({ id, work }) => id === wanted || work === wanted);
  if (work === undefined) throw new Error(`\`--profile\` takes the name of a work or a case, e.g. W1; there is no ${wanted}.`);
  const lane = new Lane('toolstream', { ...work, patience: 60_000 }, own);
  await lane.start();
  const functions = await lane.profile();
  lane.stop();
  if (functions === undefined) throw new Error(lane.out);
  say(`Where our time goes: ${work.id}`);
  for (const { name, percent } of functions) say(`${String(percent).padStart(6)} %  ${name}`);
  if (values.json) console.log(JSON.stringify(functions));
  figures.profiles = { ...figures.profiles, [work.id]: functions };
}

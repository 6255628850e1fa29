// Where we stand against the peers. `npm run bench --` nothing: everything, and the page · `--quick`: a few rounds, printed alone · `--only W1,W2`
// · `--contestants floor,toolstream` · `--dist name=folder`: another build as `toolstream@name` · `--rounds 7` · `--json`
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { contestantsOf } from './contestants/index.mjs';
import { measure } from './lib/measure.mjs';
import { makeReady } from './lib/ready.mjs';
import { cases } from './work/index.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    contestants: { type: 'string' },
    dist: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
  },
});
const builds = Object.fromEntries(values.dist.map((each) => [each.split('=')[0], resolve(each.split('=').at(-1))]));
const root = resolve(import.meta.dirname, '..');
const own = resolve(root, 'dist');
makeReady(root);
const distOf = (name) => builds[/@([^ ]*)/.exec(name)?.[1]] ?? own;
const only = values.only?.split(',');
const wanted = cases.filter(({ id, work }) => !only || only.some((each) => work === each || id.startsWith(each)));
/** Those who take part in a case: all who can, or those of them that were asked for; and other builds of ours. */
function namesOf(work) {
  const asked = values.contestants?.split(',');
  const names = contestantsOf(work).filter((name) => !asked || asked.includes(name));
  return [...names, ...Object.keys(builds).map((name) => `toolstream@${name}`)];
}

const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));

const results = {};
for (const work of wanted) {
  results[work.id] = await measure(work, { names: namesOf(work), rounds, distOf });
  if (!values.json) print(work, results[work.id]);
}
if (values.json) console.log(JSON.stringify(results, null, 2));

function print({ id, goals }, found) {
  console.log(`${id}   goal ${goals.map(({ key, most }) => `${key} ≤ ${most}`).join(', ')}`);
  for (const [name, { out, cpuMs, wallMs, cpuRatio }] of Object.entries(found)) {
    console.log(`  ${name.padEnd(24)} ${out ?? `${String(cpuRatio ?? '').padStart(6)} ×  CPU ${cpuMs} ms  wall ${wallMs} ms`}`);
  }
}

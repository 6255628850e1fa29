// Breaks the sources one place at a time and counts what the tests notice: `npm run mutation`, or `npm run mutation -- --mutate src/json/*.ts`.
// Property tests draw fewer cases then (test/support/few-runs.ts).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const shared = resolve(process.env.TOOLSTREAM_SHARED ?? '../shared');
if (!existsSync(`${shared}/streams/manifest.json`)) {
  console.error(`No test data in ${shared}: set TOOLSTREAM_SHARED.`);
  process.exit(1);
}
const env = { ...process.env, TOOLSTREAM_SHARED: shared, CI: '' };
const { status } = spawnSync('npx', ['stryker', 'run', 'stryker.config.json', ...process.argv.slice(2)], { env, stdio: 'inherit' });
process.exit(status ?? 1);

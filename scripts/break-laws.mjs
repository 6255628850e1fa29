// Shows that the laws of test/laws/ can fail: breaks a copy of the sources in one place at a time, and runs the law that is about it.
// `node scripts/break-laws.mjs [part of a name]`
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults } from './law-faults.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const wanted = faults.filter(({ name }) => name.includes(process.argv[2] ?? ''));

const copy = mkdtempSync(join(tmpdir(), 'toolstream-broken-'));
for (const path of [
  'src',
  'operators',
  'test/laws',
  'test/support',
  'test/calls',
  'test/rounds',
  'vitest.config.ts',
  'tsconfig.json',
  'package.json',
]) {
  cpSync(join(root, path), join(copy, path), { recursive: true });
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

let survived = 0;
for (const { name, file, find, put, law } of wanted) {
  const path = join(copy, file);
  const whole = readFileSync(path, 'utf8');
  if (!whole.includes(find)) throw new Error(`${file} has no longer: ${find}`);
  writeFileSync(path, whole.replace(find, put));
  const env = { ...process.env, CI: '', NO_COLOR: '1', TOOLSTREAM_SHARED: resolve(root, process.env.TOOLSTREAM_SHARED ?? '../shared') };
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', copy, 'test/laws', '-t', law], {
    cwd: copy,
    encoding: 'utf8',
    env,
  });
  const caught = status !== 0 && /^ +Tests .*failed/m.test(stdout);
  if (!caught) survived++;
  console.log(`${caught ? 'caught  ' : 'SURVIVED'}  ${name}  (law: ${law})`);
  writeFileSync(path, whole);
}
rmSync(copy, { recursive: true, force: true });
if (process.env.TOOLSTREAM_FIGURES && process.argv[2] === undefined) {
  const folder = resolve(root, process.env.TOOLSTREAM_FIGURES);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'laws-broken.json'),
    `${JSON.stringify({ broken: wanted.length, caught: wanted.length - survived }, null, 2)}\n`,
  );
}
process.exitCode = survived > 0 ? 1 : 0;

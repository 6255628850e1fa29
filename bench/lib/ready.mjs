// What must be there before anything is measured: the peers' packages and a build that is not older than the sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** @param root the project's folder. @param peers whether their packages are needed. Says what it does on the error output, since `--json` has the other. */
export function makeReady(root, peers) {
  if (peers && !existsSync(join(root, 'bench/node_modules'))) run(root, 'npm', ['ci', '--prefix', 'bench', '--no-audit', '--no-fund']);
  const built = join(root, 'dist/index.js');
  if (!existsSync(built) || newest(join(root, 'src'), join(root, 'operators')) > statSync(built).mtimeMs)
    run(root, 'npm', ['run', '--silent', 'build']);
}

function newest(...folders) {
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)));
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function run(root, command, words) {
  console.error(`${command} ${words.join(' ')} …`);
  const { status } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`\`${command} ${words.join(' ')}\` failed; run it to see why.`);
}

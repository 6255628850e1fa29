// The Node that everything is measured on: the newest that is installed for the tests (test/runtimes), else the one that runs the benchmark.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../../test/runtimes/node_modules', import.meta.url));
const found = existsSync(modules) ? readdirSync(modules).find((name) => name.startsWith('node-')) : undefined;

export const node = found ? `${modules}/${found}/bin/node` : process.execPath;

/** E.g. `v26.10.0`. */
export const nodeVersion = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');

/** A JavaScript runtime on this machine. */
export interface Runtime {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly binary: string | undefined;
  /** What comes before the file to run. */
  readonly flags: readonly string[];
}

/** The one the tests run on comes first: what it prints is what the others are held to. No code from strings; no permission but the network's. */
export const runtimes: readonly Runtime[] = [
  { name: 'node', binary: process.execPath, flags: ['--disallow-code-generation-from-strings'] },
  { name: 'node, the newest', binary: found(/^node-/, 'bin/node'), flags: ['--disallow-code-generation-from-strings'] },
  { name: 'bun', binary: found(/^@oven\/bun-/, 'bin/bun'), flags: ['run', '--no-install'] },
  {
    name: 'deno',
    binary: found(/^@deno\//, 'deno'),
    flags: ['run', '--no-prompt', '--cached-only', '--no-lock', '--node-modules-dir=manual', '--allow-net=127.0.0.1'],
  },
];

const absent = runtimes.filter(({ binary }) => binary === undefined).map(({ name }) => name);
if (absent.length > 0) {
  const message = `Not installed: ${absent.join('; ')}. The package is tested on them after \`npm ci --prefix test/runtimes\`.`;
  if (process.env.CI) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
}

/** The binary lies in the package for this platform, which npm chose. */
function found(packageName: RegExp, file: string): string | undefined {
  if (!existsSync(modules)) return undefined;
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return names
    .filter((name) => packageName.test(name))
    .map((name) => join(modules, name, file))
    .find((path) => existsSync(path));
}

/** E.g. `v26.10.0`. */
export function versionOf({ binary = '' }: Runtime): string {
  return /v?\d+\.\d+\.\d+/.exec(spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout)?.[0] ?? 'unknown';
}

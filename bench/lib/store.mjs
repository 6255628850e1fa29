// The figures that the page is made of: docs/figures/bench.json.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { nodeVersion } from './node.mjs';

const fileOf = (root) => join(root, 'docs/figures/bench.json');

export function stored(root) {
  const file = fileOf(root);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { cases: {}, profiles: {} };
}

/** One case a line, so that a change shows what was measured anew. */
export function keep(root, figures) {
  const block = (object) => {
    const lines = Object.entries(object).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return `{\n${lines.join(',\n')}\n  }`;
  };
  const lines = Object.entries(figures).map(([key, value]) => `  ${JSON.stringify(key)}: ${block(value)}`);
  writeFileSync(fileOf(root), `{\n${lines.join(',\n')}\n}\n`);
}

/** What was measured, and on what. */
export function circumstances(root, rounds) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'bench/package.json'), 'utf8'));
  const rxjs = createRequire(join(root, 'dist/index.js'))('rxjs/package.json').version;
  const date = new Date().toISOString().slice(0, 10);
  return {
    date,
    node: nodeVersion,
    cores: availableParallelism(),
    cpu: cpus()[0].model.trim(),
    rounds,
    versions: { rxjs, ...dependencies },
  };
}

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Dialect, Expression } from '../../src/dialects/dialect.ts';
import * as exported from '../../src/dialects/index.ts';

const readme = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../README.md'), 'utf8');

const columns: readonly Expression[] = [
  'call-fragments',
  'interleaved-calls',
  'call-ids',
  'text-beside-calls',
  'reasoning',
  'refusal',
  'usage',
  'choices',
];

const dialects = Object.entries(exported) as [string, Dialect][];

/** A row of the README's table of dialects and what their wires can say. */
function row([name, dialect]: [string, Dialect]): string {
  const framings = [dialect.framing, ...(dialect.alsoFramed ?? [])].join(', ');
  const cells = columns.map((column) => (dialect.expresses.has(column) ? ' ✓ ' : ' '));
  return `| \`${name}\` | ${framings} |${cells.join('|')}|`;
}

describe('the table of dialects in the README', () => {
  it.each(dialects)('says what the wire of %s can say', (name, dialect) => {
    expect(readme.split('\n')).toContain(row([name, dialect]));
  });
});

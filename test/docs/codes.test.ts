import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './extract.ts';

const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8');
const sources = ['src', 'operators'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')),
);

const all = (text: string, pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))].sort();

/** Codes of diagnostics stand beside `type: 'diagnostic'`, go through a helper named `diagnose` or `diagnostic`, or are those of an `Oddity`. */
const diagnostics = [
  ...new Set([
    ...sources.flatMap((source) => all(source, /type: 'diagnostic',[^}]*?\bcode: '([a-z-]+)'/gs)),
    ...sources.flatMap((source) => all(source, /\bdiagnos(?:e|tic)\(\s*(?:\w+,\s*)?'([a-z-]+)'/g)),
    ...unionIn('rounds/oddity.ts', 'Oddity'),
  ]),
].sort();

/** The words of the union that `code` is in an interface. */
function unionIn(file: string, name: string): string[] {
  const source = readFileSync(join(root, 'src', file), 'utf8');
  const [, body = ''] = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  const [, union = ''] = /\bcode:([^;]*);/.exec(body) ?? [];
  return all(union, /'([a-z-]+)'/g);
}

/** The codes in the first or second column of the table under a heading. */
function listed(text: string, heading: string, column = 0): string[] {
  const [, section = ''] = new RegExp(`\\n## ${heading}\\n([\\s\\S]*?)(?=\\n## |$)`).exec(text) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => all(row.split('|')[column + 1] ?? '', /`([a-z-]+)`/g)).sort();
}

describe('the codes in the guides', () => {
  it('are those of the errors', () => {
    const codes = all(readFileSync(join(root, 'src/errors.ts'), 'utf8'), /readonly code = '([a-z-]+)'/g);
    expect(codes).toContain('interrupted');
    expect(listed(page('errors.md'), 'Errors of a stream', 1)).toEqual(codes);
  });

  it('are those of the diagnostics', () => {
    // One of each kind of place, so that the search itself is known to find something.
    expect(diagnostics).toEqual(
      expect.arrayContaining(['retried', 'replay-dropped', 'execution-unclaimed', 'duplicate-call', 'id-synthesised']),
    );
    expect(listed(page('errors.md'), 'Diagnostics')).toEqual(diagnostics);
  });

  it('are those of arguments that do not run', () => {
    const codes = unionIn('events.ts', 'ArgumentsError');
    expect(codes).toContain('interrupted');
    expect(listed(page('errors.md'), 'Arguments that do not run')).toEqual(codes);
  });

  it('are those of tools that failed', () => {
    const codes = unionIn('events.ts', 'ToolFailure');
    expect(codes).toContain('timed-out');
    expect(listed(page('tools.md'), 'Failures')).toEqual(codes);
  });
});

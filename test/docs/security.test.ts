import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './extract.ts';

const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

describe('the page on security', () => {
  const named = [...new Set([...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path))];

  it.each(named)('points to tests that are there: %s', (path) => {
    expect(existsSync(join(root, path))).toBe(true);
  });

  it('has a test for each claim in its tables', () => {
    const rows = page.split('\n').filter((line) => /^\| (?!---|claim|what holds)/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) expect(row).toMatch(/`test\//);
  });

  it('is linked with SECURITY.md', () => {
    expect(page).toContain('(../SECURITY.md)');
    expect(readFileSync(join(root, 'SECURITY.md'), 'utf8')).toContain('(docs/security.md)');
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('(SECURITY.md)');
  });
});

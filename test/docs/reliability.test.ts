import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './extract.ts';

describe('docs/reliability.md', () => {
  it('is what its script makes of the stored figures, and so is the curve', () => {
    // Fails with what differs.
    execFileSync(process.execPath, [join(root, 'scripts/reliability.mjs'), '--check'], { stdio: 'pipe' });
  });

  it('says neither NaN nor undefined', () => {
    for (const file of ['reliability.md', 'figures/soak.svg', 'figures/counted.json'])
      expect(readFileSync(join(root, 'docs', file), 'utf8'), file).not.toMatch(/NaN|undefined|Infinity/);
  });
});

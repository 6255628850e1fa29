import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { figure } from '../support/figures.ts';

const script = fileURLToPath(new URL('../../scripts/soak.mjs', import.meta.url));
/** The whole minute where there is time for it. */
const minutes = process.env.CI || process.env.TOOLSTREAM_FIGURES ? 1 : 0.4;

interface Soaked {
  readonly answers: number;
  readonly unended: number;
  readonly faults: readonly string[];
  readonly ends: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly heapMiB: { readonly atTheStart: number; readonly mean: number; readonly grownMiB: number; readonly afterTheEnd: number };
  readonly left: Readonly<Record<string, number>>;
}

describe('a hundred answers at a time of every kind, one after the other without a pause', () => {
  it('all end as they should, memory stays where it is, and nothing is left', { timeout: 180_000 }, async () => {
    const args = [script, '--minutes', String(minutes), '--every', '1'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { answers, unended, faults, ends, heapMiB, left } = JSON.parse(stdout) as Soaked;
    figure('soak-in-ci', { minutes, answers, unended, faults: faults.length, heapMiB, left });
    expect({ unended, faults, left }).toEqual({ unended: 0, faults: [], left: {} });
    // Each kind has come to its end several times, whatever the machine.
    expect(Object.keys(ends).length).toBeGreaterThan(15);
    for (const [kind, how] of Object.entries(ends)) expect(Object.values(how).length, kind).toBeGreaterThan(0);
    expect(answers).toBeGreaterThan(Object.keys(ends).length * 3);
    // What code and pools take; the trend is of a heap in use, and swings.
    expect(heapMiB.afterTheEnd - heapMiB.atTheStart).toBeLessThan(16);
    expect(heapMiB.grownMiB).toBeLessThan(heapMiB.mean * 0.2 + 12);
  });
});

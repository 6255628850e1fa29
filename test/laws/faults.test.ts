import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error a script
import { faults } from '../../scripts/law-faults.mjs';

const root = new URL('../../', import.meta.url);

describe('each fault that shows that a law can fail', () => {
  it.each(faults as Array<{ name: string; file: string; find: string; put: string }>)(
    'still has its place: $name',
    ({ file, find, put }) => {
      const parts = readFileSync(new URL(file, root), 'utf8').split(find);
      expect(parts.length).toBeGreaterThan(1);
      expect(put).not.toBe(find);
    },
  );
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasShared, sharedFolder } from '../support/shared.ts';
import { seedsFrom } from './seeds.ts';
import { caseOf, check, type FuzzCase } from './target.ts';

const fixtures = resolve(dirname(fileURLToPath(import.meta.url)), '../fixtures/fuzz');

/** Each was a crash, a hang, or a difference between two splits; `npm run fuzz -- --case n` writes one down. */
describe('what fuzzing found stays mended', () => {
  const files = existsSync(fixtures) ? readdirSync(fixtures).filter((file) => file.endsWith('.json')) : [];
  it.each(files)('%s', (file) => {
    const { base64, ...how } = JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as Omit<FuzzCase, 'bytes'> & { base64: string };
    check({ ...how, bytes: new Uint8Array(Buffer.from(base64, 'base64')) });
  });
});

describe('spoilt bodies', () => {
  const seeds = seedsFrom(hasShared ? sharedFolder : undefined);

  it('end in events or one typed error, the same under every split: ten seconds of `npm run fuzz`', () => {
    const until = performance.now() + 10_000;
    let n = 0;
    for (; performance.now() < until; n++) {
      const given = caseOf(seeds, 7, n);
      try {
        check(given);
      } catch (error) {
        throw new Error(`Case ${n}: npm run fuzz -- --seed 7 --case ${n} writes it down.`, { cause: error });
      }
    }
    console.info(`fuzz: ${n} cases in 10 s`);
    expect(n).toBeGreaterThan(0);
  }, 60_000);

  it('are found out: a check that fails says which case', () => {
    const given = caseOf(seeds, 7, 0);
    expect(() => check({ ...given, dialect: 'none' })).toThrow();
  });

  it('are the same for the same seed, and differ from case to case', () => {
    expect(caseOf(seeds, 7, 3)).toEqual(caseOf(seeds, 7, 3));
    const texts = new Set(Array.from({ length: 50 }, (_, n) => Buffer.from(caseOf(seeds, 7, n).bytes).toString('base64')));
    expect(texts.size).toBeGreaterThan(40);
  });
});

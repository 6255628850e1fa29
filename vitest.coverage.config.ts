import { mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';
import { slow } from './vitest.slow.ts';

/** What the fast tests reach: `npm run test:coverage`. */
export default mergeConfig(base, {
  test: {
    setupFiles: ['test/support/one-seed.ts'],
    exclude: slow,
    // Measuring slows the tests down, properties above all.
    testTimeout: 60_000,
    coverage: { enabled: true, thresholds: { branches: 95 } },
  },
});

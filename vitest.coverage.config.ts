import { mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';
import { slow } from './vitest.slow.ts';

/** What the fast tests reach: `npm run test:coverage`. */
export default mergeConfig(base, {
  test: {
    setupFiles: ['test/support/one-seed.ts'],
    exclude: slow,
    coverage: { enabled: true, thresholds: { branches: 95 } },
  },
});

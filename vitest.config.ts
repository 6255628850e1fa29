import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^toolstream$/, replacement: path('./src/index.ts') },
      { find: /^toolstream\/operators$/, replacement: path('./operators/index.ts') },
      { find: /^toolstream\/dialects$/, replacement: path('./src/dialects/index.ts') },
      { find: /^toolstream\/testing$/, replacement: path('./src/testing/index.ts') },
      { find: /^toolstream\/node$/, replacement: path('./src/node.ts') },
      // Plain Node cannot resolve `fp-ts/Either` (a folder without an ESM entry); the build inlines it, the tests point at it.
      { find: /^fp-ts\/(?!lib|es6)(.+)$/, replacement: 'fp-ts/lib/$1.js' },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    coverage: { include: ['src/**', 'operators/**'], reporter: ['text-summary', 'json-summary'] },
  },
});

// One part after another (scripts/mutation.mjs): each has its report, and what it remembers of the last run.
const { MUTATION_NAME: name = 'some', MUTATION_FILES: files = 'src/**/*.ts,operators/*.ts' } = process.env;

export default {
  testRunner: 'one-process',
  plugins: ['./scripts/mutation/runner.mjs'],
  mutate: [...files.split(','), '!src/index.ts', '!src/node.ts', '!src/*/index.ts', '!operators/index.ts'],
  ignorers: ['prose'],
  ignorePatterns: ['dist', 'site', 'examples', 'docs', 'bench', 'test/runtimes', 'test/package', 'coverage', 'reports'],
  coverageAnalysis: 'perTest',
  // What runs while a module loads is broken by no mutant that is switched on later: io-ts codecs, tables.
  ignoreStatic: true,
  concurrency: Number(process.env.MUTATION_PROCESSES ?? 2),
  // The runner ends what computes or waits too long by itself.
  timeoutMS: 600_000,
  dryRunTimeoutMinutes: 15,
  incremental: true,
  incrementalFile: `reports/mutation/${name}.incremental.json`,
  tempDirName: `reports/mutation/sandbox-${name}`,
  reporters: ['json', 'clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportMutants: true },
  jsonReporter: { fileName: `reports/mutation/${name}.json` },
  cleanTempDir: 'always',
};

import { existsSync } from 'node:fs';
import { mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';
import { slow } from './vitest.slow.ts';

// The sources are copied elsewhere to be broken there, so the recordings are named absolutely; without them breakages would survive unseen.
const shared = process.env.TOOLSTREAM_SHARED;
if (shared === undefined || !existsSync(`${shared}/streams/manifest.json`)) {
  throw new Error(
    `TOOLSTREAM_SHARED is ${JSON.stringify(shared)}: set it to the absolute path of the recorded streams and conformance cases.`,
  );
}

/** Read by scripts/mutation/worker.mjs. The tests that say whether a broken source is noticed: those that need no build, no other runtime and no seconds. */
export default mergeConfig(base, {
  test: {
    setupFiles: ['test/support/few-runs.ts'],
    exclude: slow,
  },
});

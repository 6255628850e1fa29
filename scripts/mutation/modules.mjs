// How the tests and the sources with every mutant in them are loaded: by Vite once, and what it made of them is kept for the processes that follow.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
// Vite comes with vitest.
import { ESModulesEvaluator, ModuleRunner } from 'vite/module-runner';
import { createViteServer } from 'vitest/node';

/** How many cases a property draws at most: the same ones each time, for it says where they begin (test/support/few-runs.ts). */
const DRAWS = 60;
const HARNESS = 'virtual:harness';
const KEPT = 'mutation-modules.json';

/**
 * Loads modules in which `vitest` is the harness.
 *
 * @param harness What stands in for vitest.
 * @param counting Whether to count what each test reaches: that costs as much as the tests, and is needed once.
 * @returns `load`, `keep`, which leaves everything that was loaded for the next process, and the part of the configuration that is about tests.
 */
export async function modulesOf(harness, counting) {
  globalThis.harness = harness;
  const known = existsSync(KEPT);
  const kept = known ? JSON.parse(readFileSync(KEPT, 'utf8')) : { test: undefined, modules: {} };
  let starting;
  const start = () => (starting ??= serverFor(harness));
  if (!known) {
    const { include, exclude, setupFiles } = (await start()).config.test;
    kept.test = { include, exclude, setupFiles };
  }

  async function fetched(url, importer, { cached }) {
    if (cached) return { cache: true };
    const key = url.startsWith('/') ? url : `${url} ${importer}`;
    if (kept.modules[key] === undefined) {
      const found = await (await start()).environments.ssr.fetchModule(url, importer, { inlineSourceMap: false });
      kept.modules[key] = { ...found, invalidate: false };
    }
    const module = kept.modules[key];
    if (counting || module.code === undefined) return { ...module };
    return { ...module, code: module.code.replace(/function stryCov_\w+\(\) \{/, '$& if (true) return;') };
  }

  const transport = {
    async invoke({ data: { name, data } }) {
      try {
        return { result: name === 'fetchModule' ? await fetched(...data) : [] };
      } catch (error) {
        return { error: { name: error.name, message: error.message, stack: error.stack } };
      }
    },
  };
  const runner = new ModuleRunner({ transport, hmr: false, sourcemapInterceptor: false }, new ESModulesEvaluator());
  return {
    test: kept.test,
    load: (file) => runner.import(resolve(file)),
    keep: () => writeFileSync(KEPT, JSON.stringify(kept)),
  };
}

function serverFor(harness) {
  return createViteServer({
    configFile: resolve('vitest.mutation.config.ts'),
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, watch: null, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true, include: [] },
    plugins: [
      {
        name: 'toolstream-mutation',
        enforce: 'pre',
        // Vite itself finds `fp-ts/Either`, and leaves it to Node as long as nobody says where it is.
        config({ resolve }) {
          resolve.alias = resolve.alias.filter(({ find }) => !find.source.includes('fp-ts'));
          resolve.alias.push({ find: /^vitest$/, replacement: HARNESS });
        },
        resolveId: (id) => (id === HARNESS ? HARNESS : undefined),
        load(id) {
          if (id !== HARNESS) return undefined;
          return Object.keys(harness)
            .map((name) => `export const ${name} = globalThis.harness.${name};`)
            .join('');
        },
        transform: (code, id) =>
          id.includes('/test/')
            ? code.replaceAll(/numRuns: ([^,}\n]+)(?=[,}\n])(?!, seed)/g, `numRuns: Math.min(${DRAWS}, $1)`)
            : undefined,
      },
    ],
  });
}

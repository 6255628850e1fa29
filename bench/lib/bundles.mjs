// How much a page loads for "stream text and run one tool": bundled, minified, gzipped, with all that is imported.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('../bundles/', import.meta.url));
const entries = {
  'toolstream, Standard Schema': 'toolstream-standard',
  'toolstream, JSON Schema': 'toolstream-json-schema',
  openai: 'openai',
  'AI SDK': 'ai-sdk',
  LangChain: 'langchain',
  xsAI: 'xsai',
};

/** Kilobytes by name: what is loaded at once, and with what is imported on first need. `alone`: ours, without the peers. */
export async function bundleSizes(dist, alone = false) {
  const sizes = {};
  const wanted = Object.entries(entries).filter(([name]) => !alone || name.startsWith('toolstream'));
  for (const [name, entry] of wanted) sizes[name] = await sizeOf(join(folder, `${entry}.mjs`), dist);
  const [ours] = Object.values(sizes);
  ours.parts = await partsOf(join(folder, 'toolstream-standard.mjs'), dirname(dist));
  return sizes;
}

/** What our bundle is made of: of its minified bytes, the per cent of each folder of the sources and of each package. */
async function partsOf(file, root) {
  const { metafile } = await build({ ...settings(join(root, 'src/index.ts'), root), entryPoints: [file], absWorkingDir: root });
  const parts = new Map();
  let all = 0;
  for (const { entryPoint, inputs } of Object.values(metafile.outputs)) {
    if (!entryPoint?.endsWith('toolstream-standard.mjs')) continue;
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const part = /^(?:node_modules\/[^/]+|src\/[^/]+(?=\/)|\w+)/.exec(path)[0].replace('node_modules/', '');
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput);
      all += bytesInOutput;
    }
  }
  const sorted = [...parts].sort(([, a], [, b]) => b - a).map(([name, count]) => [name, Math.round((1000 * count) / all) / 10]);
  return Object.fromEntries(sorted.filter(([, percent]) => percent >= 0.5));
}

const settings = (library, root) => ({
  bundle: true,
  minify: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  alias: { toolstream: library },
  nodePaths: [join(root, 'node_modules')],
  outdir: join(folder, 'out'),
  write: false,
  metafile: true,
  logLevel: 'error',
});

async function sizeOf(file, dist) {
  const { outputFiles, metafile } = await build({ ...settings(join(dist, 'index.js'), dirname(dist)), entryPoints: [file] });
  const bytes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents, { level: 9 }).length]));
  const output = (path) => Object.entries(metafile.outputs).find(([key]) => path.endsWith(key))?.[1];
  const pathOf = (key) => outputFiles.find(({ path }) => path.endsWith(key))?.path;
  const atOnce = new Set();
  const follow = (path) => {
    if (path === undefined || atOnce.has(path)) return;
    atOnce.add(path);
    for (const { path: to, kind } of output(path)?.imports ?? []) if (kind === 'import-statement') follow(pathOf(to));
  };
  follow(outputFiles.find(({ path }) => output(path)?.entryPoint)?.path);
  const sum = (paths) => Math.round([...paths].reduce((total, path) => total + bytes.get(path), 0) / 100) / 10;
  return { atOnceKb: sum(atOnce), withLazyKb: sum(bytes.keys()) };
}

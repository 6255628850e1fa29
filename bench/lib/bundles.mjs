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
  return sizes;
}

async function sizeOf(file, dist) {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    alias: { toolstream: join(dist, 'index.js') },
    nodePaths: [join(dirname(dist), 'node_modules')],
    outdir: join(folder, 'out'),
    write: false,
    metafile: true,
    logLevel: 'error',
  });
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

import { spawn } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedProject, packedProject, packedTarball } from '../package/packed.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import type { RawServer } from '../support/raw-server.ts';
import { freeNames } from './free-names.ts';
import { type Runtime, runtimes, versionOf } from './runtimes.ts';
import { startServer, urlOfNothing } from './server.ts';

const here = dirname(fileURLToPath(import.meta.url));

const absent = runtimes.filter(({ binary }) => binary === undefined).map(({ name }) => name);
if (absent.length > 0) {
  const message = `Not installed: ${absent.join('; ')}. The package is tested on them after \`npm ci --prefix test/runtimes\`.`;
  if (process.env.CI) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
}

const interrupted = { name: 'InterruptedError', code: 'interrupted', partial: 'Half of it' };

/** What the program reports, on any runtime. */
const expected = {
  answer: {
    texts: [`Let me see. ${Array.from({ length: 25 }, (_, n) => `word${n} `).join('')}`, 'Es sind 42 → SGN–HAN 🛫.'],
    calls: [
      ['call_1', 'add', { _tag: 'Right', right: { a: 15, b: 27 } }],
      ['call_2', 'add', { _tag: 'Right', right: { a: 15, b: '27' } }],
      ['call_3', 'search', { _tag: 'Right', right: { to: 'HAN' } }],
    ],
    progress: [1, 2, 3].map((found) => ['call_3', { found }]),
    results: [
      [{ _tag: 'Right', right: 42 }],
      [{ _tag: 'Left', left: expect.objectContaining({ code: 'invalid-arguments', started: false }) }],
      [{ _tag: 'Right', right: '3 flights to HAN 🛫' }],
    ],
    ends: [{ reason: 'stop', rounds: 2, messages: 5 }],
    latency: [{ ended: 'completed', rounds: 2, tools: 2 }],
    textFlowsWhileSearching: true,
    collected: [expect.stringMatching(/^Let me see\. word0 .* 42 → SGN–HAN 🛫\.$/), 'stop'],
  },
  bytes: {
    text: 'Tìm chuyến bay 🛫',
    frames: [expect.stringContaining('Tìm chuyến bay 🛫'), expect.stringContaining('finish_reason'), '[DONE]'],
    single: [{ id: '7', data: 'né 🛫' }],
  },
  pulled: { text: 'Tìm chuyến bay 🛫', last: 'answer-end', first: ['round-start', 'text-delta'], second: 'round-start' },
  held: { steady: true, early: true },
  left: { toolEnded: 'aborted', connectionClosed: true, late: 0, last: 'text-delta' },
  failures: {
    denied: { name: 'HttpError', code: 'http', status: 401, partial: '' },
    nowhere: { name: 'ConnectionError', code: 'connection', partial: '' },
    silent: { name: 'TimeoutError', code: 'timeout', kind: 'first-event', partial: '' },
    reset: interrupted,
    closed: interrupted,
    ended: interrupted,
  },
};

let tarball: string;
let project: PackedProject;
let server: RawServer;
let nowhere: string;

beforeAll(async () => {
  tarball = packedTarball();
  project = packedProject(tarball, ['rxjs', 'eventsource-parser', '@cfworker/json-schema']);
  cpSync(join(here, 'program.mjs'), join(project.folder, 'program.mjs'));
  const bundle = hasChromium ? await bundled(project.folder) : '';
  server = await startServer({
    '/': { type: 'text/html', body: '<!doctype html><title>toolstream</title><script type="module" src="/page.js"></script>' },
    '/page.js': { type: 'text/javascript', body: bundle },
  });
  nowhere = await urlOfNothing();
}, 180_000);

afterAll(async () => {
  await server?.close();
  project?.remove();
  if (tarball) rmSync(dirname(tarball), { recursive: true, force: true });
});

/** As for production: minified, so that nothing may depend on the name of a class. */
async function bundled(folder: string): Promise<string> {
  const page = "import { report } from './program.mjs'; globalThis.report = report;";
  const stdin = { contents: page, resolveDir: folder };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    charset: 'utf8',
    write: false,
  });
  return outputFiles.map((file) => file.text).join('');
}

describe.each(runtimes)('the built package on $name', (runtime) => {
  const version = runtime.binary === undefined ? 'not installed' : versionOf(runtime);

  it.skipIf(runtime.binary === undefined)(`streams, calls, pulls, leaves and fails as everywhere (${version})`, async () => {
    const { stdout, stderr, status } = await run(runtime);
    expect([stderr, status]).toEqual(['', 0]);
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});

/** In a plain environment, as in a user's shell. The process ends by itself: no timer or connection is left behind. */
async function run({ name, binary = '', flags }: Runtime): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const file = join(project.folder, `${name.replace(/\W+/g, '-')}.mjs`);
  const given = [server.origin, nowhere].map((url) => JSON.stringify(url)).join();
  writeFileSync(file, `import { report } from './program.mjs';\nconsole.log(JSON.stringify(await report(${given})));\n`);
  const env = {
    PATH: process.env.PATH,
    HOME: project.folder,
    DENO_DIR: join(project.folder, '.deno'),
    DENO_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
  };
  const child = spawn(binary, [...flags, file], { cwd: project.folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 18_000 });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { ...output, status };
}

describe.skipIf(!hasChromium)('the built package in Chromium', () => {
  it('streams, calls, pulls, leaves and fails as everywhere, bundled and minified, on a page that forbids `eval`', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const thrown: string[] = [];
      page.on('pageerror', (error) => thrown.push(String(error)));
      await page.goto(server.origin);
      await page.waitForFunction(() => 'report' in globalThis);
      const printed = await page.evaluate(
        async ([origin, nothing]) => {
          const { report } = globalThis as unknown as { report: (origin: string, nowhere: string) => Promise<unknown> };
          return JSON.stringify(await report(origin, nothing));
        },
        [server.origin, nowhere] as const,
      );
      expect(JSON.parse(printed)).toEqual(expected);
      expect(thrown).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

/** What any JavaScript has, a worker on the edge too, but for the two ways to run a string as code. */
const language = (runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]).filter(
  (name) => name !== 'eval' && name !== 'Function',
);

/** All that is used of the web platform. */
const web = [
  'AbortController',
  'clearTimeout',
  'DOMException',
  'fetch',
  'performance',
  'ReadableStream',
  'Response',
  'setTimeout',
  'btoa',
  'structuredClone',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'WritableStream',
];

/** Asked for with `typeof` first: a page's address, which a relative `url` starts from. */
const optional = ['location', 'navigator', 'WebSocket'];

describe.each(['index', 'operators', 'dialects', 'testing'])('dist/%s.js, fit for an edge worker', (entry) => {
  let code: string;
  let imports: ReadonlyArray<readonly [path: string, kind: string]>;

  beforeAll(async () => {
    const entryPoints = [join(project.folder, `node_modules/toolstream/dist/${entry}.js`)];
    const { metafile, outputFiles } = await build({
      entryPoints,
      bundle: true,
      packages: 'external',
      format: 'esm',
      metafile: true,
      write: false,
    });
    code = outputFiles.map((file) => file.text).join('');
    imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path, kind }) => [path, kind] as const));
  });

  it('imports nothing but rxjs and eventsource-parser, and the validator for JSON Schema when it is needed', () => {
    const known = ['rxjs import-statement', 'eventsource-parser import-statement', '@cfworker/json-schema dynamic-import'];
    expect(imports.map((found) => found.join(' ')).filter((found) => !known.includes(found))).toEqual([]);
    expect(code).not.toMatch(/\bimport\((?!["'])/);
  });

  it('uses no name of Node, no `eval` and no `Function`: the language and these web APIs are enough', () => {
    expect(freeNames(code).filter((name) => ![...language, ...web, ...optional].includes(name))).toEqual([]);
  });
});

import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedProject, packedProject, packedTarball } from '../package/packed.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import type { RawServer } from '../support/raw-server.ts';
import { freeNames } from './free-names.ts';
import { bundled, run } from './run.ts';
import { runtimes, versionOf } from './runtimes.ts';
import { startServer, urlOfNothing } from './server.ts';

const here = dirname(fileURLToPath(import.meta.url));

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
  const bundle = hasChromium ? await bundled(project.folder, 'program.mjs') : '';
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

describe.each(runtimes)('the built package on $name', (runtime) => {
  const version = runtime.binary === undefined ? 'not installed' : versionOf(runtime);

  it.skipIf(runtime.binary === undefined)(`streams, calls, pulls, leaves and fails as everywhere (${version})`, async () => {
    const { stdout, stderr, status } = await run(runtime, project.folder, 'program.mjs', [server.origin, nowhere]);
    expect([stderr, status]).toEqual(['', 0]);
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});

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
const optional = ['location', 'WebSocket'];

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

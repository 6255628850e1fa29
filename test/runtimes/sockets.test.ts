import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedProject, packedProject, packedTarball, root } from '../package/packed.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { bundled, run } from './run.ts';
import { type Runtime, runtimes, versionOf } from './runtimes.ts';
import { urlOfNothing } from './server.ts';
import { FLOOD_BYTES, KEY, type SocketLab, startSocketLab } from './socket-lab.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** What one class of sockets can do. The guide's table says the same. */
interface Abilities {
  /** Sends headers. */
  readonly headers: boolean;
  /** Pings, and hears of the answer. */
  readonly pings: boolean;
  /** Stops reading from the network. */
  readonly holdsBack: boolean;
  /** Tells the status that came in place of the opening. */
  readonly tellsStatus: boolean;
  /** Leaves a peer that does not answer the farewell. */
  readonly leavesDeaf: boolean;
}

const everything: Abilities = { headers: true, pings: true, holdsBack: true, tellsStatus: true, leavesDeaf: true };
const nothing: Abilities = { headers: false, pings: false, holdsBack: false, tellsStatus: false, leavesDeaf: false };

/** All in which they differ. */
const abilities = {
  ws: everything,
  Node: { ...nothing, headers: true },
  Bun: everything,
  Deno: { ...nothing, headers: true, tellsStatus: true },
  Chromium: nothing,
} as const satisfies Record<string, Abilities>;

const listed = (able: Abilities) =>
  Object.entries(able)
    .map(([name, has]) => `${has ? '' : 'no '}${name}`)
    .join(', ');

/** What the program reports. */
function expected({ headers, pings, holdsBack, tellsStatus, leavesDeaf }: Abilities, own: string) {
  const interrupted = { name: 'InterruptedError', partial: 'Half of it' };
  const unsaid = headers ? 'header' : 'subprotocol chat-chunks';
  return {
    diagnostics: pings ? [] : ['no-keep-alive'],
    duplex: { text: 'Xem nào 🛫. c1: 42, c2: 3', reason: 'stop', rounds: 2, messages: 4 },
    chunks: {
      calls: [
        ['c0', 'f', '{"a":1}'],
        ['c1', 'g', '{"ü":"🛫"}'],
      ],
    },
    keys: {
      unsaid,
      header: headers ? 'header blue v2' : expect.stringContaining('TypeError: A browser'),
      subprotocol: 'subprotocol chat-chunks',
      message: 'message',
      ...(own && { handedIn: own }),
    },
    pings: pings ? { answered: 'pinged', unanswered: interrupted, said: true } : 'none',
    deaf: leavesDeaf ? 'Half of it' : 'not tried',
    ends: {
      after: { text: 'Whole', last: 'round-end' },
      before: interrupted,
      cut: interrupted,
      refused: { name: 'ProviderError', status: 401, partial: '' },
      nowhere: { name: 'ConnectionError', partial: '' },
      denied: { ...(tellsStatus ? { name: 'HttpError', status: 401 } : { name: 'ConnectionError' }), partial: '' },
      silent: { name: 'TimeoutError', kind: 'connect', partial: '' },
      oversized: { name: 'LimitError', limit: 'maxFrameBytes', partial: 'Half of it' },
      oversizedGone: 'number',
      binary: [[{ type: 'provider-event', name: 'binary', data: 'AP8B' }], null],
    },
    left: { code: 1000, words: 3, unheld: true },
    flood: holdsBack
      ? { early: true, words: FLOOD_BYTES / 8_000 }
      : { early: true, words: 'some', error: { name: 'LimitError', limit: 'maxQueuedBytes' } },
  };
}

let tarball: string;
let project: PackedProject;
let lab: SocketLab;
let nowhere: string;

beforeAll(async () => {
  tarball = packedTarball();
  project = packedProject(tarball, ['rxjs', 'eventsource-parser', '@cfworker/json-schema', 'ws']);
  cpSync(join(here, 'socket-program.mjs'), join(project.folder, 'own.mjs'));
  const withWs =
    "import { WebSocket } from 'ws';\nimport * as own from './own.mjs';\nexport const report = (...given) => own.report(...given, WebSocket);\n";
  writeFileSync(join(project.folder, 'ws.mjs'), withWs);
  lab = await startSocketLab({
    '/': { type: 'text/html', body: '<!doctype html><title>toolstream</title><script type="module" src="/page.js"></script>' },
    '/page.js': { type: 'text/javascript', body: hasChromium ? await bundled(project.folder, 'own.mjs') : '' },
  });
  nowhere = await urlOfNothing();
}, 180_000);

afterAll(async () => {
  await lab?.close();
  project?.remove();
  if (tarball) rmSync(dirname(tarball), { recursive: true, force: true });
});

/** Every connection is gone, the answer of two rounds had one, and pings came from where they can come. */
async function expectNobodyLeft(who: string, { pings }: Abilities): Promise<void> {
  const seen = lab.seen(who);
  for (const { served } of seen) served.socket.resume();
  await Promise.all(seen.map(({ served }) => served.gone));
  const duplex = seen.filter(({ script }) => script === 'duplex').map(({ served }) => served);
  expect(duplex.map(({ received }) => received.map(({ type }) => type))).toEqual([['init', 'function_result', 'function_result']]);
  expect(await duplex[0]?.gone).toBe(1000);
  const pinged = seen.filter((connection) => connection.pings > 0).map(({ script }) => script);
  expect(pinged).toEqual(pings ? ['pinged', 'mute'] : []);
}

const own: { readonly [runtime: string]: { readonly name: 'Node' | 'Bun' | 'Deno'; readonly flags: readonly string[] } } = {
  node: { name: 'Node', flags: [] },
  'node, the newest': { name: 'Node', flags: [] },
  bun: { name: 'Bun', flags: [] },
  deno: { name: 'Deno', flags: ['--allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE'] },
};

describe.each(runtimes)('socketModel of the built package on $name', (runtime) => {
  const version = runtime.binary === undefined ? 'not installed' : versionOf(runtime);
  const { name, flags } = own[runtime.name] ?? { name: 'Node', flags: [] };
  const hasOwn = name !== 'Node' || Number(/\d+/.exec(version)) >= 22;

  it.skipIf(runtime.binary === undefined)(
    `works with the global WebSocket (${version}: ${hasOwn ? listed(abilities[name]) : 'none'})`,
    async () => {
      const who = `${runtime.name.replace(/\W+/g, '-')}-own`;
      const printed = await reportOf(runtime, 'own.mjs', who);
      if (!hasOwn) {
        expect(printed).toEqual({ without: expect.stringContaining('TypeError: This runtime has no global WebSocket') });
        return;
      }
      expect(printed).toEqual(expected(abilities[name], 'header'));
      await expectNobodyLeft(who, abilities[name]);
    },
  );

  it.skipIf(runtime.binary === undefined)(`works with \`ws\` (${version}: ${listed(abilities.ws)})`, async () => {
    const who = `${runtime.name.replace(/\W+/g, '-')}-ws`;
    const printed = await reportOf({ ...runtime, flags: [...runtime.flags, ...flags] }, 'ws.mjs', who);
    expect(printed).toEqual(expected(abilities.ws, hasOwn ? 'header' : ''));
    await expectNobodyLeft(who, abilities.ws);
  });
});

/** The process ends by itself: no timer or connection is left behind. */
async function reportOf(runtime: Runtime, program: string, who: string): Promise<unknown> {
  const { stdout, stderr, status } = await run(runtime, project.folder, program, [lab.host, who, KEY, nowhere.replace('http', 'ws')]);
  expect([stderr, status]).toEqual(['', 0]);
  return JSON.parse(stdout);
}

describe.skipIf(!hasChromium)('socketModel of the built package in Chromium', () => {
  it(`works with the global WebSocket (${listed(abilities.Chromium)})`, async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const thrown: string[] = [];
      page.on('pageerror', (error) => thrown.push(String(error)));
      await page.goto(`http://${lab.host}/`);
      await page.waitForFunction(() => 'report' in globalThis);
      const printed = await page.evaluate(
        async (given) => {
          const { report } = globalThis as unknown as { report: (...given: readonly string[]) => Promise<unknown> };
          return JSON.stringify(await report(...given));
        },
        [lab.host, 'chromium', KEY, nowhere.replace('http', 'ws')],
      );
      expect(JSON.parse(printed)).toEqual(expected(abilities.Chromium, 'subprotocol chat-chunks'));
      expect(thrown).toEqual([]);
      await expectNobodyLeft('chromium', abilities.Chromium);
    } finally {
      await browser.close();
    }
  });
});

it('is what the guide says', () => {
  const guide = readFileSync(join(root, 'docs/websockets.md'), 'utf8');
  const rows = Object.entries(abilities).map(([name, able]) =>
    [name === 'ws' ? '`ws`' : name, ...Object.values(able).map((has) => (has ? 'yes' : 'no'))].join(' | '),
  );
  for (const row of rows) expect(guide).toContain(`| ${row} |`);
});

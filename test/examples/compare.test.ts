import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArguments, UsageError } from '../../examples/compare/arguments.ts';
import { readPrices, readTargets } from '../../examples/compare/files.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as `npm run compare` starts it: by `node` itself, since the `tsx` command ends a process that is slow to say it saw the signal. */
async function compare(args: readonly string[], meanwhile: (child: ChildProcess, stderr: () => string) => void = () => {}): Promise<Run> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'compare/main.ts', ...args], {
    cwd: examples,
    env: { ...process.env, INIT_CWD: folder, COMPARE_TEST_KEY: 'sk-secret' },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
    meanwhile(child, () => stderr);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const folder = mkdtempSync(join(tmpdir(), 'compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

/** A server that answers everything with a status, and keeps what it was asked. */
async function refusing(status: number) {
  const seen: Array<string | undefined> = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen, stop: () => server.close() };
}

describe('npm run compare', () => {
  it('measures two embedded endpoints of different pace, side by side', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await compare(['--requests', '20', '--concurrency', '5', '--json', '--answers-per-month', '1000']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('embedded-quick: 20/20')]);
    const { endpoints } = JSON.parse(stdout);
    expect(endpoints).toHaveLength(2);
    for (const endpoint of endpoints) {
      expect(endpoint).toMatchObject({ requests: 20, succeeded: 20, successRate: 1, failures: {}, toolCallAccuracy: 1 });
      expect(endpoint.calls).toEqual({ count: 20, invalid: 0, results: { succeeded: 20 } });
      expect(endpoint.firstToolCallMs.count).toBe(20);
      expect(endpoint.firstToolCallMs.avg).toBeGreaterThan(endpoint.firstTokenMs.avg);
      // Two rounds, each with its own wait for the first token.
      expect(endpoint.totalMs.p50).toBeGreaterThan(endpoint.firstToolCallMs.p50 + endpoint.firstTokenMs.p50 / 2);
      expect(endpoint.usage).toMatchObject({ inputTokens: 20 * 220, outputTokens: 20 * 37 });
      expect(endpoint.cost.perMonthUsd).toBeCloseTo(endpoint.cost.perAnswerUsd * 1000, 9);
    }
    const [quick, steady] = endpoints;
    expect(steady.firstTokenMs.p50).toBeGreaterThan(quick.firstTokenMs.p50);
    expect(steady.tokensPerSecond.avg).toBeLessThan(quick.tokensPerSecond.avg);
    expect(steady.cost.perAnswerUsd / quick.cost.perAnswerUsd).toBeCloseTo(5, 6);
  });

  it('prints the table, fails no run for one bad endpoint, and lists its failures by code', { timeout: 60_000 }, async () => {
    const [denied, broken] = [await refusing(401), await refusing(500)];
    // The smallest stream there is.
    const server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n');
      request.resume().on('end', () => response.end('data: [DONE]\n\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const endpoints = file('mixed.json', [
      { name: 'wrong key', url: denied.url, model: 'm', apiKeyEnv: 'COMPARE_TEST_KEY' },
      { name: 'works', url, model: 'm' },
      { name: 'broken', url: broken.url, model: 'm' },
    ]);
    const { code, stdout, stderr } = await compare(['--requests', '4', '--concurrency', '2', '--warm-up', '0', '--endpoints', endpoints]);
    for (const { stop } of [denied, broken]) stop();
    server.close();
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.find((line) => line.startsWith('| model'))).toContain('USD/month');
    expect(lines.find((line) => line.startsWith('| works'))).toMatch(/\| +4 \| 100\.0 % \|/);
    expect(lines.find((line) => line.startsWith('| wrong key'))).toMatch(/\| +4 \| +0\.0 % \|/);
    expect(stdout).toContain('wrong key failed: http 401 ×4');
    // Once for each request: a retry would hide how often it failed.
    expect(stdout).toContain('broken failed: http 500 ×4');
    expect(broken.seen).toHaveLength(4);
    expect(denied.seen).toEqual(Array(4).fill('Bearer sk-secret'));
    expect(stdout + stderr).not.toContain('sk-secret');
  });

  it('exits with 1 when all requests failed', { timeout: 60_000 }, async () => {
    const closed = await refusing(200);
    closed.stop();
    const endpoints = file('closed.json', [{ name: 'gone', url: closed.url, model: 'm' }]);
    const { code, stdout } = await compare(['--requests', '3', '--endpoints', endpoints]);
    expect([code, stdout]).toEqual([1, expect.stringContaining('gone failed: connection ×3')]);
  });

  it('stops at an interrupt and prints what there is', { timeout: 60_000 }, async () => {
    let sent = false;
    const { stdout } = await compare(['--requests', '120', '--concurrency', '10'], (child, stderr) => {
      if (!sent && stderr().includes('embedded-quick: 30/120')) sent = child.kill('SIGINT');
    });
    expect(stdout).toMatch(/\| embedded-quick +\| +[3-9]\d \| 100\.0 % \|/);
    expect(stdout).not.toContain('embedded-steady');
  });

  it('explains itself with --help, and what is wrong with exit code 2', { timeout: 60_000 }, async () => {
    const [help, wrong] = await Promise.all([compare(['--help']), compare(['--requests', 'many'])]);
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--answers-per-month')]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--requests is "many"; give a whole number, 1 or more.')]);
    expect(wrong.stderr).not.toContain(' at ');
  });
});

describe('the options of compare', () => {
  it('default to 1000 requests, 20 at once', () => {
    expect(readArguments([])).toMatchObject({ requests: 1000, concurrency: 20, answersPerMonth: 100_000, timeoutMs: 60_000, json: false });
    expect(readArguments(['-h'])).toBeUndefined();
  });

  it.each([
    [['--requests', '0'], '--requests is "0"'],
    [['--concurrency', '1.5'], '--concurrency is "1.5"'],
    [['--timeout', ''], '--timeout is ""'],
    [['--answers-per-month', '1e9'], '--answers-per-month is "1e9"'],
    [['--nonsense'], '--nonsense'],
    [['stray'], 'stray'],
  ])('refuse %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(UsageError);
    expect(() => readArguments(args)).toThrow(message);
  });
});

describe('the files of compare', () => {
  const here = process.env.INIT_CWD;
  beforeAll(() => {
    process.env.INIT_CWD = folder;
  });
  afterAll(() => {
    if (here === undefined) delete process.env.INIT_CWD;
    else process.env.INIT_CWD = here;
  });

  it.each([
    ['a file that is not there', 'nowhere.json', undefined, 'ENOENT'],
    ['no JSON', 'a.json', '{', 'a.json'],
    ['no list', 'b.json', {}, 'expected a list of endpoints'],
    ['an empty list', 'c.json', [], 'expected a list of endpoints'],
    ['a missing field', 'd.json', [{ name: 'x', url: 'https://x/v1' }], 'endpoint 1: "model" is missing'],
    ['something that is no endpoint', 'e.json', [null], 'endpoint 1: "name" is missing'],
    ['a URL that is none', 'f.json', [{ name: 'x', url: 'x', model: 'm' }], 'endpoint 1: "url" is "x"'],
    ['a name twice', 'g.json', Array(2).fill({ name: 'x', url: 'https://x/v1', model: 'm' }), 'two endpoints are named "x"'],
    [
      'a key that is not set',
      'h.json',
      [{ name: 'x', url: 'https://x/v1', model: 'm', apiKeyEnv: 'NO_KEY' }],
      'variable NO_KEY is not set',
    ],
  ])('refuse %s', (_, name, content, message) => {
    if (content !== undefined) file(name, content);
    expect(() => readTargets(name, {})).toThrow(UsageError);
    expect(() => readTargets(name, {})).toThrow(message);
  });

  it('price an endpoint by its name, else by its model', () => {
    const [byName, byModel] = [
      { inputPerMillion: 1, outputPerMillion: 2 },
      { inputPerMillion: 3, outputPerMillion: 4 },
    ];
    const prices = file('prices.json', { own: byName, shared: byModel });
    const target = (name: string, model: string) => ({ name, model, url: 'https://x/v1' });
    expect(readPrices(prices, [target('own', 'shared'), target('x', 'shared'), target('y', 'none'), target('toString', 'none')])).toEqual({
      own: byName,
      x: byModel,
    });
    expect(() => readPrices(file('null.json', 'null'), [])).toThrow(UsageError);
  });
});

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { startChatServer } from '../support/chat-server.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

/** Runs the demo as a newcomer does, but for the variables given here. */
function runDemo(variables: Readonly<Record<string, string>> = {}): Promise<Run> {
  const { OPENAI_BASE_URL, OPENAI_API_KEY, MODEL, FORCE_COLOR, ...rest } = process.env;
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts'], {
    cwd: examples,
    env: { ...rest, NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => out.push(data));
  child.stderr.on('data', (data: Buffer) => err.push(data));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), ms: performance.now() - start }),
    );
  });
}

describe('the demo', () => {
  let demo: Run;
  let lines: string[];
  const lineOf = (what: RegExp) => lines.findIndex((line) => what.test(line));

  beforeAll(async () => {
    demo = await runDemo();
    lines = demo.out.split('\n');
  }, 60_000);

  it('ends well, quickly, and says nothing on stderr', () => {
    expect({ code: demo.code, err: demo.err }).toEqual({ code: 0, err: '' });
    expect(demo.ms).toBeLessThan(20_000);
  });

  it('holds the conversation: both questions, parallel calls, results, both answers', () => {
    expect(demo.out).toContain('You: What is the weather in Tokyo and 15 + 27?');
    expect(demo.out).toContain('→ get_weather(location: "Tokyo")');
    expect(demo.out).toContain('→ calculate(expression: "15 + 27")');
    expect(demo.out).toMatch(/✓ get_weather, .*Tokyo · clear · 22 °C/);
    expect(demo.out).toMatch(/✓ calculate, \d+ ms: 42/);
    expect(demo.out.replace(/\s+\S+ \S+ │ /g, ' ')).toContain('And 15 + 27 = 42.');
    expect(demo.out).toContain('You: Tìm chuyến bay SGN → HAN ngày 15/6');
    expect(demo.out).toContain('→ search_flights(from: "SGN", to: "HAN", date: "15/06")');
    expect(demo.out).toMatch(/✓ search_flights, 2\.\d+ s: 6 found/);
    expect(demo.out).toContain('VJ 198 · 22:10 → 00:20 · 790.000 ₫');
    expect(demo.out.match(/round 2/g)).toHaveLength(2);
  });

  it('shows text that arrived while the flight search ran, and its progress', () => {
    const [started, finished] = [lineOf(/▸ search_flights runs/), lineOf(/✓ search_flights/)];
    const between = lines.slice(started + 1, finished);
    expect(between.filter((line) => /· search_flights: .* \(\d of 4\)/.test(line))).toHaveLength(4);
    expect(between.filter((line) => /│ \p{L}/u.test(line)).length).toBeGreaterThanOrEqual(2);
    const pieces = /(\d+) pieces of text arrived while search_flights ran/.exec(demo.out)?.[1];
    expect(Number(pieces)).toBeGreaterThanOrEqual(20);
  });

  it('draws a timeline of each answer and a latency table, within 80 columns and without escapes', () => {
    expect(demo.out.match(/^rounds +┣/gm)).toHaveLength(2);
    expect(demo.out.match(/^text +[▁▂▃▄▅▆▇]/gm)).toHaveLength(2);
    expect(demo.out).toMatch(/^get_weather +░+ ?▓+/m);
    expect(demo.out).toMatch(/^search_flights +░+ ?▓+●/m);
    expect(demo.out).toMatch(/^first token +\d\S* m?s +\d\S* m?s$/m);
    expect(demo.out).toMatch(/^total +\d+\.\d+ s +\d+\.\d+ s$/m);
    expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
    expect(demo.out).not.toContain(String.fromCharCode(27));
  });

  it('tears no character', () => {
    expect(demo.out).not.toContain('\uFFFD');
  });
});

describe('the demo with an endpoint of one’s own', () => {
  it('talks to it, with its key and model', async () => {
    const keys: unknown[] = [];
    const models: unknown[] = [];
    const server = await startChatServer((chat) => {
      keys.push(chat.headers.authorization);
      models.push(chat.body.model);
      chat.delta({ content: 'I have no tools at hand.' });
      chat.finish('stop');
    });
    try {
      const { code, out, err } = await runDemo({ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-of-mine', MODEL: 'mine' });
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain('I have no tools at hand.');
      expect(out).not.toContain('sk-of-mine');
      expect([keys, models]).toEqual([
        ['Bearer sk-of-mine', 'Bearer sk-of-mine'],
        ['mine', 'mine'],
      ]);
    } finally {
      await server.stop();
    }
  }, 60_000);

  it('says what is wrong where it cannot, and exits with 1', async () => {
    const refused = await runDemo({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: 'sk-of-mine', MODEL: 'mine' });
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^\nThe demo failed: .*127\.0\.0\.1:9/);
    expect(refused.err).not.toContain('sk-of-mine');

    const nameless = await runDemo({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
    expect(nameless.code).toBe(1);
    expect(nameless.err).toContain('MODEL');
  }, 60_000);
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type FixtureBlock, LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnswerEvent, httpModel, isToolstreamError, openAiChat, streamAnswer, withRetry } from '../../src/index.ts';
import { randomFrom } from '../../src/testing/splits.ts';
import { faults } from '../rounds/events.ts';
import { type CuttingRelay, cuttingRelay } from '../support/cutting-relay.ts';
import { figure } from '../support/figures.ts';
import { handles, leftBeyond } from '../support/handles.ts';
import { inLanes } from '../support/lanes.ts';
import { Effects, textThatStands, unsettled } from '../support/recorded-answer.ts';
import { settled } from '../support/settled.ts';

/** Two equal calls and another one, with text before, between and after. */
const calls = [
  { name: 'pay', arguments: { amount: 5 } },
  { name: 'pay', arguments: { amount: 5 } },
  { name: 'put', arguments: { amount: 7 } },
];
const said = ['I pay twice. ', 'Then I put it there. ', 'That is all.'];
const blocks = calls.flatMap(({ name, arguments: args }, i): FixtureBlock[] => [
  { type: 'text', text: said[i] as string },
  { type: 'toolCall', id: `call_${i}`, name, arguments: JSON.stringify(args) },
]);

const RATE = 0.3;
const unseeded = Math.random;
const random = randomFrom(20);
let server: LLMock;
let relay: CuttingRelay;
let before: Record<string, number>;

beforeAll(async () => {
  before = handles();
  // The server throws its dice with this. No spy, which would remember each throw.
  Math.random = randomFrom(7);
  const chaos = { dropRate: RATE, malformedRate: RATE, rateLimitRate: RATE, disconnectRate: RATE };
  server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 6, journalMaxEntries: 1, chaos });
  server.addFixtures([
    { match: { hasToolResult: true }, response: { content: 'Done.' } },
    { match: { hasToolResult: false }, response: { blocks } },
  ]);
  await server.start();
  // What the server itself cannot do: lose the connection in the middle of a response.
  relay = await cuttingRelay(server.port, () => (random() < RATE ? Math.floor(random() * 6_000) : Infinity));
});
afterAll(() => {
  Math.random = unseeded;
});

/** Counts over many answers. */
class Counts {
  readonly ends: Record<string, number> = {};
  answers = 0;
  effects = 0;
  restarts = 0;
  tries = 0;
  effectsNobodyAskedFor = 0;
  callsWithoutOneResult = 0;
  untypedErrors = 0;
}

async function ask(counts: Counts): Promise<void> {
  const effects = new Effects({ calls });
  const http = httpModel({ dialect: openAiChat, url: `http://127.0.0.1:${relay.port}/v1`, model: 'm', retry: { maxTries: 1 } });
  // A document that is no JSON is worth another try here: it is chaos, and the next answer is another one.
  const model = withRetry(http, { afterEvents: 'restart', maxTries: 10, baseDelayMs: 1, maxDelayMs: 20, retryIf: () => true });
  const request = { messages: [{ role: 'user' as const, content: 'go' }] };
  const { events, error } = await settled<AnswerEvent>(streamAnswer({ model, request, tools: effects.tools }));
  const ends = events.filter((event) => event.type === 'answer-end');
  const end = ends[0]?.type === 'answer-end' ? ends[0] : undefined;
  const partial = isToolstreamError(error) ? error.partial : undefined;
  const has = (what: string) =>
    events.filter((event) => event.type === what || (event.type === 'diagnostic' && event.code === what)).length;

  counts.answers++;
  counts.effects += effects.seen.length;
  counts.restarts += has('round-restarted');
  counts.tries += 1 + has('retried') + (has('round-end') > 0 ? 1 : 0);
  counts.effectsNobodyAskedFor += effects.unwanted.length;
  counts.callsWithoutOneResult += unsettled(events).length;
  if (error !== undefined && !isToolstreamError(error)) counts.untypedErrors++;
  const how = isToolstreamError(error) ? (error.code === 'http' ? `http ${error.status}` : error.code) : String(end?.reason);
  counts.ends[how] = (counts.ends[how] ?? 0) + 1;

  expect({ endings: ends.length + (error ? 1 : 0), history: faults(end?.messages ?? partial?.messages ?? []) }).toEqual({
    endings: 1,
    history: [],
  });
  if (end) {
    expect([textThatStands(events), effects.complete]).toEqual([`${said.join('')}Done.`, true]);
  } else expect(partial?.text).toBe(textThatStands(events));
}

/** Bytes in use when all that can go is gone. */
async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
}

describe('1,000 answers with tools from a server in chaos', () => {
  it('each end, no call has two effects, none lacks its result, and nothing is left', { timeout: 300_000 }, async () => {
    const many = (length: number, counts: Counts) =>
      inLanes(
        Array.from({ length }, (_, i) => i),
        () => ask(counts),
        200,
      );
    await many(150, new Counts());
    server.clearRequests();
    const heapBefore = await heapUsed();
    const counts = new Counts();
    const start = performance.now();
    await many(1_000, counts);
    const seconds = (performance.now() - start) / 1_000;
    server.clearRequests();
    const grownMiB = ((await heapUsed()) - heapBefore) / 2 ** 20;
    const cuts = relay.cuts;
    await relay.close();
    await server.stop();
    expect(await leftBeyond(before)).toEqual({});

    figure('chaos', {
      rate: RATE,
      ...counts,
      cutInTheMiddle: cuts,
      heapGrownMiB: Math.round(grownMiB * 10) / 10,
      seconds: Math.round(seconds),
    });
    const { answers, effectsNobodyAskedFor, callsWithoutOneResult, untypedErrors } = counts;
    expect({ answers, effectsNobodyAskedFor, callsWithoutOneResult, untypedErrors }).toEqual({
      answers: 1_000,
      effectsNobodyAskedFor: 0,
      callsWithoutOneResult: 0,
      untypedErrors: 0,
    });
    expect(counts.ends.stop).toBeGreaterThan(300);
    expect(counts.restarts).toBeGreaterThan(100);
    expect(grownMiB).toBeLessThan(8);
  });
});

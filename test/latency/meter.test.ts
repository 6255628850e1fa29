import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionError, HttpError, InterruptedError, ProviderError, TimeoutError } from '../../src/errors.ts';
import type { AnswerEvent, AnyEvent, ToolCall, ToolResult } from '../../src/events.ts';
import { Histogram } from '../../src/latency/histogram.ts';
import { type LatencyMeterOptions, latencyMeter } from '../../src/latency/meter.ts';
import type { LatencyReport } from '../../src/latency/report.ts';
import type { Output } from '../../src/stage.ts';

type Script = ReadonlyArray<readonly [atMs: number, ...events: AnyEvent[]]>;
type End = 'completes' | { readonly fails: unknown } | 'is cancelled';

/** Runs a meter over events at given times and ends the stream at the time given. */
function run(script: Script, endMs: number, end: End = 'completes', options: LatencyMeterOptions = {}) {
  const outputs: AnyEvent[] = [];
  const reports: LatencyReport[] = [];
  const out: Output<AnyEvent> = { enqueue: (value) => outputs.push(value), error: () => {}, terminate: () => {} };
  // The clock's own zero is arbitrary: only differences count.
  let now = 5000;
  const meter = latencyMeter<AnyEvent>({ clock: () => now, onReport: (report) => reports.push(report), ...options });
  for (const [atMs, ...events] of script) {
    now = 5000 + atMs;
    for (const event of events) meter.transform(event, out);
  }
  now = 5000 + endMs;
  let raised: unknown;
  if (end === 'completes') meter.flush?.(out);
  else if (end === 'is cancelled') meter.cancel();
  else raised = meter.fail?.(end.fails, out);
  const [report] = reports;
  if (report === undefined || reports.length > 1) throw new Error(`${reports.length} reports`);
  return { report, outputs, raised, meter, reports };
}

const report = (...args: Parameters<typeof run>) => run(...args).report;

const roundStart = (model?: string): AnswerEvent => ({ type: 'round-start', ...(model === undefined ? {} : { model }) });
const text = (value = 'x'): AnswerEvent => ({ type: 'text-delta', text: value });
const reasoning = (value = 'x'): AnswerEvent => ({ type: 'reasoning-delta', text: value });
const callStart = (callId: string): AnswerEvent => ({ type: 'tool-call-start', callId, index: 0, name: 'add' });
const fragment = (callId: string, value = '{'): AnswerEvent => ({ type: 'tool-call-delta', callId, index: 0, text: value });
const call = (callId: string): ToolCall => ({
  type: 'tool-call',
  callId,
  index: 0,
  name: 'add',
  argumentsText: '{}',
  arguments: { _tag: 'Right', right: {} },
});
const cutCall = (callId: string): ToolCall => ({
  ...call(callId),
  arguments: { _tag: 'Left', left: { code: 'interrupted', message: 'cut' } },
});
const started = (callId: string, round?: number): AnswerEvent => ({
  type: 'tool-started',
  callId,
  name: 'add',
  ...(round === undefined ? {} : { round }),
});
const result = (callId: string, round?: number): ToolResult => ({
  type: 'tool-result',
  callId,
  name: 'add',
  outcome: { _tag: 'Right', right: 42 },
  durationMs: 0,
  ...(round === undefined ? {} : { round }),
});
const failure = (callId: string, code: 'threw' | 'unknown-tool' | 'not-run'): ToolResult => ({
  ...result(callId),
  outcome: { _tag: 'Left', left: { code, message: code, started: code === 'threw' } },
});
const usage = (outputTokens: number, more = {}): AnswerEvent => ({ type: 'usage', usage: { outputTokens, ...more }, raw: {} });
const roundEnd = (reason: 'stop' | 'tool-calls' = 'stop'): AnswerEvent => ({
  type: 'round-end',
  reason,
  message: { role: 'assistant', content: '' },
});
const answerEnd: AnswerEvent = { type: 'answer-end', reason: 'stop', usage: {}, messages: [], rounds: 1 };
const restarted: AnswerEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };

describe('latencyMeter: first times', () => {
  it('takes neither role nor framing for a token (issue braintrustdata/braintrust-sdk-javascript#2110)', () => {
    const framing: Script = [
      [100, roundStart('gpt')],
      [150, { type: 'provider-event', name: 'ping', data: null } as AnswerEvent],
      [200, text('')],
      [210, reasoning('')],
      [220, { type: 'refusal-delta', text: '' } as AnswerEvent],
      [230, usage(0)],
    ];
    expect(report([...framing, [700, text('Hi')]], 800)).toMatchObject({ firstEventMs: 100, firstTokenMs: 700, tokens: { count: 1 } });
    expect(report(framing, 800)).not.toHaveProperty('firstTokenMs');
  });

  it.each([
    ['text', text()],
    ['white space', text(' ')],
    ['reasoning', reasoning()],
    ['a refusal', { type: 'refusal-delta', text: 'No' }],
    ['the start of a call: the model wrote its name', callStart('a')],
    ['a fragment of arguments', fragment('a')],
  ])('takes %s for a token', (_, event) => {
    expect(
      report(
        [
          [10, roundStart()],
          [30, event],
        ],
        40,
      ).firstTokenMs,
    ).toBe(30);
  });

  it('tells the start of the first call from the first call that may run', () => {
    const script: Script = [
      [10, callStart('a')],
      [20, callStart('b')],
      [30, cutCall('a')],
      [50, call('b')],
      [60, call('c')],
    ];
    expect(report(script, 70)).toMatchObject({ firstToolCallStartMs: 10, firstToolCallMs: 50 });
  });

  it('leaves out the times of what never came', () => {
    const empty = report([], 30);
    expect(empty).toMatchObject({ ended: 'completed', totalMs: 30, gaps: { count: 0 }, tokens: { count: 0, source: 'deltas' } });
    expect(Object.keys(empty)).toEqual(['ended', 'totalMs', 'gaps', 'stalls', 'tokens', 'rounds', 'tools', 'calls']);
  });
});

describe('latencyMeter: gaps, stalls, pace', () => {
  it('measures gaps between the tokens of a round, calls and text alike', () => {
    const { gaps } = report(
      [
        [100, text()],
        [110, callStart('a')],
        [120, fragment('a'), fragment('a', '')],
        [220, text()],
      ],
      500,
    );
    expect(gaps).toMatchObject({ count: 3, meanMs: 40, maxMs: 100, p99Ms: 100 });
    expect(gaps.p50Ms).toBeCloseTo(10, 0);
  });

  it('takes no gap over the end of a round or a restart: asking and tools are no gaps', () => {
    const script: Script = [
      [10, roundStart(), text()],
      [20, text(), roundEnd('tool-calls')],
      [5000, roundStart(), text()],
      [5010, text()],
      [9000, restarted, roundStart(), text()],
      [9010, text()],
    ];
    expect(report(script, 9020)).toMatchObject({ gaps: { count: 3, maxMs: 10 }, stalls: { count: 0 } });
  });

  it('counts as stalls the gaps longer than the threshold', () => {
    const script: Script = [
      [0, text()],
      [200, text()],
      [401, text()],
      [402, text()],
      [902, text()],
    ];
    expect(report(script, 2000, 'completes', { stallMs: 200 }).stalls).toEqual({ thresholdMs: 200, count: 2, totalMs: 701 });
    expect(report(script, 2000).stalls).toEqual({ thresholdMs: 1000, count: 0, totalMs: 0 });
  });

  it('counts the silence before a failure as a stall, and as no gap', () => {
    const failed = report(
      [
        [0, text()],
        [10, text()],
      ],
      3010,
      { fails: new InterruptedError('cut') },
    );
    expect(failed).toMatchObject({ stalls: { count: 1, totalMs: 3000 }, gaps: { count: 1 } });
    expect(report([[0, text(), roundEnd()]], 3010, { fails: new Error() }).stalls.count).toBe(0);
  });

  it.each<[string, Script, object]>([
    [
      'from the deltas where there is no usage',
      [
        [0, text()],
        [100, text()],
        [200, text()],
      ],
      { count: 3, source: 'deltas', perSecond: 10 },
    ],
    [
      'from the usage, a delta per gap',
      [
        [0, text()],
        [100, text()],
        [200, text(), usage(30)],
      ],
      { count: 30, source: 'usage', perSecond: 100 },
    ],
    [
      'by the newest usage of a round',
      [
        [0, text(), usage(1)],
        [100, text(), usage(2)],
        [110, usage(20)],
      ],
      { count: 20, source: 'usage', perSecond: 100 },
    ],
    [
      'by the usage at the round’s end',
      [
        [0, text()],
        [100, text(), { ...roundEnd(), usage: { outputTokens: 4 } } as AnswerEvent],
      ],
      { count: 4, perSecond: 20 },
    ],
    [
      'without reasoning that was not streamed',
      [
        [0, text()],
        [100, text(), usage(1002, { reasoningTokens: 1000 })],
      ],
      { count: 2, source: 'usage', perSecond: 10 },
    ],
    [
      'with reasoning that was streamed',
      [
        [0, reasoning()],
        [100, text(), usage(1002, { reasoningTokens: 1000 })],
      ],
      { count: 1002, source: 'usage', perSecond: 5010 },
    ],
    [
      'from the deltas where the usage says zero',
      [
        [0, text(), usage(0)],
        [100, text()],
      ],
      { count: 2, source: 'deltas', perSecond: 10 },
    ],
    [
      'from both where only some rounds report it',
      [
        [0, text()],
        [100, text(), usage(10), roundEnd('tool-calls')],
        [900, text()],
        [1000, text()],
      ],
      { count: 12, source: 'mixed', perSecond: 30 },
    ],
    [
      'without the reasoning that one round streamed and the next did not',
      [
        [0, reasoning()],
        [100, text(), usage(20, { reasoningTokens: 10 }), roundEnd()],
        [900, text()],
        [1000, text(), usage(22, { reasoningTokens: 20 })],
      ],
      { count: 22, source: 'usage', perSecond: 55 },
    ],
    ['not from one delta alone', [[0, text(), usage(10)]], { count: 10, source: 'usage' }],
    ['not when all came at once', [[0, text(), text()]], { count: 2, source: 'deltas' }],
  ])('gives tokens a second %s', (_, script, expected) => {
    const { tokens } = report(script, 5000);
    expect(tokens).toMatchObject(expected);
    expect('perSecond' in tokens).toBe('perSecond' in expected);
  });

  it('sums the usage over rounds and attempts, and keeps absent what nobody reported', () => {
    const script: Script = [
      [0, usage(5, { inputTokens: 10 }), restarted],
      [1, usage(7, { inputTokens: 10, cachedInputTokens: 8 }), roundEnd()],
      [2, usage(1)],
    ];
    expect(report(script, 5).usage).toEqual({ outputTokens: 13, inputTokens: 20, cachedInputTokens: 8 });
    expect(report([[0, text()]], 5)).not.toHaveProperty('usage');
  });
});

describe('latencyMeter: rounds', () => {
  it('times a round from when it was asked: subscribe, or the last result after the round before', () => {
    const script: Script = [
      [100, { ...roundStart(), round: 1 } as AnswerEvent],
      [150, callStart('a')],
      [200, call('a'), started('a'), roundEnd('tool-calls')],
      [900, result('a')],
      [1000, { ...roundStart(), round: 2 } as AnswerEvent],
      [1100, text()],
      [1300, roundEnd()],
    ];
    expect(report(script, 1310).rounds).toEqual({
      count: 2,
      entries: [
        { round: 1, attempts: 1, startMs: 0, firstTokenMs: 150, durationMs: 200, reason: 'tool-calls' },
        { round: 2, attempts: 1, startMs: 900, firstTokenMs: 200, durationMs: 400, reason: 'stop' },
      ],
    });
  });

  it('starts the next round at the end of the one before where the results were there earlier', () => {
    const script: Script = [
      [10, started('a')],
      [20, text(), result('a')],
      [50, roundEnd('tool-calls')],
      [90, text()],
    ];
    expect(report(script, 100).rounds.entries.map(({ startMs }) => startMs)).toEqual([0, 50]);
  });

  it('takes a restart for another attempt at the same round', () => {
    const script: Script = [
      [10, roundStart()],
      [20, text()],
      [30, restarted],
      [60, roundStart()],
      [70, text(), roundEnd()],
    ];
    expect(report(script, 80).rounds).toEqual({
      count: 1,
      entries: [{ round: 1, attempts: 2, startMs: 0, firstTokenMs: 20, durationMs: 70, reason: 'stop' }],
    });
    expect(
      report(
        [
          [5, restarted],
          [60, roundStart()],
          [70, roundEnd()],
        ],
        80,
      ).rounds.count,
    ).toBe(1);
  });

  it('ends a round that was cut where the stream ends, and one without an end where the next begins', () => {
    const script: Script = [
      [10, roundStart(), text()],
      [40, roundStart(), text()],
    ];
    expect(report(script, 100, { fails: new Error() }).rounds.entries).toEqual([
      { round: 1, attempts: 1, startMs: 0, firstTokenMs: 10, durationMs: 40 },
      { round: 2, attempts: 1, startMs: 40, firstTokenMs: 0, durationMs: 60 },
    ]);
  });

  it('starts the first round of a later answer at its first event: when it was asked cannot be seen', () => {
    const script: Script = [
      [10, text(), roundEnd(), answerEnd],
      [60_000, roundStart()],
      [60_020, text(), roundEnd(), answerEnd],
    ];
    expect(report(script, 60_030).rounds.entries[1]).toMatchObject({ startMs: 60_000, firstTokenMs: 20 });
  });

  it('lists at most `maxEntries` rounds and tools, and counts them all', () => {
    const script = Array.from({ length: 40 }, (_, i) => [i, started(`c${i}`), roundStart(), text(), roundEnd(), result(`c${i}`)] as const);
    const { rounds, tools, calls } = report(script, 50, 'completes', { maxEntries: 3 });
    expect([rounds.count, rounds.entries.length, tools.count, tools.entries.length]).toEqual([40, 3, 40, 3]);
    expect(calls.results).toEqual({ succeeded: 40 });
  });
});

describe('latencyMeter: tools', () => {
  it('gives each run its time, and its overlap with text from the first delta within to the last', () => {
    const script: Script = [
      [10, text()],
      [100, started('slow'), started('fast')],
      [150, text()],
      [180, result('fast')],
      [400, text(), text('')],
      [900, result('slow')],
      [950, text()],
    ];
    expect(report(script, 1000).tools.entries).toEqual([
      { callId: 'slow', name: 'add', startMs: 100, durationMs: 800, outcome: 'succeeded', overlap: { textDeltas: 2, durationMs: 250 } },
      { callId: 'fast', name: 'add', startMs: 100, durationMs: 80, outcome: 'succeeded', overlap: { textDeltas: 1, durationMs: 0 } },
    ]);
  });

  it('sees no overlap where text came only before and after', () => {
    const { tools } = report(
      [
        [1, text()],
        [2, started('a')],
        [3, reasoning(), callStart('b')],
        [4, result('a')],
        [5, text()],
      ],
      6,
    );
    expect(tools.entries[0]?.overlap).toEqual({ textDeltas: 0, durationMs: 0 });
  });

  it('tells equal call ids of different rounds apart', () => {
    const script: Script = [
      [0, started('x', 1)],
      [10, started('x', 2)],
      [30, result('x', 2)],
      [90, result('x', 1)],
    ];
    expect(report(script, 100).tools.entries.map(({ round, durationMs }) => [round, durationMs])).toEqual([
      [1, 90],
      [2, 20],
    ]);
  });

  it('keeps what still ran when the stream ended, as unfinished', () => {
    expect(
      report(
        [
          [10, started('a')],
          [20, text()],
        ],
        50,
        'is cancelled',
      ).tools,
    ).toEqual({
      count: 1,
      entries: [
        { callId: 'a', name: 'add', startMs: 10, durationMs: 40, outcome: 'unfinished', overlap: { textDeltas: 1, durationMs: 0 } },
      ],
    });
  });

  it('counts what became of the calls', () => {
    const script: Script = [
      [0, call('a'), call('b'), call('c'), cutCall('d')],
      [1, started('a'), started('b'), failure('c', 'unknown-tool'), failure('d', 'not-run')],
      [2, result('a'), failure('b', 'threw')],
    ];
    const { calls, tools } = report(script, 3);
    expect(calls).toEqual({ count: 4, invalid: 1, results: { succeeded: 1, threw: 1, 'unknown-tool': 1, 'not-run': 1 } });
    expect(tools.entries.map(({ outcome }) => outcome)).toEqual(['succeeded', 'threw']);
  });
});

describe('latencyMeter: endings', () => {
  it('reports why the model stopped: of the answer, else of its last round', () => {
    expect(report([[0, roundEnd('tool-calls')]], 1).reason).toBe('tool-calls');
    expect(report([[0, roundEnd('tool-calls'), { ...answerEnd, reason: 'max-rounds' } as AnswerEvent]], 1).reason).toBe('max-rounds');
  });

  it.each([
    ['its code', new ConnectionError('refused'), { code: 'connection' }],
    ['the HTTP status', new HttpError('busy', { status: 429, retryable: true }), { code: 'http', status: 429 }],
    [
      'the status within a stream',
      new ProviderError('bad', { status: 500, retryable: true, raw: null }),
      { code: 'provider', status: 500 },
    ],
    ['no status where there is none', new ProviderError('bad', { retryable: false, raw: null }), { code: 'provider' }],
    ['the clock that ran out', new TimeoutError('idle', 100), { code: 'timeout', kind: 'idle' }],
    ['the code of a foreign error', Object.assign(new Error('x'), { code: 'ECONNRESET' }), { code: 'ECONNRESET' }],
    ['the name of an error without a code', new RangeError('x'), { code: 'RangeError' }],
    ['something that is no error', null, { code: 'unknown' }],
  ])('reports which error, by %s, and raises the same object', (_, error, expected) => {
    const failed = run([[5, text()]], 10, { fails: error });
    expect(failed.report).toMatchObject({ ended: 'failed', error: expected, totalMs: 10 });
    expect(failed.raised).toBe(error);
    expect(failed.outputs.at(-1)).toEqual({ type: 'latency', report: failed.report });
    expect(JSON.stringify(failed.report)).not.toContain('message');
  });

  it('reports a stream that was given up to `onReport` alone, once', () => {
    const cancelled = run([[5, text()]], 10, 'is cancelled');
    cancelled.meter.cancel();
    expect(cancelled.reports).toHaveLength(1);
    expect(cancelled.report).toMatchObject({ ended: 'cancelled', totalMs: 10, firstTokenMs: 5 });
    expect(cancelled.outputs).toHaveLength(1);
  });

  it('does not report again when it is given up after its end', () => {
    const completed = run([], 10);
    completed.meter.cancel();
    expect(completed.reports).toHaveLength(1);
  });

  it('throws at the call what is wrong with the options', () => {
    expect(() => latencyMeter({ stallMs: -1 })).toThrow('stallMs is -1');
    expect(() => latencyMeter({ stallMs: Number.NaN })).toThrow(RangeError);
    expect(() => latencyMeter({ maxEntries: -1 })).toThrow('maxEntries is -1');
  });

  it('measures with performance.now by default', () => {
    const before = performance.now();
    const meter = latencyMeter<AnyEvent>({ onReport: ({ totalMs }) => expect(totalMs).toBeLessThanOrEqual(performance.now() - before) });
    meter.cancel();
    expect.assertions(1);
  });
});

describe('latencyMeter: laws', () => {
  const anyEvent = fc.constantFrom<AnyEvent>(
    ...[roundStart('m'), text(), text(''), reasoning(), callStart('a'), fragment('a'), call('a'), cutCall('b'), started('a', 1)],
    ...[result('a', 1), failure('b', 'threw'), usage(3), usage(0), restarted, roundEnd(), answerEnd, { type: 'mine' }],
  );
  const script = fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), anyEvent), { maxLength: 60 }).map((steps) => {
    let at = 0;
    return steps.map(([wait, event]) => {
      at += wait;
      return [at, event] as const;
    });
  });
  const ends = fc.constantFrom<End>('completes', { fails: new Error('x') });

  it('law: every event passes on untouched, then exactly one report', () => {
    fc.assert(
      fc.property(script, ends, (steps, end) => {
        const { outputs } = run(steps, (steps.at(-1)?.[0] ?? 0) + 1, end);
        const inputs = steps.map(([, event]) => event);
        expect(outputs.length).toBe(inputs.length + 1);
        expect(outputs.slice(0, -1).every((event, i) => event === inputs[i])).toBe(true);
        expect(outputs.at(-1)?.type).toBe('latency');
      }),
    );
  });

  it('law: the report survives JSON, its times lie within the stream, and its gaps add up', () => {
    fc.assert(
      fc.property(script, ends, (steps, end) => {
        const total = (steps.at(-1)?.[0] ?? 0) + 1;
        const measured = report(steps, total, end);
        expect(JSON.parse(JSON.stringify(measured))).toStrictEqual(measured);
        expect(measured.totalMs).toBe(total);
        for (const { startMs, durationMs } of [...measured.rounds.entries, ...measured.tools.entries]) {
          expect(startMs).toBeGreaterThanOrEqual(0);
          expect(durationMs).toBeGreaterThanOrEqual(0);
          expect(startMs + durationMs).toBeLessThanOrEqual(total);
        }
        for (const { overlap, durationMs } of measured.tools.entries) expect(overlap.durationMs).toBeLessThanOrEqual(durationMs);
        const histogram = new Histogram();
        histogram.merge(measured.gaps.histogram);
        expect(histogram.count).toBe(measured.gaps.count);
        expect(histogram.sum + (measured.firstTokenMs ?? 0)).toBeLessThanOrEqual(total);
      }),
    );
  });

  it('law: a report stays small however long the stream is', () => {
    const steps = Array.from({ length: 30_000 }, (_, i) => [i * 7, roundStart(), text(), started(`c${i}`), roundEnd()] as const);
    expect(JSON.stringify(report(steps, 300_000)).length).toBeLessThan(100_000);
  });
});

import * as t from 'io-ts';
import { concat, map, NEVER, of, take, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { decode } from '../../operators/decode.ts';
import { executeTools } from '../../operators/executeTools.ts';
import { measureLatency } from '../../operators/measureLatency.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import type { AnyEvent, RoundStart, TextDelta, ToolCall } from '../../src/events.ts';
import type { LatencyReport } from '../../src/latency/report.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { describeCompliance } from '../support/compliance.ts';

const s: RoundStart = { type: 'round-start', model: 'gpt' };
const [a, b, c] = ['a', 'b', 'c'].map((text): TextDelta => ({ type: 'text-delta', text })) as [TextDelta, TextDelta, TextDelta];
const mine = { type: 'mine', more: 1 };

describe('measureLatency', () => {
  const marbles = (test: (rx: { scheduler: TestScheduler; helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0] }) => void) => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run((helpers) => test({ scheduler, helpers }));
  };

  it('passes events on at once and ends with the report', () => {
    marbles(({ scheduler, helpers: { hot, expectObservable, expectSubscriptions } }) => {
      const source = hot('  --s-a-b--(c|)', { s, a, b, c });
      const expected = '    --s-a-b--(cL|)';
      const reports: LatencyReport[] = [];
      const clock = () => scheduler.now();
      const result$ = source.pipe(measureLatency({ clock, onReport: (report) => reports.push(report) }));
      const report: LatencyReport = {
        ended: 'completed',
        model: 'gpt',
        totalMs: 9,
        firstEventMs: 2,
        firstTokenMs: 4,
        gaps: {
          count: 2,
          meanMs: 2.5,
          p50Ms: expect.closeTo(2, 1),
          p95Ms: 3,
          p99Ms: 3,
          maxMs: 3,
          histogram: expect.objectContaining({ count: 2, sum: 5 }),
        },
        stalls: { thresholdMs: 1000, count: 0, totalMs: 0 },
        tokens: { count: 3, source: 'deltas', perSecond: 400 },
        rounds: { count: 1, entries: [{ round: 1, attempts: 1, startMs: 0, firstTokenMs: 4, durationMs: 9 }] },
        tools: { count: 0, entries: [] },
        calls: { count: 0, invalid: 0, results: {} },
      };
      expectObservable(result$).toBe(expected, { s, a, b, c, L: { type: 'latency', report } });
      expectSubscriptions(source.subscriptions).toBe('^--------!');
      scheduler.flush();
      expect(reports).toEqual([report]);
    });
  });

  it('takes neither role nor framing for a token, on the wire of openai-chat (issue braintrustdata/braintrust-sdk-javascript#2110)', () => {
    marbles(({ scheduler, helpers: { cold } }) => {
      const chunk = (delta: object) => ({ data: JSON.stringify({ model: 'gpt', choices: [{ index: 0, delta }] }) });
      const frames = {
        r: chunk({ role: 'assistant', content: null }),
        e: chunk({ role: 'assistant', content: '' }),
        t: chunk({ content: 'Hi' }),
      };
      const options = { clock: () => scheduler.now(), onReport: (report: LatencyReport) => reports.push(report) };
      const reports: LatencyReport[] = [];
      cold('-r-e-----t-t-(t|)', frames)
        .pipe(decode(openAiChat), measureLatency(options))
        .subscribe({ error: () => {} });
      scheduler.flush();
      expect(reports).toEqual([
        expect.objectContaining({ firstEventMs: 1, firstTokenMs: 9, tokens: { count: 3, source: 'deltas', perSecond: 500 } }),
      ]);
    });
  });

  it('sees the text that arrives while a tool runs', () => {
    marbles(({ scheduler, helpers: { cold } }) => {
      const slow = defineTool({
        name: 'slow',
        description: 'Takes its time',
        parameters: t.type({}),
        annotations: { readOnlyHint: true },
        execute: () => timer(6, scheduler).pipe(map(() => 'done')),
      });
      const call: ToolCall = {
        type: 'tool-call',
        callId: 'x',
        index: 0,
        name: 'slow',
        argumentsText: '{}',
        arguments: { _tag: 'Right', right: {} },
      };
      const reports: LatencyReport[] = [];
      const options = { clock: () => scheduler.now(), onReport: (report: LatencyReport) => reports.push(report) };
      cold('-a-xb-c----a|', { a, b, c, x: call })
        .pipe(executeTools([slow]), measureLatency(options))
        .subscribe();
      scheduler.flush();
      expect(reports[0]?.tools.entries).toEqual([
        { callId: 'x', name: 'slow', startMs: 3, durationMs: 6, outcome: 'succeeded', overlap: { textDeltas: 2, durationMs: 2 } },
      ]);
    });
  });

  it('starts its clock at subscribe, for each subscription anew', () => {
    marbles(({ scheduler, helpers: { cold, expectObservable } }) => {
      const firstTokens: unknown[] = [];
      const options = { clock: () => scheduler.now(), onReport: (report: LatencyReport) => firstTokens.push(report.firstTokenMs) };
      const result$ = cold<TextDelta>('---a|', { a }).pipe(measureLatency(options), take(1));
      expectObservable(result$, '        ^').toBe('---(a|)', { a });
      expectObservable(result$, '-----   ^').toBe('--------(a|)', { a });
      scheduler.flush();
      expect(firstTokens).toEqual([3, 3]);
    });
  });

  it('reports before it raises the error', () => {
    marbles(({ scheduler, helpers: { hot, expectObservable, expectSubscriptions } }) => {
      const source = hot('  --a-#', { a }, new RangeError('bad'));
      const expected = '    --a-(L#)';
      const report = expect.objectContaining({ ended: 'failed', error: { code: 'RangeError' }, totalMs: 4, firstTokenMs: 2 });
      const result$ = source.pipe(measureLatency({ clock: () => scheduler.now() }));
      expectObservable(result$).toBe(expected, { a, L: { type: 'latency', report } }, new RangeError('bad'));
      expectSubscriptions(source.subscriptions).toBe('^---!');
    });
  });

  it('emits nothing after unsubscribe, and tells `onReport` that it was cancelled', () => {
    marbles(({ scheduler, helpers: { hot, expectObservable, expectSubscriptions } }) => {
      const source = hot('  --a-b-c|', { a, b, c });
      const unsubscribe = ' -----!   ';
      const expected = '    --a-b-   ';
      const reports: LatencyReport[] = [];
      const clock = () => scheduler.now();
      expectObservable(source.pipe(measureLatency({ clock, onReport: (report) => reports.push(report) })), unsubscribe).toBe(expected, {
        a,
        b,
      });
      expectSubscriptions(source.subscriptions).toBe('^----!');
      scheduler.flush();
      expect(reports).toEqual([expect.objectContaining({ ended: 'cancelled', totalMs: 5, tokens: expect.objectContaining({ count: 2 }) })]);
    });
  });

  it('reports once where the report itself is what ends the subscription', () => {
    const reports: LatencyReport[] = [];
    of(a)
      .pipe(measureLatency({ onReport: (report) => reports.push(report) }), take(2))
      .subscribe();
    expect(reports.map(({ ended }) => ended)).toEqual(['completed']);
  });

  it('passes on what it does not know, the same object, typed', () => {
    const seen: AnyEvent[] = [];
    concat(of(mine), of(a))
      .pipe(measureLatency())
      .subscribe((event) => {
        if (event.type === 'latency' && 'report' in event) seen.push({ type: event.report.ended });
        else seen.push(event);
      });
    expect(seen).toEqual([mine, a, { type: 'completed' }]);
    expect(seen[0]).toBe(mine);
  });

  it('throws at the call what is wrong with the options', () => {
    expect(() => measureLatency({ stallMs: -5 })).toThrow('stallMs is -5; give the milliseconds');
  });

  it('raises what `onReport` throws, and a clock that throws', () => {
    const errors: unknown[] = [];
    const subscribe = (options: Parameters<typeof measureLatency>[0]) =>
      concat(
        of(a),
        throwError(() => 'source'),
      )
        .pipe(measureLatency(options))
        .subscribe({ error: (error) => errors.push(error) });
    subscribe({
      onReport: () => {
        throw 'mine';
      },
    });
    let ticks = 0;
    subscribe({
      clock: () => {
        if (ticks++ > 0) throw 'clock';
        return 0;
      },
    });
    subscribe({
      clock: () => {
        throw 'at once';
      },
    });
    expect(errors).toEqual(['mine', 'clock', 'at once']);
  });

  it('tells `onReport` even of a stream in which nothing ever came', () => {
    const reports: LatencyReport[] = [];
    NEVER.pipe(measureLatency({ onReport: (report) => reports.push(report) }))
      .subscribe()
      .unsubscribe();
    expect(reports).toEqual([expect.objectContaining({ ended: 'cancelled', tokens: { count: 0, source: 'deltas' } })]);
  });

  describeCompliance('measureLatency', {
    operator: () => measureLatency({ clock: () => 0 }),
    inputs: [s, a, b, mine, c],
    throwing: () =>
      measureLatency({
        onReport: () => {
          throw new Error('caller');
        },
      }),
  });
});

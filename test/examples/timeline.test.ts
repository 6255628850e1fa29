import { describe, expect, it } from 'vitest';
import { ansi } from '../../examples/demo/colours.ts';
import type { Timed } from '../../examples/demo/spans.ts';
import { timeline } from '../../examples/demo/timeline.ts';
import type { AnswerEvent } from '../../src/events.ts';

const message = { role: 'assistant', content: '' } as const;
const at = (time: number, event: AnswerEvent): Timed => ({ at: time, event });
const text = (time: number, round: number) => at(time, { type: 'text-delta', round, text: 'word' });
const call = { round: 1, callId: 'a', index: 0, name: 'search' };

/** One second a column in 40 columns: the call is written from 4 to 8 s, its tool runs from 8 to 20 s, text arrives from 10 to 20 s. */
const events: Timed[] = [
  at(2000, { type: 'round-start', round: 1 }),
  at(4000, { type: 'tool-call-start', ...call }),
  at(8000, { type: 'tool-call-delta', ...call, text: '{}' }),
  at(8500, { type: 'tool-started', ...call }),
  ...Array.from({ length: 10 }, (_, second) => text(10_000 + second * 1000, 1)),
  at(15_000, { type: 'tool-progress', ...call, value: 1 }),
  at(20_500, { type: 'tool-result', ...call, durationMs: 12_000, outcome: { _tag: 'Right', right: 1 } }),
  at(24_000, { type: 'round-end', round: 1, reason: 'tool-calls', message }),
  at(26_000, { type: 'round-start', round: 2 }),
  text(30_000, 2),
  at(40_000, { type: 'round-end', round: 2, reason: 'stop', message }),
].sort((a, b) => a.at - b.at);

describe('the timeline of the demo', () => {
  it('draws every row to one scale', () => {
    expect(timeline(events, { columns: 49 }).split('\n')).toEqual([
      '        ╷0        ╷10 s     ╷20 s     ╷30 s',
      'rounds  ┣━━━━━━━━━━ 1 ━━━━━━━━━━┣━━━━━ 2 ━━━━━━┫',
      'text              ▇▇▇▇▇▇▇▇▇▇          ▇',
      'search      ░░░░▓▓▓▓▓▓▓●▓▓▓▓▓',
      '        ▂▅▇ text arrives  ░░ call is written  ▓▓ tool runs  ● progress',
      '        10 pieces of text arrived while search ran',
    ]);
  });

  it('never draws beyond its columns', () => {
    for (const columns of [40, 60, 80, 120]) {
      const rows = timeline(events, { columns }).split('\n').slice(0, 4);
      for (const row of rows) expect([...row].length).toBeLessThanOrEqual(columns);
    }
  });

  it('differs with colours by nothing but the colours', () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(timeline(events, { paint: ansi }).replace(escapes, '')).toBe(timeline(events));
  });

  it('draws an answer without events', () => {
    expect(timeline([]).split('\n')[1]).toBe('rounds');
  });

  it('tells calls of one name apart, and calls of one id in two rounds', () => {
    const twice = [1, 2].flatMap((round) =>
      ['a', 'b'].map((callId, index) => at(round * 100, { type: 'tool-call-start', round, callId, index, name: 'look' })),
    );
    expect(timeline(twice).match(/^look/gm)).toHaveLength(4);
  });
});

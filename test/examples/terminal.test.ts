import { describe, expect, it } from 'vitest';
import { ansi } from '../../examples/demo/colours.ts';
import { view } from '../../examples/demo/terminal.ts';
import type { DemoEvent } from '../../examples/demo/transcript.ts';
import { columnsOf, cut, wholeLines } from '../../examples/demo/width.ts';

const call = { callId: 'a', index: 0, name: 'search_flights', round: 1 };
const answer: DemoEvent[] = [
  { type: 'round-start', round: 1, model: 'm' },
  { type: 'text-delta', text: 'Tôi tìm ' },
  { type: 'text-delta', text: 'ngay.' },
  { type: 'tool-call-start', ...call },
  { type: 'tool-call-delta', ...call, text: '{"to":"H', partial: { to: 'H' } } as DemoEvent,
  { type: 'tool-call', ...call, argumentsText: '{"to":"HAN"}', arguments: { _tag: 'Right', right: { to: 'HAN' } } },
  { type: 'tool-started', ...call },
  { type: 'text-delta', text: 'Trong lúc ' },
  { type: 'tool-progress', ...call, value: '1 of 2' },
  { type: 'text-delta', text: 'chờ…' },
  { type: 'tool-result', ...call, durationMs: 2000, outcome: { _tag: 'Right', right: ['VN 208', 'VJ 122'] } },
  { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } },
];

const ESCAPE = String.fromCharCode(27);
const UP = new RegExp(`^${ESCAPE}\\[(\\d+)A`);
const ERASE = `${ESCAPE}[J`;
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');

/** What a terminal shows after it was sent these texts, each of which may begin with "so many lines up, erase what is below". */
function screen(sent: readonly string[]): string[] {
  const lines: string[] = [];
  for (const text of sent) {
    const up = UP.exec(text);
    if (up) lines.length -= Number(up[1]);
    const written = up ? text.slice(up[0].length + ERASE.length) : text;
    lines.push(...written.replace(COLOUR, '').split('\n').slice(0, -1));
  }
  return lines;
}

describe('the terminal view of the demo', () => {
  it('writes whole lines only where the output is no terminal', () => {
    const show = view({ columns: 60 });
    expect(answer.map((event, index) => show(event, index * 100)).join('')).toBe(
      `${[
        '    0 ms │ round 1 · m',
        '  300 ms │ Tôi tìm ngay.',
        '  500 ms │ → search_flights(to: "HAN")',
        '  600 ms │ ▸ search_flights runs',
        '  800 ms │ · search_flights: 1 of 2',
        '  1.00 s │ ✓ search_flights, 2.00 s: 2 found',
        '  1.00 s │     VN 208',
        '  1.00 s │     VJ 122',
        '  1.10 s │ Trong lúc chờ…',
      ].join('\n')}\n`,
    );
  });

  it('shows on a terminal what is being written and what runs, below the whole lines', () => {
    const show = view({ columns: 60, live: true, paint: ansi });
    const shown = answer.map((event, index) => show(event, index * 100));
    const shownAfter = (count: number) => screen(shown.slice(0, count));
    expect(shownAfter(2)).toEqual(['    0 ms │ round 1 · m', '  100 ms │ Tôi tìm ']);
    expect(shownAfter(5).at(-1)).toBe('  400 ms │ → search_flights(to: "H"▏');
    expect(shownAfter(10).slice(-3)).toEqual([
      '  800 ms │ · search_flights: 1 of 2',
      '  900 ms │ Trong lúc chờ…',
      '  900 ms │ ⠧ search_flights 300 ms  1 of 2',
    ]);
  });

  it('ends on a terminal with the same lines as in a file', () => {
    const live = view({ columns: 60, live: true, paint: ansi });
    const file = view({ columns: 60 });
    expect(screen(answer.map((event, index) => live(event, index)))).toEqual(screen(answer.map((event, index) => file(event, index))));
  });

  it('keeps every line within the columns and every word of the text, however it is cut into pieces', () => {
    const words = 'Chuyến bay từ Tân Sơn Nhất đến Nội Bài mất khoảng hai giờ mười phút. 東京は晴れです。 🎉 '.repeat(5);
    for (const size of [1, 3, 17]) {
      const show = view({ columns: 40 });
      let sent = '';
      for (let i = 0; i < words.length; i += size) sent += show({ type: 'text-delta', text: words.slice(i, i + size) }, 5);
      sent += show({ type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } }, 5);
      const lines = sent.split('\n').filter(Boolean);
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(40);
      const shown = lines.map((line) => line.slice(line.indexOf('│') + 2)).join('');
      expect(shown.replace(/\s/g, '')).toBe(words.replace(/\s/g, ''));
    }
  });
});

describe('columns of a terminal', () => {
  it('counts wide characters twice and combining marks not at all', () => {
    expect([columnsOf('abc'), columnsOf('東京'), columnsOf('e\u0302\u0301'), columnsOf('ế')]).toEqual([3, 4, 1, 1]);
  });

  it('cuts with an ellipsis', () => {
    expect([cut('abcdef', 6), cut('abcdefg', 6), cut('東京都', 5)]).toEqual(['abcdef', 'abcde…', '東京…']);
  });

  it('breaks lines at spaces, else at the edge', () => {
    expect(wholeLines('ab cd ef', 5)).toEqual({ lines: ['ab cd'], rest: 'ef' });
    expect(wholeLines('abcdefgh', 3)).toEqual({ lines: ['abc', 'def'], rest: 'gh' });
    expect(wholeLines('a\nb', 5)).toEqual({ lines: ['a'], rest: 'b' });
  });
});

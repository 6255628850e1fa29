import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXCERPT_LIMIT, LimitError } from '../../src/errors.ts';
import type { Frame } from '../../src/frame.ts';
import { type ParseSseOptions, sseParser } from '../../src/sse/parser.ts';
import { runStage, toTransformStream } from '../../src/stage.ts';
import { failStage, inPieces, pieces, splitAt } from './support.ts';

const parse = (chunks: Iterable<Uint8Array | string>, options?: ParseSseOptions) => runStage(sseParser(options), chunks);
const framesOf = (...chunks: string[]): Frame[] => parse(chunks).values;

describe('fields', () => {
  it.each<[string, string, Frame[]]>([
    ['emits one frame per event', 'data: 1\n\ndata: 2\n\n', [{ data: '1' }, { data: '2' }]],
    ['joins data lines with a line feed', 'data: a\ndata:\ndata: b\n\n', [{ data: 'a\n\nb' }]],
    ['drops one space after the colon, no more', 'data:  a\n\ndata:\tb\n\n', [{ data: ' a' }, { data: '\tb' }]],
    ['gives an event its name, wherever the line stands', 'data: a\nevent: b\n\n', [{ data: 'a', event: 'b' }]],
    ['does not carry a name on', 'event: b\ndata: a\n\ndata: c\n\n', [{ data: 'a', event: 'b' }, { data: 'c' }]],
    ['gives an event its own id alone', 'id: 7\ndata: a\n\ndata: b\n\n', [{ data: 'a', id: '7' }, { data: 'b' }]],
    ['keeps an empty id, which resets the last one', 'id\ndata: a\n\n', [{ data: 'a', id: '' }]],
    ['ignores an id with U+0000', 'id: 1\0\ndata: a\n\n', [{ data: 'a' }]],
    ['does not dispatch an event without data', 'event: ping\nid: 3\n\ndata: a\n\n', [{ data: 'a' }]],
    ['dispatches an event whose data is empty', 'data\n\n', [{ data: '' }]],
    ['puts retry on its event', 'retry: 1500\ndata: a\n\ndata: b\n\n', [{ data: 'a', retry: 1500 }, { data: 'b' }]],
    ['puts a retry that stands alone on the next event', 'retry: 20\n\ndata: a\n\n', [{ data: 'a', retry: 20 }]],
    ['ignores a retry that is no number', 'retry: 1s\ndata: a\n\n', [{ data: 'a' }]],
    ['keeps a retry finite', `retry: ${'9'.repeat(400)}\ndata: a\n\n`, [{ data: 'a', retry: Number.MAX_SAFE_INTEGER }]],
    ['keeps separators that are no line ends', 'data: a\u2028b\u2029c\x0bd\x85e\n\n', [{ data: 'a\u2028b\u2029c\x0bd\x85e' }]],
  ])('%s', (_name, body, frames) => {
    for (const chunks of inPieces(body)) expect(parse(chunks)).toEqual({ values: frames, error: undefined });
  });

  it('ignores comments, pings and padding (issue brainlid/langchain#569)', () => {
    const body = `: OPENROUTER PROCESSING\n\n:\n\ndata: {"a":1}\n:${' '.repeat(2048)}\n: data: no\n\n:{"error":1}\n`;
    for (const chunks of inPieces(body)) expect(parse(chunks).values).toEqual([{ data: '{"a":1}' }]);
  });
});

describe('frames that are read without the parser', () => {
  /** Lines and halves of lines of which some make a frame in its plain form. */
  const piece = fc.constantFrom(
    ...['data: a\n\n', 'event: e\ndata: b\n\n', 'data: \n\n', 'event: \ndata: c\n\n', 'data:  d\n\n', 'data: é“\n\n'],
    ...['data:f\n\n', 'data: g\ndata: h\n\n', 'event: i\n\n', 'event: k\nevent: l\ndata: m\n\n', 'id: 7\n', 'event: n\n', 'data: o\n'],
    ...['\n', '\n\n', ': p\n', 'data', ': ', 'event', 'data: {"q":1}\r\n\r\n', 'data: r\r', 'events: s\ndata: t\n\n', 'data: u: v\n\n'],
  );

  it('are those that it gives, whatever stands between them and however it is cut', () => {
    let plain = 0;
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (texts, sizes) => {
          const body = texts.join('');
          const expected: EventSourceMessage[] = [];
          const parser = createParser({ onEvent: (event) => expected.push(event) });
          // Held back by the parser where it is the last character.
          parser.feed(`${body.replace(/\r\n?/g, '\n')}`);
          const frames = parse([...pieces(new TextEncoder().encode(body), sizes)], { strict: true }).values;
          expect(frames).toEqual(
            expected.map(({ data, event, id }) => ({ data, ...(event && { event }), ...(id !== undefined && { id }) })),
          );
          if (frames.length > 3 && Math.max(...sizes) > 20) plain++;
        },
      ),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it('are bounded like all others', () => {
    for (const data of ['x'.repeat(95), 'é'.repeat(48), '“'.repeat(32)]) {
      const bytes = new TextEncoder().encode(data).length + 'data: '.length;
      const body = `data: 1\n\ndata: ${data}\n\n`;
      expect(parse([body], { maxFrameBytes: bytes })).toEqual({ values: [{ data: '1' }, { data }], error: undefined });
      const { values, error } = parse([body], { maxFrameBytes: bytes - 1 });
      expect([values, error]).toEqual([[{ data: '1' }], expect.any(LimitError)]);
    }
  });
});

describe('line ends', () => {
  it('reads CR, LF and CRLF, also split over chunks (issue hey-api/hey-api#3054)', () => {
    const frames = [{ data: 'a\nb', event: 'x' }, { data: 'c' }];
    for (const end of ['\n', '\r', '\r\n']) {
      const body = ['event: x', 'data: a', 'data: b', '', 'data: c', '', ''].join(end);
      for (const chunks of inPieces(body)) expect(parse(chunks)).toEqual({ values: frames, error: undefined });
    }
    expect(framesOf('data: a\r', '\n\r', '\ndata: c\n', '\r', 'data: d\r\n\n')).toEqual([{ data: 'a' }, { data: 'c' }, { data: 'd' }]);
  });

  it('emits an event whose blank line ends in CR at once, not with the next chunk', () => {
    for (const blank of ['\r\r', '\r\n\r', '\n\r']) {
      const emitted: Frame[] = [];
      const out = { enqueue: (frame: Frame) => emitted.push(frame), error: () => {}, terminate: () => {} };
      sseParser().transform(`data: a${blank}`, out);
      expect(emitted).toEqual([{ data: 'a' }]);
    }
  });

  it('takes CR at the very end of the body for a line end', () => {
    expect(parse(['data: a\r\r'], { strict: true }).values).toEqual([{ data: 'a' }]);
    expect(framesOf('data: a\r')).toEqual([{ data: 'a', unterminated: true }]);
  });
});

describe('bytes', () => {
  it('joins a UTF-8 character that is split over chunks (issue musistudio/claude-code-router#1672)', () => {
    const text = 'Tìm chuyến bay → Hà Nội 🛫 東京';
    const bytes = new TextEncoder().encode(`data: ${text}\n\n`);
    for (let at = 0; at <= bytes.length; at++) {
      for (const next of [at, at + 1]) expect(parse(splitAt(bytes, [at, next])).values).toEqual([{ data: text }]);
    }
  });

  it('drops one BOM at the start, and only there', () => {
    const bom = '\ufeff';
    for (const chunks of inPieces(`${bom}data: a\n\n`)) expect(parse(chunks).values).toEqual([{ data: 'a' }]);
    expect(parse([`${bom}${bom}data: a\n\n`], { strict: true }).values).toEqual([]);
    expect(parse([bom, `${bom}data: a\n\n`], { strict: true }).values).toEqual([]);
    expect(framesOf('', bom, 'data: a\n\n')).toEqual([{ data: 'a' }]);
  });

  it('takes the three characters of a BOM read as Latin-1 for what they are', () => {
    expect(framesOf('ï»¿data: a\n')).toEqual([{ data: 'ï»¿data: a', stray: true }]);
  });

  it('replaces bytes that are no UTF-8, and leaves out a character that the end tore', () => {
    const bytes = (...tail: number[]) => Uint8Array.from([...new TextEncoder().encode('data: a'), ...tail]);
    expect(parse([bytes(0xff, 10, 10)]).values).toEqual([{ data: 'a\ufffd' }]);
    expect(parse([bytes(0xe2, 0x82)]).values).toEqual([{ data: 'a', unterminated: true }]);
  });

  it('takes strings and bytes in one body', () => {
    expect(parse(['data: ', new TextEncoder().encode('é'), '!\n', new Uint8Array([10])]).values).toEqual([{ data: 'é!' }]);
  });
});

describe('the end of the body', () => {
  it.each<[string, string, Frame[]]>([
    [
      'delivers a last event without its blank line',
      'data: a\n\nid: 2\ndata: b\n',
      [{ data: 'a' }, { data: 'b', id: '2', unterminated: true }],
    ],
    ['delivers it as far as it came when its last line is cut', 'data: a\ndata: {"b', [{ data: 'a\n{"b', unterminated: true }]],
    ['leaves a torn field name out', 'data: a\nda', [{ data: 'a', unterminated: true }]],
    ['ends with nothing held back', 'data: a\n\n', [{ data: 'a' }]],
    ['holds nothing back of an event without data', 'event: a\nid: 1', []],
    [
      'delivers a JSON body without a line end',
      '{"error":{"message":"x: y"}}',
      [{ data: '{"error":{"message":"x: y"}}', stray: true, unterminated: true }],
    ],
  ])('%s', (_name, body, frames) => {
    for (const chunks of inPieces(body)) {
      expect(parse(chunks)).toEqual({ values: frames, error: undefined });
      const cut = new Error('socket hang up');
      expect(failStage(sseParser(), chunks, cut)).toEqual({ values: frames, error: cut });
      const finished = frames.filter((frame) => frame.unterminated !== true);
      expect(parse(chunks, { strict: true }).values).toEqual(finished);
      expect(failStage(sseParser({ strict: true }), chunks, cut)).toEqual({ values: finished, error: cut });
    }
  });
});

describe('lines that are no SSE field', () => {
  it.each([
    'error: upstream timed out',
    '{"error":{"message":"Incorrect key","type":"auth"}}',
    '{',
    '  "error": "x",',
    '<!doctype html><a style="color:red">502</a>',
    ' data: indented',
    'Data: of another case',
    'justsometext',
    '\tid:',
  ])('gives %j word for word', (line) => {
    for (const chunks of inPieces(`${line}\n`)) expect(parse(chunks).values).toEqual([{ data: line, stray: true }]);
    expect(parse([`${line}\n`], { strict: true }).values).toEqual([]);
  });

  it('keeps them in order with the events', () => {
    const body = 'data: a\n\nerror: one\ndata: b\nerror: two\n\nerror: three\n: comment\ndata: c';
    for (const chunks of inPieces(body)) {
      expect(parse(chunks).values).toEqual([
        { data: 'a' },
        { data: 'error: one', stray: true },
        { data: 'error: two', stray: true },
        { data: 'b' },
        { data: 'error: three', stray: true },
        { data: 'c', unterminated: true },
      ]);
    }
  });

  it('gives the lines of a JSON body, so that joined they are the body', () => {
    const body = JSON.stringify({ error: { message: 'no such model: x', code: 404 } }, undefined, 2);
    for (const chunks of inPieces(body)) {
      const frames = parse(chunks).values;
      expect(frames.every((frame) => frame.stray === true)).toBe(true);
      expect(frames.map((frame) => frame.data).join('\n')).toBe(body);
      expect(frames.map((frame) => frame.unterminated ?? false)).toEqual(frames.map((_, i) => i === frames.length - 1));
    }
  });
});

describe('the bound', () => {
  const limit = { maxFrameBytes: 20 };
  const tooLong = (frame: number, excerpt: string) => ({
    code: 'limit',
    limit: 'maxFrameBytes',
    max: 20,
    message: 'More than 20 bytes in one SSE frame. Raise `maxFrameBytes` if that is expected.',
    place: { frame },
    excerpt,
  });

  it.each<[string, string, Frame[], ReturnType<typeof tooLong>]>([
    ['one endless line', `data: a\n\ndata: ${'x'.repeat(99)}`, [{ data: 'a' }], tooLong(1, `data: ${'x'.repeat(14)}`)],
    [
      'many lines of one event',
      `data: a\n\n${'data: x\n'.repeat(9)}\ndata: never\n\n`,
      [{ data: 'a' }],
      tooLong(1, 'data: x\ndata: x\ndata: '),
    ],
    [
      'one huge event in the midst of others',
      `data: a\n\ndata: ${'x'.repeat(99)}\n\ndata: c\n\n`,
      [{ data: 'a' }],
      tooLong(1, `data: ${'x'.repeat(14)}`),
    ],
    ['an endless comment', `:${'x'.repeat(99)}`, [], tooLong(0, `:${'x'.repeat(19)}`)],
    [
      'an endless line of a body that is no stream',
      `<p>\n<p>${'x'.repeat(99)}`,
      [{ data: '<p>', stray: true }],
      tooLong(1, `<p>\n<p>${'x'.repeat(14)}`),
    ],
    ['characters of two to four bytes', `data: éé→→😀${'x'.repeat(9)}\n\n`, [], tooLong(0, 'data: éé→→😀')],
  ])('refuses %s, after all that came before it', (_name, body, frames, problem) => {
    for (const chunks of inPieces(body)) {
      const { values, error } = parse(chunks, limit);
      expect(values).toEqual(frames);
      expect(error).toBeInstanceOf(LimitError);
      expect(error).toMatchObject(problem);
    }
  });

  it('is exact, and counts each frame alone', () => {
    const longest = `data: ${'x'.repeat(14)}\r\n\r\n`;
    for (const chunks of inPieces(longest.repeat(3))) {
      expect(parse(chunks, limit)).toEqual({ values: Array(3).fill({ data: 'x'.repeat(14) }), error: undefined });
    }
    expect(parse([longest], { maxFrameBytes: 19 }).error).toBeInstanceOf(LimitError);
  });

  it('is 16 MiB by default', () => {
    const size = 16 * 1024 * 1024;
    expect(parse([`data:${'x'.repeat(size - 5)}\n\n`]).values).toHaveLength(1);
    expect(parse([`data:${'x'.repeat(size - 4)}\n\n`]).error).toMatchObject({
      max: size,
      excerpt: `data:${'x'.repeat(EXCERPT_LIMIT - 5)}`,
    });
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses maxFrameBytes %d at the call', (maxFrameBytes) => {
    expect(() => sseParser({ maxFrameBytes })).toThrow(RangeError);
  });
});

/** Bodies of lines that matter, with every line end, and noise. */
const bodies = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text}`) },
        { weight: 4, arbitrary: fc.constant('') },
        {
          weight: 3,
          arbitrary: fc.constantFrom(
            'data',
            'event: e',
            'id: 1',
            'id',
            'retry: 5',
            ': ping',
            'error: x',
            '{"a":"ü"}',
            'dat',
            '\ufeffdata: b',
          ),
        },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
      ),
      fc.constantFrom('\n', '\r', '\r\n'),
    ),
    { maxLength: 20 },
  )
  .map((lines) => lines.map(([line, end]) => line + end).join(''));

describe('any split', () => {
  it('law: any split of the bytes gives the same frames and the same error', () => {
    const reached = { frames: 0, stray: 0, unterminated: 0, errors: 0 };
    fc.assert(
      fc.property(
        bodies,
        fc.boolean(),
        fc.boolean(),
        fc.nat(30),
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        (body, strict, bom, cut, sizes) => {
          const all = new TextEncoder().encode((bom ? '\ufeff' : '') + body);
          const bytes = all.subarray(0, all.length - Math.min(cut % 5, all.length));
          const options = { strict, maxFrameBytes: 40 };
          const whole = parse([bytes], options);
          const split = parse(pieces(bytes, sizes), options);
          expect(split).toEqual(whole);
          expect(split.error).toEqual(whole.error);
          expect(parse(pieces(bytes, [1]), options)).toEqual(whole);
          reached.frames += whole.values.length;
          reached.stray += whole.values.filter((frame) => frame.stray).length;
          reached.unterminated += whole.values.filter((frame) => frame.unterminated).length;
          if (whole.error) reached.errors++;
        },
      ),
      { numRuns: process.env.CI ? 3000 : 600 },
    );
    for (const count of Object.values(reached)) expect(count).toBeGreaterThan(5);
  });

  it('law: a body cut anywhere gives the same frames up to the cut, and then what was open, flagged', () => {
    fc.assert(
      fc.property(bodies, fc.nat(200), (body, at) => {
        const bytes = new TextEncoder().encode(body);
        const whole = parse([bytes]).values.map((frame) => ({ ...frame, unterminated: undefined }));
        const cut = parse([bytes.subarray(0, at)]).values;
        const finished = cut.filter((frame) => frame.unterminated !== true);
        expect(cut.slice(0, finished.length)).toEqual(finished);
        expect(finished).toEqual(whole.slice(0, finished.length));
        expect(cut.length - finished.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: process.env.CI ? 3000 : 600 },
    );
  });
});

describe('lifted to Web Streams', () => {
  const bodyOf = (chunks: Iterable<Uint8Array>, error?: unknown) => {
    const rest = [...chunks];
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = rest.shift();
        if (chunk) controller.enqueue(chunk);
        else if (error) controller.error(error);
        else controller.close();
      },
    });
  };

  async function read(body: ReadableStream<Uint8Array>, options?: ParseSseOptions) {
    const values: Frame[] = [];
    const reader = body.pipeThrough(toTransformStream(sseParser(options))).getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) values.push(next.value);
    } catch (error) {
      return { values, error };
    }
    return { values, error: undefined };
  }

  const bytes = new TextEncoder().encode('data: a\n\ndata: ü\n\nerror: x\ndata: cut');
  const frames = [{ data: 'a' }, { data: 'ü' }, { data: 'error: x', stray: true }, { data: 'cut', unterminated: true }];

  it('gives the same frames, the last one too', async () => {
    for (const size of [1, 3, 100]) expect(await read(bodyOf(pieces(bytes, [size])))).toEqual({ values: frames, error: undefined });
  });

  it('gives what was held back before the error of the source', async () => {
    const cut = new Error('socket hang up');
    for (const size of [1, 3, 100]) expect(await read(bodyOf(pieces(bytes, [size]), cut))).toEqual({ values: frames, error: cut });
  });

  it('gives all frames before the bound is exceeded', async () => {
    const { values, error } = await read(bodyOf([bytes]), { maxFrameBytes: 10 });
    expect(values).toEqual(frames.slice(0, 3));
    expect(error).toBeInstanceOf(LimitError);
  });
});

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { LimitError } from '../../src/errors.ts';
import { ndjsonParser } from '../../src/ndjson/parser.ts';
import { runStage } from '../../src/stage.ts';
import { arbitraries, splits } from '../../src/testing/index.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const read = (chunks: Iterable<Uint8Array | string>, options = {}) => runStage(ndjsonParser(options), chunks);
const draw = arbitraries(fc);

describe('ndjsonParser', () => {
  const cases: Array<[name: string, body: string, frames: unknown[]]> = [
    ['gives a frame a line, LF or CRLF', '{"a":1}\n{"b":2}\r\n', [{ data: '{"a":1}' }, { data: '{"b":2}' }]],
    ['ignores blank lines', '\n\r\n {"a":1}\n \t\n', [{ data: ' {"a":1}' }]],
    ['delivers a last line without its line end', '1\n{"a":', [{ data: '1' }, { data: '{"a":', unterminated: true }]],
    ['drops what is blank at the end, half a line end too', '1\n \r', [{ data: '1' }]],
    ['leaves a CR within a line alone: JSON has it as whitespace', '{"a":\r1}\n', [{ data: '{"a":\r1}' }]],
    ['drops a BOM at the start only', '\ufeff1\n\ufeff2\n', [{ data: '1' }, { data: '\ufeff2' }]],
    ['gives nothing for nothing', '', []],
    ['keeps characters beyond ASCII whole', '"é漢👩‍🚀"\n', [{ data: '"é漢👩‍🚀"' }]],
  ];

  for (const [name, body, frames] of cases) {
    for (const split of splits(utf8(body))) it(`${name} (${split.name})`, () => expect(read(split.chunks).values).toEqual(frames));
  }

  it('drops a character that is torn by the end', () => {
    expect(read([utf8('"é').subarray(0, 2)]).values).toEqual([{ data: '"', unterminated: true }]);
  });

  it('gives what was held back before the error of the source', () => {
    const failing = function* () {
      yield '{"a":1}\n{"b"';
      throw new Error('reset');
    };
    const { values, error } = read(failing());
    expect(values).toEqual([{ data: '{"a":1}' }, { data: '{"b"', unterminated: true }]);
    expect(error).toMatchObject({ message: 'reset' });
  });

  it('finds a line that is too long at the same byte under every split; line ends do not count', () => {
    for (const { chunks } of splits(utf8('ééé\r\n123456\néééé\n1\n'))) {
      const { values, error } = read(chunks, { maxFrameBytes: 6 });
      expect(values).toEqual([{ data: 'ééé' }, { data: '123456' }]);
      expect(error).toEqual(new LimitError('maxFrameBytes', 6, 'bytes in one NDJSON line', { place: { frame: 2 }, excerpt: 'ééé' }));
    }
  });

  it('refuses a bound that is none', () => {
    expect(() => ndjsonParser({ maxFrameBytes: -1 })).toThrow(RangeError);
  });

  it('law: any split of the bytes gives the same frames and the same error', () => {
    const line = fc.oneof(draw.jsonText(), fc.string({ unit: 'binary' }), fc.constantFrom('', ' ', '\r', '\r\r'));
    const body = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', ''))).map((lines) => utf8(lines.flat().join('')));
    fc.assert(
      fc.property(
        body.chain((bytes) => draw.chunks(bytes).map((chunks) => ({ bytes, chunks }))),
        fc.constantFrom({}, { maxFrameBytes: 12 }),
        ({ bytes, chunks }, options) => {
          const whole = read([bytes], options);
          const split = read(chunks, options);
          expect(split.values).toEqual(whole.values);
          expect(String(split.error)).toBe(String(whole.error));
        },
      ),
    );
  });

  it('law: the values written a line each come back, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(draw.json()), (values) => {
        const body = values.map((value) => `${JSON.stringify(value)}\n`).join('');
        expect(read([body]).values.map(({ data }) => JSON.stringify(JSON.parse(data)))).toEqual(values.map((v) => JSON.stringify(v)));
      }),
    );
  });
});

describe('the work grows as the body does (issue vercel/ai#17113)', () => {
  const chunked = (text: string, size: number) =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
  const bodies: Array<[string, (n: number) => string[]]> = [
    ['one endless line in tiny chunks', (n) => chunked('x'.repeat(n * 8), 3)],
    ['one chunk of many lines', (n) => ['{"a":1}\n'.repeat(n)]],
    ['one chunk of many lines that end in CRLF', (n) => ['{"a":1}\r\n'.repeat(n)]],
    ['line ends that are cut', (n) => chunked('{"a":1}\r\n'.repeat(n), 1)],
  ];

  it.each(bodies)('%s', (_name, make) => {
    const cost = (n: number) => {
      const chunks = make(n);
      let touched = 0;
      const { indexOf, slice } = String.prototype;
      vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, search, from = 0) {
        const found = Reflect.apply(indexOf, this, [search, from]);
        touched += (found === -1 ? this.length : found + 1) - from;
        return found;
      });
      vi.spyOn(String.prototype, 'slice').mockImplementation(function (this: string, from, to) {
        const part = Reflect.apply(slice, this, [from, to]);
        touched += part.length;
        return part;
      });
      try {
        runStage(ndjsonParser(), chunks);
      } finally {
        vi.restoreAllMocks();
      }
      return touched;
    };
    const once = cost(500);
    expect(once).toBeGreaterThan(500 * 7);
    expect(cost(2000) / once).toBeLessThan(4.5);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimilarJson as Lending } from '../../src/json/similar-json.ts';
import { jsonTexts, nearlyJson } from './arbitraries.ts';

/** What is found is compared at once, and given back. */
class SimilarJson {
  private readonly lending: Lending;

  constructor(unread?: ReadonlySet<string>) {
    this.lending = new Lending(unread);
  }

  find(text: string): unknown {
    const found = this.lending.find(text);
    this.lending.giveBack();
    return found?.value;
  }

  learn(text: string): void {
    this.lending.learn(text);
  }
}

/** What met these texts. */
function having(...texts: readonly string[]): SimilarJson {
  const similar = new SimilarJson();
  for (const text of texts) if (similar.find(text) === undefined) similar.learn(text);
  return similar;
}

const delta = (content: string, id = 'a1') => `{"id":"${id}","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}}}]}`;

describe('SimilarJson', () => {
  it('knows a kind of text once two of the kind have differed', () => {
    const similar = having(delta('a'));
    expect(similar.find(delta('b'))).toBeUndefined();
    similar.learn(delta('b'));
    expect(similar.find(delta('c'))).toEqual(JSON.parse(delta('c')));
  });

  it('knows a text that came before, letter by letter, once it came twice', () => {
    const similar = having('{"done":false}', '{"done":false}');
    expect(similar.find('{"done":false}')).toEqual({ done: false });
    expect(similar.find('{"done":true}')).toBeUndefined();
  });

  it('learns of another place that differs', () => {
    const similar = having(delta('a'), delta('b'));
    expect(similar.find(delta('c', 'a2'))).toBeUndefined();
    similar.learn(delta('c', 'a2'));
    expect(similar.find(delta('d', 'a3'))).toEqual(JSON.parse(delta('d', 'a3')));
  });

  it('keeps several kinds apart, however they alternate', () => {
    const call = (index: number, text: string) => `{"calls":[{"index":${index},"arguments":${JSON.stringify(text)}}]}`;
    const similar = having(delta('a'), call(0, '{"x'), delta('b'), call(1, '":1}'));
    for (const text of [call(2, '\\"'), delta('c'), call(10, '\n'), delta('é'), call(-1, '')]) {
      expect(similar.find(text)).toEqual(JSON.parse(text));
    }
  });

  it('reads a word that stays the same for a while, and then another', () => {
    const similar = having(delta('a', 'a1'), delta('b', 'b2'));
    for (const id of ['c3', 'c3', 'c3', 'd4', 'd', 'd4e', 'd4e', '']) {
      expect(similar.find(delta('x', id))).toEqual(JSON.parse(delta('x', id)));
    }
  });

  it('knows a text however it is padded before its last brace', () => {
    const similar = having('{"a":"1"}', '{"a":"2"   }');
    expect(similar.find('{"a":"3"       }')).toEqual({ a: '3' });
    expect(similar.find('{"a":"4 ]')).toBeUndefined();
    expect(similar.find('{"a":"5 }')).toBeUndefined();
    expect(similar.find('{"a":"6 "}')).toEqual({ a: '6 ' });
  });

  it('does not take the start of a number for the number', () => {
    const text = (n: string) => `{"n":${n},"m":1}`;
    const similar = having(text('1'), text('2'), text('12'), text('12'));
    for (const n of ['12', '123', '1', '-1.5e3', '0', '12']) expect(similar.find(text(n))).toEqual(JSON.parse(text(n)));
  });

  describe('texts that begin alike', () => {
    const text = (id: string, n: string, word: string) => `{"id":"${id}","n":${n},"text":"${word}"}`;
    const alike = () => having(text('a', '1', 'x'), text('b', '2', 'y'), ...['p', 'q', 'r'].map((word) => text('c', '12', word)));

    it('are known, and so are those that begin in another way', () => {
      const similar = alike();
      for (const [id, n] of [
        ['c', '12'],
        ['c', '123'],
        ['c', '12'],
        ['d', '12'],
        ['c', '12'],
        ['c', '1'],
        ['', '-1.5e3'],
      ] as const) {
        for (const word of ['s', '\\"', '天']) expect(similar.find(text(id, n, word))).toEqual(JSON.parse(text(id, n, word)));
      }
    });

    it('keep their beginning when one that is of no kind had another', () => {
      const similar = alike();
      expect(similar.find(text('other', '"no number"', 'x'))).toBeUndefined();
      expect(similar.find(text('c', '12', 's'))).toEqual(JSON.parse(text('c', '12', 's')));
    });

    it.each(['{"id":"c","n":12,"text":"s"', '{"id":"c","n":12,"text":7}', '{"id":"c","n":12,"text":"s","more":1}', '{"id":"c","n":12'])(
      'are nothing when they end in another way: %s',
      (odd) => {
        const similar = alike();
        expect(similar.find(odd)).toBeUndefined();
        expect(similar.find(text('c', '12', 's'))).toEqual(JSON.parse(text('c', '12', 's')));
      },
    );
  });

  it.each([
    ['a number in a string’s place', '{"a":5,"b":"x"}'],
    ['null in a string’s place', '{"a":null,"b":"x"}'],
    ['an object in a string’s place', '{"a":{"c":1},"b":"x"}'],
    ['two values in one place', '{"a":"1","c":"2","b":"x"}'],
    ['another key', '{"c":"1","b":"x"}'],
    ['more behind it', '{"a":"1","b":"x"}}'],
    ['less', '{"a":"1","b":"x"'],
    ['a control character', '{"a":"\n","b":"x"}'],
    ['a broken escape', '{"a":"\\x","b":"x"}'],
    ['a quote too few', '{"a":"1,"b":"x"}'],
  ])('does not know %s', (_, text) => {
    const similar = having('{"a":"1","b":"x"}', '{"a":"2","b":"y"}', '{"a":"3","b":"x"}');
    expect(similar.find('{"a":"4","b":"z"}')).toEqual({ a: '4', b: 'z' });
    expect(similar.find(text)).toBeUndefined();
  });

  it.each(['01', '1.', '.5', '+1', '1e', '-', '0x1'])('does not know %s for a number', (number) => {
    expect(having('{"a":1}', '{"a":2}').find(`{"a":${number}}`)).toBeUndefined();
  });

  it('takes what says what it is for another kind where it says something else', () => {
    expect(having('{"type":"a","x":1}', '{"type":"b","x":1}').find('{"type":"c","x":1}')).toBeUndefined();
    expect(having('{"object":"chunk","x":1}', '{"object":"error","x":1}').find('{"object":"chunks","x":1}')).toBeUndefined();
  });

  it('knows no text in which a key comes twice, since its first value goes nowhere', () => {
    expect(having('{"a":"1","a":"x"}', '{"a":"2","a":"x"}').find('{"a":"3","a":"x"}')).toBeUndefined();
  });

  it('reads `__proto__` as a key like any other', () => {
    const similar = having('{"__proto__":"a"}', '{"__proto__":"b"}');
    const value = similar.find('{"__proto__":"c"}') as object;
    expect(Object.entries(value)).toEqual([['__proto__', 'c']]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('tells real text from its own probes', () => {
    const text = (a: string) => `{"a":${JSON.stringify(a)},"b":"\\u00003"}`;
    const similar = having(text('1'), text('2'));
    expect(similar.find(text('x')) ?? JSON.parse(text('x'))).toEqual(JSON.parse(text('x')));
  });

  it('is not misled by a text that says what a probe says, where that one is lost with a key that comes twice', () => {
    const text = (a: string) => `{"c":{"a":${JSON.stringify(a)},"a":"said","b":"\\u00005"}}`;
    const similar = having(text('1'), text('2'), text('3'));
    expect(similar.find(text('x')) ?? JSON.parse(text('x'))).toEqual(JSON.parse(text('x')));
  });

  it('takes no word for what a thing is for a hole, however its key is spelt', () => {
    const text = (what: string) => `{"\\u006fbject":"${what}","x":"1"}`;
    expect(having(text('a'), text('b')).find(text('error'))).toBeUndefined();
  });

  it('forgets the kind that was not met for longest', () => {
    const text = (kind: number, word: string) => `{"${'x'.repeat(kind + 1)}":"${word}"}`;
    const similar = having();
    for (let kind = 0; kind < 25; kind++)
      for (const word of ['a', 'b']) if (!similar.find(text(kind, word))) similar.learn(text(kind, word));
    expect(similar.find(text(0, 'c'))).toBeUndefined();
    for (let kind = 1; kind < 25; kind++) expect(similar.find(text(kind, 'c'))).toEqual(JSON.parse(text(kind, 'c')));
  });

  it('learns nothing of long texts and keeps none: they are parsed, of a kind it knows too', () => {
    const text = (length: number) => `{"a":"${'x'.repeat(length - 8)}"}`;
    expect(having(`${text(4097)}`, text(4098)).find(text(4099))).toBeUndefined();
    const similar = having('{"a":"1"}', '{"a":"2"}');
    expect(similar.find(text(4096))).toEqual(JSON.parse(text(4096)));
    expect(similar.find(text(4097))).toBeUndefined();
  });

  describe('fields that nobody reads', () => {
    const line = (date: string, word = 'x') => `{"date":${date},"text":"${word}"}`;
    const unread = (texts: readonly string[] = [line('"d1"'), line('"d2"', 'y')]) => {
      const similar = new SimilarJson(new Set(['date']));
      for (const text of texts) similar.learn(text);
      return (text: string) => similar.find(text) as { readonly text: string } | undefined;
    };

    it('are not put into the value', () => {
      expect(unread()(line('"2025-08-17T15:59:50.100034Z"', 'z'))).toEqual({ date: 'd2', text: 'z' });
    });

    it.each(['"\u0001"', '"a\\"b"', '"a"b"', '"a', 'a"', '"\\x"', '"\n"', '7', 'null', '{}', ''])('are looked at: %s', (date) => {
      const text = line(date);
      const valid = (() => {
        try {
          return JSON.parse(text) as { text: string };
        } catch {
          return undefined;
        }
      })();
      const found = unread()(text);
      if (valid === undefined) expect(found).toBeUndefined();
      else expect((found ?? valid).text).toBe(valid.text);
    });

    it('are those at the top alone', () => {
      const inner = (date: string) => `{"a":{"date":"${date}"}}`;
      expect(unread([inner('1'), inner('2')])(inner('3'))).toEqual({ a: { date: '3' } });
    });

    it('are of no kind that can be compared where they come twice', () => {
      const twice = (date: string) => `{"date":"${date}","date":"${date}"}`;
      expect(unread([twice('1'), twice('2')])(twice('3'))).toBeUndefined();
    });
  });

  it('knows no kind with more than twelve places that differ', () => {
    const text = (n: number, places: number) => JSON.stringify(Array.from({ length: places }, (_, i) => n + i));
    expect(having(text(1, 12), text(100, 12)).find(text(7, 12))).toEqual(JSON.parse(text(7, 12)));
    expect(having(text(1, 13), text(100, 13)).find(text(7, 13))).toBeUndefined();
  });

  it('finds nothing while a value is lent', () => {
    const similar = new Lending();
    for (const text of ['a', 'b']) similar.learn(delta(text));
    const lent = similar.find(delta('c'));
    expect(similar.find(delta('d'))).toBeUndefined();
    expect(lent?.value).toEqual(JSON.parse(delta('c')));
    similar.giveBack();
    expect(similar.find(delta('d'))?.value).toEqual(JSON.parse(delta('d')));
  });

  it('says of what it found what was said of the sample', () => {
    const similar = new Lending();
    const other = (text: string) => `{"other":"${text}"}`;
    for (const text of ['a', 'b']) {
      similar.learn(delta(text), true);
      similar.learn(other(text), false);
    }
    for (const [text, note] of [
      [delta('c'), true],
      [other('c'), false],
      [delta('d'), true],
    ] as const) {
      expect(similar.find(text)?.note).toBe(note);
      similar.giveBack();
    }
  });

  it('law: what it finds is what JSON.parse gives', () => {
    let found = 0;
    const words = fc.array(fc.oneof(jsonTexts, fc.constantFrom('"a"', '"b"', '1', '22', '"\\n"', '"\\""', '-0', '1e999', '"\\u0000"')), {
      minLength: 8,
      maxLength: 20,
    });
    fc.assert(
      fc.property(jsonTexts, nearlyJson, words, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), (base, odd, values, places) => {
        const atoms = [...base.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)];
        const similar = new SimilarJson();
        const texts = values.map((value, i) => {
          const atom = atoms[(places[i % places.length] ?? 0) % Math.max(1, atoms.length)];
          return atom ? base.slice(0, atom.index) + value + base.slice(atom.index + atom[0].length) : value;
        });
        for (const text of [...texts, ...texts, odd, base]) {
          const value = similar.find(text);
          let parsed: unknown;
          try {
            parsed = JSON.parse(text);
          } catch {
            expect(value).toBeUndefined();
            continue;
          }
          if (value !== undefined) {
            found++;
            expect(value).toEqual(parsed);
            expect(JSON.stringify(value)).toBe(JSON.stringify(parsed));
          } else if (typeof parsed === 'object' && parsed !== null) similar.learn(text);
        }
      }),
      { numRuns: process.env.CI ? 2000 : 500 },
    );
    expect(found).toBeGreaterThan(400);
  });
});

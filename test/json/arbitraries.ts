import fc from 'fast-check';

/** Cuts a text at these places, modulo its length; pieces may be empty. */
export function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i] ?? text.length));
}

/** Any sequence of UTF-16 code units, lone surrogates and control characters included. */
const units = fc.array(
  fc.oneof(
    fc.constantFrom('a', '"', '\\', '/', '\n', '\f\b\r\t', '\0', 'é', '\uFEFF', '\u2028', '😀', '\uD83D', '\uDE00'),
    fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
  { maxLength: 12 },
);

const whitespace = fc.constantFrom('', '', '', ' ', '\n', '\t\r ');

/** A string as JSON text, each unit written in one of the ways JSON has for it. */
const stringText = fc.array(fc.tuple(units, fc.constantFrom('plain', 'hex', 'HEX')), { maxLength: 3 }).map((parts) => {
  const inner = parts.map(([pieces, way]) => {
    const text = pieces.join('');
    if (way === 'plain') return [...text].map(written).join('');
    return text
      .split('')
      .map((unit) => {
        const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
        return `\\u${way === 'HEX' ? hex.toUpperCase() : hex}`;
      })
      .join('');
  });
  return `"${inner.join('')}"`;
});

function written(character: string): string {
  if (character === '/') return '\\/';
  // JSON.stringify writes lone surrogates as escapes; raw ones are legal too.
  return character.length === 1 && character >= '\uD800' && character <= '\uDFFF' ? character : JSON.stringify(character).slice(1, -1);
}

const keyText = fc.oneof(
  stringText,
  fc.constantFrom('"a"', '"b"', '"__proto__"', '"constructor"', '"toString"', '"\\u005f_proto__"', '"0"'),
);

const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('0', '-0', '1e5', '-1.50E+3', '1e-400', '1e400', '123456789012345678901234567890', '0.1e1'),
);

/** Valid JSON texts: odd keys and repeated keys, every escape, padding. */
export const jsonTexts: fc.Arbitrary<string> = fc.letrec<{ value: string; padded: string }>((tie) => ({
  padded: fc.tuple(whitespace, tie('value'), whitespace).map((parts) => parts.join('')),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null', '[]', '{}')),
    fc.array(tie('padded'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(whitespace, keyText, whitespace, tie('padded')), { maxLength: 5 })
      .map((members) => `{${members.map(([before, key, after, value]) => `${before}${key}${after}:${value}`).join(',')}}`),
  ),
})).padded;

/** What is right in one place and wrong in another. */
const scraps = [
  ...['', ' ', '\n', '\0', '\u00a0', '\ufeff', ',', ':', '"', '\\', '}', ']', '{', '[', 'x', '0', '1', 'e', 'E', '.', '-', '+'],
  ...['"a"', '"a":', ',"a":1', ',1', '12', '01', '1.', '.5', '-', '1e', '1e+', '2.5e-3', '+1', 'true', 'nul', 'nulll', 'NaN', '//'],
  ...['\\n', '\\x', '\\u00e9', '\\u00g9', '\\u00E', "'a'", '\t', '\x1f', '\x7f'],
];

/** JSON with something put in, and something taken out or not; and plain heaps of scraps. */
export const nearlyJson: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(jsonTexts, fc.nat(), fc.nat({ max: 2 }), fc.constantFrom(...scraps)).map(([text, at, removed, added]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + added + text.slice(place + removed);
  }),
  // Beside a mark of structure is where most of what goes wrong does.
  fc.tuple(jsonTexts, fc.nat(), fc.boolean(), fc.constantFrom(...scraps)).map(([text, at, before, added]) => {
    const marks = [...text.matchAll(/[{}[\]:,"]/g)];
    const mark = marks[at % marks.length]?.index ?? 0;
    const place = before ? mark : mark + 1;
    return text.slice(0, place) + added + text.slice(place);
  }),
  fc.array(fc.constantFrom(...scraps, '[', ']', '{', '}'), { maxLength: 10 }).map((parts) => parts.join('')),
);

/** Valid JSON texts without repeated keys and without lone surrogates, written with raw characters and with escapes. */
export const wellFormedJson: fc.Arbitrary<string> = fc
  .tuple(
    fc.jsonValue({
      maxDepth: 3,
      stringUnit: fc.oneof(
        fc.constantFrom('😀', '𐀀', '"', '\\', 'é', '\n', 'a'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([value, pretty, escaped]) => {
    const text = JSON.stringify(value, null, pretty ? 2 : 0);
    return escaped ? text.replace(/[^\x20-\x7e\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : text;
  });

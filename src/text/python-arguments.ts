import { type Cursor, END, type Reading, space } from './cursor.ts';

/** Nesting of Python literals: 64 levels are fine, 65 are no call. */
const MAX_DEPTH = 64;

const APOSTROPHE = 0x27;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;
const COLON = 0x3a;
const EQUALS = 0x3d;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d+)?$/;
/** A number may be this long, in characters. */
const MAX_NUMBER = 512;
const MAX_WORD = 256;

/** `true` and the like too: models mix the two languages. */
const WORDS = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
]);

const ESCAPES = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['\n', ''],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['0', '\0'],
]);
const HEX_DIGITS = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/**
 * Reads the arguments of a Python call behind its opening parenthesis, and the closing one, as the JSON text of an object: `city="Paris",
 * days=3)` is `{"city":"Paris","days":3}`. Keyword arguments with literals only: strings, numbers, `True`, `False`, `None`, lists, tuples and
 * dicts with string keys. Nothing is evaluated.
 *
 * @returns `undefined` at the first character that cannot be part of that.
 *
 * @see https://docs.python.org/3/reference/lexical_analysis.html#literals
 */
export function* pythonArguments(cursor: Cursor): Reading<string | undefined> {
  const seen = new Set<string>();
  const members: string[] = [];
  while ((yield* space(cursor)) !== CLOSE_PARENTHESIS) {
    const name = yield* word(cursor);
    if (name === '' || /^\d/.test(name) || seen.has(name) || (yield* space(cursor)) !== EQUALS) return undefined;
    seen.add(name);
    cursor.take();
    const value = yield* literal(cursor, 0);
    if (value === undefined) return undefined;
    members.push(`${JSON.stringify(name)}:${value}`);
    if (!(yield* comma(cursor, CLOSE_PARENTHESIS))) return undefined;
  }
  cursor.take();
  return `{${members.join(',')}}`;
}

/** Reads a dict behind its opening brace: its keys, and the JSON texts of their values. @returns `undefined` for anything else. */
export function* pythonMembers(cursor: Cursor, depth: number): Reading<[key: string, json: string][] | undefined> {
  const found: [string, string][] = [];
  for (let first = yield* space(cursor); first !== CLOSE_BRACE; first = yield* space(cursor)) {
    if (first !== APOSTROPHE && first !== QUOTE) return undefined;
    const key = yield* string(cursor, first);
    if (key === undefined || (yield* space(cursor)) !== COLON) return undefined;
    cursor.take();
    const value = yield* literal(cursor, depth + 1);
    if (value === undefined) return undefined;
    found.push([key, value]);
    if (!(yield* comma(cursor, CLOSE_BRACE))) return undefined;
  }
  cursor.take();
  return found;
}

function* dict(cursor: Cursor, depth: number): Reading<string | undefined> {
  cursor.take();
  const members = yield* pythonMembers(cursor, depth);
  return members && `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

function* literal(cursor: Cursor, depth: number): Reading<string | undefined> {
  if (depth > MAX_DEPTH) return undefined;
  const first = yield* space(cursor);
  switch (first) {
    case APOSTROPHE:
    case QUOTE: {
      const text = yield* string(cursor, first);
      return text === undefined ? undefined : JSON.stringify(text);
    }
    case OPEN_BRACE:
      return yield* dict(cursor, depth);
    case OPEN_BRACKET:
      return yield* sequence(cursor, CLOSE_BRACKET, depth);
    case OPEN_PARENTHESIS:
      return yield* sequence(cursor, CLOSE_PARENTHESIS, depth);
  }
  const isNumber = isDigit(first) || first === 0x2b /* + */ || first === 0x2d /* - */ || first === 0x2e; /* . */
  return isNumber ? yield* number(cursor) : WORDS.get(yield* word(cursor));
}

/** Reads a list or a tuple. `(1, 2)` is a tuple, `(1)` only a 1. */
function* sequence(cursor: Cursor, close: number, depth: number): Reading<string | undefined> {
  cursor.take();
  const items: string[] = [];
  let isTuple = true;
  while ((yield* space(cursor)) !== close) {
    const item = yield* literal(cursor, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
    isTuple = (yield* space(cursor)) === COMMA || items.length > 1;
    if (!(yield* comma(cursor, close))) return undefined;
  }
  cursor.take();
  return isTuple || close === CLOSE_BRACKET ? `[${items.join(',')}]` : items[0];
}

/** Reads a comma, unless what closes comes. */
function* comma(cursor: Cursor, close: number): Reading<boolean> {
  const next = yield* space(cursor);
  if (next === COMMA) cursor.take();
  return next === COMMA || next === close;
}

/** Reads `1` and `1e5` as they are, `+1`, `.5` and `1.` in JSON's way. `010` is no number in either language. */
function* number(cursor: Cursor): Reading<string | undefined> {
  let text = '';
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    const isSign = (code === 0x2b || code === 0x2d) && /(?:^|[eE])$/.test(text.slice(-1));
    if (!isSign && code !== 0x2e && !isWord(code)) break;
    if (text.length === MAX_NUMBER) return undefined;
    text += String.fromCharCode(code);
    cursor.take();
  }
  const [, sign, whole = '', fraction, exponent = ''] = NUMBER.exec(text) ?? [];
  if (sign === undefined || (whole === '' && !fraction) || /^0\d/.test(whole)) return undefined;
  const point = fraction === undefined ? '' : `.${fraction || '0'}`;
  return `${sign === '-' ? '-' : ''}${whole || '0'}${point}${exponent}`;
}

function* string(cursor: Cursor, quote: number): Reading<string | undefined> {
  cursor.take();
  let text = '';
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code === END || code === NEWLINE || code === RETURN) return undefined;
    cursor.take();
    if (code === quote) break;
    const piece: string | undefined = code === BACKSLASH ? yield* escaped(cursor) : String.fromCharCode(code);
    if (piece === undefined) return undefined;
    text += piece;
  }
  while (cursor.dry) yield;
  // `'''` and `'a' 'b'`: rare, and easily misread.
  return cursor.peek() === quote ? undefined : text;
}

/** Reads what stands behind a backslash. */
function* escaped(cursor: Cursor): Reading<string | undefined> {
  while (cursor.dry) yield;
  const code = cursor.peek();
  if (code === END) return undefined;
  cursor.take();
  const letter = String.fromCharCode(code);
  const digits = HEX_DIGITS.get(letter);
  // Python keeps a backslash before any other character.
  if (digits === undefined) return ESCAPES.get(letter) ?? `\\${letter}`;
  let hex = '';
  while (hex.length < digits) {
    while (cursor.dry) yield;
    const digit = cursor.peek();
    if (digit === END || !/[\da-fA-F]/.test(String.fromCharCode(digit))) return undefined;
    hex += String.fromCharCode(digit);
    cursor.take();
  }
  const point = Number.parseInt(hex, 16);
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}

function* word(cursor: Cursor): Reading<string> {
  let text = '';
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (!isWord(code) || text.length === MAX_WORD) return text;
    text += String.fromCharCode(code);
    cursor.take();
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWord(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
}

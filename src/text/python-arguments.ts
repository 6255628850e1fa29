/** Nesting of Python literals: 64 levels are fine, 65 are no call. */
const MAX_DEPTH = 64;

const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_]\w*/y;
const SPACE = /\s*/y;
const PLAIN: { readonly [quote: string]: RegExp } = { "'": /[^'\\\r\n]+/y, '"': /[^"\\\r\n]+/y };
const HEX: { readonly [letter: string]: RegExp } = { x: /[\da-fA-F]{2}/y, u: /[\da-fA-F]{4}/y, U: /[\da-fA-F]{8}/y };

/** `true` and the like too: models mix the two languages. */
const WORDS: { readonly [word: string]: string } = {
  True: 'true',
  False: 'false',
  None: 'null',
  true: 'true',
  false: 'false',
  null: 'null',
};

const ESCAPES: { readonly [letter: string]: string } = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '0': '\0',
};

/**
 * Turns the arguments of a Python call, without its parentheses, into the JSON text of an object: `city="Paris", days=3` into
 * `{"city":"Paris","days":3}`. Keyword arguments with literals only: strings, numbers, `True`, `False`, `None`, lists, tuples and dicts with
 * string keys. Nothing is evaluated.
 *
 * @returns `undefined` for anything else.
 *
 * @see https://docs.python.org/3/reference/lexical_analysis.html#literals
 */
export function pythonArguments(text: string): string | undefined {
  try {
    return new Literals(text).keywords();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

class Literals {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  keywords(): string {
    const seen = new Set<string>();
    const members: string[] = [];
    this.skip();
    while (this.at < this.text.length) {
      const name = this.match(WORD) ?? this.refuse();
      if (seen.has(name)) this.refuse();
      seen.add(name);
      this.skip();
      this.expect('=');
      members.push(`${JSON.stringify(name)}:${this.value(0)}`);
      if (this.at < this.text.length) this.expect(',');
      this.skip();
    }
    return `{${members.join(',')}}`;
  }

  private value(depth: number): string {
    this.skip();
    const first = this.text[this.at] ?? '';
    const json = this.valueFrom(first, depth);
    this.skip();
    return json;
  }

  private valueFrom(first: string, depth: number): string {
    if (depth > MAX_DEPTH) this.refuse();
    switch (first) {
      case '"':
      case "'":
        return JSON.stringify(this.string(first));
      case '[':
        return `[${this.items(']', depth).join(',')}]`;
      case '(':
        return this.tuple(depth);
      case '{':
        return this.dict(depth);
    }
    const number = this.match(NUMBER);
    if (number !== undefined) return this.number(number);
    const word = this.match(WORD) ?? this.refuse();
    return Object.hasOwn(WORDS, word) ? (WORDS[word] ?? this.refuse()) : this.refuse();
  }

  /** `1` and `1e5` as they are, `+1`, `.5` and `1.` in JSON's way. `010` is no number in either language. */
  private number(text: string): string {
    const [, sign = '', whole = '', rest = ''] = /^([+-]?)(\d*)\.?(.*)$/.exec(text) ?? [];
    if (/^0\d/.test(whole) || /\w/.test(this.text[this.at] ?? '')) this.refuse();
    const fraction = text.includes('.') ? (/^\d/.test(rest) ? `.${rest}` : `.0${rest}`) : rest;
    return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction}`;
  }

  private string(quote: string): string {
    this.at++;
    let value = '';
    for (;;) {
      value += this.match(PLAIN[quote] as RegExp) ?? '';
      const next = this.text[this.at++];
      if (next === quote) break;
      if (next !== '\\') this.refuse();
      value += this.escape();
    }
    // `'''` and `'a' 'b'`: rare, and easily misread.
    if (this.text[this.at] === quote) this.refuse();
    return value;
  }

  private escape(): string {
    const letter = this.text[this.at++] ?? '';
    const hex = HEX[letter];
    if (hex) {
      const unit = Number.parseInt(this.match(hex) ?? this.refuse(), 16);
      return unit <= 0x10ffff ? String.fromCodePoint(unit) : this.refuse();
    }
    // Python keeps a backslash before any other character.
    return ESCAPES[letter] ?? `\\${letter}`;
  }

  private items(close: string, depth: number): string[] {
    this.at++;
    const items: string[] = [];
    for (;;) {
      this.skip();
      if (this.text[this.at] === close) break;
      items.push(this.value(depth + 1));
      if (this.text[this.at] !== close) this.expect(',');
    }
    this.at++;
    return items;
  }

  /** `(1, 2)` is a tuple, `(1)` only a 1. */
  private tuple(depth: number): string {
    const start = this.at;
    const items = this.items(')', depth);
    const [only] = items;
    const isTuple = items.length !== 1 || /,\s*\)$/.test(this.text.slice(start, this.at));
    return isTuple || only === undefined ? `[${items.join(',')}]` : only;
  }

  private dict(depth: number): string {
    this.at++;
    const members: string[] = [];
    for (;;) {
      this.skip();
      const first = this.text[this.at] ?? '';
      if (first === '}') break;
      if (first !== '"' && first !== "'") this.refuse();
      const key = JSON.stringify(this.string(first));
      this.skip();
      this.expect(':');
      members.push(`${key}:${this.value(depth + 1)}`);
      if (this.text[this.at] !== '}') this.expect(',');
    }
    this.at++;
    return `{${members.join(',')}}`;
  }

  private skip(): void {
    this.match(SPACE);
  }

  private expect(character: string): void {
    if (this.text[this.at++] !== character) this.refuse();
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private refuse(): never {
    throw new NoLiteral();
  }
}

import { hexValue, nameOf, unitOfEscape } from './characters.ts';
import type { JsonListener, JsonProblem } from './listener.ts';
import { END_OF_NUMBER, numberStep } from './number.ts';

/** Settings of a {@link JsonScanner}. */
export interface JsonScannerOptions {
  /** How many arrays and objects may be open at once: this many are fine, one more is `too-deep`. Default: 512. */
  readonly maxDepth?: number;
}

// Places, each with a sample; the caret stands before the character that is read next.
const BEFORE_VALUE = 0; //          {"a":^1}    [1,^2]    ^1
const BEFORE_FIRST_ITEM = 1; //     [^1]    [^]
const BEFORE_FIRST_KEY = 2; //      {^"a":1}    {^}
const BEFORE_KEY = 3; //            {"a":1,^"b":2}
const AFTER_KEY = 4; //             {"a"^:1}
const AFTER_ITEM = 5; //            [1^ ,2]
const AFTER_MEMBER = 6; //          {"a":1^ ,"b":2}
const AFTER_ALL = 7; //             {"a":1}^
const IN_STRING = 8; //             "ab^cd"
const AFTER_BACKSLASH = 9; //       "\^n"
const IN_HEX = 10; //               "\u0^041"
const IN_LITERAL = 11; //           tr^ue
const IN_NUMBER = 12; //            1^2
const BROKEN = 13; //               [1,^]

const WHAT_FITS = [
  'a value',
  "a value or ']'",
  "a key in double quotes or '}'",
  'a key in double quotes',
  "':'",
  "',' or ']'",
  "',' or '}'",
  'the end of the text',
  'no control character in a string (write it as an escape)',
  'one of "\\/bfnrtu after a backslash',
  'a hexadecimal digit',
];

/**
 * A strict, incremental scanner of JSON (RFC 8259): its verdict on the pieces pushed so far is the one `JSON.parse` has on their
 * sum, wherever the text was cut.
 *
 * One pass, constant work for each character, no text kept: what it holds is its place and one boolean for each open array or object.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-2
 */
export class JsonScanner {
  private place = BEFORE_VALUE;
  /** Open arrays (true) and objects (false), outermost first. */
  private readonly arrays: boolean[] = [];
  /** Code units in the pieces before this one. */
  private offset = 0;
  private inKey = false;
  private word = '';
  /** How much of `word`, or how many hexadecimal digits, were seen. */
  private count = 0;
  private unit = 0;
  private numberPlace = 0;
  private found: JsonProblem | undefined;

  private readonly maxDepth: number;
  private readonly listener: JsonListener | undefined;

  constructor(options: JsonScannerOptions = {}, listener?: JsonListener) {
    this.maxDepth = options.maxDepth ?? 512;
    this.listener = listener;
    if (!(this.maxDepth >= 0)) throw new RangeError(`maxDepth is ${this.maxDepth}: give the number of levels, 0 or more.`);
  }

  /**
   * - `blank`: nothing, or whitespace alone.
   * - `open`: a value began and lacks something.
   * - `number`: a bare top-level number: valid as it is, and the next piece may go on with it.
   * - `closed`: one whole top-level value; only whitespace may follow.
   * - `invalid`: see `problem`.
   */
  get state(): 'blank' | 'open' | 'number' | 'closed' | 'invalid' {
    if (this.place === AFTER_ALL) return 'closed';
    if (this.place === BROKEN) return 'invalid';
    if (this.arrays.length > 0) return 'open';
    if (this.place === BEFORE_VALUE) return 'blank';
    return this.place === IN_NUMBER && numberStep(this.numberPlace, 0) === END_OF_NUMBER ? 'number' : 'open';
  }

  /** Set when the state is `invalid`; what is pushed after that is ignored. */
  get problem(): JsonProblem | undefined {
    return this.found;
  }

  /** Takes the next piece of the text, cut anywhere. */
  push(text: string): void {
    // Most pieces lie within a string: straight there takes a third less time than by way of `step`.
    let i = this.place === IN_STRING ? this.stringRun(text, 0) : 0;
    while (i < text.length && this.place !== BROKEN) i = this.step(text, i);
    this.offset += text.length;
  }

  /** Reads one character, or one run of a string, number or literal; returns the index after it. */
  private step(text: string, i: number): number {
    const code = text.charCodeAt(i);
    switch (this.place) {
      case IN_STRING:
        return this.stringRun(text, i);
      case AFTER_BACKSLASH:
        return this.escape(code, i);
      case IN_HEX:
        return this.hexDigit(code, i);
      case IN_LITERAL:
        return this.literalRun(text, i);
      case IN_NUMBER:
        return this.numberRun(text, i);
    }
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return i + 1;
    switch (this.place) {
      case BEFORE_FIRST_ITEM:
        if (code === 0x5d /* ] */) return this.close(i);
        return this.value(code, i);
      case BEFORE_VALUE:
        return this.value(code, i);
      case BEFORE_FIRST_KEY:
        if (code === 0x7d /* } */) return this.close(i);
        return this.key(code, i);
      case BEFORE_KEY:
        return this.key(code, i);
      case AFTER_KEY:
        if (code !== 0x3a /* : */) break;
        this.place = BEFORE_VALUE;
        return i + 1;
      case AFTER_ITEM:
        if (code === 0x5d) return this.close(i);
        if (code !== 0x2c /* , */) break;
        this.place = BEFORE_VALUE;
        return i + 1;
      case AFTER_MEMBER:
        if (code === 0x7d) return this.close(i);
        if (code !== 0x2c) break;
        this.place = BEFORE_KEY;
        return i + 1;
    }
    return this.refuse(code, i);
  }

  private value(code: number, i: number): number {
    switch (code) {
      case 0x22 /* " */:
        return this.string(false, i);
      case 0x7b /* { */:
        return this.open('object', i);
      case 0x5b /* [ */:
        return this.open('array', i);
      case 0x74 /* t */:
        return this.literal('true', i);
      case 0x66 /* f */:
        return this.literal('false', i);
      case 0x6e /* n */:
        return this.literal('null', i);
    }
    if (numberStep(0, code) < 0) return this.refuse(code, i);
    this.place = IN_NUMBER;
    this.numberPlace = 0;
    this.listener?.openNumber();
    return i;
  }

  private key(code: number, i: number): number {
    return code === 0x22 ? this.string(true, i) : this.refuse(code, i);
  }

  private open(kind: 'object' | 'array', i: number): number {
    if (this.arrays.length >= this.maxDepth) {
      const position = this.offset + i;
      return this.fail(
        'too-deep',
        `Expected at most ${this.maxDepth} levels of arrays and objects, found one more at ${position}.`,
        position,
      );
    }
    this.arrays.push(kind === 'array');
    this.place = kind === 'array' ? BEFORE_FIRST_ITEM : BEFORE_FIRST_KEY;
    this.listener?.open(kind);
    return i + 1;
  }

  private close(i: number): number {
    this.arrays.pop();
    this.afterValue();
    this.listener?.close();
    return i + 1;
  }

  private afterValue(): void {
    const depth = this.arrays.length;
    this.place = depth === 0 ? AFTER_ALL : this.arrays[depth - 1] ? AFTER_ITEM : AFTER_MEMBER;
  }

  private string(isKey: boolean, i: number): number {
    this.place = IN_STRING;
    this.inKey = isKey;
    this.listener?.openString(isKey);
    return i + 1;
  }

  /** Where the time goes: long strings are most of a model's arguments. */
  private stringRun(text: string, from: number): number {
    const length = text.length;
    let i = from;
    let code = 0;
    while (i < length) {
      code = text.charCodeAt(i);
      if (code === 0x22 || code === 0x5c || code < 0x20) break;
      i++;
    }
    if (i > from) this.listener?.run(text, from, i);
    if (i === length) return i;
    if (code === 0x5c /* \ */) {
      this.place = AFTER_BACKSLASH;
    } else if (code === 0x22) {
      if (this.inKey) this.place = AFTER_KEY;
      else this.afterValue();
      this.listener?.closeString();
    } else {
      return this.refuse(code, i);
    }
    return i + 1;
  }

  private escape(code: number, i: number): number {
    if (code === 0x75 /* u */) {
      this.place = IN_HEX;
      this.count = 0;
      this.unit = 0;
      return i + 1;
    }
    const unit = unitOfEscape(code);
    if (unit < 0) return this.refuse(code, i);
    this.place = IN_STRING;
    this.listener?.escaped(unit);
    return i + 1;
  }

  private hexDigit(code: number, i: number): number {
    const digit = hexValue(code);
    if (digit < 0) return this.refuse(code, i);
    this.unit = this.unit * 16 + digit;
    if (++this.count === 4) {
      this.place = IN_STRING;
      this.listener?.escaped(this.unit);
    }
    return i + 1;
  }

  private literal(word: string, i: number): number {
    this.place = IN_LITERAL;
    this.word = word;
    this.count = 1;
    return i + 1;
  }

  private literalRun(text: string, from: number): number {
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code !== this.word.charCodeAt(this.count)) return this.refuse(code, i);
      if (++this.count < this.word.length) continue;
      this.afterValue();
      this.listener?.literal(this.word === 'null' ? null : this.word === 'true');
      return i + 1;
    }
    return text.length;
  }

  private numberRun(text: string, from: number): number {
    let i = from;
    let place = this.numberPlace;
    for (; i < text.length; i++) {
      const next = numberStep(place, text.charCodeAt(i));
      if (next < 0) {
        if (next !== END_OF_NUMBER) return this.refuse(text.charCodeAt(i), i);
        if (i > from) this.listener?.run(text, from, i);
        this.afterValue();
        this.listener?.closeNumber();
        return i; // Read again: what ends a number belongs to what is around it.
      }
      place = next;
    }
    this.numberPlace = place;
    this.listener?.run(text, from, i);
    return i;
  }

  private refuse(code: number, i: number): number {
    const position = this.offset + i;
    const expected = WHAT_FITS[this.place] ?? (this.place === IN_LITERAL ? `"${this.word}"` : 'a digit');
    return this.fail('invalid-json', `Expected ${expected}, found ${nameOf(code)} at ${position}.`, position);
  }

  private fail(code: JsonProblem['code'], message: string, position: number): number {
    this.place = BROKEN;
    this.found = { code, message, position };
    return position;
  }
}

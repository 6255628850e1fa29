import type { ValueEnd } from './value-end.ts';

/** What reads a text that comes in pieces: a generator that yields when it needs the next piece. */
export type Reading<T> = Generator<undefined, T, undefined>;

/** The end of the text, as a character. */
export const END = -1;

/**
 * A place in a text that comes in pieces. What was read since the last {@link commit} is kept, so that it can be given back.
 * Each character is read once; to look further, a reader yields while the cursor is {@link dry}.
 */
export class Cursor {
  /** No more will come: {@link peek} gives {@link END}. */
  ended = false;
  private text = '';
  private at = 0;
  /** Where in this piece the kept part begins. */
  private from = 0;
  private before = '';
  /** Reading stops here: at the end of the piece, or where more would be kept than is allowed. */
  private until = 0;
  private readonly maxKept: number;

  /** @param maxKept how much may be kept, in UTF-16 code units: one more and the cursor is dry until the next {@link commit}. */
  constructor(maxKept: number) {
    this.maxKept = maxKept;
  }

  feed(text: string): void {
    this.text = text;
    this.at = 0;
    this.from = 0;
    this.bound();
  }

  /** All of this piece was read. */
  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** More is kept than is allowed. */
  get overfull(): boolean {
    return this.before.length + this.at - this.from > this.maxKept;
  }

  /** Nothing is left, and more may come. */
  get dry(): boolean {
    return this.at >= this.until && !this.ended;
  }

  /** The next character, as a UTF-16 code unit. */
  peek(): number {
    return this.at >= this.until ? END : this.text.charCodeAt(this.at);
  }

  /** The one after it, if it is there already. */
  peekNext(): number | undefined {
    return this.at + 1 < this.until ? this.text.charCodeAt(this.at + 1) : undefined;
  }

  take(): void {
    this.at++;
  }

  /** Takes the rest of this piece, or what of it belongs to a JSON value. */
  takeValue(end: ValueEnd): string {
    const start = this.at;
    this.at = end.find(this.text, start, this.until);
    return this.text.slice(start, this.at);
  }

  /** Everything that was read since the last commit. */
  kept(): string {
    this.before += this.text.slice(this.from, this.at);
    this.from = this.at;
    return this.before;
  }

  /** What was read so far is not given back. */
  commit(): void {
    this.before = '';
    this.from = this.at;
    this.bound();
  }

  /** The last characters that were read are kept all the same. */
  keep(last: string): void {
    this.before = last;
    this.bound();
  }

  private bound(): void {
    this.until = Math.min(this.text.length, this.from + this.maxKept + 1 - this.before.length);
  }
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const TAB = 0x09;

/** Whether a code unit is a space, a tab or a line end. */
export function isSpace(code: number): boolean {
  return code === SPACE || code === NEWLINE || code === RETURN || code === TAB;
}

/** Reads over whitespace. @returns the character after it. */
export function* space(cursor: Cursor): Reading<number> {
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (!isSpace(code)) return code;
    cursor.take();
  }
}

/**
 * Reads one of some words, none of which begins another, or the rest of one that was read in part. Where none is there it stops at the first
 * character that fits none.
 */
export function* oneOf(cursor: Cursor, words: readonly string[], read = ''): Reading<string | undefined> {
  let fitting = words.filter((word) => word.startsWith(read));
  for (let { length } = read; ; length++) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    fitting = fitting.filter((word) => word.charCodeAt(length) === code);
    const [first] = fitting;
    if (first === undefined) return undefined;
    cursor.take();
    if (first.length === length + 1) return first;
  }
}

/** Reads one word. @returns whether it was there. */
export function* literal(cursor: Cursor, word: string): Reading<boolean> {
  return (yield* oneOf(cursor, [word])) !== undefined;
}

import { EXCERPT_LIMIT, LimitError } from '../errors.ts';
import type { Frame } from '../frame.ts';
import { BodyText } from '../sse/text.ts';
import type { Output, Stage } from '../stage.ts';
import type { JsonListener } from './listener.ts';
import { JsonScanner } from './scanner.ts';

/** How {@link jsonArrayParser} reads a body. */
export interface ParseJsonArrayOptions {
  /** The longest item, in UTF-8 bytes from its first character to its last. Default 16 MiB. */
  readonly maxItemBytes?: number;
}

const DEFAULT_MAX_ITEM_BYTES = 16 * 1024 * 1024;
/** How much of a body that is no JSON array is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;

/** Throws where the options are no options. */
export function checkParseJsonArrayOptions({ maxItemBytes = DEFAULT_MAX_ITEM_BYTES }: ParseJsonArrayOptions = {}): void {
  if (Number.isSafeInteger(maxItemBytes) && maxItemBytes > 0) return;
  throw new RangeError(`maxItemBytes is ${maxItemBytes}: give a whole number of bytes above 0, or leave it out for 16 MiB.`);
}

/**
 * Reads one JSON array, bytes or strings cut anywhere, to a frame for each of its items, as soon as the item is whole. A body that is one
 * JSON value and no array is one frame.
 *
 * What the end of the body cuts in two comes as far as it came, flagged `unterminated`; what is no JSON comes at the end, from where the
 * trouble began, as one frame flagged `stray`, its first 64 Ki UTF-16 code units. Raises a {@link LimitError} after all items before the one
 * that is too long. It holds one item at most, and a body costs time in proportion to its length.
 */
export function jsonArrayParser(options: ParseJsonArrayOptions = {}): Stage<Uint8Array | string, Frame> {
  checkParseJsonArrayOptions(options);
  return new JsonArrayParser(options);
}

/** Where in the body: each with a sample, the caret before what is read next. */
type Place =
  | 'before-all' //     ^[{"a":1},{"b":2}]
  | 'before-first' //   [^{"a":1},{"b":2}]     [^]
  | 'before-item' //    [{"a":1},^{"b":2}]
  | 'in-item' //        [{"a^":1},{"b":2}]
  | 'after-item' //     [{"a":1}^,{"b":2}]
  | 'after-all' //      [{"a":1},{"b":2}]^
  | 'stray'; //         [{"a":1}, nonsense^

class JsonArrayParser implements Stage<Uint8Array | string, Frame> {
  private readonly maxItemBytes: number;
  private readonly text = new BodyText('parseJsonArray');
  private place: Place = 'before-all';
  private inArray = false;
  private item = new Item();
  private stray = '';
  private frames = 0;

  constructor({ maxItemBytes = DEFAULT_MAX_ITEM_BYTES }: ParseJsonArrayOptions) {
    this.maxItemBytes = maxItemBytes;
  }

  transform(chunk: Uint8Array | string, out: Output<Frame>): void {
    const text = this.text.read(chunk);
    let at = 0;
    while (at >= 0 && at < text.length) at = this.place === 'in-item' ? this.readItem(text, at, out) : this.step(text, at);
  }

  flush(out: Output<Frame>): void {
    if (this.place === 'in-item') {
      // Outside an array the end of the body is what ends a number.
      const isWhole = !this.inArray && this.item.isNumber;
      this.emit(isWhole ? { data: this.item.text } : { data: this.item.text, unterminated: true }, out);
    } else if (this.place === 'stray') {
      this.emit({ data: this.stray, stray: true }, out);
    }
    this.place = 'after-all';
  }

  /** A cut is an end like any other: what was held back goes out first. */
  fail(error: unknown, out: Output<Frame>): unknown {
    this.flush(out);
    return error;
  }

  /** Reads one character between items; @returns the index after it. */
  private step(text: string, at: number): number {
    const code = text.charCodeAt(at);
    if (this.place === 'stray') return this.giveUp(text.slice(at), text.length);
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return at + 1;
    if (this.place === 'before-all' && code === 0x5b /* [ */) {
      this.inArray = true;
      this.place = 'before-first';
    } else if (this.place === 'after-item' && code === 0x2c /* , */) {
      this.place = 'before-item';
    } else if ((this.place === 'after-item' || this.place === 'before-first') && code === 0x5d /* ] */) {
      this.place = 'after-all';
    } else if (this.place === 'after-item' || this.place === 'after-all') {
      return this.giveUp(text.slice(at), text.length);
    } else {
      this.place = 'in-item';
      this.item = new Item();
      return at;
    }
    return at + 1;
  }

  /** Reads as much of the text as belongs to the item; @returns the index after it, or -1 where nothing more is to be read. */
  private readItem(text: string, at: number, out: Output<Frame>): number {
    const read = this.item.push(at === 0 ? text : text.slice(at));
    if (this.item.bytes > this.maxItemBytes) {
      const excerpt = this.item.text.slice(0, EXCERPT_LIMIT);
      out.error(new LimitError('maxItemBytes', this.maxItemBytes, 'bytes in one JSON item', { place: { frame: this.frames }, excerpt }));
      return -1;
    }
    if (this.item.isWhole) {
      this.place = this.inArray ? 'after-item' : 'after-all';
      this.emit({ data: this.item.text }, out);
    } else if (this.item.isBroken) {
      return this.giveUp(this.item.text + text.slice(at + read), text.length);
    }
    return at + read;
  }

  private giveUp(rest: string, end: number): number {
    this.place = 'stray';
    if (this.stray.length < MAX_STRAY) this.stray += rest.slice(0, MAX_STRAY - this.stray.length);
    return end;
  }

  private emit(frame: Frame, out: Output<Frame>): void {
    this.frames++;
    out.enqueue(frame);
  }
}

/** One item while it comes in: a scanner says where it ends, which is where it refuses to go on though the value is whole. */
class Item implements JsonListener {
  text = '';
  /** In UTF-8. */
  bytes = 0;
  isWhole = false;
  private depth = 0;
  private valueIsOver = false;
  private scanned = 0;
  // Arguments may be nested deeper than anybody runs them: that is for later steps to judge, and must not end the stream.
  private readonly scanner = new JsonScanner({ maxDepth: Number.POSITIVE_INFINITY }, this);

  get isBroken(): boolean {
    return this.scanner.state === 'invalid' && !this.isWhole;
  }

  get isNumber(): boolean {
    return this.scanner.state === 'number';
  }

  /** @returns how many UTF-16 code units of the text belong to the item. */
  push(text: string): number {
    this.scanner.push(text);
    const { problem, state } = this.scanner;
    const end = problem ? problem.position - this.scanned : text.length;
    this.scanned += text.length;
    this.isWhole = state === 'closed' || (problem !== undefined && this.valueIsOver);
    const piece = this.isWhole ? text.slice(0, end).trimEnd() : end === text.length ? text : text.slice(0, end);
    this.text = this.isWhole && piece === '' ? this.text.trimEnd() : this.text + piece;
    this.bytes += utf8Length(piece);
    return end;
  }

  open(): void {
    this.depth++;
  }
  close(): void {
    this.depth--;
    this.valueIsOver = this.depth === 0;
  }
  openString(): void {}
  closeString(): void {
    this.valueIsOver = this.depth === 0;
  }
  run(): void {}
  escaped(): void {}
  openNumber(): void {}
  closeNumber(): void {
    this.valueIsOver = this.depth === 0;
  }
  literal(): void {
    this.valueIsOver = this.depth === 0;
  }
}

/** Each half of a surrogate pair is half of its four bytes, so that a pair may be cut. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return bytes;
}

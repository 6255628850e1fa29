/**
 * How much of a string is joined by `+=` before it becomes one flat block, in UTF-16 code units. Without blocks, 10 MB in pieces of
 * 8 are a million cells that the garbage collector copies about: four times the time a piece. A block costs as much as joining its
 * pieces did, and so a string that is shorter pays nothing; at 10 MB, blocks of 4 Ki take longer than these, and longer ones gain nothing.
 */
const BLOCK = 16_384;

/**
 * Joins the pieces of a JSON string's content and never shows half a surrogate pair: a high surrogate at the end is held back
 * until what follows it is known, whether either half is written as it is or as an escape.
 */
export class StringReader {
  /** Whole blocks. */
  private head = '';
  /** What came after them. */
  private tail = '';
  private held = '';
  /** Where a character goes that was read to make a string flat: unused reads may be left out by the engine. */
  protected touched = 0;

  /** What came since the start, or since it was taken, and can be shown. */
  get text(): string {
    return this.head + this.tail;
  }

  append(piece: string): void {
    // Looks at the piece, never at `text`: reading a character of a string that grows makes the engine copy all of it.
    if (this.held !== '' || (piece.charCodeAt(piece.length - 1) & 0xfc00) === 0xd800) this.appendHalf(piece);
    else this.tail += piece;
    if (this.tail.length >= BLOCK) this.closeBlock();
  }

  /** Hands out `text` and goes on without it. */
  take(): string {
    const { text } = this;
    this.head = '';
    this.tail = '';
    return text;
  }

  /** The string is over: hands out `text`, with a lone surrogate if it ended in one, and is ready for the next string. */
  finish(): string {
    if (this.held !== '') {
      this.tail += this.held;
      this.held = '';
    }
    return this.take();
  }

  /** The piece ends in a high surrogate, or the one before it did. */
  private appendHalf(piece: string): void {
    const isHalf = (piece.charCodeAt(piece.length - 1) & 0xfc00) === 0xd800;
    this.tail += this.held + (isHalf ? piece.slice(0, -1) : piece);
    this.held = isHalf ? piece.slice(-1) : '';
  }

  private closeBlock(): void {
    this.touched = this.tail.charCodeAt(0);
    this.head += this.tail;
    this.tail = '';
  }
}

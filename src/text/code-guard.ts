const BACKTICK = 0x60;
const TILDE = 0x7e;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const GREATER = 0x3e;

/** What stands right before something that is quoted. */
const QUOTES = new Set([...'"\'“‘«„'].map((quote) => quote.charCodeAt(0)));

/**
 * Follows a Markdown text and says whether what comes next is quoted: in a fenced code block, in inline code, in a block quote,
 * or right behind an opening quotation mark. Inline code that is left open ends with its line.
 *
 * @see https://spec.commonmark.org/0.31.2/#fenced-code-blocks
 */
export class CodeGuard {
  /** Characters of this line so far that are only indentation, or -1 behind the first other one. */
  private indent = 0;
  private blockQuote = false;
  /** The open fence: its character and length. */
  private fence = 0;
  private fenceLength = 0;
  /** The line that opened the fence is not over: a backtick in it shows that it is inline code. */
  private fenceLine = false;
  /** The length of the backticks that opened inline code; 0 outside. */
  private inline = 0;
  /** The run of backticks or tildes that is being read. */
  private run = 0;
  private runOf = 0;
  private runAtStart = false;
  /** A run that may close the fence was read, and only spaces since. */
  private closing = false;
  private last = 0;

  push(code: number): void {
    if ((code === BACKTICK || code === TILDE) && (this.run === 0 || code === this.runOf)) {
      if (this.run === 0) this.runAtStart = this.indent >= 0 && this.indent <= 3;
      this.runOf = code;
      this.run++;
      this.indent = -1;
      this.last = code;
      return;
    }
    this.endRun();
    if (code === NEWLINE) {
      this.endLine();
    } else if (code === BACKTICK || code === TILDE) {
      this.runOf = code;
      this.run = 1;
      this.runAtStart = false;
      this.indent = -1;
    } else {
      if (code !== SPACE && code !== 0x0d && code !== 0x09) this.closing = false;
      if (this.indent >= 0) {
        if (code === SPACE) this.indent++;
        else {
          if (code === GREATER && this.indent <= 3) this.blockQuote = true;
          this.indent = -1;
        }
      }
    }
    this.last = code;
  }

  /** Whether what comes next (no backtick) is quoted. */
  get quoted(): boolean {
    this.endRun();
    return this.fence !== 0 || this.inline !== 0 || this.blockQuote || QUOTES.has(this.last);
  }

  /** Only spaces so far in this line. */
  get atLineStart(): boolean {
    return this.indent >= 0;
  }

  private endRun(): void {
    const length = this.run;
    if (length === 0) return;
    this.run = 0;
    if (this.fence !== 0) {
      if (this.fenceLine && this.runOf === BACKTICK && this.fence === BACKTICK) {
        this.inline = length === this.fenceLength ? 0 : this.fenceLength;
        this.fence = 0;
      } else {
        this.closing = this.runAtStart && this.runOf === this.fence && length >= this.fenceLength;
      }
    } else if (this.runAtStart && length >= 3 && this.inline === 0) {
      this.fence = this.runOf;
      this.fenceLength = length;
      this.fenceLine = true;
    } else if (this.runOf === BACKTICK) {
      if (this.inline === 0) this.inline = length;
      else if (this.inline === length) this.inline = 0;
    }
  }

  private endLine(): void {
    if (this.closing) this.fence = 0;
    this.closing = false;
    this.fenceLine = false;
    this.inline = 0;
    this.blockQuote = false;
    this.indent = 0;
  }
}

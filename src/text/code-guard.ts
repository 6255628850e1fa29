import { isSpace } from './cursor.ts';
import { Quotation } from './quotation.ts';

const BACKTICK = 0x60;
const TILDE = 0x7e;
const NEWLINE = 0x0a;
const TAB = 0x09;
const GREATER = 0x3e;

/**
 * Follows a Markdown text and says whether what comes next is quoted: in a code block, fenced (in a list, too) or indented, in inline code, in a
 * block quote, or in quotation marks. Inline code and quotation marks that are left open end with their line.
 *
 * @see https://spec.commonmark.org/0.31.2/#fenced-code-blocks
 */
export class CodeGuard {
  /** Columns of this line so far, while it has only indentation and list markers; -1 behind anything else. */
  private column = 0;
  /** What the line begins with may be, or is, a list marker: `12`, then `12.`, then a space. */
  private marker: 'none' | 'digits' | 'whole' = 'none';
  /** A list marker stands before what comes next in this line. */
  private listed = false;
  /** A list began, and no paragraph at the margin since. */
  private inList = false;
  /** What may be indented code: a line behind a blank one, or behind such code. */
  private mayIndent = false;
  private indented = false;
  private blockQuote = false;
  /** The open fence: its character, length and column. */
  private fence = 0;
  private fenceLength = 0;
  private fenceColumn = 0;
  /** The line that opened the fence is not over: a backtick in it shows that it is inline code. */
  private fenceLine = false;
  /** The length of the backticks that opened inline code; 0 outside. */
  private inline = 0;
  /** The run of backticks or tildes that is being read, and the column where it began at the start of a line, else -1. */
  private run = 0;
  private runOf = 0;
  private runColumn = -1;
  /** A run that may close the fence was read, and only spaces since. */
  private closing = false;
  private readonly quotation = new Quotation();

  push(code: number): void {
    if (this.run > 0 && code !== this.runOf) this.endRun();
    if (code === NEWLINE) {
      this.endLine();
      return;
    }
    this.quotation.push(code);
    if (code === BACKTICK || code === TILDE) {
      if (this.run === 0) this.runColumn = this.marker === 'none' ? this.column : -1;
      this.runOf = code;
      this.run++;
      this.endIndentation();
      return;
    }
    if (isSpace(code)) {
      if (this.column >= 0) this.indent(code);
      return;
    }
    this.closing = false;
    if (this.column >= 0) this.lead(code);
  }

  /** Whether what comes next (no backtick) is quoted. */
  get quoted(): boolean {
    this.endRun();
    return this.fence !== 0 || this.inline !== 0 || this.blockQuote || this.inIndented || this.quotation.open;
  }

  /** Only spaces so far in this line. */
  get atLineStart(): boolean {
    return this.column >= 0 && !this.listed && this.marker === 'none';
  }

  private get inIndented(): boolean {
    return this.indented || (this.atLineStart && this.mayIndent && !this.inList && this.column >= 4);
  }

  private indent(code: number): void {
    this.column += code === TAB ? 4 - (this.column % 4) : 1;
    if (this.marker === 'none') return;
    if (this.marker === 'digits') this.endIndentation();
    else {
      this.listed = true;
      this.inList = true;
      this.marker = 'none';
    }
  }

  /** Reads what may be a list marker. */
  private lead(code: number): void {
    const isDigit = code >= 0x30 && code <= 0x39;
    const isBullet = code === 0x2d || code === 0x2a || code === 0x2b; // - * +
    const isEnd = code === 0x2e || code === 0x29; // . )
    if (isDigit && this.marker !== 'whole') this.marker = 'digits';
    else if ((isBullet && this.marker === 'none') || (isEnd && this.marker === 'digits')) this.marker = 'whole';
    else {
      if (code === GREATER && this.marker === 'none') this.blockQuote = true;
      this.endIndentation();
      return;
    }
    this.indented = this.inIndented;
    this.column++;
  }

  /** Something else than a list marker stands in this line. */
  private endIndentation(): void {
    if (this.column < 0) return;
    this.indented = this.inIndented;
    if (this.column === 0 && this.mayIndent && !this.listed) this.inList = false;
    this.column = -1;
    this.marker = 'none';
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
        const isAtStart = !this.listed && this.runColumn >= 0 && this.runColumn <= this.fenceColumn + 3;
        this.closing = isAtStart && this.runOf === this.fence && length >= this.fenceLength;
      }
    } else if (this.runColumn >= 0 && length >= 3 && this.inline === 0) {
      this.fence = this.runOf;
      this.fenceLength = length;
      this.fenceColumn = this.runColumn;
      this.fenceLine = true;
    } else if (this.runOf === BACKTICK) {
      if (this.inline === 0) this.inline = length;
      else if (this.inline === length) this.inline = 0;
    }
  }

  private endLine(): void {
    if (this.closing) this.fence = 0;
    this.mayIndent = (this.atLineStart && this.fence === 0) || this.indented;
    this.closing = false;
    this.fenceLine = false;
    this.inline = 0;
    this.blockQuote = false;
    this.indented = false;
    this.column = 0;
    this.marker = 'none';
    this.listed = false;
    this.quotation.endLine();
  }
}

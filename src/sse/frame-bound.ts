import { EXCERPT_LIMIT } from '../errors.ts';

const LF = 10;
/** A UTF-16 code unit is at most this many bytes of UTF-8. */
export const MAX_BYTES_OF_UNIT = 3;

/** In how little text looking at each character is quicker than looking for line ends, in UTF-16 code units. */
const SHORT = 32;

/** The bound where none is given: 16 MiB. */
export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Throws where a bound is none. */
export function checkMaxFrameBytes(maxFrameBytes: number): void {
  if (Number.isSafeInteger(maxFrameBytes) && maxFrameBytes > 0) return;
  throw new RangeError(`maxFrameBytes is ${maxFrameBytes}: give a whole number of bytes above 0, or leave it out for 16 MiB.`);
}

/**
 * Measures frames before they are parsed, so that one endless line, one huge chunk and a thousand small ones are all
 * found at the same byte. What counts is everything between two blank lines, comments too, in UTF-8 bytes without line ends;
 * where each line is a frame, one line.
 */
export class FrameBound {
  private readonly maxBytes: number;
  private readonly lineIsFrame: boolean;
  private bytes = 0;
  private lineIsEmpty = true;
  /** How the open frame begins, for the error. */
  private head = '';

  constructor(maxBytes: number, { lineIsFrame = false }: { readonly lineIsFrame?: boolean } = {}) {
    this.maxBytes = maxBytes;
    this.lineIsFrame = lineIsFrame;
  }

  /** How the frame begins that was too long. */
  get excerpt(): string {
    return this.head;
  }

  /**
   * Takes the next piece of text, its line ends LF.
   *
   * @returns `undefined` where all of it is within the bound, else where the line begins that is not.
   */
  exceededAt(text: string): number | undefined {
    // A look at each character would be the most costly part of the stage. Where no frame can end beyond the bound, only the open one counts.
    const isShort = text.length < SHORT;
    const from = !isShort && this.bytes + text.length * MAX_BYTES_OF_UNIT <= this.maxBytes ? this.endOfFrames(text) : 0;
    if (from > 0) {
      this.bytes = 0;
      this.head = '';
      this.lineIsEmpty = true;
    }
    return from < text.length ? this.count(text, from) : undefined;
  }

  /** Where the last frame ends that ends within a text; 0 if none does. */
  private endOfFrames(text: string): number {
    if (this.lineIsFrame) return text.lastIndexOf('\n') + 1;
    if (text.endsWith('\n\n')) return text.length;
    const blank = text.lastIndexOf('\n\n');
    if (blank >= 0) return blank + 2;
    return this.lineIsEmpty && text.charCodeAt(0) === LF ? 1 : 0;
  }

  private count(text: string, from: number): number | undefined {
    let { bytes, lineIsEmpty } = this;
    let frameStart = from;
    let lineStart = from;
    for (let at = from; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === LF) {
        if (lineIsEmpty || this.lineIsFrame) {
          bytes = 0;
          this.head = '';
          frameStart = at + 1;
        }
        lineIsEmpty = true;
        lineStart = at + 1;
        continue;
      }
      lineIsEmpty = false;
      bytes += unit < 0x80 ? 1 : utf8Bytes(unit);
      if (bytes > this.maxBytes) {
        this.keepHead(text.slice(frameStart, at));
        return lineStart;
      }
    }
    this.bytes = bytes;
    this.lineIsEmpty = lineIsEmpty;
    this.keepHead(text.slice(frameStart));
    return undefined;
  }

  private keepHead(text: string): void {
    if (this.head.length < EXCERPT_LIMIT) this.head += text.slice(0, EXCERPT_LIMIT - this.head.length);
  }
}

/** Bytes of a UTF-16 code unit beyond ASCII; each half of a surrogate pair is half of its four. */
function utf8Bytes(unit: number): number {
  if (unit < 0x800) return 2;
  return unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
}

import { LimitError } from '../errors.ts';
import type { Frame } from '../frame.ts';
import { checkMaxFrameBytes, DEFAULT_MAX_FRAME_BYTES, FrameBound } from '../sse/frame-bound.ts';
import { BodyText } from '../sse/text.ts';
import type { Output, Stage } from '../stage.ts';

/** How {@link ndjsonParser} reads a body. */
export interface ParseNdjsonOptions {
  /** The longest line, in UTF-8 bytes, its line end not counted. Default 16 MiB. */
  readonly maxFrameBytes?: number;
}

/** Throws where the options are no options. */
export function checkParseNdjsonOptions({ maxFrameBytes = DEFAULT_MAX_FRAME_BYTES }: ParseNdjsonOptions = {}): void {
  checkMaxFrameBytes(maxFrameBytes);
}

/**
 * Reads newline-delimited JSON: bytes or strings, cut anywhere, to frames, one for each line that is not blank. It does not parse the JSON.
 *
 * A line ends with LF or CRLF; a CR alone is whitespace, as JSON has it. At the end of the body, regular or not, a last line without its
 * line end comes as far as it came, flagged `unterminated`. A character that is torn by the end is left out.
 *
 * Raises a {@link LimitError} after all lines before the one that is too long. It holds one line at most, and a body costs time in
 * proportion to its length.
 *
 * @see https://github.com/ndjson/ndjson-spec
 */
export function ndjsonParser(options: ParseNdjsonOptions = {}): Stage<Uint8Array | string, Frame> {
  checkParseNdjsonOptions(options);
  return new NdjsonParser(options);
}

class NdjsonParser implements Stage<Uint8Array | string, Frame> {
  private readonly text = new BodyText('parseNdjson');
  private readonly maxFrameBytes: number;
  private readonly bound: FrameBound;
  /** A CR at the end of a chunk: part of a line end, or not, as the next chunk says. */
  private cr = '';
  private line = '';
  private frames = 0;

  constructor({ maxFrameBytes = DEFAULT_MAX_FRAME_BYTES }: ParseNdjsonOptions) {
    this.maxFrameBytes = maxFrameBytes;
    this.bound = new FrameBound(maxFrameBytes, { lineIsFrame: true });
  }

  transform(chunk: Uint8Array | string, out: Output<Frame>): void {
    const text = this.withLf(this.text.read(chunk));
    const end = this.bound.exceededAt(text);
    this.feed(end === undefined ? text : text.slice(0, end), out);
    if (end === undefined) return;
    out.error(
      new LimitError('maxFrameBytes', this.maxFrameBytes, 'bytes in one NDJSON line', {
        place: { frame: this.frames },
        excerpt: this.bound.excerpt,
      }),
    );
  }

  flush(out: Output<Frame>): void {
    const data = this.line;
    this.line = '';
    if (data.trim() !== '') out.enqueue({ data, unterminated: true });
  }

  /** A cut is an end like any other: what was held back goes out first. */
  fail(error: unknown, out: Output<Frame>): unknown {
    this.flush(out);
    return error;
  }

  private withLf(text: string): string {
    if (text === '') return text;
    const whole = this.cr + text;
    this.cr = whole.endsWith('\r') ? '\r' : '';
    const known = this.cr === '' ? whole : whole.slice(0, -1);
    return known.includes('\r\n') ? known.replace(/\r\n/g, '\n') : known;
  }

  private feed(text: string, out: Output<Frame>): void {
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      const data = this.line + text.slice(from, to);
      this.line = '';
      from = to + 1;
      if (data.trim() === '') continue;
      this.frames++;
      out.enqueue({ data });
    }
    this.line += text.slice(from);
  }
}

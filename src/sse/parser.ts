import { createParser, type EventSourceMessage, type EventSourceParser, type ParseError } from 'eventsource-parser';
import { LimitError } from '../errors.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import { checkMaxFrameBytes, DEFAULT_MAX_FRAME_BYTES, FrameBound, MAX_BYTES_OF_UNIT } from './frame-bound.ts';
import { LineText } from './text.ts';

/** How {@link sseParser} reads a body. */
export interface ParseSseOptions {
  /** The longest frame, in UTF-8 bytes between two blank lines, line ends not counted. Default 16 MiB. */
  readonly maxFrameBytes?: number;
  /**
   * Exactly what a browser's `EventSource` would dispatch: a last event without its blank line and lines that are no
   * SSE field are dropped. Default `false`: both are delivered, flagged `unterminated` and `stray`.
   */
  readonly strict?: boolean;
}

/** Throws where the options are no options. */
export function checkParseSseOptions({ maxFrameBytes = DEFAULT_MAX_FRAME_BYTES }: ParseSseOptions = {}): void {
  checkMaxFrameBytes(maxFrameBytes);
}

/**
 * Reads Server-Sent Events: bytes or strings, cut anywhere, to frames.
 *
 * Emits a frame at its blank line; lines that are no SSE field (a bare `error: …`, a JSON or HTML body where a stream was
 * expected) at once, as they are, flagged `stray`; at the end of the body, regular or not, what was still open, as far as
 * it came, flagged `unterminated`. A character or field name that is torn by the end is left out.
 *
 * Raises a {@link LimitError} after all frames before the one that is too long. Comments and fields without data are ignored;
 * a `retry:` goes with the next event. It holds one frame at most, and a body costs time in proportion to its length.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function sseParser(options: ParseSseOptions = {}): Stage<Uint8Array | string, Frame> {
  checkParseSseOptions(options);
  return new SseParser(options);
}

const LF = 10;
const DATA = 'data: ';
const EVENT = 'event: ';

type Draft = { -readonly [K in keyof Frame]: Frame[K] };

class SseParser implements Stage<Uint8Array | string, Frame> {
  private readonly strict: boolean;
  private readonly maxFrameBytes: number;
  private readonly text = new LineText();
  private readonly bound: FrameBound;
  /** Made on first need: many streams are nothing but frames in their plain form, and it weighs a kilobyte. */
  private parser: EventSourceParser | undefined;
  private out: Output<Frame> | undefined;
  private retry: number | undefined;
  private frames = 0;
  /** The parser holds nothing: the next text begins a frame. */
  private isBetweenFrames = true;
  /** The body is over: what the parser still gives was not terminated. */
  private over = false;

  constructor({ maxFrameBytes = DEFAULT_MAX_FRAME_BYTES, strict = false }: ParseSseOptions) {
    this.strict = strict;
    this.maxFrameBytes = maxFrameBytes;
    this.bound = new FrameBound(maxFrameBytes);
  }

  transform(chunk: Uint8Array | string, out: Output<Frame>): void {
    this.out = out;
    const text = this.text.read(chunk);
    const from = this.isBetweenFrames ? this.takePlain(text) : 0;
    if (from === text.length) return;
    const rest = from === 0 ? text : text.slice(from);
    const last = rest.length - 1;
    this.isBetweenFrames = rest.charCodeAt(last) === LF && rest.charCodeAt(last - 1) === LF;
    const end = this.bound.exceededAt(rest);
    this.parser ??= this.newParser();
    this.parser.feed(end === undefined ? rest : rest.slice(0, end));
    if (end === undefined) return;
    out.error(
      new LimitError('maxFrameBytes', this.maxFrameBytes, 'bytes in one SSE frame', {
        place: { frame: this.frames },
        excerpt: this.bound.excerpt,
      }),
    );
  }

  flush(out: Output<Frame>): void {
    if (this.strict) return;
    this.out = out;
    this.over = true;
    this.parser?.feed('\n\n');
  }

  /** A cut is an end like any other: what was held back goes out first. */
  fail(error: unknown, out: Output<Frame>): unknown {
    this.flush(out);
    return error;
  }

  private newParser(): EventSourceParser {
    const parser = createParser({
      onEvent: (event) => this.onEvent(event),
      onRetry: (milliseconds) => {
        this.retry = Math.min(milliseconds, Number.MAX_SAFE_INTEGER);
      },
      onError: (problem) => this.onProblem(problem),
    });
    // The first feed looks for a BOM that was decoded as Latin-1, which would take three real characters from us.
    parser.feed('');
    return parser;
  }

  /**
   * Takes the frames at the beginning of a text that are whole and in the form in which nearly all are written: an `event: …` or none, one `data: …`,
   * a blank line. The parser does the rest: for these it takes a tenth longer, and of many streams at once still longer, since it touches more.
   *
   * @returns where the first other frame begins.
   */
  private takePlain(text: string): number {
    // Whatever is in it, no frame is longer than the bound.
    if (text.length * MAX_BYTES_OF_UNIT > this.maxFrameBytes) return 0;
    let from = 0;
    for (;;) {
      let at = from;
      let event: string | undefined;
      if (text.startsWith(EVENT, at)) {
        const end = text.indexOf('\n', at);
        if (end < 0) return from;
        event = text.slice(at + EVENT.length, end) || undefined;
        at = end + 1;
      }
      if (!text.startsWith(DATA, at)) return from;
      const end = text.indexOf('\n', at);
      if (end < 0 || text.charCodeAt(end + 1) !== LF) return from;
      from = end + 2;
      this.onEvent({ data: text.slice(at + DATA.length, end), event, id: undefined });
    }
  }

  private onEvent({ data, event, id }: EventSourceMessage): void {
    const frame: Draft = { data };
    if (event !== undefined) frame.event = event;
    if (id !== undefined) frame.id = id;
    if (this.retry !== undefined) frame.retry = this.retry;
    this.retry = undefined;
    this.emit(frame);
  }

  private onProblem({ type, line }: ParseError): void {
    if (this.strict || type !== 'unknown-field' || line === undefined) return;
    if (this.over && isTornFieldName(line)) return;
    this.emit({ data: line, stray: true });
  }

  private emit(frame: Draft): void {
    if (this.over) frame.unterminated = true;
    this.frames++;
    this.out?.enqueue(frame);
  }
}

const FIELDS = ['data', 'event', 'id', 'retry'];

const isTornFieldName = (line: string) => FIELDS.some((field) => field.startsWith(line));

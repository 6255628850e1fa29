import { type CallFormat, type CallReader, callFormats, type TextCallFormat } from './call-formats.ts';
import type { CallSink } from './call-sink.ts';
import { CodeGuard } from './code-guard.ts';
import { Cursor, isSpace, oneOf, type Reading } from './cursor.ts';
import type { ToolNames } from './tool-names.ts';

const NEWLINE = 0x0a;

/** Where a scanner puts the calls it finds, and the text that is none. */
export interface ScannerSink extends CallSink {
  text(text: string): void;
}

/**
 * Finds the calls in the text of one message while it comes in, piece by piece. One pass: what turns out to be no call is not searched
 * again. Text is held back only while it can still become a call.
 */
export class CallScanner {
  private readonly cursor: Cursor;
  private readonly guard = new CodeGuard();
  private readonly format: CallFormat;
  private readonly markers: readonly string[];
  private readonly first: ReadonlySet<number>;
  private readonly second: ReadonlySet<number>;
  /** The length of the longest marker. */
  private readonly longest: number;
  private readonly names: ToolNames;
  private readonly sink: ScannerSink;
  private readonly maxHeld: number;
  /** Text that goes out with what else this piece gives. */
  private ready = '';
  private readonly callSink: CallSink = {
    begin: (name) => {
      this.cursor.commit();
      this.flush();
      this.gap = undefined;
      this.inCall = true;
      this.called = true;
      this.sink.begin(name);
    },
    delta: (text) => {
      this.cursor.commit();
      this.sink.delta(text);
    },
    end: () => {
      this.cursor.commit();
      this.inCall = false;
      this.sink.end();
    },
  };
  private reading: Reading<boolean> | undefined;
  /** A call began and is not over. */
  private inCall = false;
  /** What is being read has called something: its markup is no text. */
  private called = false;
  /** Whitespace behind a call: part of the markup if another call or the end follows. */
  private gap: string | undefined;
  /** Unmarked calls may begin here. */
  private mayBegin = true;
  /** What is being read has no marker: it is calls only if the message ends with them. */
  private unmarked = false;

  constructor(format: TextCallFormat | 'auto', names: ToolNames, sink: ScannerSink, maxHeld: number) {
    this.format = callFormats[format];
    this.markers = Object.keys(this.format.marked);
    this.first = new Set(this.markers.map((marker) => marker.charCodeAt(0)));
    this.second = new Set(this.markers.map((marker) => marker.charCodeAt(1)));
    this.longest = Math.max(...this.markers.map(({ length }) => length));
    this.names = names;
    this.sink = sink;
    this.maxHeld = maxHeld;
    this.cursor = new Cursor(maxHeld);
  }

  push(text: string): void {
    this.cursor.feed(text);
    while (!this.cursor.done) {
      if (this.reading) this.resume(this.reading);
      else this.readText();
    }
    this.flush();
  }

  /**
   * Something else comes between, or the text ends here (`over`): what is held back is decided. A call that began goes on. Calls without a
   * marker are none where more may follow, or would have.
   */
  settle(over: boolean): void {
    if (this.inCall) return;
    if (this.reading && this.unmarked && !over) {
      this.reading = undefined;
      this.giveBack();
    } else if (this.reading) {
      this.cursor.ended = true;
      this.resume(this.reading);
      this.cursor.ended = false;
    }
    this.gap = undefined;
    this.flush();
  }

  /** The text broke off: what is held back is text. */
  giveUp(): void {
    if (this.reading && !this.inCall) this.giveBack();
    this.reading = undefined;
    this.flush();
  }

  private flush(): void {
    const text = this.ready;
    this.ready = '';
    if (text !== '') this.sink.text(text);
  }

  private resume(reading: Reading<boolean>): void {
    const step = reading.next();
    if (step.done) {
      this.reading = undefined;
      this.inCall = false;
      if (step.value && this.called) {
        this.gap = '';
        this.cursor.commit();
      } else this.giveBack(this.cursor.ended ? '' : this.beginningAtEnd());
      return;
    }
    this.cursor.kept();
    if (!this.cursor.overfull) return;
    this.reading = undefined;
    this.inCall = false;
    this.giveBack();
  }

  /** What was read ends with the beginning of a marker: a call may begin within what was no call. */
  private beginningAtEnd(): string {
    const text = this.cursor.kept();
    for (let i = text.length - 1; i > Math.max(0, text.length - this.longest); i--) {
      if (this.first.has(text.charCodeAt(i))) {
        const last = text.slice(i);
        return this.markers.some((marker) => marker.startsWith(last)) ? last : '';
      }
    }
    return '';
  }

  /** What was read is text, but for the beginning of a marker. */
  private giveBack(last = ''): void {
    const kept = this.cursor.kept();
    const text = kept.slice(0, kept.length - last.length);
    this.cursor.commit();
    this.endGap();
    for (let i = 0; i < text.length; i++) this.guard.push(text.charCodeAt(i));
    this.ready += text;
    // Only what stands at the beginning can be nothing but whitespace.
    this.mayBegin = this.format.unmarked?.from === 'line' ? text.endsWith('\n') || this.mayBegin : text !== '' && text.trim() === '';
    if (last === '') return;
    this.cursor.keep(last);
    if (this.guard.quoted) this.giveBack();
    else this.reading = this.newReading(this.readMarked(last));
  }

  private readText(): void {
    const { cursor, guard } = this;
    while (!cursor.dry) {
      if (this.mayBegin) {
        this.mayBegin = false;
        if (this.format.unmarked && !guard.quoted) {
          this.begin(this.format.unmarked.read, true);
          return;
        }
      }
      const code = cursor.peek();
      if (this.first.has(code) && this.mayGoOn(cursor.peekNext()) && !guard.quoted) {
        this.begin(this.readMarked());
        return;
      }
      if (this.gap !== undefined && !isSpace(code)) this.endGap();
      guard.push(code);
      cursor.take();
      if (code === NEWLINE && this.format.unmarked?.from === 'line') this.mayBegin = true;
    }
    this.emitText();
  }

  private begin(read: CallReader, unmarked = false): void {
    this.emitText();
    this.reading = this.newReading(read, unmarked);
  }

  private newReading(read: CallReader, unmarked = false): Reading<boolean> {
    this.unmarked = unmarked;
    this.called = false;
    return read(this.cursor, this.callSink, this.names);
  }

  private readMarked(begun = ''): CallReader {
    const { markers, format } = this;
    return function* (cursor, sink, names) {
      const marker = yield* oneOf(cursor, markers, begun);
      const read = marker === undefined ? undefined : format.marked[marker];
      return read ? yield* read(cursor, sink, names) : false;
    };
  }

  private endGap(): void {
    const gap = this.gap ?? '';
    this.gap = undefined;
    this.ready += gap;
  }

  /** Most of what begins like a marker is none: known at once where the next character is there. */
  private mayGoOn(next: number | undefined): boolean {
    return next === undefined || this.second.has(next);
  }

  /** Hands on what was read as text; whitespace behind a call waits. */
  private emitText(): void {
    const text = this.cursor.kept();
    this.cursor.commit();
    if (this.gap === undefined) this.ready += text;
    else this.gap += text;
    if (this.gap !== undefined && this.gap.length > this.maxHeld) this.endGap();
  }
}

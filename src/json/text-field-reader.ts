import { type FieldSink, JsonFieldReader, type JsonPath } from './field-reader.ts';
import type { JsonProblem } from './listener.ts';
import type { JsonScannerOptions } from './scanner.ts';

/** The field that holds the input of a tool of plain text, where the wire has functions alone. */
export const TEXT_FIELD = 'input';

/**
 * Reads one field of a call's arguments while they are written. Arguments that are one string in place of an object, the plain text of a
 * tool, are the field {@link TEXT_FIELD} themselves: which of the two it is, the first character tells.
 */
export class TextFieldReader {
  private readonly path: JsonPath;
  private readonly sink: FieldSink;
  private readonly options: JsonScannerOptions | undefined;
  private reader: JsonFieldReader | undefined;
  /** White space before the first character. */
  private blank = '';

  constructor(path: JsonPath, sink: FieldSink, options?: JsonScannerOptions) {
    this.path = path;
    this.sink = sink;
    this.options = options;
  }

  /** The field began and is not complete. */
  get isInField(): boolean {
    return this.reader?.isInField ?? false;
  }

  get problem(): JsonProblem | undefined {
    return this.reader?.problem;
  }

  push(text: string): void {
    if (!this.reader) {
      this.blank += text;
      const first = this.blank.trimStart()[0];
      if (first === undefined) return;
      const isText = first === '"' && this.path.length === 1 && this.path[0] === TEXT_FIELD;
      this.reader = new JsonFieldReader(isText ? [] : this.path, this.sink, this.options);
      this.reader.push(this.blank);
      this.blank = '';
    } else this.reader.push(text);
  }

  /** The text is over: a bare top-level number is complete only now. */
  end(): void {
    this.reader?.end();
  }
}

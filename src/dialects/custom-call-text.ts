import type { FieldSink } from '../json/field-reader.ts';
import { TEXT_FIELD, TextFieldReader } from '../json/text-field-reader.ts';

/** The plain text of a custom tool's call, while its arguments come in pieces: one JSON string, or an object that holds it in its field. */
export class CustomCallText {
  /** The text is whole, and nothing was said twice. */
  closed = false;
  private pieces = '';
  private starts = 0;
  private readonly reader: TextFieldReader;

  constructor() {
    const sink: FieldSink = {
      start: () => {
        this.closed = false;
        this.starts++;
      },
      text: (piece) => {
        // A field that is written twice: what was handed out cannot be taken back.
        if (this.starts === 1) this.pieces += piece;
      },
      item: () => {},
      end: (value) => {
        this.closed = this.starts === 1 && typeof value === 'string';
      },
    };
    this.reader = new TextFieldReader([TEXT_FIELD], sink);
  }

  /** Takes a piece of the arguments. @returns the text that is known by now and was not before. */
  read(piece: string): string {
    this.reader.push(piece);
    const text = this.pieces;
    this.pieces = '';
    return text;
  }
}

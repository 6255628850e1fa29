/**
 * Joins the pieces of a JSON string's content and never shows half a surrogate pair: a high surrogate at the end is held back
 * until what follows it is known, whether either half is written as it is or as an escape.
 */
export class StringReader {
  /** What came and can be shown. Whoever hands it on in pieces sets it to `''`. */
  text = '';
  private held = '';

  append(piece: string): void {
    // Looks at the piece, never at `text`: reading a character of a string that grows makes the engine copy all of it.
    if ((piece.charCodeAt(piece.length - 1) & 0xfc00) === 0xd800) {
      this.text += this.held + piece.slice(0, -1);
      this.held = piece.slice(-1);
    } else if (this.held === '') {
      this.text += piece;
    } else {
      this.text += this.held + piece;
      this.held = '';
    }
  }

  /** The string is over: hands out `text`, with a lone surrogate if it ended in one, and is ready for the next string. */
  finish(): string {
    const text = this.held === '' ? this.text : this.text + this.held;
    this.text = '';
    this.held = '';
    return text;
  }
}

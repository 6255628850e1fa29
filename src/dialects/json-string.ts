/**
 * The text that a JSON string stands for, while the string comes in pieces cut anywhere, within an escape too.
 * What is no JSON string after all comes out as it is.
 */
export class JsonStringText {
  /** The closing quote came. */
  closed = false;
  private opened = false;
  /** An escape that waits for its other characters. */
  private rest = '';

  /** Takes a piece. @returns the text that is known by now and was not before. */
  read(piece: string): string {
    if (this.closed) return '';
    let text = this.rest + piece;
    this.rest = '';
    if (!this.opened) {
      text = text.trimStart();
      if (text === '') return '';
      this.opened = true;
      if (text.startsWith('"')) text = text.slice(1);
    }
    const end = this.endOf(text);
    this.rest = this.closed ? '' : text.slice(end);
    return unescaped(text.slice(0, end));
  }

  /** Where the string ends, or an escape is cut. */
  private endOf(text: string): number {
    for (let at = 0; at < text.length; ) {
      const character = text[at];
      if (character === '"') {
        this.closed = true;
        return at;
      }
      const length = character !== '\\' ? 1 : text[at + 1] === 'u' ? 6 : 2;
      if (at + length > text.length) return at;
      at += length;
    }
    return text.length;
  }
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

import { TEXT_FIELD } from '../json/text-field-reader.ts';

/**
 * A call's arguments, in pieces, for a wire that wants an object: plain text, which is one JSON string to the events, goes into its field, anything
 * else stays as it is. Which of the two it is, the first character tells. A string that is cut leaves its object open, too.
 */
export class FunctionArguments {
  private kind: 'unknown' | 'text' | 'other' = 'unknown';
  /** The last character of the string was a backslash that is not escaped itself. */
  private escaped = false;

  /** Takes a piece. @returns the piece to be written. */
  read(piece: string): string {
    if (this.kind === 'other') return piece;
    if (this.kind === 'text') return this.goOn(piece, 0, '');
    const first = piece.search(/\S/);
    if (first < 0) return piece;
    this.kind = piece[first] === '"' ? 'text' : 'other';
    return this.kind === 'other' ? piece : this.goOn(piece, first + 1, `{${JSON.stringify(TEXT_FIELD)}:"`);
  }

  private goOn(piece: string, from: number, before: string): string {
    for (let i = from; i < piece.length; i++) {
      if (this.escaped) this.escaped = false;
      else if (piece[i] === '\\') this.escaped = true;
      else if (piece[i] === '"') {
        this.kind = 'other';
        return `${before}${piece.slice(from, i + 1)}}${piece.slice(i + 1)}`;
      }
    }
    return before + piece.slice(from);
  }
}

/** The arguments of each call of a response. */
export class FunctionCalls {
  private readonly byCall = new Map<string, FunctionArguments>();

  /** Takes a piece of a call. @returns the piece to be written. */
  read({ choice = 0, callId, text }: { readonly choice?: number; readonly callId: string; readonly text: string }): string {
    const key = `${choice} ${callId}`;
    const known = this.byCall.get(key) ?? new FunctionArguments();
    this.byCall.set(key, known);
    return known.read(text);
  }
}

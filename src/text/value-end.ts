const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Finds where a bracketed or quoted value ends, whatever is in it: brackets within strings do not count. One pass, in pieces.
 * Whether the value is valid is for others to say.
 */
export class ValueEnd {
  /** The value is over. */
  reached = false;
  private depth = 0;
  private quote = 0;
  private escaped = false;

  /** @returns the index after the value's last character, or `until` where it goes on. */
  find(text: string, from: number, until = text.length): number {
    for (let i = from; i < until; i++) {
      const code = text.charCodeAt(i);
      if (this.quote !== 0) this.inString(code);
      else if (code === QUOTE) this.quote = code;
      else if (code === 0x7b || code === 0x5b || code === 0x28) this.depth++;
      else if (code === 0x7d || code === 0x5d || code === 0x29) this.depth--;
      else continue;
      if (this.quote !== 0 || this.depth > 0) continue;
      this.reached = true;
      return i + 1;
    }
    return until;
  }

  private inString(code: number): void {
    if (this.escaped) this.escaped = false;
    else if (code === BACKSLASH) this.escaped = true;
    else if (code === this.quote) this.quote = 0;
  }
}

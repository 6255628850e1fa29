/** Quotation marks that open, each with the one that closes. */
const PAIRS = new Map([
  [0x22, 0x22], // " "
  [0x201c, 0x201d], // “ ”
  [0x201e, 0x201c], // „ “
  [0xab, 0xbb], // « »
  [0x2039, 0x203a], // ‹ ›
  [0x300c, 0x300d], // 「 」
  [0x300e, 0x300f], // 『 』
  [0x300a, 0x300b], // 《 》
]);
/** ' ‘ ‚ */
const SINGLE = new Set([0x27, 0x2018, 0x201a]);
const DOUBLE = 0x22;

/**
 * Follows the quotation marks of a line. A mark behind a digit is an inch, and a single one, which is mostly an apostrophe, only opens for
 * what stands right behind it.
 */
export class Quotation {
  /** What closes the quotation that is open; 0 outside. */
  private close = 0;
  private last = 0;
  private single = false;

  push(code: number): void {
    const { last } = this;
    this.last = code;
    this.single = false;
    if (this.close !== 0) {
      if (code === this.close) this.close = 0;
    } else if (SINGLE.has(code)) {
      this.single = !isWord(last);
    } else if (code !== DOUBLE || !isDigit(last)) {
      this.close = PAIRS.get(code) ?? 0;
    }
  }

  /** What comes next is quoted. */
  get open(): boolean {
    return this.close !== 0 || this.single;
  }

  endLine(): void {
    this.close = 0;
    this.last = 0;
    this.single = false;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** What an apostrophe, or the end of a quotation, may stand behind. */
function isWord(code: number): boolean {
  return code > 0x2f
    ? code !== 0x3a && code !== 0x3d && code !== 0x5b && code !== 0x7b
    : code === 0x21 || code === 0x2c || code === 0x2e || code === 0x29;
}

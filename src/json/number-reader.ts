/** So many digits, whatever they are, fit a double exactly; of 16, some do not (9007199254740993). */
const EXACT_DIGITS = 15;
/** 1, 10, 100 …: exact too. */
const POWERS_OF_TEN = /* @__PURE__ */ Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Says what a number is worth that comes in runs. `-12.50` is 1250 / 100 below zero: both are exact, and so the quotient is the double
 * nearest to the text, as JSON.parse has it. `Number`, with its slices and joins, takes three times as long; it is left the numbers
 * with an exponent or more digits than a double holds.
 */
export class NumberReader {
  private isNegative = false;
  private digits = 0;
  private worth = 0;
  /** How many digits came before the point; -1 while it has none. */
  private whole = -1;
  /** The number's text, once it is one for `Number`. */
  private text = '';

  append(text: string, from: number, to: number): void {
    let i = from;
    if (this.text === '' && this.digits + to - from <= EXACT_DIGITS) {
      let { worth } = this;
      for (; i < to; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x30 /* 0 */) {
          if (code > 0x39 /* 9 */) break;
          worth = worth * 10 + (code - 0x30);
          this.digits++;
        } else if (code === 0x2e /* . */) this.whole = this.digits;
        else if (code === 0x2d /* - */) this.isNegative = true;
        else break;
      }
      this.worth = worth;
      if (i === to) return;
    }
    this.text = (this.text === '' ? this.spelt() : this.text) + text.slice(i, to);
  }

  /** The number is over: hands it out, and is ready for the next one. */
  finish(): number {
    const value = this.text === '' ? this.value() : Number(this.text);
    this.isNegative = false;
    this.digits = 0;
    this.worth = 0;
    this.whole = -1;
    this.text = '';
    return value;
  }

  private value(): number {
    const value = this.whole < 0 ? this.worth : this.worth / (POWERS_OF_TEN[this.digits - this.whole] ?? 1);
    return this.isNegative ? -value : value;
  }

  /** What was taken, as it was written. */
  private spelt(): string {
    const digits = this.digits === 0 ? '' : String(this.worth).padStart(this.digits, '0');
    const number = this.whole < 0 ? digits : `${digits.slice(0, this.whole)}.${digits.slice(this.whole)}`;
    return this.isNegative ? `-${number}` : number;
  }
}

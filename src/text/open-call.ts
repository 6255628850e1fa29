const LESS = 0x3c;

/** What begins a call whose arguments stand in it without quotes, and what ends it. */
const MARKS: { readonly [open: string]: string } = { '<tool_call>': '</tool_call>', '<function=': '</function>' };
const LONGEST = 12;

/** Follows a text and says whether a call that is written in tags is open: whatever stands in it is its own. */
export class OpenCall {
  private word = '';
  private close: string | undefined;

  push(code: number): void {
    if (code === LESS) this.word = '';
    else if (this.word === '') return;
    this.word += String.fromCharCode(code);
    if (this.close === undefined) this.close = Object.hasOwn(MARKS, this.word) ? MARKS[this.word] : undefined;
    else if (this.word === this.close) this.close = undefined;
    if (this.word.length >= LONGEST) this.word = '';
  }

  get open(): boolean {
    return this.close !== undefined;
  }
}

import { PartialJson } from '../json/partial-json.ts';
import { isRecord, type Json } from '../values.ts';

/** How much is held back, in UTF-16 code units: what is longer is text. */
const MAX_HELD = 1024 * 1024;
const NOT_BLANK = /[^ \t\r\n]/;

/**
 * Older servers and models write a call as the whole content of the message: `{ "type": "tool", "name", "parameters" }`. Content is held
 * back only while it can still become exactly that object, and nothing but white space around it; else it is text, all of it, in its order.
 */
export class ContentCall {
  private held = '';
  private decided = false;
  private json: PartialJson | undefined;

  /** Takes a piece of the content. @returns what is text for certain. */
  take(text: string): string {
    if (this.decided) return text;
    this.held += text;
    if (!this.json) {
      const first = NOT_BLANK.exec(text)?.[0];
      if (first === undefined) return this.held.length > MAX_HELD ? this.release() : '';
      if (first !== '{') return this.release();
      this.json = new PartialJson();
    }
    this.json.push(text);
    return this.json.problem || this.held.length > MAX_HELD || !canBecomeCall(this.json.value) ? this.release() : '';
  }

  /** Something else came, or the response was cut: from now on content is text. @returns what was held back. */
  release(): string {
    this.decided = true;
    const text = this.held;
    this.held = '';
    this.json = undefined;
    return text;
  }

  /** The message is over. @returns the call, if the content was one; what was held back stays for {@link release} otherwise. */
  finish(): { readonly name: string; readonly argumentsText: string } | undefined {
    const value = this.json?.state === 'closed' ? this.json.value : undefined;
    if (!isRecord(value) || value.type !== 'tool' || typeof value.name !== 'string' || value.name === '' || !isRecord(value.parameters)) {
      return undefined;
    }
    const call = { name: value.name, argumentsText: JSON.stringify(value.parameters) };
    this.release();
    return call;
  }
}

/** Whether an object, as far as it came, can still be a call. */
function canBecomeCall(value: Json | undefined): boolean {
  if (value === undefined) return true;
  if (!isRecord(value)) return false;
  for (const key in value) {
    const field = value[key];
    if (key === 'type' ? typeof field !== 'string' || !'tool'.startsWith(field) : false) return false;
    if (key === 'name' && typeof field !== 'string') return false;
    if (key === 'parameters' && !isRecord(field)) return false;
    if (key !== 'type' && key !== 'name' && key !== 'parameters') return false;
  }
  return true;
}

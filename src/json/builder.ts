import type { Json } from '../values.ts';
import type { JsonListener } from './listener.ts';
import { StringReader } from './string-reader.ts';

type LiveObject = { [key: string]: Json };

/**
 * Builds the value a `JsonScanner` reads: one live value, mutated in place. Work for each call does not depend on
 * how much was built before.
 */
export class JsonBuilder implements JsonListener {
  /** The value so far; `undefined` before it began, and while it is an atom that is not complete. */
  value: Json | undefined;

  /** Open arrays and objects around `inner`, outermost first. */
  private readonly outer: Array<Json[] | LiveObject> = [];
  private inner: Json[] | LiveObject | undefined;
  private key = '';
  private keyIsInherited = false;

  private readonly reader = new StringReader();
  /** A string value (and no key) is being read. */
  private inValue = false;
  /** It has its place in the value already. */
  private isPlaced = false;

  /** How many arrays and objects are open. */
  get depth(): number {
    return this.inner === undefined ? 0 : this.outer.length + 1;
  }

  /** Makes `value` show all that was read; called when a piece of text is used up. */
  show(): void {
    if (this.inValue) this.placeString(this.reader.text);
  }

  open(kind: 'object' | 'array'): void {
    const opened = kind === 'array' ? [] : {};
    this.place(opened);
    if (this.inner !== undefined) this.outer.push(this.inner);
    this.inner = opened;
  }

  close(): void {
    this.inner = this.outer.pop();
  }

  openString(isKey: boolean): void {
    this.inValue = !isKey;
    this.isPlaced = false;
  }

  closeString(): void {
    const text = this.reader.finish();
    if (this.inValue) {
      this.placeString(text);
      this.inValue = false;
    } else {
      this.key = text;
      // Nothing that `Object.prototype` is born with has a shorter name than `valueOf`, and asking it costs as much as all the rest.
      this.keyIsInherited = text.length >= 7 && text in Object.prototype;
    }
  }

  run(text: string, from: number, to: number): void {
    this.reader.append(text.slice(from, to));
  }

  escaped(unit: number): void {
    this.reader.append(String.fromCharCode(unit));
  }

  openNumber(): void {}

  closeNumber(): void {
    this.place(Number(this.reader.finish()));
  }

  literal(value: boolean | null): void {
    this.place(value);
  }

  private placeString(text: string): void {
    if (this.isPlaced && Array.isArray(this.inner)) this.inner[this.inner.length - 1] = text;
    else this.place(text);
    this.isPlaced = true;
  }

  private place(value: Json): void {
    const { inner } = this;
    if (inner === undefined) this.value = value;
    else if (Array.isArray(inner)) inner.push(value);
    else if (this.keyIsInherited) {
      // An assignment would set the prototype (`__proto__`), or throw where `Object.prototype` is frozen.
      Object.defineProperty(inner, this.key, { value, writable: true, enumerable: true, configurable: true });
    } else inner[this.key] = value;
  }
}

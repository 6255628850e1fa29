import type { Json } from '../values.ts';
import { KeyTable } from './key-table.ts';
import type { JsonListener } from './listener.ts';
import { NumberReader } from './number-reader.ts';
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
  private readonly keys = new KeyTable();
  private keyText = '';
  private key = '';
  private keyIsInherited = false;

  private readonly reader = new StringReader();
  private readonly number = new NumberReader();
  private inNumber = false;
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
    if (this.inValue) {
      this.placeString(this.reader.finish());
      this.inValue = false;
    } else {
      const known = this.keys.find(this.keyText);
      this.key = known ?? this.keyText;
      this.keyIsInherited = known === undefined;
      this.keyText = '';
    }
  }

  run(text: string, from: number, to: number): void {
    if (this.inNumber) this.number.append(text, from, to);
    else this.append(to - from === text.length ? text : text.slice(from, to));
  }

  escaped(unit: number): void {
    this.append(String.fromCharCode(unit));
  }

  openNumber(): void {
    this.inNumber = true;
  }

  closeNumber(): void {
    this.inNumber = false;
    this.place(this.number.finish());
  }

  literal(value: boolean | null): void {
    this.place(value);
  }

  private append(piece: string): void {
    if (this.inValue) this.reader.append(piece);
    else this.keyText += piece;
  }

  private placeString(text: string): void {
    const { inner } = this;
    if (!this.isPlaced) {
      this.isPlaced = true;
      this.place(text);
    } else if (inner === undefined) this.value = text;
    else if (Array.isArray(inner)) inner[inner.length - 1] = text;
    else inner[this.key] = text; // The object's own by now, whatever it is called.
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

import type { Json } from '../values.ts';
import { JsonBuilder } from './builder.ts';
import type { JsonListener, JsonProblem } from './listener.ts';
import { JsonScanner, type JsonScannerOptions } from './scanner.ts';
import { StringReader } from './string-reader.ts';

/** The way to a field: keys of objects and, as numbers, places in arrays. */
export type JsonPath = ReadonlyArray<string | number>;

/** Who is told what a field is made of. */
export interface FieldSink {
  /** The field's value begins. Once more for a repeated key: what was told before does not count then. */
  start(): void;
  /** A piece of a string: unescaped, not empty, never half a surrogate pair. */
  text(piece: string): void;
  /** An item of an array, complete. */
  item(value: Json, index: number): void;
  /** The field is complete. */
  end(value: Json): void;
}

/** Reads JSON as it is written and tells of one field of it. What lies beside the field is scanned and not built. */
export class JsonFieldReader {
  private readonly listener: FieldListener;
  private readonly scanner: JsonScanner;

  constructor(path: JsonPath, sink: FieldSink, options?: JsonScannerOptions) {
    this.listener = new FieldListener(path, sink);
    this.scanner = new JsonScanner(options, this.listener);
  }

  /** The field began and is not complete. */
  get isInField(): boolean {
    return this.listener.isInField;
  }

  get problem(): JsonProblem | undefined {
    return this.scanner.problem;
  }

  push(text: string): void {
    this.scanner.push(text);
    this.listener.tellText();
  }

  /** The text is over: a bare top-level number is complete only now. */
  end(): void {
    if (this.scanner.state === 'number') this.push(' ');
  }
}

class FieldListener implements JsonListener {
  private readonly path: JsonPath;
  private readonly sink: FieldSink;

  /** Open arrays and objects outside the field. */
  private depth = 0;
  /** Of these the outermost ones, as far as they lie on the way: the place of the next item, or -1 in an object. */
  private readonly way: number[] = [];
  private readonly keyReader = new StringReader();
  private key = '';
  private isKey = false;

  /** Builds the field's value while it lasts. */
  private field: JsonBuilder | undefined;
  private readonly textReader = new StringReader();
  /** The field is a string. */
  private isText = false;

  constructor(path: JsonPath, sink: FieldSink) {
    this.path = path;
    this.sink = sink;
  }

  get isInField(): boolean {
    return this.field !== undefined;
  }

  /** Tells what came of a string; called when a piece of the JSON is used up. */
  tellText(): void {
    this.tell(this.textReader.take());
  }

  open(kind: 'object' | 'array'): void {
    const isOnWay = this.arrive();
    if (this.field !== undefined) {
      this.field.open(kind);
    } else {
      this.depth++;
      if (isOnWay) this.way.push(kind === 'array' ? 0 : -1);
    }
  }

  close(): void {
    if (this.field !== undefined) {
      this.field.close();
      this.settle();
    } else {
      if (this.isOnWay) this.way.pop();
      this.depth--;
    }
  }

  openString(isKey: boolean): void {
    this.isKey = isKey;
    if (!isKey && this.arrive()) this.isText = this.field !== undefined;
    this.field?.openString(isKey);
  }

  closeString(): void {
    const { isKey } = this;
    this.isKey = false;
    if (this.field === undefined) {
      if (isKey) this.key = this.keyReader.finish();
      return;
    }
    this.field.closeString();
    if (this.isText) {
      this.isText = false;
      this.tell(this.textReader.finish());
    }
    this.settle();
  }

  run(text: string, from: number, to: number): void {
    this.field?.run(text, from, to);
    if (this.isText) this.textReader.append(text.slice(from, to));
    else if (this.isKey && this.isOnWay) this.keyReader.append(text.slice(from, to));
  }

  escaped(unit: number): void {
    this.field?.escaped(unit);
    if (this.isText) this.textReader.append(String.fromCharCode(unit));
    else if (this.isKey && this.isOnWay) this.keyReader.append(String.fromCharCode(unit));
  }

  openNumber(): void {
    this.arrive();
    this.field?.openNumber();
  }

  closeNumber(): void {
    if (this.field === undefined) return;
    this.field.closeNumber();
    this.settle();
  }

  literal(value: boolean | null): void {
    this.arrive();
    if (this.field === undefined) return;
    this.field.literal(value);
    this.settle();
  }

  private tell(piece: string): void {
    if (piece !== '') this.sink.text(piece);
  }

  /** Whether what is read next lies directly in an array or object on the way to the field. */
  private get isOnWay(): boolean {
    return this.field === undefined && this.way.length === this.depth;
  }

  /** A value begins: whether it lies on the way, or is the field, which begins then. */
  private arrive(): boolean {
    if (!this.isOnWay) return false;
    if (this.depth > 0) {
      const place = this.way[this.depth - 1] ?? -1;
      if (place >= 0) this.way[this.depth - 1] = place + 1;
      if (this.path[this.depth - 1] !== (place >= 0 ? place : this.key)) return false;
    }
    if (this.depth === this.path.length) {
      this.field = new JsonBuilder();
      this.sink.start();
    }
    return true;
  }

  /** A value within the field is complete: the field itself, or an item of it, or something deeper. */
  private settle(): void {
    const value = this.field?.value;
    if (this.field === undefined || value === undefined || this.field.depth > 1) return;
    if (this.field.depth === 1) {
      if (Array.isArray(value)) this.sink.item(value[value.length - 1], value.length - 1);
      return;
    }
    this.field = undefined;
    this.sink.end(value);
  }
}

import { type Cursor, type Reading, space } from './cursor.ts';

/** The names that may be called. */
export class ToolNames {
  private readonly names: ReadonlySet<string>;
  /** Every beginning of every name. */
  private readonly beginnings = new Set<string>();

  constructor(names: Iterable<string>) {
    this.names = new Set(names);
    for (const name of this.names) for (let i = 1; i <= name.length; i++) this.beginnings.add(name.slice(0, i));
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  /** These names and one more. */
  with(name: string): ToolNames {
    return new ToolNames([...this.names, name]);
  }

  /** Reads the longest word that begins a name. @returns it where it is a name. */
  *read(cursor: Cursor): Reading<string | undefined> {
    yield* space(cursor);
    let word = '';
    for (;;) {
      while (cursor.dry) yield;
      const code = cursor.peek();
      if (code < 0 || !this.beginnings.has(word + String.fromCharCode(code))) return this.names.has(word) ? word : undefined;
      word += String.fromCharCode(code);
      cursor.take();
    }
  }
}

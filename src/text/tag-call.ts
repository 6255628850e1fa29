import type { CallSink } from './call-sink.ts';
import { type Cursor, END, literal, oneOf, type Reading, space } from './cursor.ts';
import { bareArguments } from './json-call.ts';
import type { ToolNames } from './tool-names.ts';
import { isStringOnly, typedValue } from './typed-value.ts';

const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
/** A key, in UTF-16 code units. */
const MAX_KEY = 256;

/**
 * Reads what follows `<function=`: `name>{…}</function>` (Llama 3.1), or tags, `name><parameter=key>value</parameter></function>` (Qwen3-Coder).
 * Values in tags have no quotes: their types are those of the tool's schema. A string streams, anything else comes whole.
 *
 * @returns whether it was a call of a declared tool, to its last mark.
 */
export function* functionTag(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const name = yield* names.read(cursor);
  if (name === undefined || !(yield* literal(cursor, '>'))) return false;
  if ((yield* space(cursor)) === OPEN_BRACE) {
    if (!(yield* bareArguments(cursor, sink, name))) return false;
    yield* space(cursor);
    return yield* literal(cursor, '</function>');
  }
  const members = new Members(sink, names, name);
  for (;;) {
    yield* space(cursor);
    const word = yield* oneOf(cursor, ['<parameter=', '</function>']);
    if (word === undefined) return false;
    if (word === '</function>') return members.end();
    const key = yield* until(cursor, '>');
    if (key === undefined || !(yield* members.read(cursor, key, '</parameter>', true))) return false;
  }
}

/**
 * Reads `name`, then any number of `<arg_key>key</arg_key><arg_value>value</arg_value>`, and the end mark (GLM 4.5). Types as above.
 *
 * @returns whether it was a call of a declared tool, to its end mark.
 */
export function* keyValueTags(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const name = yield* names.read(cursor);
  if (name === undefined) return false;
  const members = new Members(sink, names, name);
  for (;;) {
    yield* space(cursor);
    const word = yield* oneOf(cursor, ['<arg_key>', '</tool_call>']);
    if (word === undefined) return false;
    if (word === '</tool_call>') return members.end();
    const key = yield* until(cursor, '<');
    if (key === undefined || !(yield* literal(cursor, '/arg_key>'))) return false;
    yield* space(cursor);
    if (!(yield* literal(cursor, '<arg_value>')) || !(yield* members.read(cursor, key, '</arg_value>', false))) return false;
  }
}

/** Writes the arguments of a call as JSON, member by member. The last brace only comes with the end mark. */
class Members {
  private readonly keys = new Set<string>();
  private readonly sink: CallSink;
  private readonly names: ToolNames;
  private readonly name: string;

  constructor(sink: CallSink, names: ToolNames, name: string) {
    this.sink = sink;
    this.names = names;
    this.name = name;
  }

  /** Reads a value. @returns whether its end mark came, and its key was a new one. */
  *read(cursor: Cursor, key: string, close: string, ownLines: boolean): Reading<boolean> {
    if (this.keys.has(key)) return false;
    const schema = this.names.schemaOf(this.name, key);
    if (this.keys.size === 0) this.sink.begin(this.name);
    this.sink.delta(`${this.keys.size === 0 ? '{' : ','}${JSON.stringify(key)}:`);
    this.keys.add(key);
    if (isStringOnly(schema)) {
      this.sink.delta('"');
      const put = (text: string) => this.sink.delta(JSON.stringify(text).slice(1, -1));
      if (!(yield* value(cursor, close, ownLines, put))) return false;
      this.sink.delta('"');
      return true;
    }
    let whole = '';
    const put = (text: string) => {
      whole += text;
    };
    if (!(yield* value(cursor, close, ownLines, put))) return false;
    this.sink.delta(typedValue(whole, schema));
    return true;
  }

  end(): boolean {
    if (this.keys.size === 0) this.sink.begin(this.name);
    this.sink.delta(this.keys.size === 0 ? '{}' : '}');
    this.sink.end();
    return true;
  }
}

/** Reads a key up to a character, and over it. */
function* until(cursor: Cursor, close: string): Reading<string | undefined> {
  let text = '';
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code === END || code === NEWLINE || text.length > MAX_KEY) return undefined;
    cursor.take();
    if (code === close.charCodeAt(0)) return text.trim() || undefined;
    text += String.fromCharCode(code);
  }
}

/**
 * Reads a value up to its end mark, and over it. Where values stand on lines of their own, the first and the last line end belong to the markup.
 *
 * @param put takes the pieces as they come; half a surrogate pair waits for the other.
 */
function* value(cursor: Cursor, close: string, ownLines: boolean, put: (text: string) => void): Reading<boolean> {
  let text = '';
  let gap = '';
  let matched = 0;
  let first = ownLines;
  for (;;) {
    if (cursor.dry) {
      const length = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
      if (length > 0) put(text.slice(0, length));
      text = text.slice(length);
      while (cursor.dry) yield;
    }
    const code = cursor.peek();
    if (code === END) return false;
    cursor.take();
    const isFirst = first;
    first = false;
    if (code === close.charCodeAt(matched)) {
      if (++matched < close.length) continue;
      if (text !== '') put(text);
      return true;
    }
    text += gap + close.slice(0, matched);
    gap = '';
    matched = code === close.charCodeAt(0) ? 1 : 0;
    if (matched === 1 || (isFirst && code === NEWLINE)) continue;
    if (code === NEWLINE && ownLines) gap = '\n';
    else text += String.fromCharCode(code);
  }
}

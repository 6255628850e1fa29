import { textOfArguments } from '../calls/text-input.ts';
import { parseJson } from '../json/parse.ts';
import type { CallSink } from './call-sink.ts';
import { type Cursor, isSpace, literal, type Reading, space } from './cursor.ts';
import { pythonMembers } from './python-arguments.ts';
import type { ToolNames } from './tool-names.ts';
import { ValueEnd } from './value-end.ts';

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const ARGUMENTS = new Set(['arguments', 'parameters']);
/** Other keys models write into a call. An object with any other key is no call. */
const BESIDE = new Set(['id', 'type']);
/** A key, as it is written, in UTF-16 code units: enough for those above. */
const MAX_KEY = 64;

/**
 * Reads `{"name":…,"arguments":{…}}`, keys in any order. The arguments stream as they are written, all but their last brace: that waits
 * for the brace of the call, so that a call whose end is missing or garbled is never whole. A dict of Python, `{'name':…}`, comes out whole, as JSON.
 *
 * @returns whether it was a call of a declared tool. Where it returns false before the call began, the text is only text.
 */
export function* objectCall(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  if (!(yield* literal(cursor, '{'))) return false;
  if ((yield* space(cursor)) === APOSTROPHE) return yield* dictCall(cursor, sink, names);
  let name: string | undefined;
  let args: string | undefined;
  let streamed = false;
  for (;;) {
    yield* space(cursor);
    const key = yield* shortString(cursor, MAX_KEY);
    if (key === undefined) return false;
    yield* space(cursor);
    if (!(yield* literal(cursor, ':'))) return false;
    const first = yield* space(cursor);
    if (key === 'name') {
      if (name !== undefined || first !== QUOTE) return false;
      name = yield* stringOf(cursor);
      if (name === undefined || !names.has(name)) return false;
    } else if (ARGUMENTS.has(key)) {
      if (args !== undefined) return false;
      streamed = name !== undefined && first === OPEN;
      if (streamed && name !== undefined) sink.begin(name);
      args = streamed ? yield* streamedObject(cursor, sink, 'hold') : yield* value(cursor);
      // Before the name it may still be plain text.
      if (!streamed && argumentsOf(args, name === undefined || names.takesText(name)) === undefined) return false;
    } else if (!BESIDE.has(key)) {
      return false;
    } else {
      yield* value(cursor);
    }
    const next = yield* space(cursor);
    if (next !== COMMA && next !== CLOSE) return false;
    cursor.take();
    if (next === CLOSE) break;
  }
  if (name === undefined) return false;
  if (!streamed && args !== undefined) {
    args = argumentsOf(args, names.takesText(name));
    if (args === undefined) return false;
  }
  if (!streamed) sink.begin(name);
  if (args) sink.delta(args);
  sink.end();
  return true;
}

/** Reads the same in Python, behind the brace. */
function* dictCall(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const members = yield* pythonMembers(cursor, 0);
  let name: string | undefined;
  let given: string | undefined;
  for (const [key, json] of members ?? []) {
    if (key === 'name' && name === undefined) name = parsedString(json);
    else if (ARGUMENTS.has(key) && given === undefined) given = json;
    else if (!BESIDE.has(key)) return false;
  }
  if (name === undefined || !names.has(name)) return false;
  const args = given === undefined ? '' : argumentsOf(given, names.takesText(name));
  if (args === undefined) return false;
  sink.begin(name);
  if (args) sink.delta(args);
  sink.end();
  return true;
}

/** Reads an object and hands it on as it comes. @returns its last brace where that is to be held, else `''`. */
export function* streamedObject(cursor: Cursor, sink: CallSink, brace: 'hold' | 'stream'): Reading<string> {
  const end = new ValueEnd();
  for (;;) {
    while (cursor.dry) yield;
    const piece = cursor.takeValue(end);
    const held = end.reached && brace === 'hold' ? piece.length - 1 : piece.length;
    sink.delta(piece.slice(0, held));
    if (end.reached || cursor.ended) return piece.slice(held);
  }
}

/** Reads the arguments of a call whose name stands before them. */
export function* bareArguments(cursor: Cursor, sink: CallSink, name: string): Reading<boolean> {
  if ((yield* space(cursor)) !== OPEN) return false;
  sink.begin(name);
  yield* streamedObject(cursor, sink, 'stream');
  sink.end();
  return true;
}

/**
 * The text of arguments that came in another way than as an object behind the name: as a string of JSON, as null, before the name. A string
 * for a tool of plain text is its input, unless it holds the object with the field.
 */
function argumentsOf(text: string, takesText: boolean): string | undefined {
  if (text === 'null') return '';
  if (text.startsWith('{')) return text;
  const inner = text.startsWith('"') ? parsedString(text) : undefined;
  if (takesText && inner !== undefined) return textOfArguments(inner) !== undefined && inner.trimStart().startsWith('{') ? inner : text;
  return inner === '' || inner?.trimStart().startsWith('{') ? inner : undefined;
}

/** Reads any JSON value, unchecked. */
function* value(cursor: Cursor): Reading<string> {
  const first = yield* space(cursor);
  let text = '';
  if (first === QUOTE || first === OPEN || first === 0x5b) {
    const end = new ValueEnd();
    while (!end.reached && !cursor.ended) {
      while (cursor.dry) yield;
      text += cursor.takeValue(end);
    }
    return text;
  }
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code < 0 || code === COMMA || code === CLOSE || isSpace(code)) return text;
    text += String.fromCharCode(code);
    cursor.take();
  }
}

function* stringOf(cursor: Cursor): Reading<string | undefined> {
  return yield* shortString(cursor, 1024);
}

/** Reads a string in double quotes, up to a length. */
function* shortString(cursor: Cursor, limit: number): Reading<string | undefined> {
  if (!(yield* literal(cursor, '"'))) return undefined;
  let text = '"';
  let escaped = false;
  while (text.length < limit) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code < 0) return undefined;
    text += String.fromCharCode(code);
    cursor.take();
    if (code === QUOTE && !escaped) return parsedString(text);
    escaped = code === BACKSLASH && !escaped;
  }
  return undefined;
}

function parsedString(text: string): string | undefined {
  try {
    const value: unknown = parseJson(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

import type { CallSink } from './call-sink.ts';
import { type Cursor, END, literal, type Reading, space } from './cursor.ts';
import { pythonArguments } from './python-arguments.ts';
import type { ToolNames } from './tool-names.ts';
import { ValueEnd } from './value-end.ts';

/** Reads `name(key=value, …)`. It is converted to JSON, so it comes out whole. @returns whether it was a call of a declared tool. */
export function* pythonCall(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const name = yield* names.read(cursor);
  if (name === undefined) return false;
  while (cursor.dry) yield;
  if (cursor.peek() !== 0x28 /* ( */) return false;
  const text = yield* parenthesised(cursor);
  const args = text === undefined ? undefined : pythonArguments(text);
  if (args === undefined) return false;
  sink.begin(name);
  sink.delta(args);
  sink.end();
  return true;
}

/** Reads `[f(x=1), g()]`. */
export function* pythonList(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  if (!(yield* literal(cursor, '['))) return false;
  for (;;) {
    if (!(yield* pythonCall(cursor, sink, names))) return false;
    let next = yield* space(cursor);
    if (next === 0x2c /* , */) {
      cursor.take();
      next = yield* space(cursor);
      if (next !== 0x5d) continue;
    }
    if (next !== 0x5d /* ] */) return false;
    cursor.take();
    return true;
  }
}

/** Reads calls, one after the other, until the text ends: each on a line of its own, or with `;` or `,` between. */
export function* pythonCalls(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    if (!(yield* pythonCall(cursor, sink, names))) return false;
    let next = yield* space(cursor);
    if (next === 0x3b /* ; */ || next === 0x2c /* , */) {
      cursor.take();
      next = yield* space(cursor);
    }
    if (next === END) return true;
  }
}

/** Reads to the parenthesis that closes. @returns what is within, or `undefined` as soon as it cannot be keyword arguments. */
function* parenthesised(cursor: Cursor): Reading<string | undefined> {
  const end = new ValueEnd(true);
  end.find('(', 0);
  cursor.take();
  let text = '';
  if ((yield* space(cursor)) !== 0x29 /* ) */) {
    const word = yield* keyword(cursor);
    if (word === undefined) return undefined;
    text = word;
  }
  while (!end.reached) {
    while (cursor.dry) yield;
    if (cursor.ended) return undefined;
    text += cursor.takeValue(end);
  }
  return text.slice(0, -1);
}

/** Reads `name =`: `f(the rest of a sentence` is no call, however it goes on. */
function* keyword(cursor: Cursor): Reading<string | undefined> {
  let word = '';
  for (;;) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code < 0 || !/\w/.test(String.fromCharCode(code))) break;
    word += String.fromCharCode(code);
    cursor.take();
  }
  yield* space(cursor);
  return word !== '' && (yield* literal(cursor, '=')) ? `${word}=` : undefined;
}

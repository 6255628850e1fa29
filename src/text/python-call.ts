import type { CallSink } from './call-sink.ts';
import { type Cursor, END, literal, type Reading, space } from './cursor.ts';
import { pythonArguments } from './python-arguments.ts';
import type { ToolNames } from './tool-names.ts';

/** Reads `name(key=value, …)`. It is converted to JSON, so it comes out whole. @returns whether it was a call of a declared tool. */
export function* pythonCall(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const name = yield* names.read(cursor);
  if (name === undefined) return false;
  while (cursor.dry) yield;
  if (cursor.peek() !== 0x28 /* ( */) return false;
  cursor.take();
  const args = yield* pythonArguments(cursor);
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

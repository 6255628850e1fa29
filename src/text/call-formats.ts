import { type CallSink, CollectedCalls } from './call-sink.ts';
import { type Cursor, END, literal, oneOf, type Reading, space } from './cursor.ts';
import { objectCall, streamedObject } from './json-call.ts';
import { pythonCalls, pythonList } from './python-call.ts';
import type { ToolNames } from './tool-names.ts';

/** How a model writes its calls into its text. */
export type TextCallFormat = 'hermes' | 'mistral' | 'deepseek' | 'llama-json' | 'pythonic' | 'plain';

/** Reads calls. @returns whether everything that was read belongs to calls; what was read since the last one is text otherwise. */
export type CallReader = (cursor: Cursor, sink: CallSink, names: ToolNames) => Reading<boolean>;

/** What a format looks like. */
export interface CallFormat {
  /** Words that begin calls wherever they stand, and what reads what follows. They differ from their second character on only. */
  readonly marked: { readonly [marker: string]: CallReader };
  /** Calls without a marker are calls only if nothing but calls follows, up to the end of the message. */
  readonly unmarked?: { readonly from: 'message' | 'line'; readonly read: CallReader };
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

const CALL_BEGIN = '<｜tool▁call▁begin｜>';
const CALL_END = '<｜tool▁call▁end｜>';
const CALLS_END = '<｜tool▁calls▁end｜>';
const SEPARATOR = '<｜tool▁sep｜>';

/** `<tool_call>{…}</tool_call>`; several objects in one, and a missing end mark, happen. */
function* hermes(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    yield* space(cursor);
    if (!(yield* objectCall(cursor, sink, names))) return false;
    const next = yield* space(cursor);
    if (next === END) return true;
    if (next === OPEN_BRACE) continue;
    const word = yield* oneOf(cursor, ['</tool_call>', '<tool_call>']);
    if (word !== '<tool_call>') return word !== undefined;
  }
}

/** `[TOOL_CALLS][{…}, {…}]`, and since tokenizer 11 `[TOOL_CALLS]name[ARGS]{…}` or `[TOOL_CALLS]name{…}`. */
function* mistral(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const first = yield* space(cursor);
  if (first === OPEN_BRACKET) return yield* objectList(cursor, sink, names);
  const name = yield* names.read(cursor);
  if (name === undefined) return false;
  while ((yield* space(cursor)) === OPEN_BRACKET) {
    const word = yield* oneOf(cursor, ['[ARGS]', '[CALL_ID]']);
    if (word === undefined) return false;
    if (word === '[CALL_ID]' && !(yield* callId(cursor))) return false;
  }
  return yield* bareArguments(cursor, sink, name);
}

/** Reads over the id of a call: ids are made here. */
function* callId(cursor: Cursor): Reading<boolean> {
  for (let length = 0; length <= 64; length++) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code === OPEN_BRACKET) return true;
    if (code < 0 || !/\w/.test(String.fromCharCode(code))) return false;
    cursor.take();
  }
  return false;
}

function* objectList(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  cursor.take();
  for (;;) {
    yield* space(cursor);
    if (!(yield* objectCall(cursor, sink, names))) return false;
    const next = yield* space(cursor);
    if (next === END) return true;
    if (next !== 0x2c /* , */ && next !== 0x5d /* ] */) return false;
    cursor.take();
    if (next === 0x5d) return true;
  }
}

/** Reads the arguments of a call whose name stands before them. */
function* bareArguments(cursor: Cursor, sink: CallSink, name: string): Reading<boolean> {
  if ((yield* space(cursor)) !== OPEN_BRACE) return false;
  sink.begin(name);
  yield* streamedObject(cursor, sink, 'stream');
  sink.end();
  return true;
}

/** DeepSeek's calls between their marks: `name<sep>{…}` (V3.1), or `function<sep>name` and a code block of JSON (V3, R1). */
function* deepseek(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    if ((yield* space(cursor)) === END) return true;
    const mark = yield* oneOf(cursor, [CALL_BEGIN, CALLS_END]);
    if (mark !== CALL_BEGIN) return mark !== undefined;
    if (!(yield* deepseekCall(cursor, sink, names))) return false;
    if ((yield* space(cursor)) === END) return true;
    if (!(yield* literal(cursor, CALL_END))) return false;
  }
}

function* deepseekCall(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const name = yield* names.with('function').read(cursor);
  if (name === undefined || !(yield* literal(cursor, SEPARATOR))) return false;
  if ((yield* space(cursor)) === OPEN_BRACE) return names.has(name) && (yield* bareArguments(cursor, sink, name));
  if (name !== 'function') return false;
  const called = yield* names.read(cursor);
  yield* space(cursor);
  if (called === undefined || !(yield* literal(cursor, '```json'))) return false;
  if (!(yield* bareArguments(cursor, sink, called))) return false;
  yield* space(cursor);
  return yield* literal(cursor, '```');
}

/** What follows `<|python_tag|>`: objects with `;` between, a list in Python, or plain calls. */
function* llama(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const first = yield* space(cursor);
  if (first === OPEN_BRACE) return yield* objects(cursor, sink, names);
  return yield* first === OPEN_BRACKET ? pythonList(cursor, sink, names) : pythonCalls(cursor, sink, names);
}

/** Reads objects with `;` or nothing between, until the text ends. */
function* objects(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    yield* space(cursor);
    if (!(yield* objectCall(cursor, sink, names))) return false;
    const next = yield* space(cursor);
    if (next === END) return true;
    if (next === 0x3b /* ; */) cursor.take();
    else if (next !== OPEN_BRACE) return false;
  }
}

function* list(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  yield* space(cursor);
  return yield* pythonList(cursor, sink, names);
}

function* markedList(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  if (!(yield* list(cursor, sink, names))) return false;
  return (yield* space(cursor)) === END || (yield* literal(cursor, '<|python_end|>'));
}

/** Calls that count only if the message ends with them. */
function atEnd(read: CallReader): CallReader {
  return function* (cursor, sink, names) {
    const calls = new CollectedCalls();
    if (!(yield* read(cursor, calls, names)) || (yield* space(cursor)) !== END) return false;
    calls.replay(sink);
    return true;
  };
}

const HERMES = { '<tool_call>': hermes };
const MISTRAL = { '[TOOL_CALLS]': mistral };
const DEEPSEEK = { '<｜tool▁calls▁begin｜>': deepseek };
const LLAMA = { '<|python_tag|>': llama };
const LLAMA_4 = { '<|python_start|>': markedList };

/** Each format; `auto` has those whose markers nobody writes by chance. */
export const callFormats: { readonly [format in TextCallFormat | 'auto']: CallFormat } = {
  auto: { marked: { ...HERMES, ...MISTRAL, ...DEEPSEEK, ...LLAMA, ...LLAMA_4 } },
  hermes: { marked: HERMES },
  mistral: { marked: MISTRAL },
  deepseek: { marked: DEEPSEEK },
  'llama-json': { marked: LLAMA, unmarked: { from: 'message', read: atEnd(objects) } },
  pythonic: { marked: { ...LLAMA, ...LLAMA_4 }, unmarked: { from: 'message', read: atEnd(list) } },
  plain: { marked: LLAMA, unmarked: { from: 'line', read: atEnd(pythonCalls) } },
};

import { type CallSink, CollectedCalls } from './call-sink.ts';
import { type Cursor, END, literal, oneOf, type Reading, space } from './cursor.ts';
import { bareArguments, objectCall } from './json-call.ts';
import { pythonCalls, pythonList } from './python-call.ts';
import { functionTag, keyValueTags } from './tag-call.ts';
import type { ToolNames } from './tool-names.ts';

/** How a model writes its calls into its text. */
export type TextCallFormat = 'hermes' | 'mistral' | 'deepseek' | 'llama-json' | 'pythonic' | 'plain' | 'qwen-coder' | 'glm' | 'kimi';

/** Reads calls. @returns whether everything that was read belongs to calls; what was read since the last one is text otherwise. */
export type CallReader = (cursor: Cursor, sink: CallSink, names: ToolNames) => Reading<boolean>;

/** What a format looks like. */
export interface CallFormat {
  /** Words that begin calls wherever they stand, and what reads what follows. They differ from their second character on only. */
  readonly marked: { readonly [marker: string]: CallReader };
  /** Calls without a marker are calls only if nothing but calls follows, up to the end of the message. */
  readonly unmarked?: { readonly from: 'message' | 'line'; readonly read: CallReader };
}

const BACKTICK = 0x60;
const LESS = 0x3c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

const CALL_BEGIN = '<｜tool▁call▁begin｜>';
const CALL_END = '<｜tool▁call▁end｜>';
const CALLS_END = '<｜tool▁calls▁end｜>';
const SEPARATOR = '<｜tool▁sep｜>';
const KIMI_PREFIX = 'functions.';

/** `<tool_call>{…}</tool_call>`; several objects in one, a missing end mark, and a code block within the marks happen. */
function* hermes(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    const first = yield* space(cursor);
    const fenced = first === BACKTICK;
    if (fenced && !(yield* literal(cursor, '```json'))) return false;
    yield* space(cursor);
    if (!(yield* objectCall(cursor, sink, names))) return false;
    const next = yield* space(cursor);
    if (fenced && !(yield* literal(cursor, '```'))) return next === END;
    if ((yield* space(cursor)) === END) return true;
    if (cursor.peek() === OPEN_BRACE) continue;
    const word = yield* oneOf(cursor, ['</tool_call>', '<tool_call>']);
    if (word !== '<tool_call>') return word !== undefined;
  }
}

/** What follows `<tool_call>`: objects, `<function=…>` (Qwen3-Coder), or a name and tags (GLM 4.5). */
function* toolCall(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const first = yield* space(cursor);
  if (first === OPEN_BRACE || first === BACKTICK) return yield* hermes(cursor, sink, names);
  if (first !== LESS) return yield* keyValueTags(cursor, sink, names);
  return (yield* literal(cursor, '<function=')) && (yield* functions(cursor, sink, names));
}

/** What follows `<function=`, and further functions up to `</tool_call>`. A missing mark happens, at the end as at the beginning. */
function* functions(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    if (!(yield* functionTag(cursor, sink, names))) return false;
    if ((yield* space(cursor)) === END) return true;
    const word = yield* oneOf(cursor, ['</tool_call>', '<function=']);
    if (word !== '<function=') return word !== undefined;
  }
}

/** `[TOOL_CALLS][{…}, {…}]`, and since tokenizer 11 `[TOOL_CALLS]name[ARGS]{…}` or `[TOOL_CALLS]name{…}`. */
function* mistral(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const first = yield* space(cursor);
  if (first === OPEN_BRACKET) return yield* objectList(cursor, sink, names);
  if (first === OPEN_BRACE) return yield* objectCall(cursor, sink, names);
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

/** Kimi's calls between their marks: `functions.name:0<mark>{…}`, the number being the call's. */
function* kimi(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  for (;;) {
    if ((yield* space(cursor)) === END) return true;
    const mark = yield* oneOf(cursor, ['<|tool_call_begin|>', '<|tool_calls_section_end|>']);
    if (mark !== '<|tool_call_begin|>') return mark !== undefined;
    const read = yield* names.withPrefix(KIMI_PREFIX).read(cursor);
    const name = read === undefined || names.has(read) ? read : read.slice(KIMI_PREFIX.length);
    if (name === undefined || !(yield* kimiIndex(cursor)) || !(yield* literal(cursor, '<|tool_call_argument_begin|>'))) return false;
    if (!(yield* bareArguments(cursor, sink, name))) return false;
    if ((yield* space(cursor)) === END) return true;
    if (!(yield* literal(cursor, '<|tool_call_end|>'))) return false;
  }
}

/** Reads over `:0`. */
function* kimiIndex(cursor: Cursor): Reading<boolean> {
  if (!(yield* literal(cursor, ':'))) return false;
  for (let digits = 0; digits < 10; digits++) {
    while (cursor.dry) yield;
    const code = cursor.peek();
    if (code < 0x30 || code > 0x39) {
      yield* space(cursor);
      return digits > 0;
    }
    cursor.take();
  }
  return false;
}

/** What follows `<|python_tag|>`: objects with `;` between, a list in Python, or plain calls. */
function* llama(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  const first = yield* space(cursor);
  if (first === OPEN_BRACE) return yield* objects(cursor, sink, names);
  return yield* first === OPEN_BRACKET ? pythonList(cursor, sink, names) : pythonCalls(cursor, sink, names);
}

/** Reads objects with `;` or nothing between, until the text ends, or a character comes. */
function objectsTo(stop: number): CallReader {
  return function* (cursor, sink, names) {
    for (;;) {
      yield* space(cursor);
      if (!(yield* objectCall(cursor, sink, names))) return false;
      const next = yield* space(cursor);
      if (next === END || next === stop) return true;
      if (next === 0x3b /* ; */) cursor.take();
      else if (next !== OPEN_BRACE) return false;
    }
  };
}
const objects = /* @__PURE__ */ objectsTo(END);

function* list(cursor: Cursor, sink: CallSink, names: ToolNames): Reading<boolean> {
  yield* space(cursor);
  return yield* pythonList(cursor, sink, names);
}

/** A list up to an end mark. */
function listTo(end: string): CallReader {
  return function* (cursor, sink, names) {
    if (!(yield* list(cursor, sink, names))) return false;
    return (yield* space(cursor)) === END || (yield* literal(cursor, end));
  };
}

/** Calls that count only if the message ends with them; some servers leave the model's own end marks in. */
function atEnd(read: CallReader): CallReader {
  return function* (cursor, sink, names) {
    const calls = new CollectedCalls();
    if (!(yield* read(cursor, calls, names))) return false;
    if ((yield* space(cursor)) !== END && (yield* oneOf(cursor, ['<|eot_id|>', '<|eom_id|>'])) === undefined) return false;
    if ((yield* space(cursor)) !== END) return false;
    calls.replay(sink);
    return true;
  };
}

/** Each format; `auto` has those whose markers nobody writes by chance. */
export const callFormats: { readonly [format in TextCallFormat | 'auto']: CallFormat } = /* @__PURE__ */ allFormats();

function allFormats() {
  const toolCalls = { '<tool_call>': toolCall };
  const functionTags = { '<function=': functions };
  const mistralCalls = { '[TOOL_CALLS]': mistral };
  const deepseekCalls = { '<｜tool▁calls▁begin｜>': deepseek };
  const kimiCalls = { '<|tool_calls_section_begin|>': kimi };
  const llamaCalls = { '<|python_tag|>': llama };
  const pythonLists = { '<|python_start|>': listTo('<|python_end|>'), '<|tool_call_start|>': listTo('<|tool_call_end|>') };
  return {
    auto: { marked: { ...toolCalls, ...functionTags, ...mistralCalls, ...deepseekCalls, ...kimiCalls, ...llamaCalls, ...pythonLists } },
    hermes: { marked: toolCalls },
    'qwen-coder': { marked: { ...toolCalls, ...functionTags } },
    glm: { marked: toolCalls },
    mistral: { marked: mistralCalls },
    deepseek: { marked: deepseekCalls },
    kimi: { marked: kimiCalls },
    'llama-json': { marked: { ...llamaCalls, ...functionTags }, unmarked: { from: 'message', read: atEnd(objectsTo(LESS)) } },
    pythonic: { marked: { ...llamaCalls, ...pythonLists }, unmarked: { from: 'message', read: atEnd(list) } },
    plain: { marked: llamaCalls, unmarked: { from: 'line', read: atEnd(pythonCalls) } },
  } as const;
}

import type { AssembledCall } from '../calls/call.ts';
import type { Json } from '../values.ts';
import { type ChatDelta, isRecord } from './openai-chat-wire.ts';

type Fields = { [key: string]: Json };

/** Delta fields that are read elsewhere, or that only ever go from the server to us. */
const NOT_SENT_BACK = new Set([
  'role',
  'content',
  'refusal',
  'tool_calls',
  'function_call',
  'annotations',
  'audio',
  'images',
  'channel',
  'logprobs',
  'token_ids',
  'padding',
  'obfuscation',
]);

/** Fields of the model's reasoning: servers want them back while tools are called, some refuse them afterwards. */
const REASONING = new Set([
  'reasoning',
  'reasoning_content',
  'reasoning_text',
  'reasoning_details',
  'reasoning_opaque',
  'reasoning_signature',
]);

/** Keys whose value names the piece it stands in: a repeat replaces it, while other strings are pieces to be joined. */
const NAMING = new Set(['type', 'id', 'format', 'index', 'role', 'name', 'signature', 'thought_signature']);

/**
 * Keeps choice 0's message in OpenAI's own form, unknown fields included (`extra_content` with thought signatures, `reasoning_details`),
 * so that the next request gives the server back what it said.
 */
export class ChatMessageBuilder {
  /** The old `function_call` was used. */
  legacy = false;
  private text = '';
  private refusal = '';
  private parts: Fields[] | undefined;
  private readonly fields: Fields = {};
  private readonly callFields = new Map<number, { call: Fields; function: Fields }>();

  addDelta(delta: ChatDelta): void {
    if (typeof delta.content === 'string') this.text += delta.content;
    else if (delta.content) this.parts = mergeParts(this.parts ?? [], delta.content as unknown as Fields[]);
    if (delta.refusal) this.refusal += delta.refusal;
    for (const key in delta) {
      if (NOT_SENT_BACK.has(key)) continue;
      const value = (delta as { readonly [key: string]: unknown })[key] as Json | undefined;
      if (value !== null && value !== undefined) setOwn(this.fields, key, merge(this.fields[key], value));
    }
  }

  /** Keeps what one `tool_calls` entry says beyond its id, name and arguments. */
  addCall(index: number, entry: { readonly [key: string]: unknown }): void {
    for (const key in entry) {
      if (key !== 'index' && key !== 'id' && key !== 'type' && key !== 'function' && entry[key] != null) {
        const { call } = this.fieldsOf(index);
        setOwn(call, key, merge(call[key], entry[key] as Json));
      }
    }
    const called = isRecord(entry.function) ? entry.function : {};
    for (const key in called) {
      if (key !== 'name' && key !== 'arguments' && called[key] != null) {
        const fields = this.fieldsOf(index).function;
        setOwn(fields, key, merge(fields[key], called[key] as Json));
      }
    }
  }

  build(calls: readonly AssembledCall[]): Json {
    const message: Fields = { role: 'assistant', content: this.parts ?? (this.text || (calls.length > 0 ? null : '')) };
    if (this.refusal) message.refusal = this.refusal;
    for (const key in this.fields) {
      if (calls.length > 0 || !REASONING.has(key)) setOwn(message, key, this.fields[key] as Json);
    }
    const first = calls[0];
    if (this.legacy && first) message.function_call = { name: first.name, arguments: argumentsOf(first) };
    else if (calls.length > 0) message.tool_calls = calls.map((call) => this.buildCall(call));
    return message;
  }

  private buildCall(call: AssembledCall): Json {
    const extra = this.callFields.get(call.index);
    return {
      ...extra?.call,
      id: call.callId,
      type: 'function',
      function: { ...extra?.function, name: call.name, arguments: argumentsOf(call) },
    };
  }

  private fieldsOf(index: number): { call: Fields; function: Fields } {
    let fields = this.callFields.get(index);
    if (!fields) {
      fields = { call: {}, function: {} };
      this.callFields.set(index, fields);
    }
    return fields;
  }
}

/** Servers parse the arguments they get back, so a call without arguments goes back as `{}`. */
function argumentsOf(call: AssembledCall): string {
  return call.argumentsText.trim() === '' ? '{}' : call.argumentsText;
}

/** Joins two pieces of an unknown field: strings are appended, lists matched by `index`, objects merged, all else replaced. */
function merge(before: Json | undefined, piece: Json): Json {
  if (typeof before === 'string' && typeof piece === 'string') return before + piece;
  if (Array.isArray(piece)) return mergeLists(Array.isArray(before) ? before : [], piece);
  if (isRecord(before) && isRecord(piece)) return mergeRecords(before as Fields, piece as Fields);
  return piece;
}

function mergeRecords(before: Fields, piece: Fields): Fields {
  const merged: Fields = { ...before };
  for (const key in piece) {
    const value = piece[key] as Json;
    if (value !== null) setOwn(merged, key, NAMING.has(key) ? value : merge(merged[key], value));
  }
  return merged;
}

/** In place: a list that grows with every delta must not be copied with every delta. */
function mergeLists(merged: Json[], pieces: readonly Json[]): Json[] {
  for (const piece of pieces) {
    const at = isRecord(piece) && typeof piece.index === 'number' ? merged.findIndex((item) => sameItem(item, piece as Fields)) : -1;
    if (at === -1) merged.push(piece);
    else merged[at] = mergeRecords(merged[at] as Fields, piece as Fields);
  }
  return merged;
}

function sameItem(item: Json, piece: Fields): boolean {
  return isRecord(item) && item.index === piece.index && (item.type === piece.type || piece.type === undefined);
}

/** Content that comes as a list (`text`, `thinking`): neighbours of one type are joined. */
function mergeParts(before: Fields[], pieces: readonly Fields[]): Fields[] {
  const parts = [...before];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (last && last.type === piece.type && typeof last.text === 'string' && typeof piece.text === 'string') {
      parts[parts.length - 1] = { ...last, text: last.text + piece.text };
    } else if (last && last.type === piece.type && Array.isArray(last.thinking) && Array.isArray(piece.thinking)) {
      parts[parts.length - 1] = { ...last, ...piece, thinking: mergeParts(last.thinking as Fields[], piece.thinking as Fields[]) };
    } else {
      parts.push(piece);
    }
  }
  return parts;
}

/** An own property whatever its name: `__proto__` on a wire never reaches a prototype. */
function setOwn(fields: Fields, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(fields, key, { value, writable: true, enumerable: true, configurable: true });
  else fields[key] = value;
}

import type { AssembledCall } from '../calls/call.ts';
import { isRecord, type Json } from '../values.ts';
import { type Fields, joinFields, setOwn } from './join-json.ts';
import type { ChatDelta } from './openai-chat-wire.ts';

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

/** What a call always has. */
const OF_CALL = new Set(['index', 'id', 'type', 'function', 'custom']);
const OF_FUNCTION = new Set(['name', 'arguments', 'input']);

/**
 * Keeps choice 0's message in OpenAI's own form, unknown fields included (`extra_content` with thought signatures, `reasoning_details`),
 * so that the next request gives the server back what it said.
 */
export class ChatMessageBuilder {
  /** The old `function_call` was used; if `tool_calls` was, too, that counts. */
  sawFunctionCall = false;
  /** What was said to custom tools, by the calls' indexes. */
  texts: Map<number, { readonly said: string }> | undefined;
  private sawToolCalls = false;
  private refusal = '';
  private parts: Json[] | undefined;
  private readonly fields: Fields = {};
  private callFields: Map<number, { call: Fields; function: Fields }> | undefined;

  /** What the answer's text is so far. */
  private readonly text: () => string;

  constructor(text: () => string) {
    this.text = text;
  }

  /** Keeps what a delta says, before it is read: of its content only what is no plain text, which is kept already. */
  addDelta(delta: ChatDelta, plain: boolean): void {
    const { content } = delta;
    if (content && content.length > 0 && (this.parts || typeof content !== 'string')) this.addParts(content);
    if (delta.refusal) this.refusal += delta.refusal;
    if (delta.tool_calls && delta.tool_calls.length > 0) this.sawToolCalls = true;
    const { reasoning, reasoning_content, reasoning_text, reasoning_details } = delta;
    if (!plain || reasoning || reasoning_content || reasoning_text || reasoning_details) joinFields(this.fields, delta, NOT_SENT_BACK);
  }

  /** Keeps what one `tool_calls` entry says beyond its id, name and arguments. */
  addCall(index: number, entry: { readonly [key: string]: unknown }): void {
    const called = isRecord(entry.function) ? entry.function : isRecord(entry.custom) ? entry.custom : {};
    if (hasOnly(entry, OF_CALL) && hasOnly(called, OF_FUNCTION)) return;
    this.callFields ??= new Map();
    let fields = this.callFields.get(index);
    if (!fields) {
      fields = { call: {}, function: {} };
      this.callFields.set(index, fields);
    }
    joinFields(fields.call, entry, OF_CALL);
    joinFields(fields.function, called, OF_FUNCTION);
  }

  build(calls: readonly AssembledCall[]): Json {
    const message: Fields = { role: 'assistant', content: this.parts ?? (this.text() || (calls.length > 0 ? null : '')) };
    if (this.refusal) message.refusal = this.refusal;
    for (const key in this.fields) {
      if (calls.length > 0 || !REASONING.has(key)) setOwn(message, key, this.fields[key] as Json);
    }
    const first = calls[0];
    if (this.sawFunctionCall && !this.sawToolCalls && first) message.function_call = { name: first.name, arguments: argumentsOf(first) };
    else if (calls.length > 0) message.tool_calls = calls.map((call) => this.buildCall(call));
    return message;
  }

  private buildCall(call: AssembledCall): Json {
    const extra = this.callFields?.get(call.index);
    const text = this.texts?.get(call.index);
    if (text) {
      return { ...extra?.call, id: call.callId, type: 'custom', custom: { ...extra?.function, name: call.name, input: text.said } };
    }
    return {
      ...extra?.call,
      id: call.callId,
      type: 'function',
      function: { ...extra?.function, name: call.name, arguments: argumentsOf(call) },
    };
  }

  /** Once parts came everything is parts. */
  private addParts(content: NonNullable<ChatDelta['content']>): void {
    const text = this.parts ? '' : this.text();
    this.parts ??= text === '' ? [] : [{ type: 'text', text }];
    joinParts(this.parts, typeof content === 'string' ? [{ type: 'text', text: content }] : (content as Fields[]));
  }
}

/** Servers parse the arguments they get back, so a call without arguments goes back as `{}`. */
function argumentsOf(call: AssembledCall): string {
  return call.argumentsText.trim() === '' ? '{}' : call.argumentsText;
}

/** Content that comes as a list (`text`, `thinking`): neighbours of one type are joined, in place. */
function joinParts(parts: Json[], pieces: readonly Json[]): void {
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (!isRecord(last) || !isRecord(piece) || last.type !== piece.type) {
      parts.push(structuredClone(piece));
    } else if (typeof last.text === 'string' && typeof piece.text === 'string') {
      parts[parts.length - 1] = { ...last, text: last.text + piece.text } as Fields;
    } else if (Array.isArray(last.thinking) && Array.isArray(piece.thinking)) {
      joinParts(last.thinking as Json[], piece.thinking);
      parts[parts.length - 1] = { ...last, ...structuredClone(piece), thinking: last.thinking } as Fields;
    } else {
      parts.push(structuredClone(piece));
    }
  }
}

function hasOnly(fields: { readonly [key: string]: unknown }, known: ReadonlySet<string>): boolean {
  for (const key in fields) if (!known.has(key)) return false;
  return true;
}

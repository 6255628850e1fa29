import type { CallFragment } from '../calls/assembler.ts';
import { isCutShort } from '../calls/open-call.ts';
import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import { argumentsText } from './arguments-text.ts';
import type { DecoderOptions } from './dialect.ts';
import { CustomCallReader, customOf } from './openai-chat-custom.ts';
import { ChatMessageBuilder } from './openai-chat-message.ts';
import {
  type ChatChoice,
  type ChatChunk,
  type ChatDelta,
  type ChatFunctionCallDelta,
  type ChatToolCallDelta,
  DELTA_FIELDS,
  finishReason,
  usageOf,
} from './openai-chat-wire.ts';
import { Round } from './round.ts';
import type { WireReader } from './wire.ts';

const CHUNK_FIELDS = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'system_fingerprint',
  'service_tier',
  'provider',
  'error',
  // Padding against traffic analysis.
  'obfuscation',
  'p',
]);
const CHOICE_FIELDS = new Set(['index', 'delta', 'message', 'finish_reason', 'native_finish_reason', 'stop_reason', 'usage']);

/** Fields of a choice that belong to its tokens: the same twice is said twice. */
const PER_TOKEN = new Set(['logprobs', 'token_ids']);

/** Reads what `chat.completion.chunk`s say, and tells it to the round and to the message that goes back. */
export class ChatChunkReader implements WireReader {
  readonly round: Round;
  private readonly message = new ChatMessageBuilder(() => this.round.said(0).text);
  private readonly texts: CustomCallReader;
  /** Fields that some servers repeat on every chunk, by name: a value is emitted again only when it changed. */
  private repeated: Map<string, string> | undefined;
  private sawToolCalls = false;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('openai-chat', options, (calls) => this.message.build(calls));
    this.texts = new CustomCallReader(this.round, this.message);
  }

  /** Reads one chunk. */
  read(chunk: ChatChunk, out: Output<ModelEvent>, plain: boolean): void {
    this.round.start(chunk.id || undefined, chunk.model || undefined, out);
    if (chunk.choices) for (const choice of chunk.choices) this.readChoice(choice, out, plain);
    if (plain) return;
    if (chunk.usage) this.round.usageSoFar(usageOf(chunk.usage), chunk.usage as Json, out);
    const extra = chunk as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!CHUNK_FIELDS.has(key)) this.passOn(0, key, extra[key], out);
    }
    if (isRecord(extra.x_groq) && isRecord(extra.x_groq.usage)) {
      this.round.usageSoFar(usageOf(extra.x_groq.usage), extra.x_groq.usage as Json, out);
    }
  }

  private readChoice(choice: ChatChoice, out: Output<ModelEvent>, plain: boolean): void {
    const index = choice.index ?? 0;
    const { delta, message } = choice;
    if (message && !saysSomething(delta)) this.readDelta(index, this.unsaid(index, message), out, plain);
    else if (delta) this.readDelta(index, delta, out, plain);
    if (plain) return;
    const extra = choice as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!CHOICE_FIELDS.has(key)) this.passOn(index, key, extra[key], out, PER_TOKEN.has(key) ? 'every' : 'changed');
    }
    if (choice.finish_reason && choice.finish_reason !== 'null') {
      const reason = finishReason(choice.finish_reason);
      this.texts.settle(index, !isCutShort(reason), out);
      this.round.finish(index, reason, choice.finish_reason, out);
    }
    if (choice.usage) this.round.usageSoFar(usageOf(choice.usage), choice.usage as Json, out);
  }

  /** A `message` is the whole answer, or all of it so far, or (some gateways) one more piece: what was said already is not said again. */
  private unsaid(index: number, message: ChatDelta): ChatDelta {
    const { text, reasoning, refusal } = this.round.said(index);
    return {
      ...message,
      content: typeof message.content === 'string' ? restOf(message.content, text) : message.content,
      refusal: restOf(message.refusal, refusal),
      reasoning: restOf(message.reasoning, reasoning),
      reasoning_content: restOf(message.reasoning_content, reasoning),
      reasoning_text: restOf(message.reasoning_text, reasoning),
      reasoning_details: reasoning === '' ? message.reasoning_details : undefined,
    };
  }

  private readDelta(index: number, delta: ChatDelta, out: Output<ModelEvent>, plain: boolean): void {
    if (index === 0) this.message.addDelta(delta, plain);
    this.readReasoning(index, delta, out);
    if (typeof delta.content === 'string') this.round.text(index, delta.content, out);
    else if (delta.content) for (const part of delta.content) this.readPart(index, part, out);
    if (delta.refusal) this.round.refusal(index, delta.refusal, out);
    if (delta.tool_calls) this.readToolCalls(index, delta.tool_calls, out, plain);
    if (delta.function_call) this.readFunctionCall(index, delta.function_call, out);
    if (plain) return;
    const extra = delta as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!DELTA_FIELDS.has(key)) this.passOn(index, key, extra[key], out, 'every');
    }
  }

  /** The same reasoning often comes under several names: the first that says something counts. */
  private readReasoning(index: number, delta: ChatDelta, out: Output<ModelEvent>): void {
    const text = delta.reasoning_content || delta.reasoning || delta.reasoning_text;
    if (text) this.round.reasoning(index, text, out);
    if (!delta.reasoning_details) return;
    for (const detail of delta.reasoning_details) {
      const piece = typeof detail.text === 'string' ? detail.text : typeof detail.summary === 'string' ? detail.summary : undefined;
      if (piece === undefined) this.round.provider(index, 'reasoning_details', detail as Json, out);
      else if (!text) this.round.reasoning(index, piece, out);
    }
  }

  /** Content as a list of parts: text, or reasoning under the name `thinking`. */
  private readPart(index: number, part: { readonly [key: string]: unknown }, out: Output<ModelEvent>): void {
    if (part.type === 'text' && typeof part.text === 'string') {
      this.round.text(index, part.text, out);
    } else if (part.type === 'thinking' && typeof part.thinking === 'string') {
      this.round.reasoning(index, part.thinking, out);
    } else if (part.type === 'thinking' && Array.isArray(part.thinking)) {
      for (const piece of part.thinking)
        if (isRecord(piece) && typeof piece.text === 'string') this.round.reasoning(index, piece.text, out);
    } else {
      this.round.provider(index, typeof part.type === 'string' ? part.type : 'content', part as Json, out);
    }
  }

  private readToolCalls(
    index: number,
    entries: readonly (ChatToolCallDelta | null | undefined)[],
    out: Output<ModelEvent>,
    plain: boolean,
  ): void {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (!entry) continue;
      const fragment: CallFragment = {
        index: entry.index ?? undefined,
        // Without indexes, entries of one list are still different calls.
        position: entries.length > 1 ? i : undefined,
        id: entry.id,
        name: entry.function?.name,
        text: argumentsText(entry.function?.arguments),
      };
      const custom = customOf(entry);
      const call = custom ? this.texts.read(index, fragment, custom, out) : this.round.call(index, fragment, out);
      if (entry.id || entry.function || custom) this.sawToolCalls = true;
      if (call && index === 0 && !plain) this.message.addCall(call.index, entry as { readonly [key: string]: unknown });
    }
  }

  /** At the end mark what is open is whole. */
  settle(how: 'end-mark' | 'end-of-body' | 'error', out: Output<ModelEvent>): void {
    if (how === 'end-mark') this.texts.settle(undefined, true, out);
  }

  private readFunctionCall(index: number, entry: ChatFunctionCallDelta, out: Output<ModelEvent>): void {
    // Some relays send the old form beside the new one: the same calls again.
    if (this.sawToolCalls) return;
    if (index === 0) this.message.sawFunctionCall = true;
    this.round.call(index, { index: entry.index ?? 0, name: entry.name, text: argumentsText(entry.arguments) }, out);
  }

  private passOn(index: number, name: string, data: unknown, out: Output<ModelEvent>, when: 'every' | 'changed' = 'changed'): void {
    if (data === null || data === undefined || data === '') return;
    if (typeof data === 'object' && isEmpty(data)) return;
    if (when === 'changed') {
      const text = JSON.stringify(data);
      const key = `${index} ${name}`;
      this.repeated ??= new Map();
      if (this.repeated.get(key) === text) return;
      this.repeated.set(key, text);
    }
    this.round.provider(index, name, data as Json, out);
  }
}

/** What comes after what was said already. */
function restOf(text: string | null | undefined, said: string): string | null | undefined {
  return text && said !== '' && text.length >= said.length && text.startsWith(said) ? text.slice(said.length) : text;
}

/** Whether a delta holds more than its role. */
function saysSomething(delta: ChatDelta | null | undefined): boolean {
  if (!delta) return false;
  const fields = delta as { readonly [key: string]: unknown };
  for (const key in fields) {
    const value = fields[key];
    if (key === 'role' || value === null || value === undefined || value === '') continue;
    if (typeof value !== 'object' || !isEmpty(value)) return true;
  }
  return false;
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

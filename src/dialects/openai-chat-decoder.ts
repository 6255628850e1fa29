import type { CallFragment } from '../calls/assembler.ts';
import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { ChatMessageBuilder } from './openai-chat-message.ts';
import {
  type ChatChoice,
  type ChatChunk,
  type ChatDelta,
  type ChatFunctionCallDelta,
  type ChatToolCallDelta,
  describeChunkProblem,
  finishReason,
  isRecord,
  looksLikeChunk,
  usageOf,
} from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';

/** Events that only keep the connection open. */
const HEARTBEAT = /^(ping|heartbeat|keep-?alive)$/i;
/** A line that is an error written as plain text, once it says something. */
const PLAIN_ERROR = /^\s*error\s*:\s*\S/i;
/** How much of a body that is no event stream is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;

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
const DELTA_FIELDS = new Set([
  'role',
  'content',
  'refusal',
  'reasoning',
  'reasoning_content',
  'reasoning_text',
  'reasoning_details',
  'tool_calls',
  'function_call',
  'channel',
  'obfuscation',
]);

/** Fields of a choice that belong to its tokens: the same twice is said twice. */
const PER_TOKEN = new Set(['logprobs', 'token_ids']);

/** Reads `chat.completion.chunk`s. */
export class ChatDecoder implements Stage<Frame, ModelEvent> {
  private readonly round: Round;
  private readonly message = new ChatMessageBuilder();
  private readonly skipMalformed: boolean;
  private stray = '';
  /** Fields that some servers repeat on every chunk, by name: a value is emitted again only when it changed. */
  private readonly repeated = new Map<string, string>();
  private sawToolCalls = false;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('openai-chat', options, (calls) => this.message.build(calls));
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
    if (!this.round.receive(frame, out)) return;
    try {
      this.read(frame, out);
    } catch (error) {
      out.error(this.round.broken(error, out));
    }
  }

  flush(out: Output<ModelEvent>): void {
    const error = this.round.ended ? undefined : this.strayBody();
    if (error) out.error(this.round.broken(error, out));
    else this.round.endOfBody(out);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    const stray = this.round.ended ? undefined : this.strayBody();
    return stray ? this.round.broken(stray, out) : this.round.fail(error, out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    if (frame.stray) {
      this.readStray(frame);
      return;
    }
    const { data, event } = frame;
    if (event !== undefined && HEARTBEAT.test(event)) return;
    const payload = data === '[DONE]' ? undefined : parse(data);
    if (looksLikeChunk(payload) && event !== 'error' && !isError(payload)) this.readChunk(payload, out);
    else if (data.trim() === '[DONE]') this.round.end(out);
    else this.readOdd(frame, payload, out);
  }

  /** What is neither a chunk nor the end mark: nothing, an error, a cut, or not this dialect. */
  private readOdd(frame: Frame, payload: unknown, out: Output<ModelEvent>): void {
    const { data } = frame;
    if (data.trim() === '' || payload === null || payload === '') return;
    // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so. Plain text cannot be told
    // from torn plain text, and the error that a server writes before it hangs up says more than that it did.
    if (frame.unterminated && payload === undefined && (frame.event !== 'error' || data.trimStart().startsWith('{'))) return;
    if (frame.event === 'error' || (isRecord(payload) && isError(payload))) {
      // The error may share its chunk with the last words and the token counts.
      if (looksLikeChunk(payload) && (payload.choices || payload.usage)) this.readChunk(payload, out);
      throw providerErrorFrom(payload === undefined ? data : (payload as Json));
    }
    const problem = payload === undefined ? 'no JSON' : describeChunkProblem(payload);
    if (problem === undefined) this.readChunk(payload as ChatChunk, out);
    else this.reject(problem, data, out);
  }

  private readChunk(chunk: ChatChunk, out: Output<ModelEvent>): void {
    if (isEmpty(chunk)) return;
    this.round.start(chunk.id || undefined, chunk.model || undefined, out);
    if (chunk.choices) for (const choice of chunk.choices) this.readChoice(choice, out);
    if (chunk.usage) this.round.usageSoFar(usageOf(chunk.usage), chunk.usage as Json, out);
    const extra = chunk as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!CHUNK_FIELDS.has(key)) this.passOn(0, key, extra[key], out);
    }
    if (isRecord(extra.x_groq) && isRecord(extra.x_groq.usage)) {
      this.round.usageSoFar(usageOf(extra.x_groq.usage), extra.x_groq.usage as Json, out);
    }
  }

  private readChoice(choice: ChatChoice, out: Output<ModelEvent>): void {
    const index = choice.index ?? 0;
    const { delta, message } = choice;
    if (message && !saysSomething(delta)) this.readDelta(index, this.unsaid(index, message), out);
    else if (delta) this.readDelta(index, delta, out);
    const extra = choice as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!CHOICE_FIELDS.has(key)) this.passOn(index, key, extra[key], out, PER_TOKEN.has(key) ? 'every' : 'changed');
    }
    if (choice.finish_reason && choice.finish_reason !== 'null')
      this.round.finish(index, finishReason(choice.finish_reason), choice.finish_reason, out);
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

  private readDelta(index: number, delta: ChatDelta, out: Output<ModelEvent>): void {
    this.readReasoning(index, delta, out);
    if (typeof delta.content === 'string') this.round.text(index, delta.content, out);
    else if (delta.content) for (const part of delta.content) this.readPart(index, part, out);
    if (delta.refusal) this.round.refusal(index, delta.refusal, out);
    if (delta.tool_calls) this.readToolCalls(index, delta.tool_calls, out);
    if (delta.function_call) this.readFunctionCall(index, delta.function_call, out);
    if (index === 0) this.message.addDelta(delta);
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

  private readToolCalls(index: number, entries: readonly (ChatToolCallDelta | null | undefined)[], out: Output<ModelEvent>): void {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (!entry) continue;
      this.sawToolCalls = true;
      if (index === 0) this.message.legacy = false;
      const fragment: CallFragment = {
        index: entry.index ?? undefined,
        // Without indexes, entries of one list are still different calls.
        position: entries.length > 1 ? i : undefined,
        id: entry.id,
        name: entry.function?.name,
        text: argumentsText(entry.function?.arguments),
      };
      const call = this.round.call(index, fragment, out);
      if (call && index === 0) this.message.addCall(call.index, entry as { readonly [key: string]: unknown });
    }
  }

  private readFunctionCall(index: number, entry: ChatFunctionCallDelta, out: Output<ModelEvent>): void {
    // Some relays send the old form beside the new one: the same calls again.
    if (this.sawToolCalls) return;
    if (index === 0) this.message.legacy = true;
    this.round.call(index, { index: entry.index ?? 0, name: entry.name, text: argumentsText(entry.arguments) }, out);
  }

  private passOn(index: number, name: string, data: unknown, out: Output<ModelEvent>, when: 'every' | 'changed' = 'changed'): void {
    if (data === null || data === undefined || data === '') return;
    if (typeof data === 'object' && isEmpty(data)) return;
    if (when === 'changed') {
      const text = JSON.stringify(data);
      const key = `${index} ${name}`;
      if (this.repeated.get(key) === text) return;
      this.repeated.set(key, text);
    }
    this.round.provider(index, name, data as Json, out);
  }

  /** A line that is no SSE field: an error written as plain text, or a body that is no event stream. */
  private readStray(frame: Frame): void {
    const line = frame.data;
    if (PLAIN_ERROR.test(line)) {
      const rest = line.slice(line.indexOf(':') + 1).trim();
      const payload = parse(rest) as Json | undefined;
      if (payload === undefined && frame.unterminated && rest.startsWith('{')) return;
      throw providerErrorFrom(payload ?? rest);
    }
    const body = line.startsWith('{') ? parse(line) : undefined;
    if (isRecord(body) && isError(body)) throw providerErrorFrom(body as Json);
    if (this.stray.length + line.length < MAX_STRAY) this.stray += `${line}\n`;
  }

  /** What the lines that were no SSE fields are together: one JSON document in place of the stream, perhaps. */
  private strayBody(): Error | undefined {
    const text = this.stray.trim();
    const body = text.startsWith('{') ? parse(text) : undefined;
    if (!isRecord(body)) return undefined;
    return isError(body)
      ? providerErrorFrom(body as Json)
      : this.malformed('one JSON document: did the server ignore `stream: true`?', text);
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const error = this.malformed(problem, data);
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }

  private malformed(problem: string, data: string): MalformedFrameError {
    return new MalformedFrameError(
      `Frame ${this.round.frame} is no chat.completion.chunk: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame: this.round.frame }, excerpt: data },
    );
  }
}

function argumentsText(value: string | { readonly [key: string]: unknown } | null | undefined): string | undefined {
  return value === null || value === undefined || typeof value === 'string' ? (value ?? undefined) : JSON.stringify(value);
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

/** An error in place of a chunk, in the shapes that are around. */
function isError(payload: { readonly [key: string]: unknown }): boolean {
  if (payload.error !== null && payload.error !== undefined && payload.error !== '' && payload.error !== false) return true;
  if (payload.object === 'error' || payload.type === 'error') return true;
  return (
    payload.choices === undefined &&
    payload.usage === undefined &&
    payload.id === undefined &&
    (typeof payload.detail === 'string' || typeof payload.message === 'string')
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

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
    return this.round.fail(error, out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    if (frame.stray) {
      this.readStray(frame);
      return;
    }
    const { data } = frame;
    const payload = data === '[DONE]' ? undefined : parse(data);
    if (looksLikeChunk(payload) && frame.event !== 'error' && !isError(payload)) this.readChunk(payload, out);
    else if (data.trim() === '[DONE]') this.round.end(out);
    else this.readOdd(frame, payload, out);
  }

  /** What is neither a chunk nor the end mark: nothing, an error, a cut, or not this dialect. */
  private readOdd(frame: Frame, payload: unknown, out: Output<ModelEvent>): void {
    const { data } = frame;
    if (data.trim() === '') return;
    // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so.
    if (frame.unterminated && payload === undefined) return;
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
    const delta = choice.delta ?? choice.message;
    if (delta) this.readDelta(index, delta, out);
    const extra = choice as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!CHOICE_FIELDS.has(key)) this.passOn(index, key, extra[key], out);
    }
    if (choice.finish_reason) this.round.finish(index, finishReason(choice.finish_reason), choice.finish_reason, out);
    if (choice.usage) this.round.usageSoFar(usageOf(choice.usage), choice.usage as Json, out);
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
    this.message.legacy = true;
    this.round.call(index, { index: entry.index ?? 0, name: entry.name, text: argumentsText(entry.arguments) }, out);
  }

  private passOn(index: number, name: string, data: unknown, out: Output<ModelEvent>, when: 'every' | 'changed' = 'changed'): void {
    if (data === null || data === undefined || data === '') return;
    if (typeof data === 'object' && Object.keys(data).length === 0) return;
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
    if (!frame.unterminated && /^\s*error\s*:/i.test(line)) {
      const rest = line.slice(line.indexOf(':') + 1).trim();
      throw providerErrorFrom((parse(rest) as Json | undefined) ?? rest);
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

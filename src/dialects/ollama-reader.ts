import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { ContentCall } from './ollama-content-call.ts';
import { OllamaMessageBuilder } from './ollama-message.ts';
import { finishReason, type OllamaChunk, type OllamaMessage, type OllamaToolCall, rawUsage, usageOf } from './ollama-wire.ts';
import { Round } from './round.ts';
import type { WireReader } from './wire.ts';

const CHUNK_FIELDS = new Set([
  'model',
  'created_at',
  'message',
  'done',
  'done_reason',
  'prompt_eval_count',
  'eval_count',
  'total_duration',
  'load_duration',
  'prompt_eval_duration',
  'eval_duration',
]);
const MESSAGE_FIELDS = new Set(['role', 'content', 'thinking', 'reasoning_content', 'tool_calls']);

/** Reads what the objects of a response say, and tells it to the round and to the message that goes back. */
export class OllamaReader implements WireReader {
  readonly round: Round;
  private readonly message = new OllamaMessageBuilder(() => this.round.said(0));
  private readonly contentCall = new ContentCall();
  private calls = 0;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('ollama', options, (calls) => this.message.build(calls));
  }

  /** Reads one object; `plain` if it is a piece of text or thinking and nothing else. */
  read(chunk: OllamaChunk, out: Output<ModelEvent>, plain: boolean): void {
    this.round.start(undefined, chunk.model || undefined, out);
    if (chunk.message) this.readMessage(chunk.message, out);
    if (plain) return;
    if (chunk.message) this.readRest(chunk.message, out);
    this.passOn(chunk, CHUNK_FIELDS, out);
    if (chunk.done) this.end(chunk, out);
  }

  /** However it ended: text is not lost. */
  settle(_how: unknown, out: Output<ModelEvent>): void {
    this.release(out);
  }

  /** Hands out the text that was held back while it could still become a call. */
  private release(out: Output<ModelEvent>): void {
    this.text(this.contentCall.release(), out);
  }

  private readMessage(message: OllamaMessage, out: Output<ModelEvent>): void {
    const thinking = message.thinking || message.reasoning_content;
    if (thinking) {
      this.release(out);
      this.round.reasoning(0, thinking, out);
    }
    if (message.content) this.text(this.contentCall.take(message.content), out);
    if (message.tool_calls && message.tool_calls.length > 0) {
      this.release(out);
      this.readCalls(message.tool_calls, out);
    }
  }

  /** What nobody here knows. */
  private readRest(message: OllamaMessage, out: Output<ModelEvent>): void {
    this.message.addFields(message);
    this.passOn(message, MESSAGE_FIELDS, out);
  }

  private readCalls(entries: readonly OllamaToolCall[], out: Output<ModelEvent>): void {
    entries.forEach((entry, i) => {
      const { name, arguments: args } = entry.function;
      const fragment = {
        index: entry.function.index ?? entry.index ?? undefined,
        position: entries.length > 1 ? i : undefined,
        id: entry.id,
        name,
        text: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
        nameIsWhole: true,
      };
      const call = this.round.call(0, fragment, out);
      if (!call) return;
      this.calls++;
      this.message.addCall(call.index, entry, fragment.text);
      this.round.endCall(0, call, out);
    });
  }

  private text(text: string, out: Output<ModelEvent>): void {
    this.round.text(0, text, out);
  }

  private end(chunk: OllamaChunk, out: Output<ModelEvent>): void {
    const written = this.contentCall.finish();
    if (written) {
      this.calls++;
      const call = this.round.call(0, { name: written.name, text: written.argumentsText, nameIsWhole: true }, out);
      if (call) this.round.endCall(0, call, out);
    } else {
      this.release(out);
    }
    const word = chunk.done_reason;
    if (word) this.round.finish(0, finishReason(word, this.calls > 0), word, out);
    const raw = rawUsage(chunk);
    if (raw) this.round.usageSoFar(usageOf(raw), raw, out);
    this.round.end(out);
  }

  private passOn(fields: object, known: ReadonlySet<string>, out: Output<ModelEvent>): void {
    for (const key in fields) {
      const data = (fields as { readonly [key: string]: Json | undefined })[key];
      if (!known.has(key) && data !== null && data !== undefined && data !== '') this.round.provider(0, key, data, out);
    }
  }
}

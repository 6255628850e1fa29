import { asFunctionArguments } from '../calls/text-input.ts';
import type { FinishReason, ModelEvent, Usage } from '../events.ts';
import type { Frame } from '../frame.ts';
import { parseJson } from '../json/parse.ts';
import type { Output, Stage } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import type { EncoderOptions } from './dialect.ts';
import { doneReason, writtenUsage } from './ollama-wire.ts';
import { type WholeCall, WholeCalls } from './whole-calls.ts';
import { neededStatus, writtenError } from './written-error.ts';

/**
 * Writes model events as the objects of an Ollama chat, one a frame: text and thinking as they come, each call when it is whole, the
 * reason and the counts with `done: true`. A refusal goes as text. Other choices and provider events have no word here. What comes after `round-end` is
 * ignored; a source that ends without one gets no `done: true`, so that the client can tell.
 *
 * @see https://docs.ollama.com/api/chat
 */
export class OllamaEncoder implements Stage<ModelEvent, Frame> {
  private readonly calls = new WholeCalls();
  private readonly createdAt: string;
  private model: string;
  private finish: { readonly reason: FinishReason; readonly raw: string } | undefined;
  private usage: Usage | undefined;
  private ended = false;

  constructor({ model = 'unknown', created = 0 }: EncoderOptions = {}) {
    this.model = model;
    this.createdAt = new Date(created * 1000).toISOString();
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended || (event.choice ?? 0) > 0) return;
    switch (event.type) {
      case 'round-start':
        this.model = event.model ?? this.model;
        return;
      case 'text-delta':
      case 'refusal-delta':
        if (event.text !== '') this.say({ content: event.text }, out);
        return;
      case 'reasoning-delta':
        if (event.text !== '') this.say({ content: '', thinking: event.text }, out);
        return;
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'tool-call-end':
        for (const call of this.calls.take(event)) this.call(call, out);
        return;
      case 'finish-reason':
        this.finish ??= event;
        return;
      case 'usage':
        this.usage = event.usage;
        return;
      case 'round-end':
        for (const call of this.calls.rest()) this.call(call, out);
        this.end(this.finish ?? { reason: event.reason, raw: '' }, event.usage ?? this.usage, out);
        return;
      default:
    }
  }

  /** The head is long gone with status 200, so the error goes into the stream, as Ollama does it, and the stream ends. */
  fail(error: unknown, out: Output<Frame>): unknown {
    const written = writtenError(error);
    const status = neededStatus(written, { error: written.message });
    if (!this.ended) out.enqueue({ data: JSON.stringify({ error: written.message, ...(status !== undefined && { status }) }) });
    this.ended = true;
    out.terminate();
    return error;
  }

  private call({ callId, index, name, argumentsText }: WholeCall, out: Output<Frame>): void {
    this.say({ content: '', tool_calls: [{ id: callId, function: { index, name, arguments: writtenArguments(argumentsText) } }] }, out);
  }

  private say(message: { readonly [key: string]: Json }, out: Output<Frame>): void {
    this.write({ message: { role: 'assistant', ...message }, done: false }, out);
  }

  private end(
    { reason, raw }: { readonly reason: FinishReason; readonly raw: string },
    usage: Usage | undefined,
    out: Output<Frame>,
  ): void {
    this.ended = true;
    const message = { role: 'assistant', content: '' };
    this.write({ message, done: true, done_reason: doneReason(reason, raw), ...(usage && writtenUsage(usage)) }, out);
  }

  private write(fields: { readonly [key: string]: Json }, out: Output<Frame>): void {
    out.enqueue({ data: JSON.stringify({ model: this.model, created_at: this.createdAt, ...fields }) });
  }
}

/** An object, as the wire has it. What is none goes as the text it is: a client must not take it for a call without arguments. */
function writtenArguments(text: string): Json {
  if (text.trim() === '') return {};
  try {
    const value = parseJson(asFunctionArguments(text)) as Json;
    return isRecord(value) ? (value as Json) : text;
  } catch {
    return text;
  }
}

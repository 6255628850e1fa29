import type { ModelEvent, UsageEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { isJsonSpace } from '../json/characters.ts';
import type { Output, Stage } from '../stage.ts';
import type { EncoderOptions } from './dialect.ts';
import { FunctionCalls } from './function-arguments.ts';
import { finishWord, usageDetails } from './openai-chat-wire.ts';
import { chatError } from './written-error.ts';

/** Writes one round's events as the messages a server of the duplex session protocol sends. Other choices than 0 have no words here. */
export class DuplexEncoder implements Stage<ModelEvent, Frame> {
  private readonly options: EncoderOptions;
  private readonly functions = new FunctionCalls();
  private finish: string | undefined;
  /** Ids of calls whose end was not marked, by index. */
  private readonly open = new Map<number, string>();
  /** Token counts that came after the finish reason: they go with `done`. */
  private usage: UsageEvent | undefined;
  private ended = false;

  constructor(options: EncoderOptions = {}) {
    this.options = options;
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended || event.choice) return;
    const send = (message: object) => out.enqueue({ data: JSON.stringify(message) });
    switch (event.type) {
      case 'round-start': {
        const id = event.responseId ?? this.options.responseId;
        const model = event.model ?? this.options.model;
        send({ type: 'start', ...(id && { id }), ...(model && { model }) });
        return;
      }
      case 'text-delta':
        send({ type: 'content_block', text: event.text });
        return;
      case 'reasoning-delta':
        send({ type: 'reasoning', text: event.text });
        return;
      case 'refusal-delta':
        send({ type: 'refusal', text: event.text });
        return;
      case 'tool-call-start':
        this.open.set(event.index, event.callId);
        send({ type: 'function_call', id: event.callId, index: event.index, name: event.name });
        return;
      case 'tool-call-delta':
        // White space may come after the end, and says nothing.
        if (!this.open.has(event.index) && isJsonSpace(event.text)) return;
        send({ type: 'function_call', id: event.callId, index: event.index, arguments: this.functions.read(event) });
        return;
      case 'tool-call-end':
        this.endCall(event.index, out);
        return;
      case 'usage':
        if (this.options.includeUsage === false) return;
        if (this.finish === undefined) send({ type: 'usage', usage: rawUsage(event) });
        else this.usage = event;
        return;
      case 'finish-reason':
        this.finish = finishWord(event.reason, event.raw);
        return;
      case 'provider-event':
        // Its data may be that of another dialect: only an object with a `type` of its own is a message here.
        if (isMessage(event.data, event.name)) send(event.data);
        return;
      case 'round-end':
        this.ended = true;
        this.endCalls(out);
        send({
          type: 'done',
          ...(this.finish !== undefined && { finish_reason: this.finish }),
          ...(this.usage && { usage: rawUsage(this.usage) }),
        });
        return;
    }
  }

  /** The error goes as the message that ends the answer. */
  fail(error: unknown, out: Output<Frame>): unknown {
    if (!this.ended) out.enqueue({ data: JSON.stringify({ type: 'error', error: chatError(error) }) });
    this.ended = true;
    out.terminate();
    return error;
  }

  /** The wire marks the end of each call; not every dialect that the events come from does. */
  private endCalls(out: Output<Frame>): void {
    for (const index of this.open.keys()) this.endCall(index, out);
  }

  private endCall(index: number, out: Output<Frame>): void {
    const id = this.open.get(index);
    if (this.open.delete(index)) out.enqueue({ data: JSON.stringify({ type: 'function_call', id, index, done: true }) });
  }
}

/** The neutral counts under this protocol's names, whatever the provider calls them. */
function rawUsage({ usage }: UsageEvent): object {
  const { inputTokens, outputTokens, totalTokens } = usage;
  return { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: totalTokens, ...usageDetails(usage) };
}

function isMessage(data: unknown, name: string): data is object {
  return typeof data === 'object' && data !== null && (data as { readonly type?: unknown }).type === name;
}

import type { AssembledCall } from '../calls/call.ts';
import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import { argumentsText } from './arguments-text.ts';
import { CohereMessageBuilder } from './cohere-message.ts';
import { type CohereContent, type CohereEvent, type CohereMessage, type CohereToolCall, finishReason, usageOf } from './cohere-wire.ts';
import type { DecoderOptions } from './dialect.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';
import type { WireReader } from './wire.ts';

/** Reads what the events of a response say, and tells it to the round and to the message that goes back. */
export class CohereReader implements WireReader {
  readonly round: Round;
  private readonly message = new CohereMessageBuilder();
  /** The calls by the wire's index, for the marks of their ends. */
  private readonly calls = new Map<number, AssembledCall>();
  private newest: AssembledCall | undefined;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('cohere', options, (calls) => this.message.build(calls));
  }

  /** Reads one event. */
  read(event: CohereEvent, out: Output<ModelEvent>): void {
    // One says that a block is over, the other that the connection is not: neither says more.
    if (event.type === 'content-end' || event.type === 'ping') return;
    this.round.start(event.id || undefined, undefined, out);
    const message = event.delta?.message;
    switch (event.type) {
      case 'message-start':
      case 'content-start':
      case 'content-delta':
      case 'tool-plan-delta':
      case 'tool-call-start':
      case 'tool-call-delta':
        if (message) this.readMessage(message, event.index ?? undefined, out);
        this.passOn(event, out);
        return;
      case 'tool-call-end': {
        const call = event.index === null || event.index === undefined ? this.newest : this.calls.get(event.index);
        if (call) this.round.endCall(0, call, out);
        return;
      }
      case 'message-end':
        this.end(event, out);
        return;
      default:
        if (message?.citations) this.message.addCitations(listOf(message.citations) as Json[]);
        this.round.provider(0, event.type, event as Json, out);
    }
  }

  private readMessage(message: CohereMessage, index: number | undefined, out: Output<ModelEvent>): void {
    if (message.tool_plan) {
      this.message.addPlan(message.tool_plan);
      this.round.reasoning(0, message.tool_plan, out);
    }
    if (typeof message.content === 'string') this.readContent({ type: 'text', text: message.content, thinking: undefined }, index, out);
    else if (message.content) for (const content of listOf(message.content)) this.readContent(content, index, out);
    const calls = message.tool_calls ? listOf(message.tool_calls) : [];
    for (const [i, call] of calls.entries()) this.readCall(call, index ?? (calls.length > 1 ? i : undefined), out);
    const citations = message.citations ? (listOf(message.citations) as Json[]) : [];
    this.message.addCitations(citations);
    for (const citation of citations) this.round.provider(0, 'citations', citation, out);
  }

  private readContent({ text, thinking }: CohereContent, index: number | undefined, out: Output<ModelEvent>): void {
    if (thinking) {
      this.message.addContent('thinking', index, thinking);
      this.round.reasoning(0, thinking, out);
    }
    if (text) {
      this.message.addContent('text', index, text);
      this.round.text(0, text, out);
    }
  }

  private readCall(entry: CohereToolCall, index: number | undefined, out: Output<ModelEvent>): void {
    const { name, arguments: args } = entry.function ?? {};
    const text = argumentsText(args);
    const known = index === undefined || entry.id || name ? undefined : this.calls.get(index);
    if (known) {
      this.round.appendToCall(0, known, text ?? '', out);
      return;
    }
    const call = this.round.call(0, { index, id: entry.id, name, text, nameIsWhole: true }, out);
    if (!call) return;
    this.newest = call;
    if (index !== undefined) this.calls.set(index, call);
  }

  private end(event: CohereEvent, out: Output<ModelEvent>): void {
    const { finish_reason: word, usage, error } = event.delta ?? {};
    if (usage && error) this.round.usageSoFar(usageOf(usage), usage as Json, out);
    if (error) throw providerErrorFrom(event.delta as Json);
    if (word) this.round.finish(0, finishReason(word), word, out);
    if (usage) this.round.usageSoFar(usageOf(usage), usage as Json, out);
    this.round.end(out);
  }

  /** What an event says beside its message, e.g. the `logprobs` of a piece. */
  private passOn({ delta: _delta, id: _id, index: _index, type: _type, ...rest }: CohereEvent, out: Output<ModelEvent>): void {
    for (const [name, data] of Object.entries(rest as { readonly [key: string]: unknown })) {
      if (data !== null && data !== undefined && data !== '') this.round.provider(0, name, data as Json, out);
    }
  }
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

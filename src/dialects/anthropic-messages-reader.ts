import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import { BlockReader } from './anthropic-messages-block-reader.ts';
import { type MessageEvent, messageFinish, messageUsage } from './anthropic-messages-wire.ts';
import type { DecoderOptions } from './dialect.ts';
import { type Fields, setOwn } from './join-json.ts';
import { Round } from './round.ts';
import { isHeartbeat, type WireReader } from './wire.ts';

/** Read by name, or the same in every answer. */
const OF_MESSAGE = new Set(['id', 'type', 'role', 'content', 'model', 'stop_reason', 'usage']);
const OF_MESSAGE_DELTA = new Set(['type', 'stop_reason']);
const OF_EVENT = new Set(['type', 'delta', 'usage', 'index', 'message', 'content_block']);

/** Reads events in the order in which they come, and keeps the blocks for the next request. */
export class MessageReader implements WireReader {
  readonly round: Round;
  private readonly blocks: BlockReader;
  private messageId: string | undefined;
  private readonly usage: Fields = {};

  constructor(options: DecoderOptions = {}) {
    // The assistant's message as the provider needs it back.
    this.round = new Round('anthropic-messages', options, () => ({ role: 'assistant', content: this.blocks.build() }));
    this.blocks = new BlockReader(this.round);
  }

  read(event: MessageEvent, out: Output<ModelEvent>): void {
    switch (event.type) {
      case 'message_start':
        if (event.message) this.startMessage(event.message, out);
        else this.round.start(undefined, undefined, out);
        return;
      case 'content_block_start':
        this.round.start(undefined, undefined, out);
        if (event.content_block) this.blocks.start(event.content_block, event.index, out);
        return;
      case 'content_block_delta':
        this.round.start(undefined, undefined, out);
        if (event.delta) this.blocks.read(event.delta, event.index, out);
        return;
      case 'content_block_stop':
        this.blocks.stopAt(event.index, out);
        return;
      case 'message_delta':
        this.readMessageDelta(event, out);
        return;
      case 'message_stop':
        this.blocks.settle(out);
        this.round.end(out);
        return;
      default:
        if (isHeartbeat(event.type)) return;
        this.round.start(undefined, undefined, out);
        this.round.provider(0, event.type, event as Json, out);
    }
  }

  /** What waits for the rest of its block goes out where a gateway says that the answer is whole, not where it was cut. */
  settle(how: 'end-mark' | 'end-of-body' | 'error', out: Output<ModelEvent>): void {
    if (how === 'end-mark') this.blocks.settle(out);
  }

  private startMessage(message: NonNullable<MessageEvent['message']>, out: Output<ModelEvent>): void {
    const { id, model, content, stop_reason, usage } = message;
    if (this.messageId && id && id !== this.messageId) this.diagnoseSecond(id, out);
    this.messageId ??= id ?? undefined;
    this.round.start(id ?? undefined, model ?? undefined, out);
    this.readUsage(usage, out);
    this.hand(message, OF_MESSAGE, out);
    for (const [index, start] of (content ?? []).entries()) this.blocks.startGiven(start, index, out);
    if (stop_reason) this.finish(stop_reason, out);
  }

  private diagnoseSecond(id: string, out: Output<ModelEvent>): void {
    const message = `A second message, ${JSON.stringify(id.slice(0, 64))}, began inside the response. What came of the first one stays.`;
    out.enqueue({ type: 'diagnostic', code: 'second-message', message });
    this.blocks.forgetIndexes();
  }

  private readMessageDelta(event: MessageEvent, out: Output<ModelEvent>): void {
    this.round.start(undefined, undefined, out);
    const { delta } = event;
    this.hand(event, OF_EVENT, out);
    if (delta) this.hand(delta, OF_MESSAGE_DELTA, out);
    if (delta?.stop_reason) this.finish(delta.stop_reason, out);
    this.readUsage(event.usage, out);
  }

  private finish(word: string, out: Output<ModelEvent>): void {
    this.blocks.settle(out);
    this.round.finish(0, messageFinish(word), word, out);
  }

  /** The counts are cumulative, and each event has some of them. */
  private readUsage(counts: { readonly [key: string]: unknown } | null | undefined, out: Output<ModelEvent>): void {
    for (const key in counts) {
      const count = counts[key] as Json | undefined;
      if (count !== null && count !== undefined) setOwn(this.usage, key, count);
    }
    const usage = messageUsage(this.usage);
    // What has no counts yet starts with zeros.
    if (Object.values(usage).some((count) => count !== 0)) this.round.usageSoFar(usage, { ...this.usage }, out);
  }

  /** Fields that nobody here knows and that say something. */
  private hand(fields: { readonly [key: string]: unknown }, known: ReadonlySet<string>, out: Output<ModelEvent>): void {
    for (const key in fields) {
      const value = fields[key];
      if (known.has(key) || value === null || value === undefined || (Array.isArray(value) && value.length === 0)) continue;
      if (isRecord(value) && Object.keys(value).length === 0) continue;
      this.round.provider(0, key, value as Json, out);
    }
  }
}

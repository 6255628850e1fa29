import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import { Block } from './anthropic-messages-block.ts';
import { type ContentBlock, type MessageDelta, type MessageEvent, messageFinish, messageUsage } from './anthropic-messages-wire.ts';
import { type Fields, setOwn } from './join-json.ts';
import { isRecord } from './openai-chat-wire.ts';
import type { Round } from './round.ts';

/** Read by name, or the same in every answer. */
const OF_MESSAGE = new Set(['id', 'type', 'role', 'content', 'model', 'stop_reason', 'usage']);
const OF_MESSAGE_DELTA = new Set(['type', 'stop_reason']);
const OF_EVENT = new Set(['type', 'delta', 'usage', 'index', 'message', 'content_block']);

/** Reads events in the order in which they come, and keeps the blocks for the next request. */
export class MessageReader {
  private readonly round: Round;
  /** Every block of the answer, in the order in which they began. */
  private readonly blocks: Block[] = [];
  /** The newest block at each index of the wire. */
  private readonly byIndex = new Map<number, Block>();
  private newest: Block | undefined;
  private messageId: string | undefined;
  private readonly usage: Fields = {};

  constructor(round: Round) {
    this.round = round;
  }

  read(event: MessageEvent, out: Output<ModelEvent>): void {
    switch (event.type) {
      case 'message_start':
        if (event.message) this.startMessage(event.message, out);
        else this.round.start(undefined, undefined, out);
        return;
      case 'content_block_start':
        this.round.start(undefined, undefined, out);
        if (event.content_block) this.startBlock(event.content_block, event.index, out);
        return;
      case 'content_block_delta':
        this.round.start(undefined, undefined, out);
        if (event.delta) this.readDelta(event.delta, event.index, out);
        return;
      case 'content_block_stop':
        this.stopAt(event.index, out);
        return;
      case 'message_delta':
        this.readMessageDelta(event, out);
        return;
      case 'message_stop':
        this.settle(out);
        this.round.end(out);
        return;
      default:
        this.round.start(undefined, undefined, out);
        this.round.provider(0, event.type, event as Json, out);
    }
  }

  /** The assistant's message as the provider needs it back. */
  build(): Json {
    return { role: 'assistant', content: this.blocks.map((block) => block.build()).filter((block) => block !== undefined) };
  }

  /** What waited for the rest of its block goes out. */
  settle(out: Output<ModelEvent>): void {
    for (const block of this.blocks) this.complete(block, out);
  }

  private startMessage(message: NonNullable<MessageEvent['message']>, out: Output<ModelEvent>): void {
    const { id, model, content, stop_reason, usage } = message;
    if (this.messageId && id && id !== this.messageId) this.diagnoseSecond(id, out);
    this.messageId ??= id ?? undefined;
    this.round.start(id ?? undefined, model ?? undefined, out);
    this.readUsage(usage, out);
    this.hand(message, OF_MESSAGE, out);
    for (const [index, start] of (content ?? []).entries()) this.readGiven(start, index, out);
    if (stop_reason) this.finish(stop_reason, out);
  }

  /** A block in the message's start is whole, unless it is blank: then its pieces follow. */
  private readGiven(start: ContentBlock, index: number, out: Output<ModelEvent>): void {
    const block = this.startBlock(start, index, out);
    block.given = true;
    if (!block.isBlank) this.stopBlock(block, out);
  }

  private diagnoseSecond(id: string, out: Output<ModelEvent>): void {
    const message = `A second message, ${JSON.stringify(id.slice(0, 64))}, began inside the response. What came of the first one stays.`;
    out.enqueue({ type: 'diagnostic', code: 'second-message', message });
    this.byIndex.clear();
  }

  private startBlock(start: ContentBlock, index: number | null | undefined, out: Output<ModelEvent>): Block {
    const before = typeof index === 'number' ? this.byIndex.get(index) : undefined;
    const again = before?.given === true && before.type === start.type && (before.id ?? start.id) === (start.id ?? before.id);
    if (again && before.isBlank && this.blockSaysNothing(start)) return before;
    const block = new Block(start);
    this.newest = block;
    if (typeof index === 'number') this.byIndex.set(index, block);
    if (again && !before.isBlank) {
      block.repeated = true;
      const message = 'A block of the message came again after its start had it whole. The repeat was dropped.';
      out.enqueue({ type: 'diagnostic', code: 'replay-dropped', message });
      return block;
    }
    this.blocks.push(block);
    this.sayStart(block, start, out);
    return block;
  }

  private blockSaysNothing(start: ContentBlock): boolean {
    return new Block(start).isBlank && !start.text && !start.thinking;
  }

  private sayStart(block: Block, start: ContentBlock, out: Output<ModelEvent>): void {
    if (block.type === 'tool_use') this.beginCall(block, out);
    else if (block.type === 'text' && start.text) this.addText(block, start.text, out);
    else if (block.type === 'thinking' && start.thinking) this.addThinking(block, start.thinking, out);
    if (block.type === 'thinking' && start.signature) this.round.provider(0, 'signature', { signature: start.signature }, out);
    const { citations } = start as { readonly citations?: unknown };
    if (block.type === 'text' && Array.isArray(citations)) {
      for (const citation of citations) this.round.provider(0, 'citation', citation as Json, out);
    }
  }

  private beginCall(block: Block, out: Output<ModelEvent>): void {
    // Each block is a call, whatever ids and indexes say: so the index is our own.
    const { id, name } = block;
    block.call = this.round.call(0, { index: this.blocks.indexOf(block), id, name, nameIsWhole: true }, out);
  }

  private readDelta(delta: MessageDelta, index: number | null | undefined, out: Output<ModelEvent>): void {
    const block = this.blockAt(index) ?? this.startBlock({ type: typeOfBlock(delta) } as ContentBlock, index, out);
    if (block.repeated) return;
    const { text, thinking, signature, partial_json, citation } = delta;
    if (typeof text === 'string' && block.type === 'text') this.addText(block, text, out);
    else if (typeof thinking === 'string' && block.type === 'thinking') this.addThinking(block, thinking, out);
    else if (typeof signature === 'string' && block.type === 'thinking') {
      block.join({ signature });
      this.round.provider(0, 'signature', { signature }, out);
    } else if (typeof partial_json === 'string') this.addArguments(block, partial_json, out);
    else if (citation && block.type === 'text') {
      block.cite(citation as Json);
      this.round.provider(0, 'citation', citation as Json, out);
    } else {
      block.join(delta);
      if (!block.isProviders) this.round.provider(0, delta.type ?? 'delta', delta as Json, out);
    }
  }

  private addText(block: Block, text: string, out: Output<ModelEvent>): void {
    block.text += text;
    this.round.text(0, text, out);
  }

  private addThinking(block: Block, text: string, out: Output<ModelEvent>): void {
    block.text += text;
    this.round.reasoning(0, text, out);
  }

  private addArguments(block: Block, text: string, out: Output<ModelEvent>): void {
    if (text === '') return;
    block.wholeInput = undefined;
    if (block.type !== 'tool_use') block.inputText += text;
    else if (block.call) this.round.appendToCall(0, block.call, text, out);
    // A call without id and name begins with its first argument.
    else block.call = this.round.call(0, { index: this.blocks.indexOf(block), text }, out);
  }

  private stopBlock(block: Block, out: Output<ModelEvent>): void {
    if (block.stopped || block.repeated) return;
    this.complete(block, out);
    block.stopped = true;
    if (block.call) this.round.endCall(0, block.call, out);
  }

  private stopAt(index: number | null | undefined, out: Output<ModelEvent>): void {
    const block = this.blockAt(index);
    if (block) this.stopBlock(block, out);
  }

  /** No more will come for this block: what was kept for that goes out. */
  private complete(block: Block, out: Output<ModelEvent>): void {
    if (block.repeated || block.told) return;
    if (block.isProviders) {
      block.told = true;
      this.round.provider(0, block.type, block.provided(), out);
    } else if (block.call && block.wholeInput !== undefined) {
      this.round.appendToCall(0, block.call, block.wholeInput, out);
      block.wholeInput = undefined;
    }
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
    this.settle(out);
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

  /** The newest block at an index; the newest of all where the wire has no index. */
  private blockAt(index: number | null | undefined): Block | undefined {
    return typeof index === 'number' ? this.byIndex.get(index) : this.newest;
  }
}

/** The kind of block that a delta without one belongs to. */
function typeOfBlock({ type, partial_json }: MessageDelta): string {
  if (typeof partial_json === 'string') return 'tool_use';
  return type === 'thinking_delta' || type === 'signature_delta' ? 'thinking' : 'text';
}

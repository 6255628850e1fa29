import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import { Block } from './anthropic-messages-block.ts';
import type { ContentBlock, MessageDelta } from './anthropic-messages-wire.ts';
import type { Round } from './round.ts';

type Index = number | null | undefined;

/** Reads content blocks as they begin, grow and stop, and keeps them for the next request. */
export class BlockReader {
  private readonly round: Round;
  /** Every block of the answer, in the order in which they began. */
  private readonly blocks: Block[] = [];
  /** The newest block at each index of the wire. */
  private readonly byIndex = new Map<number, Block>();
  private newest: Block | undefined;

  constructor(round: Round) {
    this.round = round;
  }

  /** A block in the message's start is whole, unless it is blank: then its pieces follow. */
  startGiven(start: ContentBlock, index: number, out: Output<ModelEvent>): void {
    const block = this.start(start, index, out);
    block.given = true;
    if (!block.isBlank) this.stop(block, out);
  }

  start(start: ContentBlock, index: Index, out: Output<ModelEvent>): Block {
    const before = typeof index === 'number' ? this.byIndex.get(index) : undefined;
    const again = before?.given === true && before.type === start.type && (before.id ?? start.id) === (start.id ?? before.id);
    const block = again && before.isBlank ? before : new Block(start);
    this.newest = block;
    if (typeof index === 'number') this.byIndex.set(index, block);
    if (block === before) {
      // Announced blank in the message's start: here it begins.
      block.wholeInput = new Block(start).wholeInput;
      this.sayStart(block, start, out);
      return block;
    }
    if (again) {
      block.repeated = true;
      const message = 'A block of the message came again after its start had it whole. The repeat was dropped.';
      out.enqueue({ type: 'diagnostic', code: 'replay-dropped', message });
      return block;
    }
    this.blocks.push(block);
    this.sayStart(block, start, out);
    return block;
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
    if (block.call) return;
    // Each block is a call, whatever ids and indexes say: so the index is our own.
    const { id, name } = block;
    block.call = this.round.call(0, { index: this.blocks.indexOf(block), id, name, nameIsWhole: true }, out);
  }

  read(delta: MessageDelta, index: Index, out: Output<ModelEvent>): void {
    const block = this.blockAt(index) ?? this.start({ type: typeOfBlock(delta) } as ContentBlock, index, out);
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
      if (!block.isProviders) this.round.provider(0, delta.type ?? 'delta', { ...delta } as Json, out);
    }
  }

  private addText(block: Block, text: string, out: Output<ModelEvent>): void {
    block.text.append(text);
    this.round.text(0, text, out);
  }

  private addThinking(block: Block, text: string, out: Output<ModelEvent>): void {
    block.text.append(text);
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

  private stop(block: Block, out: Output<ModelEvent>): void {
    if (block.stopped || block.repeated) return;
    this.complete(block, out);
    block.stopped = true;
    if (block.call) this.round.endCall(0, block.call, out);
  }

  stopAt(index: Index, out: Output<ModelEvent>): void {
    const block = this.blockAt(index);
    if (block) this.stop(block, out);
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

  /** The content as the provider needs it back. */
  build(): Json[] {
    return this.blocks.map((block) => block.build()).filter((block) => block !== undefined);
  }

  /** What waited for the rest of its block goes out. */
  settle(out: Output<ModelEvent>): void {
    for (const block of this.blocks) this.complete(block, out);
  }

  /** Another message begins, and counts its blocks anew. */
  forgetIndexes(): void {
    this.byIndex.clear();
    this.newest = undefined;
  }

  /** The newest block at an index; the newest of all where the wire has no index. */
  private blockAt(index: Index): Block | undefined {
    return typeof index === 'number' ? this.byIndex.get(index) : this.newest;
  }
}

/** The kind of block that a delta without one belongs to. */
function typeOfBlock({ type, partial_json }: MessageDelta): string {
  if (typeof partial_json === 'string') return 'tool_use';
  return type === 'thinking_delta' || type === 'signature_delta' ? 'thinking' : 'text';
}

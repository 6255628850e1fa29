import type { FinishReason, ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { isJsonSpace } from '../json/characters.ts';
import { JsonScanner } from '../json/scanner.ts';
import type { Output } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import { FunctionArguments } from './function-arguments.ts';

/** Blocks that are written as they came: each is named by its type. */
const PROVIDED = new Set(['redacted_thinking', 'server_tool_use', 'mcp_tool_use', 'compaction', 'fallback', 'container_upload']);

interface CallBlock {
  readonly at: number;
  readonly scanner: JsonScanner;
  readonly args: FunctionArguments;
  stopped: boolean;
}

/**
 * Writes content blocks, one after the other as far as the events allow: another block stops text, thinking, and calls whose arguments are
 * whole. A call in the middle of its arguments stays open beside it.
 */
export class BlockWriter {
  private next = 0;
  /** The text or thinking that is being written. */
  private open: { readonly at: number; readonly type: 'text' | 'thinking'; signed: boolean } | undefined;
  private readonly calls = new Map<string, CallBlock>();
  private openCalls: CallBlock[] = [];

  write(event: ModelEvent, out: Output<Frame>): void {
    switch (event.type) {
      case 'text-delta':
        if (event.text !== '') this.delta(this.said('text', out), { type: 'text_delta', text: event.text }, out);
        return;
      case 'reasoning-delta':
        if (event.text !== '') this.delta(this.said('thinking', out), { type: 'thinking_delta', thinking: event.text }, out);
        return;
      case 'tool-call-start': {
        const at = this.begin({ type: 'tool_use', id: event.callId, name: event.name, input: {} }, out);
        const call = { at, scanner: new JsonScanner(), args: new FunctionArguments(), stopped: false };
        this.calls.set(event.callId, call);
        this.openCalls.push(call);
        return;
      }
      case 'tool-call-delta':
        this.argue(this.calls.get(event.callId), event.text, out);
        return;
      case 'tool-call-end':
        this.stopCalls((call) => call === this.calls.get(event.callId), out);
        return;
      default:
    }
  }

  /** Whether a `provider-event` is one that this wire has a word for. */
  canWrite(name: string, data: Json): boolean {
    if (name === 'signature') return isRecord(data) && typeof data.signature === 'string';
    if (name === 'citation') return isRecord(data);
    return isRecord(data) && data.type === name && (PROVIDED.has(name) || name.endsWith('_tool_result'));
  }

  writeProvided(name: string, data: Json, out: Output<Frame>): void {
    if (name === 'signature') {
      const at = this.said('thinking', out);
      if (this.open) this.open.signed = true;
      this.delta(at, { ...(data as { signature: string }), type: 'signature_delta' }, out);
    } else if (name === 'citation') {
      this.delta(this.said('text', out), { type: 'citations_delta', citation: data }, out);
    } else {
      this.stop(this.begin(data, out), out);
    }
  }

  /** The model is done. A call that ends in the middle is not stopped, as Anthropic does it, so that nobody takes it for whole. */
  stopAll(reason: FinishReason, out: Output<Frame>): void {
    const cutShort = reason === 'length' || reason === 'content-filter' || reason === 'error';
    this.stopSaid(out);
    this.stopCalls(({ scanner: { state } }) => (cutShort ? state === 'closed' : state !== 'open'), out);
  }

  /** The block that text or thinking goes to. After its signature, thinking begins another. */
  private said(type: 'text' | 'thinking', out: Output<Frame>): number {
    if (this.open?.type === type && !this.open.signed) return this.open.at;
    const at = this.begin(type === 'text' ? { type, text: '' } : { type, thinking: '', signature: '' }, out);
    this.open = { at, type, signed: false };
    return at;
  }

  private argue(call: CallBlock | undefined, text: string, out: Output<Frame>): void {
    // White space after a call that was stopped says nothing; anything else must not be lost.
    if (!call || text === '' || (call.stopped && isJsonSpace(text))) return;
    call.scanner.push(text);
    this.delta(call.at, { type: 'input_json_delta', partial_json: call.args.read(text) }, out);
  }

  private begin(block: Json, out: Output<Frame>): number {
    this.stopSaid(out);
    this.stopCalls(({ scanner }) => scanner.state === 'closed', out);
    const index = this.next++;
    send('content_block_start', { index, content_block: block }, out);
    return index;
  }

  private stopSaid(out: Output<Frame>): void {
    if (this.open) this.stop(this.open.at, out);
    this.open = undefined;
  }

  private stopCalls(which: (call: CallBlock) => boolean, out: Output<Frame>): void {
    for (const call of this.openCalls) {
      if (!which(call)) continue;
      call.stopped = true;
      this.stop(call.at, out);
    }
    this.openCalls = this.openCalls.filter((call) => !call.stopped);
  }

  private delta(index: number, delta: Json, out: Output<Frame>): void {
    send('content_block_delta', { index, delta }, out);
  }

  private stop(index: number, out: Output<Frame>): void {
    send('content_block_stop', { index }, out);
  }
}

/** One event, under the name that its type is. */
export function send(type: string, fields: { readonly [key: string]: Json }, out: Output<Frame>): void {
  out.enqueue({ event: type, data: JSON.stringify({ type, ...fields }) });
}

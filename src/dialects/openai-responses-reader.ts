import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import { argumentsText } from './arguments-text.ts';
import type { DecoderOptions } from './dialect.ts';
import { type ItemMarks, marksOf, type OutputItem, OutputItems, partsOf, typeOf } from './openai-responses-items.ts';
import { type Item, type ResponseEvent, responseFinish, responseUsage, saysText, type TextEvent, word } from './openai-responses-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';
import { isHeartbeat, type WireReader } from './wire.ts';

/** Items whose words are the answer's own. What other items do (searches, code, MCP) is handed on as it is. */
const READ_ITEMS = new Set(['message', 'reasoning', 'function_call', 'custom_tool_call']);

/** Events that say only what others say as well. */
const SILENT = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.content_part.added',
  'response.content_part.done',
  'response.reasoning_summary_part.added',
  'response.reasoning_summary_part.done',
]);

/** Fields of an event that say where it belongs, and paddings. */
const MARKS = new Set(['type', 'sequence_number', 'obfuscation']);

/** Reads what the events of a response say, and tells it to the round. */
export class ResponseReader implements WireReader {
  readonly round: Round;
  private readonly items = new OutputItems();
  private reasoned = false;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('openai-responses', options, () => this.items.build());
  }

  /** Reads one event. */
  read(event: ResponseEvent, out: Output<ModelEvent>): void {
    const { type, response } = event;
    this.round.sequence = event.sequence_number ?? this.round.sequence;
    const silent = SILENT.has(type) || (!type.startsWith('response.') && isHeartbeat(type));
    if (!silent || response) this.round.start(word(response?.id), word(response?.model), out);
    if (saysText(event)) this.readText(event, out);
    else if (type === 'response.output_item.added') this.readAdded(event, out);
    else if (type === 'response.output_item.done') this.readDone(event, out);
    else if (/^response\.(completed|incomplete|failed|cancelled|done)$/.test(type)) this.readEnd(event, response ?? {}, out);
    else if (!silent) this.passOn(event, out);
  }

  private readText(event: TextEvent, out: Output<ModelEvent>): void {
    const [, kind, what] = event.type.split('.');
    const delta = what === 'delta';
    switch (kind) {
      case 'output_text': {
        const item = this.item('message', event);
        if (delta) this.say(item, `text ${event.content_index ?? 0}`, event.delta, out);
        else if (what === 'done') this.sayRest(item, `text ${event.content_index ?? 0}`, event.text, out);
        else {
          item.annotations++;
          this.passOn(event, out);
        }
        const { logprobs } = event as Item;
        if (delta && Array.isArray(logprobs) && logprobs.length > 0) this.round.provider(0, 'logprobs', logprobs as Json, out);
        return;
      }
      case 'refusal': {
        const item = this.item('message', event);
        if (delta) this.say(item, `refusal ${event.content_index ?? 0}`, event.delta, out);
        else this.sayRest(item, `refusal ${event.content_index ?? 0}`, event.refusal, out);
        return;
      }
      case 'reasoning_text':
      case 'reasoning_summary_text': {
        const item = this.item('reasoning', event);
        const part = kind === 'reasoning_text' ? `reasoning ${event.content_index ?? 0}` : `summary ${event.summary_index ?? 0}`;
        if (delta) this.say(item, part, event.delta, out);
        else this.sayRest(item, part, event.text, out);
        return;
      }
      case 'function_call_arguments': {
        const item = this.item('function_call', event);
        if (delta) this.say(item, 'input', event.delta, out);
        else this.sayRest(item, 'input', argumentsText(event.arguments), out);
        return;
      }
      default: {
        const item = this.item('custom_tool_call', event);
        if (delta) this.say(item, 'input', event.delta, out);
        else this.sayRest(item, 'input', event.input, out);
      }
    }
  }

  private readAdded(event: ResponseEvent, out: Output<ModelEvent>): void {
    const { item: first } = event;
    if (!first) return;
    const type = typeOf(first);
    const marks = marksOf(first, event.output_index);
    const item = this.items.repeated(type, marks) ?? this.items.begin(type, marks);
    item.first ??= first;
    if (READ_ITEMS.has(type)) this.startCall(item, first, out);
    else this.passOn(event, out);
  }

  /** An item is whole: what was not said piece by piece is said now. */
  private readDone(event: ResponseEvent, out: Output<ModelEvent>): void {
    if (!event.item) return;
    const type = typeOf(event.item);
    const marks = marksOf(event.item, event.output_index);
    const item = this.items.find(type, marks) ?? this.items.begin(type, marks);
    if (!READ_ITEMS.has(type)) {
      item.whole = event.item;
      item.done = true;
      this.passOn(event, out);
    } else this.finishItem(item, event.item, out);
  }

  private finishItem(item: OutputItem, whole: Item, out: Output<ModelEvent>, isWhole = true): void {
    this.items.note(item, marksOf(whole, undefined));
    this.startCall(item, whole, out);
    for (const [i, part] of partsOf(whole.summary).entries()) this.sayRest(item, `summary ${i}`, part.text, out);
    for (const [i, part] of partsOf(whole.content).entries()) {
      const kind = item.type === 'reasoning' ? 'reasoning' : 'text';
      if (part.type === 'refusal') this.sayRest(item, `refusal ${i}`, part.refusal, out);
      else this.sayRest(item, `${kind} ${i}`, part.text, out);
    }
    this.sayRest(item, 'input', item.type === 'custom_tool_call' ? whole.input : argumentsText(whole.arguments), out);
    const annotations = partsOf(whole.content).flatMap((part) => partsOf(part.annotations));
    for (; item.annotations < annotations.length; item.annotations++) {
      this.round.provider(0, 'response.output_text.annotation.added', { annotation: annotations[item.annotations] as Json }, out);
    }
    if (isWhole) item.whole = whole;
    if (!isWhole || whole.status !== 'incomplete') this.endCall(item, out);
    item.done = true;
  }

  /** The last event: it has all items once more, or (some servers) none. */
  private readEnd(event: ResponseEvent, response: Item, out: Output<ModelEvent>): void {
    const status = event.type === 'response.done' ? (word(response.status) ?? 'completed') : event.type.slice('response.'.length);
    if (status === 'failed') {
      this.readUsage(response, out);
      throw providerErrorFrom(isRecord(response.error) ? { error: response.error as Json } : (event as Json));
    }
    const taken = new Set<OutputItem>();
    for (const [i, whole] of partsOf(response.output).entries()) {
      const item = this.items.listed(whole, i, taken) ?? this.items.begin(typeOf(whole), marksOf(whole, i));
      taken.add(item);
      if (item.done) continue;
      if (READ_ITEMS.has(item.type)) this.finishItem(item, whole, out);
      else this.readDone({ ...event, type: 'response.output_item.done', item: whole, output_index: item.outputIndex }, out);
    }
    if (status === 'completed') for (const item of this.items.all) if (!item.done) this.finishItem(item, item.first ?? {}, out, false);
    const details = isRecord(response.incomplete_details) ? response.incomplete_details : {};
    const raw = word(details.reason) ?? status;
    const reason = responseFinish(raw);
    this.round.finish(0, reason === 'stop' && this.items.all.some((item) => item.call) ? 'tool-calls' : reason, raw, out);
    this.readUsage(response, out);
    this.round.end(out);
  }

  private readUsage(response: Item, out: Output<ModelEvent>): void {
    if (isRecord(response.usage)) this.round.usageSoFar(responseUsage(response.usage), response.usage as Json, out);
  }

  private item(type: string, event: ItemMarks): OutputItem {
    const item = this.items.find(type, event);
    if (!item) return this.items.begin(type, event);
    this.items.note(item, event);
    return item;
  }

  private startCall(item: OutputItem, from: Item, out: Output<ModelEvent>): void {
    if (item.callIndex < 0) return;
    const name = word(from.name);
    const id = word(from.call_id) ?? (item.callId ? undefined : word(from.id));
    if (item.call?.callId) return;
    item.call = this.round.call(0, { index: item.callIndex, id, name, nameIsWhole: true }, out);
  }

  /** Ends a call. Free text is one JSON string to the events, and only now that string is whole. */
  private endCall(item: OutputItem, out: Output<ModelEvent>): void {
    if (item.done || item.callIndex < 0) return;
    if (item.type === 'custom_tool_call') this.addToCall(item, item.said.has('input') ? '"' : '""', out);
    if (item.call) this.round.endCall(0, item.call, out);
  }

  private addToCall(item: OutputItem, text: string, out: Output<ModelEvent>): void {
    if (item.call) this.round.appendToCall(0, item.call, text, out);
    else item.call = this.round.call(0, { index: item.callIndex, id: item.callId, text }, out);
  }

  private say(item: OutputItem, part: string, text: string | null | undefined, out: Output<ModelEvent>): void {
    if (!text) return;
    const before = item.said.get(part);
    item.said.set(part, (before ?? '') + text);
    const kind = part.slice(0, part.indexOf(' '));
    if (part === 'input') {
      if (item.type === 'function_call') this.addToCall(item, text, out);
      else this.addToCall(item, (before === undefined ? '"' : '') + JSON.stringify(text).slice(1, -1), out);
    } else if (kind === 'text') this.round.text(0, text, out);
    else if (kind === 'refusal') this.round.refusal(0, text, out);
    else {
      // Parts are paragraphs of their own; the items that go back have them apart.
      if (before === undefined && this.reasoned) this.round.reasoning(0, '\n\n', out);
      this.reasoned = true;
      this.round.reasoning(0, text, out);
    }
  }

  /** A whole text: what was said of it is not said again. Where it differs from what was said, that stays. */
  private sayRest(item: OutputItem, part: string, whole: unknown, out: Output<ModelEvent>): void {
    if (typeof whole !== 'string') return;
    const said = item.said.get(part) ?? '';
    if (whole.length > said.length && whole.startsWith(said)) this.say(item, part, whole.slice(said.length), out);
  }

  /** An event that the vocabulary has no word for, as it came. */
  private passOn(event: ResponseEvent, out: Output<ModelEvent>): void {
    const data = Object.fromEntries(Object.entries(event).filter(([key]) => !MARKS.has(key)));
    this.round.provider(0, event.type, data as Json, out);
  }
}

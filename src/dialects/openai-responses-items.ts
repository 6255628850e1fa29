import type { AssembledCall } from '../calls/call.ts';
import { isRecord, type Json } from '../values.ts';
import { type Item, word } from './openai-responses-wire.ts';

/** What tells items apart, as far as an event carries it. */
export interface ItemMarks {
  readonly item_id?: string | null | undefined;
  readonly call_id?: string | null | undefined;
  readonly output_index?: number | null | undefined;
}

/** One entry of a response's `output` while it is written. */
export class OutputItem {
  readonly type: string;
  /** Its place among the client's calls. */
  callIndex = -1;
  call: AssembledCall | undefined;
  /** As `output_item.done` or the last event had it. */
  whole: Item | undefined;
  /** As `output_item.added` had it. */
  first: Item | undefined;
  /** It was done, or stood in the last event. */
  done = false;
  outputIndex: number | undefined;
  callId: string | undefined;
  annotations = 0;
  /** What was said so far, by part: `text 0`, `refusal 0`, `summary 1`, `input`. */
  readonly said = new Map<string, string>();

  constructor(type: string) {
    this.type = type;
  }

  /** What goes back to the server for it. */
  build(): Json | undefined {
    const { call } = this;
    const known = { ...(this.whole ?? this.first) };
    if (this.callIndex >= 0) {
      if (!call) return undefined;
      const said: Item =
        this.type === 'function_call'
          ? { arguments: call.argumentsText.trim() ? call.argumentsText : '{}' }
          : { input: this.said.get('input') ?? '' };
      return { ...known, type: this.type, call_id: call.callId, name: call.name, ...said } as Json;
    }
    if (this.whole) return this.whole as Json;
    if (this.type === 'message') {
      const content = this.parts(
        /^(text|refusal) /,
        (kind, text): Json => (kind === 'text' ? { type: 'output_text', text, annotations: [] } : { type: 'refusal', refusal: text }),
      );
      return content.length > 0 ? { ...known, type: 'message', role: 'assistant', content } : undefined;
    }
    if (this.type === 'reasoning') {
      const summary = this.parts(/^summary /, (_, text) => ({ type: 'summary_text', text }));
      const content = this.parts(/^reasoning /, (_, text) => ({ type: 'reasoning_text', text }));
      return { ...known, type: 'reasoning', summary, ...(content.length > 0 && { content }) };
    }
    return undefined;
  }

  private parts(kinds: RegExp, make: (kind: string, text: string) => Json): Json[] {
    const found = [...this.said].filter(([key, text]) => kinds.test(key) && text !== '');
    return found.map(([key, text]) => make(key.slice(0, key.indexOf(' ')), text));
  }
}

/**
 * Knows which item an event belongs to, by what the event carries: a known item id or call id, else the output index, else the newest item
 * of that type that is open. Some servers give each event of one item another id: then the output index tells.
 */
export class OutputItems {
  readonly all: OutputItem[] = [];
  private readonly byId = new Map<string, OutputItem>();

  /** The item of a type that an event goes on with. */
  find(type: string, marks: ItemMarks): OutputItem | undefined {
    const byId = this.identified(type, marks);
    if (byId) return byId;
    const index = marks.output_index ?? undefined;
    const there = index === undefined ? undefined : newest(this.all, (item) => item.type === type && item.outputIndex === index);
    if (there) return there;
    return newest(this.all, (item) => item.type === type && !item.done && (index === undefined || item.outputIndex === undefined));
  }

  /** The item that `output_item.added` announces once more. */
  repeated(type: string, marks: ItemMarks): OutputItem | undefined {
    const item = this.identified(type, marks);
    if (!item || (marks.call_id && item.callId && marks.call_id !== item.callId)) return undefined;
    return item.outputIndex === (marks.output_index ?? item.outputIndex) ? item : undefined;
  }

  /** The item that the last event's list has at a place: by id, by place, or as the next of its type that was not in the list yet. */
  listed(item: Item, index: number, taken: ReadonlySet<OutputItem>): OutputItem | undefined {
    const type = typeOf(item);
    const marks = { item_id: word(item.id), call_id: word(item.call_id) };
    const free = (found: OutputItem | undefined) => (found && !taken.has(found) ? found : undefined);
    return (
      free(this.identified(type, marks)) ??
      free(this.all.find((one) => one.type === type && one.outputIndex === index)) ??
      this.all.find((one) => one.type === type && !taken.has(one))
    );
  }

  begin(type: string, marks: ItemMarks): OutputItem {
    const item = new OutputItem(type);
    if (type === 'function_call' || type === 'custom_tool_call') item.callIndex = this.all.filter((one) => one.callIndex >= 0).length;
    this.all.push(item);
    this.note(item, marks);
    return item;
  }

  /** Keeps what an event says about its item, so that the next one finds it. */
  note(item: OutputItem, { item_id, call_id, output_index }: ItemMarks): void {
    if (item_id) this.byId.set(`${item.type} ${item_id}`, item);
    if (call_id) {
      item.callId ??= call_id;
      this.byId.set(`${item.type} ${call_id}`, item);
    }
    item.outputIndex ??= output_index ?? undefined;
  }

  build(): Json {
    return this.all.flatMap((item) => item.build() ?? []);
  }

  private identified(type: string, { item_id, call_id }: ItemMarks): OutputItem | undefined {
    return (item_id ? this.byId.get(`${type} ${item_id}`) : undefined) ?? (call_id ? this.byId.get(`${type} ${call_id}`) : undefined);
  }
}

/** What an item is; one that does not say is of no type that is read. */
export function typeOf(item: Item): string {
  return word(item.type) ?? '';
}

/** The marks of an event that carries a whole item. */
export function marksOf(item: Item, output_index: number | null | undefined): ItemMarks {
  return { item_id: word(item.id), call_id: word(item.call_id), output_index };
}

/** The parts of an item's `content` or `summary`. */
export function partsOf(list: unknown): readonly Item[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function newest(items: readonly OutputItem[], fits: (item: OutputItem) => boolean): OutputItem | undefined {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item && fits(item)) return item;
  }
  return undefined;
}

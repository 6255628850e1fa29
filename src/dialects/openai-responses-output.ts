import type { Json } from '../values.ts';

export type Fields = { readonly [key: string]: Json };

/** Writes one event of the response; it gets its sequence number there. */
export type Write = (type: string, fields: Fields) => void;

/** One entry of a response's `output` while it is written out. */
export abstract class WrittenItem {
  readonly id: string;
  readonly index: number;
  private open = true;
  protected readonly write: Write;

  constructor(id: string, index: number, write: Write) {
    this.id = id;
    this.index = index;
    this.write = write;
  }

  /** The item as far as it was written. */
  abstract item(status: string): Fields;

  /** What is marked as done before the item is. */
  protected abstract finishParts(): void;

  announce(): void {
    this.write('response.output_item.added', { output_index: this.index, item: this.item('in_progress') });
  }

  /** Writes the item once more, whole. */
  finish(status: 'completed' | 'incomplete'): void {
    if (!this.open) return;
    this.open = false;
    this.finishParts();
    this.write('response.output_item.done', { output_index: this.index, item: this.item(status) });
  }
}

/** What a part of a message is called, and where its text is. */
const PARTS = {
  text: { type: 'output_text', field: 'text', event: 'output_text' },
  refusal: { type: 'refusal', field: 'refusal', event: 'refusal' },
} as const;

interface WrittenPart {
  readonly kind: keyof typeof PARTS;
  text: string;
}

/** The visible answer: one part for its text, one for a refusal. */
export class WrittenMessage extends WrittenItem {
  private readonly parts: WrittenPart[] = [];

  say(kind: WrittenPart['kind'], text: string): void {
    const { event } = PARTS[kind];
    let part = this.parts.find((one) => one.kind === kind);
    if (!part) {
      part = { kind, text: '' };
      this.parts.push(part);
      this.write('response.content_part.added', { ...this.place(part), part: partOf(part) });
    }
    part.text += text;
    this.write(`response.${event}.delta`, { ...this.place(part), delta: text, ...(kind === 'text' && { logprobs: [] }) });
  }

  item(status: string): Fields {
    return { id: this.id, type: 'message', status, role: 'assistant', content: status === 'in_progress' ? [] : this.parts.map(partOf) };
  }

  protected finishParts(): void {
    for (const part of this.parts) {
      const { event, field } = PARTS[part.kind];
      this.write(`response.${event}.done`, { ...this.place(part), [field]: part.text, ...(part.kind === 'text' && { logprobs: [] }) });
      this.write('response.content_part.done', { ...this.place(part), part: partOf(part) });
    }
  }

  private place(part: WrittenPart): Fields {
    return { item_id: this.id, output_index: this.index, content_index: this.parts.indexOf(part) };
  }
}

function partOf({ kind, text }: WrittenPart): Fields {
  const { type, field } = PARTS[kind];
  return kind === 'text' ? { type, [field]: text, annotations: [], logprobs: [] } : { type, [field]: text };
}

/** The reasoning, as one part of a summary: what clients show. */
export class WrittenReasoning extends WrittenItem {
  private text: string | undefined;

  say(text: string): void {
    if (this.text === undefined) this.write('response.reasoning_summary_part.added', { ...this.place(), part: this.part('') });
    this.text = (this.text ?? '') + text;
    this.write('response.reasoning_summary_text.delta', { ...this.place(), delta: text });
  }

  item(status: string): Fields {
    return { id: this.id, type: 'reasoning', summary: status === 'in_progress' || this.text === undefined ? [] : [this.part(this.text)] };
  }

  protected finishParts(): void {
    const text = this.text ?? '';
    this.write('response.reasoning_summary_text.done', { ...this.place(), text });
    this.write('response.reasoning_summary_part.done', { ...this.place(), part: this.part(text) });
  }

  private part(text: string): Fields {
    return { type: 'summary_text', text };
  }

  private place(): Fields {
    return { item_id: this.id, output_index: this.index, summary_index: 0 };
  }
}

/** A call of a function, or of a custom tool, whose input is plain text. */
export class WrittenCall extends WrittenItem {
  private readonly callId: string;
  private readonly name: string;
  private readonly custom: boolean;
  private text = '';

  constructor(id: string, index: number, write: Write, call: { readonly callId: string; readonly name: string; readonly custom: boolean }) {
    super(id, index, write);
    this.callId = call.callId;
    this.name = call.name;
    this.custom = call.custom;
  }

  say(text: string): void {
    if (text === '') return;
    this.text += text;
    this.write(`response.${this.event}.delta`, { ...this.place(), delta: text });
  }

  item(status: string): Fields {
    const known = { id: this.id, type: this.custom ? 'custom_tool_call' : 'function_call', status, call_id: this.callId, name: this.name };
    return { ...known, [this.field]: status === 'in_progress' ? '' : this.text };
  }

  protected finishParts(): void {
    this.write(`response.${this.event}.done`, { ...this.place(), ...(!this.custom && { name: this.name }), [this.field]: this.text });
  }

  private get event(): string {
    return this.custom ? 'custom_tool_call_input' : 'function_call_arguments';
  }

  private get field(): string {
    return this.custom ? 'input' : 'arguments';
  }

  private place(): Fields {
    return { item_id: this.id, output_index: this.index };
  }
}

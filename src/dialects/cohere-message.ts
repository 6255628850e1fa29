import type { AssembledCall } from '../calls/call.ts';
import type { Json } from '../values.ts';
import type { Fields } from './join-json.ts';

type Kind = 'text' | 'thinking';

/** Keeps the message in Cohere's own form: blocks of content, plan, calls and citations apart from each other. */
export class CohereMessageBuilder {
  private readonly blocks: Array<{ readonly kind: Kind; readonly index: number | undefined; text: string }> = [];
  private readonly citations: Json[] = [];
  private plan = '';

  addContent(kind: Kind, index: number | undefined, text: string): void {
    const last = this.blocks.at(-1);
    if (last && last.kind === kind && last.index === index) last.text += text;
    else if (text !== '') this.blocks.push({ kind, index, text });
  }

  addPlan(text: string): void {
    this.plan += text;
  }

  addCitations(citations: readonly Json[]): void {
    this.citations.push(...citations);
  }

  build(calls: readonly AssembledCall[]): Json {
    const message: Fields = { role: 'assistant' };
    if (this.plan !== '') message.tool_plan = this.plan;
    if (this.blocks.length > 0) message.content = this.blocks.map(({ kind, text }) => ({ type: kind, [kind]: text }));
    else if (calls.length === 0) message.content = '';
    if (calls.length > 0) message.tool_calls = calls.map(({ callId, name, argumentsText }) => writtenCall(callId, name, argumentsText));
    if (this.citations.length > 0) message.citations = this.citations;
    return message;
  }
}

/** A call as the wire has it. Arguments are parsed where they arrive, so none go as `{}`. */
export function writtenCall(id: string, name: string, argumentsText: string): Json {
  return { id, type: 'function', function: { name, arguments: argumentsText.trim() === '' ? '{}' : argumentsText } };
}

import type { AssembledCall } from '../calls/call.ts';
import { JoinedText } from '../joined-text.ts';
import type { Json } from '../values.ts';
import type { Fields } from './join-json.ts';

type Kind = 'text' | 'thinking';

/** Keeps the message in Cohere's own form: blocks of content, plan, calls and citations apart from each other. */
export class CohereMessageBuilder {
  private readonly blocks: Array<{ readonly kind: Kind; readonly index: number | undefined; readonly text: JoinedText }> = [];
  private readonly citations: Json[] = [];
  private readonly plan = new JoinedText();

  addContent(kind: Kind, index: number | undefined, text: string): void {
    const last = this.blocks.at(-1);
    if (last && last.kind === kind && last.index === index) last.text.append(text);
    else if (text !== '') {
      const block = { kind, index, text: new JoinedText() };
      block.text.append(text);
      this.blocks.push(block);
    }
  }

  addPlan(text: string): void {
    this.plan.append(text);
  }

  addCitations(citations: readonly Json[]): void {
    this.citations.push(...citations);
  }

  build(calls: readonly AssembledCall[]): Json {
    const message: Fields = { role: 'assistant' };
    if (this.plan.length > 0) message.tool_plan = this.plan.toString();
    if (this.blocks.length > 0) message.content = this.blocks.map(({ kind, text }) => ({ type: kind, [kind]: text.toString() }));
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

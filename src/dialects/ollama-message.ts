import type { AssembledCall } from '../calls/call.ts';
import { parseJson } from '../json/parse.ts';
import type { Json } from '../values.ts';
import { type Fields, joinFields, setOwn } from './join-json.ts';
import type { OllamaMessage, OllamaToolCall } from './ollama-wire.ts';

/** Message fields that are read elsewhere, or that only ever go from the server to us. */
const NOT_SENT_BACK = new Set(['role', 'content', 'thinking', 'reasoning_content', 'tool_calls', 'images']);

/** Keeps the message in Ollama's own form, unknown fields included, so that the next request gives the server back what it said. */
export class OllamaMessageBuilder {
  private text = '';
  private thinking = '';
  private readonly fields: Fields = {};
  private readonly callFields = new Map<number, OllamaToolCall>();

  addText(text: string): void {
    this.text += text;
  }

  addThinking(text: string): void {
    this.thinking += text;
  }

  addFields(message: OllamaMessage): void {
    joinFields(this.fields, message, NOT_SENT_BACK);
  }

  /** Keeps what one `tool_calls` entry says beyond its id, name and arguments. */
  addCall(index: number, entry: OllamaToolCall): void {
    this.callFields.set(index, entry);
  }

  build(calls: readonly AssembledCall[]): Json {
    const message: Fields = { role: 'assistant', content: this.text };
    if (this.thinking !== '') message.thinking = this.thinking;
    for (const key in this.fields) setOwn(message, key, this.fields[key] as Json);
    if (calls.length > 0) message.tool_calls = calls.map((call) => this.buildCall(call));
    return message;
  }

  private buildCall(call: AssembledCall): Json {
    const { function: called, ...rest } = (this.callFields.get(call.index) ?? { function: {} }) as Fields;
    return {
      ...rest,
      id: call.callId,
      function: { ...(called as Fields), name: call.name, arguments: argumentsObject(call.argumentsText) },
    };
  }
}

/** Arguments as the wire wants them: an object. What is none goes as `{}`. */
export function argumentsObject(text: string): Json {
  try {
    const value = parseJson(text) as Json;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

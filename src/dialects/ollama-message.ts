import type { AssembledCall } from '../calls/call.ts';
import { parseJson } from '../json/parse.ts';
import { isRecord, type Json } from '../values.ts';
import { type Fields, joinFields, setOwn } from './join-json.ts';
import type { OllamaMessage, OllamaToolCall } from './ollama-wire.ts';

/** Message fields that are read elsewhere, or that only ever go from the server to us. */
const NOT_SENT_BACK = new Set(['role', 'content', 'thinking', 'reasoning_content', 'tool_calls', 'images']);

/** Keeps the message in Ollama's own form, unknown fields included, so that the next request gives the server back what it said. */
export class OllamaMessageBuilder {
  private readonly fields: Fields = {};
  /** What the answer is so far. */
  private readonly said: () => { readonly text: string; readonly reasoning: string };
  private readonly entries = new Map<number, { readonly entry: OllamaToolCall; readonly argumentsText: string }>();

  constructor(said: () => { readonly text: string; readonly reasoning: string }) {
    this.said = said;
  }

  addFields(message: OllamaMessage): void {
    joinFields(this.fields, message, NOT_SENT_BACK);
  }

  /** Keeps what one `tool_calls` entry says beyond its id and name; `argumentsText` are its own arguments. */
  addCall(index: number, entry: OllamaToolCall, argumentsText: string): void {
    this.entries.set(index, { entry, argumentsText });
  }

  build(calls: readonly AssembledCall[]): Json {
    const { text, reasoning } = this.said();
    const message: Fields = { role: 'assistant', content: text };
    if (reasoning !== '') message.thinking = reasoning;
    for (const key in this.fields) setOwn(message, key, this.fields[key] as Json);
    if (calls.length > 0) message.tool_calls = calls.map((call) => this.buildCall(call));
    return message;
  }

  private buildCall({ index, callId, name, argumentsText }: AssembledCall): Json {
    const said = this.entries.get(index);
    const { function: called, ...rest } = (said?.entry ?? { function: {} }) as { function: Fields; [key: string]: Json };
    // Parsed already, mostly: they came as an object, in one entry.
    const isWhole = said?.argumentsText === argumentsText && isRecord(called.arguments);
    const args = isWhole ? (called.arguments as Json) : argumentsObject(argumentsText);
    return { ...rest, id: callId, function: { ...called, name, arguments: args } };
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

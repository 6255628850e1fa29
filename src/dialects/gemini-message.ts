import type { AssembledCall } from '../calls/call.ts';
import { parseJson } from '../json/parse.ts';
import { isRecord, type Json } from '../values.ts';
import type { GeminiPart } from './gemini-wire.ts';
import { type Fields, joinFields } from './join-json.ts';

/** What may be joined: a text part that says nothing else. */
const OF_TEXT = new Set(['text', 'thought']);

/**
 * Keeps the parts of candidate 0 as they came, fields nobody here knows included, so that the next request gives them back. Thought
 * signatures stay on the part that had them, even an empty one; neighbouring pieces of text without one are joined.
 */
export class GeminiMessageBuilder {
  private readonly parts: Fields[] = [];
  /** Parts that are calls, and which. */
  private readonly calls = new Map<Fields, AssembledCall>();
  private readonly streamed = new Map<AssembledCall, Fields>();

  addPart(part: GeminiPart): void {
    const last = this.parts.at(-1);
    if (isPlainText(part)) {
      if (part.text === '') return;
      if (last && isPlainText(last) && (last.thought ?? false) === (part.thought ?? false)) {
        last.text = `${last.text as string}${part.text as string}`;
        return;
      }
    }
    this.parts.push({ ...(part as Fields) });
  }

  /** A part with a call, or with a piece of one. */
  addCall(part: GeminiPart, call: AssembledCall): void {
    const known = this.streamed.get(call);
    if (known) {
      joinFields(known, part, FUNCTION_CALL);
      return;
    }
    const kept = { ...(part as Fields) };
    this.parts.push(kept);
    this.calls.set(kept, call);
    if (part.functionCall?.willContinue) this.streamed.set(call, kept);
  }

  build(): Json | undefined {
    if (this.parts.length === 0) return undefined;
    return { role: 'model', parts: this.parts.map((part) => this.buildPart(part)) };
  }

  private buildPart(part: Fields): Json {
    const call = this.calls.get(part);
    if (!call || !isRecord(part.functionCall)) return part;
    const { partialArgs: _, willContinue: __, ...functionCall } = part.functionCall as Fields;
    return { ...part, functionCall: { ...functionCall, args: functionCall.args ?? argumentsObject(call.argumentsText) } };
  }
}

const FUNCTION_CALL = new Set(['functionCall']);

/** Arguments as the wire has them: an object. What is none goes out as an empty one. */
export function argumentsObject(text: string): Json {
  return parsedArguments(text) ?? {};
}

/** The arguments, if they are an object; blank ones are an empty one. */
export function parsedArguments(text: string): Json | undefined {
  if (text.trim() === '') return {};
  try {
    const value = parseJson(text) as Json;
    return isRecord(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function isPlainText(part: { readonly [key: string]: unknown }): boolean {
  if (typeof part.text !== 'string') return false;
  for (const key in part) if (!OF_TEXT.has(key)) return false;
  return true;
}

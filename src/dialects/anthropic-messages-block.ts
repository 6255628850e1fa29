import type { AssembledCall } from '../calls/call.ts';
import { JoinedText } from '../joined-text.ts';
import { parseJson } from '../json/parse.ts';
import { isRecord, type Json } from '../values.ts';
import type { ContentBlock } from './anthropic-messages-wire.ts';
import { type Fields, joinFields } from './join-json.ts';

/** Where the raw text of arguments goes that are no JSON object: the wire has room for objects only. */
const INVALID = 'INVALID_JSON';
/** Read by name; other deltas are joined into the block's fields. */
const READ = new Set(['type', 'text', 'thinking', 'input', 'partial_json', 'citation', 'citations']);

/** One content block as it builds up. */
export class Block {
  readonly type: string;
  /** Everything it says beyond what comes in pieces. */
  readonly fields: Fields = {};
  /** Text, or thinking. */
  readonly text = new JoinedText();
  /** A client's call, once it has begun. */
  call: AssembledCall | undefined;
  /** The arguments that stood in the block's start: they count only if no delta brings any. */
  wholeInput: string | undefined;
  /** The arguments of a call that the server runs. */
  inputText = '';
  stopped = false;
  /** Stood in the message's start. */
  given = false;
  /** A block that came before, whole: what comes now is dropped. */
  repeated = false;
  /** Handed on as a `provider-event`. */
  told = false;
  private citations: Json[] | undefined;

  constructor(start: ContentBlock) {
    this.type = start.type;
    const { input, citations } = start as { readonly input?: unknown; readonly citations?: unknown };
    joinFields(this.fields, start as Fields, READ);
    if (typeof input === 'string' && input.trim() !== '') this.wholeInput = input;
    else if (isRecord(input) && Object.keys(input).length > 0) this.wholeInput = JSON.stringify(input);
    if (Array.isArray(citations)) for (const citation of citations) this.cite(citation as Json);
  }

  get id(): string | undefined {
    return typeof this.fields.id === 'string' ? this.fields.id : undefined;
  }

  get name(): string | undefined {
    return typeof this.fields.name === 'string' ? this.fields.name : undefined;
  }

  /** Whether only the server, not the client, has anything to do with it. */
  get isProviders(): boolean {
    return this.type !== 'text' && this.type !== 'thinking' && this.type !== 'tool_use';
  }

  /** Whether nothing was said in it so far. */
  get isBlank(): boolean {
    return !this.isProviders && this.text.length === 0 && (this.call?.argumentsText ?? '') === '' && this.wholeInput === undefined;
  }

  cite(citation: Json): void {
    this.citations ??= [];
    this.citations.push(structuredClone(citation));
  }

  /** Takes a delta that nobody here knows. */
  join(delta: { readonly [key: string]: unknown }): void {
    joinFields(this.fields, delta, READ);
  }

  /** The block as the next request gives it back; `undefined` where the server would refuse it. */
  build(): Json | undefined {
    const { type, fields } = this;
    const text = this.text.toString();
    switch (type) {
      case 'text':
        // An empty text block is an error in a request.
        if (text.trim() === '') return undefined;
        return { type, ...fields, text, ...(this.citations && { citations: this.citations }) };
      case 'thinking':
        // Cut before it was signed, it would be refused. A server that signs nothing gets back what it wrote.
        if (!fields.signature && (!this.stopped || text === '')) return undefined;
        return { type, ...fields, thinking: text };
      case 'tool_use':
        if (!this.call) return undefined;
        return { type, ...fields, id: this.call.callId, name: this.call.name, input: inputOf(this.call.argumentsText) };
      default:
        return this.provided();
    }
  }

  /** The block of a server tool and the like, whole. */
  provided(): Json {
    const input = this.inputText || this.wholeInput;
    const called = input !== undefined || this.type.endsWith('tool_use');
    const text = this.text.toString();
    return { type: this.type, ...this.fields, ...(text && { text }), ...(called && { input: inputOf(input ?? '') }) };
  }
}

/** Arguments as the object that the wire wants. */
function inputOf(text: string): Json {
  if (text.trim() === '') return {};
  return objectOf(text) ?? { [INVALID]: text };
}

/** The JSON object a text is, if it is one. */
export function objectOf(text: string): { readonly [key: string]: Json } | undefined {
  try {
    const parsed = parseJson(text) as unknown;
    return isRecord(parsed) ? (parsed as { readonly [key: string]: Json }) : undefined;
  } catch {
    return undefined;
  }
}

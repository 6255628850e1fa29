import * as t from 'io-ts';
import { isRecord } from '../values.ts';
import type { Wire } from './wire.ts';
import { describeProblem } from './wire-problem.ts';

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined]);

const Message = t.type({ type: t.string }, 'an object');

const Start = t.type({ id: optional(t.string), model: optional(t.string) });

const TextBlock = t.type({ text: t.string });

/** `arguments`: a string is all of them or a piece, an object is all of them. */
const FunctionCall = t.type({
  id: optional(t.string),
  index: optional(t.number),
  name: optional(t.string),
  arguments: optional(t.union([t.string, t.UnknownRecord])),
  done: optional(t.boolean),
});

const Usage = t.type({ usage: t.UnknownRecord });

const Done = t.type({ finish_reason: optional(t.string), usage: optional(t.UnknownRecord) });

/** The messages a server sends that are read; any other `type` is passed through. */
const duplexMessages = {
  start: Start,
  content_block: TextBlock,
  reasoning: TextBlock,
  refusal: TextBlock,
  function_call: FunctionCall,
  usage: Usage,
  done: Done,
} as const;

export type DuplexFunctionCall = t.TypeOf<typeof FunctionCall>;
export type DuplexDone = t.TypeOf<typeof Done>;

/** A message that is read. */
export type DuplexMessage =
  | ({ readonly type: 'start' } & t.TypeOf<typeof Start>)
  | ({ readonly type: 'content_block' | 'reasoning' | 'refusal' } & t.TypeOf<typeof TextBlock>)
  | ({ readonly type: 'function_call' } & DuplexFunctionCall)
  | ({ readonly type: 'usage' } & t.TypeOf<typeof Usage>)
  | ({ readonly type: 'done' } & DuplexDone);

export const duplexWire: Wire = {
  expected: 'message of the duplex session protocol',
  typed: true,
  isPlain: (payload) => isPlainMessage(payload as DuplexMessage),
  problem(payload) {
    if (looksLikeTextBlock(payload)) return undefined;
    const type = isRecord(payload) && typeof payload.type === 'string' ? payload.type : '';
    return describeProblem(isKnown(type) ? duplexMessages[type] : Message, payload);
  },
};

/** Whether messages of this type are read; any other is passed through. */
export function isKnown(type: string): type is DuplexMessage['type'] {
  return Object.hasOwn(duplexMessages, type);
}

const PLAIN_MESSAGES: ReadonlySet<string> = new Set(['content_block', 'reasoning', 'refusal']);

/** Whether a message says a piece of a text or of arguments, as a string. Other fields are not read. */
function isPlainMessage(message: DuplexMessage): boolean {
  return PLAIN_MESSAGES.has(message.type) || (message.type === 'function_call' && typeof message.arguments === 'string');
}

/** What nearly every message is, at a glance. */
function looksLikeTextBlock(payload: unknown): boolean {
  return isRecord(payload) && payload.type === 'content_block' && typeof payload.text === 'string';
}

/** Token counts, under OpenAI's names or the plain ones. */
export function plainUsage(raw: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  return { ...raw, prompt_tokens: raw.prompt_tokens ?? raw.input_tokens, completion_tokens: raw.completion_tokens ?? raw.output_tokens };
}

import * as t from 'io-ts';
import { isRecord } from '../values.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, oneOf, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  const Message = t.type({ type: t.string }, 'an object');
  const Start = t.type({ id: optional(t.string), model: optional(t.string) });
  const TextBlock = t.type({ text: t.string });

  /** `arguments`: a string is all of them or a piece, an object is all of them. */
  const FunctionCall = t.type({
    id: optional(t.string),
    index: optional(t.number),
    name: optional(t.string),
    arguments: optional(oneOf(t.string, t.UnknownRecord)),
    done: optional(t.boolean),
  });

  const Usage = t.type({ usage: t.UnknownRecord });
  const Done = t.type({ finish_reason: optional(t.string), usage: optional(t.UnknownRecord) });

  /** The messages a server sends that are read; any other `type` is passed through. */
  const messages = {
    start: Start,
    content_block: TextBlock,
    reasoning: TextBlock,
    refusal: TextBlock,
    function_call: FunctionCall,
    usage: Usage,
    done: Done,
  } as const;

  return { Message, messages };
});

type Codecs = ReturnType<typeof codecs>['messages'];
export type DuplexFunctionCall = t.TypeOf<Codecs['function_call']>;
export type DuplexDone = t.TypeOf<Codecs['done']>;

/** A message that is read. */
export type DuplexMessage =
  | ({ readonly type: 'start' } & t.TypeOf<Codecs['start']>)
  | ({ readonly type: 'content_block' | 'reasoning' | 'refusal' } & t.TypeOf<Codecs['content_block']>)
  | ({ readonly type: 'function_call' } & DuplexFunctionCall)
  | ({ readonly type: 'usage' } & t.TypeOf<Codecs['usage']>)
  | ({ readonly type: 'done' } & DuplexDone);

export const duplexWire: Wire = {
  expected: 'message of the duplex session protocol',
  typed: true,
  isPlain: (payload) => isPlainMessage(payload as DuplexMessage),
  problem(payload) {
    if (looksLikeTextBlock(payload)) return undefined;
    const type = isRecord(payload) && typeof payload.type === 'string' ? payload.type : '';
    return describeProblem(isKnown(type) ? codecs().messages[type] : codecs().Message, payload);
  },
};

/** Whether messages of this type are read; any other is passed through. */
export function isKnown(type: string): type is DuplexMessage['type'] {
  return Object.hasOwn(codecs().messages, type);
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

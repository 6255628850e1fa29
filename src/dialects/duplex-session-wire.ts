import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { isRecord } from './openai-chat-wire.ts';

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined]);

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
export const duplexMessages = {
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

/** A message as it is read: one of {@link duplexMessages}, an error, or one this library does not know. */
export type DuplexMessage =
  | ({ readonly type: 'start' } & t.TypeOf<typeof Start>)
  | ({ readonly type: 'content_block' | 'reasoning' | 'refusal' } & t.TypeOf<typeof TextBlock>)
  | ({ readonly type: 'function_call' } & DuplexFunctionCall)
  | ({ readonly type: 'usage' } & t.TypeOf<typeof Usage>)
  | ({ readonly type: 'done' } & DuplexDone)
  | { readonly type: 'error' }
  | { readonly type: 'unknown'; readonly name: string };

/** Reads a message's payload. @returns what is wrong with it otherwise, in words. */
export function readDuplexMessage(payload: unknown): E.Either<string, DuplexMessage> {
  if (!isRecord(payload)) return E.left(payload === undefined ? 'no JSON' : 'expected an object');
  const { type } = payload;
  if (typeof type !== 'string') {
    return payload.error === undefined || payload.error === null ? E.left('expected a string at `type`') : E.right({ type: 'error' });
  }
  if (type === 'error') return E.right({ type });
  if (looksLikeTextBlock(payload)) return E.right(payload);
  if (!Object.hasOwn(duplexMessages, type)) return E.right({ type: 'unknown', name: type });
  const codec: t.Decoder<unknown, unknown> = duplexMessages[type as keyof typeof duplexMessages];
  const decoded = codec.decode(payload);
  if (E.isRight(decoded)) return E.right(payload as unknown as DuplexMessage);
  const deepest = decoded.left.reduce((best, error) => (error.context.length > best.context.length ? error : best));
  const at = deepest.context[1]?.key ?? '';
  return E.left(`\`${at}\` of \`${type}\` is no ${deepest.context[1]?.type.name ?? 'such value'}`);
}

/** What nearly every message is, at a glance. */
function looksLikeTextBlock(payload: object): payload is { readonly type: 'content_block'; readonly text: string } {
  const { type, text } = payload as { readonly type?: unknown; readonly text?: unknown };
  return type === 'content_block' && typeof text === 'string';
}

/** Token counts, under OpenAI's names or the plain ones. */
export function plainUsage(raw: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  return { ...raw, prompt_tokens: raw.prompt_tokens ?? raw.input_tokens, completion_tokens: raw.completion_tokens ?? raw.output_tokens };
}

import type { Json, JsonSchema } from './values.ts';

/** A piece of a user's message. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  /** `url` may be a `data:` URL. */
  | { readonly type: 'image'; readonly url: string };

/** Instructions that stand above the conversation. */
export interface SystemMessage {
  readonly role: 'system';
  readonly content: string;
}

/** What the user says. */
export interface UserMessage {
  readonly role: 'user';
  readonly content: string | readonly ContentPart[];
}

/** A call within an assistant's message. */
export interface MessageToolCall {
  readonly id: string;
  readonly name: string;
  /**
   * The arguments as the model wrote them; plain text as one JSON string. May be invalid JSON: it goes back raw in the same dialect, as `{}` in
   * another.
   */
  readonly argumentsText: string;
}

/** What the model said. */
export interface AssistantMessage {
  readonly role: 'assistant';
  readonly content: string;
  readonly reasoning?: string;
  readonly refusal?: string;
  readonly toolCalls?: readonly MessageToolCall[];
  /** The provider's own form, so that a follow-up in the same dialect loses nothing (signatures, reasoning items). */
  readonly native?: { readonly dialect: string; readonly message: Json };
}

/** The result of one call. */
export interface ToolMessage {
  readonly role: 'tool';
  readonly toolCallId: string;
  readonly name: string;
  /** A string as it is, anything else as JSON. */
  readonly content: string;
  readonly isError?: boolean;
}

/** One message of a conversation, the same for every provider. */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

/**
 * What a tool of plain text may be given: any text, or what a grammar allows. The provider holds the model to the grammar; it is not checked here.
 *
 * @see https://platform.openai.com/docs/guides/function-calling#context-free-grammars
 */
export type TextFormat =
  | { readonly type: 'text' }
  /** `definition` is a grammar for Lark, or a regular expression as Rust's `regex` reads it. */
  | { readonly type: 'grammar'; readonly syntax: 'lark' | 'regex'; readonly definition: string };

/** What a model is told about a tool. `defineTool` makes one; `inputSchema` is what goes on the wire. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description?: string;
  /** Of an object. Of a tool of plain text: how it is declared where the wire has functions alone. */
  readonly inputSchema: JsonSchema;
  /** The input is plain text, not JSON. */
  readonly format?: TextFormat;
}

/** What is asked of a model, the same for every provider. */
export interface ModelRequest {
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDeclaration[];
  /** `auto` by default. A forced choice (`required` or a name) holds for the first round only. */
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly parallelToolCalls?: boolean;
  /** Tokens. */
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  /** How many choices; 1 by default. Only choice 0 calls tools. */
  readonly choices?: number;
  /** Merged into the body last: for what only one provider has. */
  readonly extra?: { readonly [key: string]: unknown };
}

/**
 * A message as a plain object in a variable: TypeScript widens the `role` of `{ role: 'user', content: 'Hi' }` to `string`.
 * The role is checked where the request is used.
 */
export interface PlainMessage {
  readonly role: string;
  readonly content: string;
}

/** A {@link ModelRequest} as callers may write it. */
export interface RequestInput extends Omit<ModelRequest, 'messages'> {
  readonly messages: ReadonlyArray<Message | PlainMessage>;
}

/**
 * Checks what TypeScript could not.
 *
 * @throws TypeError that names the message and says what belongs there.
 */
export function checkedRequest(request: RequestInput): ModelRequest {
  if (!Array.isArray(request?.messages)) {
    throw new TypeError("A request needs `messages`: a list, e.g. `{ messages: [{ role: 'user', content: 'Hi' }] }`.");
  }
  request.messages.forEach(checkMessage);
  return request as ModelRequest;
}

function checkMessage(message: { readonly role?: unknown; readonly content?: unknown; readonly toolCallId?: unknown }, i: number): void {
  const { role, content, toolCallId } = message ?? {};
  if (role !== 'system' && role !== 'user' && role !== 'assistant' && role !== 'tool') {
    throw new TypeError(`\`messages[${i}].role\` is ${JSON.stringify(role)}: use 'system', 'user', 'assistant' or 'tool'.`);
  }
  if (typeof content !== 'string' && !(role === 'user' && Array.isArray(content))) {
    throw new TypeError(`\`messages[${i}].content\` is no string${role === 'user' ? ', and no list of parts' : ''}.`);
  }
  if (role === 'tool' && typeof toolCallId !== 'string') {
    throw new TypeError(
      `\`messages[${i}]\` is the result of a call and needs its \`toolCallId\` (what OpenAI's wire calls \`tool_call_id\`).`,
    );
  }
}

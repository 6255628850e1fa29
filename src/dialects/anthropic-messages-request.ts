import { asFunctionArguments } from '../calls/text-input.ts';
import type { AssistantMessage, ContentPart, Message, ModelRequest, ToolMessage, UserMessage } from '../messages.ts';
import { isRecord } from '../values.ts';
import { objectOf } from './anthropic-messages-block.ts';
import { dataUrlOf } from './data-url.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';

type Body = { [key: string]: unknown };

/** The API refuses a request without `max_tokens`. */
const DEFAULT_MAX_TOKENS = 4096;
/** What the API takes as a call's id. */
const NOT_IN_ID = /[^a-zA-Z0-9_-]/g;

/** Writes a neutral request as the body of `POST /messages`. There is no word for `seed` and `choices`. */
export function encodeMessagesRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest {
  const body: Body = { model: options.model, max_tokens: request.maxOutputTokens ?? DEFAULT_MAX_TOKENS };
  const system = request.messages.flatMap((message) => (message.role === 'system' && message.content !== '' ? [message.content] : []));
  if (system.length > 0) body.system = system.join('\n\n');
  body.messages = encodeTurns(request.messages);
  body.stream = true;
  if (request.tools && request.tools.length > 0) addTools(body, request);
  set(body, 'temperature', request.temperature);
  set(body, 'top_p', request.topP);
  set(body, 'stop_sequences', request.stop);
  return { path: '/messages', headers: { 'anthropic-version': '2023-06-01' }, body: { ...body, ...request.extra } };
}

function addTools(body: Body, { tools, toolChoice, parallelToolCalls }: ModelRequest): void {
  body.tools = tools?.map(({ name, description, inputSchema }) => ({
    name,
    ...(description && { description }),
    input_schema: { type: 'object', ...inputSchema },
  }));
  const oneAtATime = parallelToolCalls === false && toolChoice !== 'none';
  if (toolChoice === undefined && !oneAtATime) return;
  body.tool_choice = { ...encodeChoice(toolChoice ?? 'auto'), ...(oneAtATime && { disable_parallel_tool_use: true }) };
}

function encodeChoice(choice: NonNullable<ModelRequest['toolChoice']>): Body {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: unknown[];
}

/** Roles alternate: neighbours become one turn, and the results of parallel calls one message that begins with them. */
function encodeTurns(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  const ids = new CallIds(messages);
  for (const message of messages) {
    if (message.role === 'system') continue;
    const content: readonly unknown[] = message.role === 'assistant' ? encodeAssistant(message, ids) : encodeUser(message, ids);
    if (content.length === 0) continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content: [...content] });
  }
  return turns.map(({ role, content }) => ({ role, content: role === 'user' ? resultsFirst(content) : content }));
}

function encodeUser(message: UserMessage | ToolMessage, ids: CallIds): unknown[] {
  if (message.role === 'tool') {
    const { toolCallId, content, isError } = message;
    return [{ type: 'tool_result', tool_use_id: ids.of(toolCallId), content, ...(isError && { is_error: true }) }];
  }
  const { content } = message;
  const parts = typeof content === 'string' ? [{ type: 'text', text: content } as const] : content;
  // A blank text is refused.
  return parts.filter((part) => part.type !== 'text' || part.text.trim() !== '').map(encodePart);
}

function encodePart(part: ContentPart): unknown {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const given = dataUrlOf(part.url);
  if (!given?.isBase64 || given.mediaType === '') return { type: 'image', source: { type: 'url', url: part.url } };
  return { type: 'image', source: { type: 'base64', media_type: given.mediaType, data: given.data } };
}

/** Results must stand before anything else that the user says. */
function resultsFirst(content: readonly unknown[]): unknown[] {
  const isResult = (block: unknown) => isRecord(block) && block.type === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

function encodeAssistant(message: AssistantMessage, ids: CallIds): readonly unknown[] {
  const own = nativeOf(message);
  if (own) {
    ids.keep(idsIn(own));
    return own;
  }
  const text = message.content || message.refusal || '';
  const calls = (message.toolCalls ?? []).map((call) => {
    const input = objectOf(asFunctionArguments(call.argumentsText)) ?? {};
    return { type: 'tool_use', id: ids.add(call.id), name: call.name, input };
  });
  return [...(text.trim() === '' ? [] : [{ type: 'text', text }]), ...calls];
}

/**
 * Ids as the API takes them: of its own letters, and no two the same in a conversation. Those of its own messages stay; others are changed
 * where they must be, and results of the calls find them here.
 */
class CallIds {
  /** Written, or the API's own. */
  private readonly taken: Set<string>;
  /** Of any call, so that a changed id does not become one of them. */
  private readonly given: Set<string>;
  /** As each id was written last: it may come again in another round. */
  private readonly newest = new Map<string, string>();

  constructor(messages: readonly Message[]) {
    this.taken = new Set(messages.flatMap((message) => (message.role === 'assistant' ? idsIn(nativeOf(message) ?? []) : [])));
    this.given = new Set(
      messages.flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []) : [])).map(({ id }) => id),
    );
  }

  /** Ids of the API's own message. */
  keep(own: readonly string[]): void {
    for (const id of own) this.newest.set(id, id);
  }

  add(id: string): string {
    const written = id.replace(NOT_IN_ID, '_') || 'call';
    let safe = written;
    for (let n = 1; this.taken.has(safe) || (safe !== id && this.given.has(safe)); n++) safe = `${written}_${n > 1 ? n : ''}`;
    this.taken.add(safe);
    this.newest.set(id, safe);
    return safe;
  }

  of(id: string): string {
    return this.newest.get(id) ?? id;
  }
}

/** The ids of calls among blocks. */
function idsIn(content: readonly unknown[]): string[] {
  return content.flatMap((block) => (isRecord(block) && block.type === 'tool_use' && typeof block.id === 'string' ? [block.id] : []));
}

function nativeOf({ native }: AssistantMessage): readonly unknown[] | undefined {
  if (native?.dialect !== 'anthropic-messages' || !isRecord(native.message)) return undefined;
  return Array.isArray(native.message.content) ? native.message.content : undefined;
}

function set(body: Body, key: string, value: unknown): void {
  if (value !== undefined) body[key] = value;
}

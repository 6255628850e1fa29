import type { AssistantMessage, Message, MessageToolCall, ModelRequest, ToolDeclaration, ToolMessage, UserMessage } from '../messages.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';
import { isRecord } from './openai-chat-wire.ts';

type Body = { [key: string]: unknown };

/** Writes a neutral request as the body of `POST /chat/completions`. */
export function encodeChatRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest {
  const legacy = options.legacyFunctions ?? false;
  const body: Body = { model: options.model, messages: encodeMessages(request.messages, legacy), stream: true };
  if (options.streamUsage ?? true) body.stream_options = { include_usage: true };
  if (request.tools && request.tools.length > 0) addTools(body, request, request.tools, legacy);
  set(body, options.maxTokensField ?? 'max_tokens', request.maxOutputTokens);
  set(body, 'temperature', request.temperature);
  set(body, 'top_p', request.topP);
  set(body, 'stop', request.stop);
  set(body, 'seed', request.seed);
  set(body, 'n', request.choices);
  return { path: '/chat/completions', headers: {}, body: { ...body, ...request.extra } };
}

function addTools(body: Body, request: ModelRequest, tools: readonly ToolDeclaration[], legacy: boolean): void {
  const functions = tools.map(({ name, description, inputSchema }) => ({
    name,
    ...(description && { description }),
    parameters: inputSchema,
  }));
  const choice = request.toolChoice;
  if (legacy) {
    body.functions = functions;
    // The old form knows no `required`: `auto` is the nearest.
    set(body, 'function_call', typeof choice === 'object' ? { name: choice.name } : choice === 'required' ? 'auto' : choice);
    return;
  }
  body.tools = functions.map((declared) => ({ type: 'function', function: declared }));
  set(body, 'tool_choice', typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice);
  set(body, 'parallel_tool_calls', request.parallelToolCalls);
}

function encodeMessages(messages: readonly Message[], legacyWanted: boolean): unknown[] {
  const encoded: unknown[] = [];
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as Message;
    if (message.role === 'system') encoded.push({ role: 'system', content: message.content });
    else if (message.role === 'user') encoded.push({ role: 'user', content: encodeContent(message) });
    else if (message.role === 'tool') encoded.push({ role: 'tool', tool_call_id: message.toolCallId, content: message.content });
    else if (!isLegacy(message, legacyWanted)) encoded.push(encodeAssistant(message));
    else {
      const results = resultsAfter(messages, i);
      encoded.push(...encodeLegacy(message, results));
      i += results.length;
    }
  }
  return encoded;
}

function resultsAfter(messages: readonly Message[], at: number): ToolMessage[] {
  const results: ToolMessage[] = [];
  for (const message of messages.slice(at + 1)) {
    if (message.role !== 'tool') break;
    results.push(message);
  }
  return results;
}

function encodeContent({ content }: UserMessage): unknown {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part : { type: 'image_url', image_url: { url: part.url } }));
}

function encodeAssistant(message: AssistantMessage): unknown {
  const own = nativeOf(message);
  if (own) return own;
  return {
    role: 'assistant',
    content: message.content || (message.toolCalls ? null : ''),
    ...(message.refusal && { refusal: message.refusal }),
    ...(message.toolCalls && {
      tool_calls: message.toolCalls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: validArguments(call) },
      })),
    }),
  };
}

/** In the old form a message holds one call, so each goes out with its result right after it. */
function encodeLegacy(assistant: AssistantMessage, results: readonly ToolMessage[]): unknown[] {
  const calls = assistant.toolCalls ?? [];
  const encoded = calls.flatMap((call, i) => {
    const own = i === 0 ? nativeOf(assistant) : undefined;
    const asked = own ?? {
      role: 'assistant',
      content: (i === 0 && assistant.content) || null,
      function_call: { name: call.name, arguments: validArguments(call) },
    };
    return [asked, ...results.filter((result) => result.toolCallId === call.id).map(legacyResult)];
  });
  const strange = results.filter((result) => !calls.some((call) => call.id === result.toolCallId));
  return [...encoded, ...strange.map(legacyResult)];
}

function legacyResult(result: ToolMessage): unknown {
  return { role: 'function', name: result.name, content: result.content };
}

function isLegacy(message: AssistantMessage, wanted: boolean): boolean {
  if (!message.toolCalls || message.toolCalls.length === 0) return false;
  const own = nativeOf(message);
  return own ? own.function_call !== undefined : wanted;
}

function nativeOf(message: AssistantMessage): { readonly [key: string]: unknown } | undefined {
  const native = message.native;
  return native?.dialect === 'openai-chat' && isRecord(native.message) ? native.message : undefined;
}

/** Arguments of a call that another dialect's model wrote: what is no JSON goes out as `{}`. */
function validArguments(call: MessageToolCall): string {
  try {
    JSON.parse(call.argumentsText);
    return call.argumentsText;
  } catch {
    return '{}';
  }
}

function set(body: Body, key: string, value: unknown): void {
  if (value !== undefined) body[key] = value;
}

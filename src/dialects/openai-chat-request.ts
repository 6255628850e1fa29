import { asFunctionArguments } from '../calls/text-input.ts';
import { parseJson } from '../json/parse.ts';
import type { AssistantMessage, Message, MessageToolCall, ModelRequest, ToolDeclaration, ToolMessage, UserMessage } from '../messages.ts';
import { isRecord } from '../values.ts';
import { CustomTools } from './custom-tools.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';

type Body = { [key: string]: unknown };

/** Writes a neutral request as the body of `POST /chat/completions`. */
export function encodeChatRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest {
  const legacy = options.legacyFunctions ?? false;
  const custom = new CustomTools(!legacy && (options.customTools ?? false), request.tools);
  const body: Body = { model: options.model, messages: encodeMessages(request.messages, legacy, custom), stream: true };
  if (options.streamUsage ?? true) body.stream_options = { include_usage: true };
  if (request.tools && request.tools.length > 0) addTools(body, request, request.tools, legacy, custom);
  set(body, options.maxTokensField ?? 'max_tokens', request.maxOutputTokens);
  set(body, 'temperature', request.temperature);
  set(body, 'top_p', request.topP);
  set(body, 'stop', request.stop);
  set(body, 'seed', request.seed);
  set(body, 'n', request.choices);
  return { path: '/chat/completions', headers: {}, body: { ...body, ...request.extra } };
}

function addTools(body: Body, request: ModelRequest, tools: readonly ToolDeclaration[], legacy: boolean, custom: CustomTools): void {
  const choice = request.toolChoice;
  if (legacy) {
    body.functions = tools.map(functionOf);
    // The old form knows no `required`: `auto` is the nearest.
    set(body, 'function_call', typeof choice === 'object' ? { name: choice.name } : choice === 'required' ? 'auto' : choice);
    return;
  }
  const isCustom = ({ name }: { readonly name: string }) => custom.has(name);
  body.tools = tools.map((tool) =>
    isCustom(tool) ? { type: 'custom', custom: customOf(tool) } : { type: 'function', function: functionOf(tool) },
  );
  const kind = typeof choice === 'object' && isCustom(choice) ? 'custom' : 'function';
  set(body, 'tool_choice', typeof choice === 'object' ? { type: kind, [kind]: { name: choice.name } } : choice);
  set(body, 'parallel_tool_calls', request.parallelToolCalls);
}

function functionOf({ name, description, inputSchema }: ToolDeclaration): Body {
  return { name, ...(description && { description }), parameters: inputSchema };
}

/** The grammar lies one level deeper here than in the Responses API. */
function customOf({ name, description, format }: ToolDeclaration): Body {
  const said = { name, ...(description && { description }) };
  if (format?.type !== 'grammar') return said;
  const { syntax, definition } = format;
  return { ...said, format: { type: 'grammar', grammar: { syntax, definition } } };
}

function encodeMessages(messages: readonly Message[], legacyWanted: boolean, custom: CustomTools): unknown[] {
  const encoded: unknown[] = [];
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as Message;
    if (message.role === 'system') encoded.push({ role: 'system', content: message.content });
    else if (message.role === 'user') encoded.push({ role: 'user', content: encodeContent(message) });
    else if (message.role === 'tool') encoded.push({ role: 'tool', tool_call_id: message.toolCallId, content: message.content });
    else if (!isLegacy(message, legacyWanted)) encoded.push(encodeAssistant(message, custom));
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

function encodeAssistant(message: AssistantMessage, custom: CustomTools): unknown {
  const own = nativeOf(message);
  if (own) return custom.offered || !Array.isArray(own.tool_calls) ? own : { ...own, tool_calls: own.tool_calls.map(asFunctionCall) };
  const calls = message.toolCalls ?? [];
  return {
    role: 'assistant',
    content: message.content || (calls.length > 0 ? null : ''),
    ...(message.refusal && { refusal: message.refusal }),
    // An empty list is refused.
    ...(calls.length > 0 && { tool_calls: calls.map((call) => encodeCall(call, custom)) }),
  };
}

function encodeCall(call: MessageToolCall, custom: CustomTools): unknown {
  const { id, name } = call;
  const input = custom.inputOf(call);
  if (input !== undefined) return { id, type: 'custom', custom: { name, input } };
  return { id, type: 'function', function: { name, arguments: validArguments(call) } };
}

/** A custom tool's call for a server that knows functions alone. */
function asFunctionCall(call: unknown): unknown {
  if (!isRecord(call) || call.type !== 'custom' || !isRecord(call.custom)) return call;
  const { custom, ...rest } = call;
  const { name, input } = custom as Body;
  return { ...rest, type: 'function', function: { name, arguments: asFunctionArguments(JSON.stringify(input ?? '')) } };
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
    parseJson(call.argumentsText);
    return asFunctionArguments(call.argumentsText);
  } catch {
    return '{}';
  }
}

function set(body: Body, key: string, value: unknown): void {
  if (value !== undefined) body[key] = value;
}

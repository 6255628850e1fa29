import { asFunctionArguments } from '../calls/text-input.ts';
import type { AssistantMessage, Message, MessageToolCall, ModelRequest, ToolDeclaration, UserMessage } from '../messages.ts';
import { isRecord } from '../values.ts';
import { CustomTools } from './custom-tools.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';

type Fields = { [key: string]: unknown };

/**
 * Writes a neutral request as the body of `POST /responses`: the whole conversation as `input`, so that the server need not keep anything.
 * Leading system messages are the `instructions`.
 */
export function encodeResponsesRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest {
  const leading = request.messages.findIndex(({ role }) => role !== 'system');
  const from = leading === -1 ? request.messages.length : leading;
  const instructions = request.messages.slice(0, from).map(({ content }) => content as string);
  const body: Fields = { model: options.model };
  if (instructions.length > 0) body.instructions = instructions.join('\n\n');
  const custom = new CustomTools(options.customTools ?? true, request.tools);
  body.input = encodeInput(request.messages.slice(from), request.extra?.store === false, custom);
  body.stream = true;
  if (request.tools && request.tools.length > 0) addTools(body, request, request.tools, custom);
  set(body, 'max_output_tokens', request.maxOutputTokens);
  set(body, 'temperature', request.temperature);
  set(body, 'top_p', request.topP);
  return { path: '/responses', headers: {}, body: { ...body, ...request.extra } };
}

function addTools(body: Fields, request: ModelRequest, tools: readonly ToolDeclaration[], custom: CustomTools): void {
  body.tools = tools.map((tool) => encodeTool(tool, custom));
  const choice = request.toolChoice;
  if (typeof choice === 'object') body.tool_choice = { type: custom.has(choice.name) ? 'custom' : 'function', name: choice.name };
  else set(body, 'tool_choice', choice);
  set(body, 'parallel_tool_calls', request.parallelToolCalls);
}

function encodeTool({ name, description, inputSchema, format }: ToolDeclaration, custom: CustomTools): Fields {
  const said = { name, ...(description && { description }) };
  if (!custom.has(name)) return { type: 'function', ...said, parameters: inputSchema, strict: false };
  return { type: 'custom', ...said, ...(format?.type === 'grammar' && { format }) };
}

function encodeInput(messages: readonly Message[], stateless: boolean, custom: CustomTools): unknown[] {
  const input: unknown[] = [];
  /** Ids of calls whose input was free text: their results have another type. */
  const textCalls = new Set<string>();
  for (const message of messages) {
    switch (message.role) {
      case 'system':
        input.push({ role: 'system', content: message.content });
        break;
      case 'user':
        input.push({ role: 'user', content: encodeContent(message) });
        break;
      case 'assistant':
        for (const item of encodeAssistant(message, stateless, custom)) {
          if (item.type === 'custom_tool_call') textCalls.add(String(item.call_id));
          input.push(item);
        }
        break;
      case 'tool': {
        const type = textCalls.has(message.toolCallId) ? 'custom_tool_call_output' : 'function_call_output';
        input.push({ type, call_id: message.toolCallId, output: message.content });
        break;
      }
    }
  }
  return input;
}

function encodeContent({ content }: UserMessage): unknown {
  if (typeof content === 'string') return content;
  return content.map((part) =>
    part.type === 'text' ? { type: 'input_text', text: part.text } : { type: 'input_image', image_url: part.url, detail: 'auto' },
  );
}

/** The items of a message. A server that keeps nothing knows no reasoning by its id: without its encrypted content it stays here. */
function encodeAssistant(message: AssistantMessage, stateless: boolean, custom: CustomTools): Fields[] {
  const { native } = message;
  if (native?.dialect === 'openai-responses' && Array.isArray(native.message)) {
    const items = native.message.filter(isRecord) as Fields[];
    const known = stateless ? items.filter((item) => item.type !== 'reasoning' || item.encrypted_content) : items;
    // Reasoning that nothing came of, since the answer was cut there, is refused.
    while (known.at(-1)?.type === 'reasoning') known.pop();
    return custom.offered ? known : known.map(asFunctionCall);
  }
  const said = message.content || message.refusal;
  const calls = message.toolCalls?.map((call) => encodeCall(call, custom)) ?? [];
  return said || calls.length === 0 ? [{ role: 'assistant', content: said ?? '' }, ...calls] : calls;
}

function encodeCall(call: MessageToolCall, custom: CustomTools): Fields {
  const { id, name, argumentsText } = call;
  const input = custom.inputOf(call);
  if (input !== undefined) return { type: 'custom_tool_call', call_id: id, name, input };
  // What another dialect's model wrote and is no JSON goes out as `{}`.
  return { type: 'function_call', call_id: id, name, arguments: isJson(argumentsText) ? asFunctionArguments(argumentsText) : '{}' };
}

/** A custom tool's call for a server that knows functions alone. */
function asFunctionCall(item: Fields): Fields {
  if (item.type !== 'custom_tool_call') return item;
  const { input, ...call } = item;
  return { ...call, type: 'function_call', arguments: asFunctionArguments(JSON.stringify(input ?? '')) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function set(body: Fields, key: string, value: unknown): void {
  if (value !== undefined) body[key] = value;
}

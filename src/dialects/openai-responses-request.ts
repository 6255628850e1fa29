import type { AssistantMessage, Message, MessageToolCall, ModelRequest, ToolDeclaration, UserMessage } from '../messages.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';
import { isRecord } from './openai-chat-wire.ts';

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
  body.input = encodeInput(request.messages.slice(from), request.extra?.store === false);
  body.stream = true;
  if (request.tools && request.tools.length > 0) addTools(body, request, request.tools);
  set(body, 'max_output_tokens', request.maxOutputTokens);
  set(body, 'temperature', request.temperature);
  set(body, 'top_p', request.topP);
  return { path: '/responses', headers: {}, body: { ...body, ...request.extra } };
}

function addTools(body: Fields, request: ModelRequest, tools: readonly ToolDeclaration[]): void {
  body.tools = tools.map(encodeTool);
  const choice = request.toolChoice;
  if (typeof choice === 'object') {
    const declared = tools.find(({ name }) => name === choice.name);
    body.tool_choice = { type: declared && takesText(declared) ? 'custom' : 'function', name: choice.name };
  } else set(body, 'tool_choice', choice);
  set(body, 'parallel_tool_calls', request.parallelToolCalls);
}

function encodeTool(tool: ToolDeclaration): Fields {
  const said = { name: tool.name, ...(tool.description && { description: tool.description }) };
  if (!takesText(tool)) return { type: 'function', ...said, parameters: tool.inputSchema, strict: false };
  const { pattern } = tool.inputSchema;
  return {
    type: 'custom',
    ...said,
    ...(typeof pattern === 'string' && { format: { type: 'grammar', syntax: 'regex', definition: pattern } }),
  };
}

/** A function's parameters are an object here; a tool whose whole input is a string is a custom tool, and its input plain text. */
function takesText({ inputSchema }: ToolDeclaration): boolean {
  return inputSchema.type === 'string';
}

function encodeInput(messages: readonly Message[], stateless: boolean): unknown[] {
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
        for (const item of encodeAssistant(message, stateless)) {
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
function encodeAssistant(message: AssistantMessage, stateless: boolean): Fields[] {
  const { native } = message;
  if (native?.dialect === 'openai-responses' && Array.isArray(native.message)) {
    const items = native.message.filter(isRecord) as Fields[];
    const known = stateless ? items.filter((item) => item.type !== 'reasoning' || item.encrypted_content) : items;
    // Reasoning that nothing came of, since the answer was cut there, is refused.
    while (known.at(-1)?.type === 'reasoning') known.pop();
    return known;
  }
  const said = message.content || message.refusal;
  const calls = message.toolCalls?.map(encodeCall) ?? [];
  return said || calls.length === 0 ? [{ role: 'assistant', content: said ?? '' }, ...calls] : calls;
}

function encodeCall({ id, name, argumentsText }: MessageToolCall): Fields {
  let value: unknown;
  try {
    value = JSON.parse(argumentsText) as unknown;
  } catch {
    // What another dialect's model wrote and is no JSON goes out as `{}`.
  }
  if (typeof value === 'string') return { type: 'custom_tool_call', call_id: id, name, input: value };
  return { type: 'function_call', call_id: id, name, arguments: value === undefined ? '{}' : argumentsText };
}

function set(body: Fields, key: string, value: unknown): void {
  if (value !== undefined) body[key] = value;
}

import { asFunctionArguments } from '../calls/text-input.ts';
import { parseJson } from '../json/parse.ts';
import type { AssistantMessage, Message, MessageToolCall, ModelRequest, ToolMessage, UserMessage } from '../messages.ts';
import { isRecord, type Json } from '../values.ts';
import { writtenCall } from './cohere-message.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';

type Body = { [key: string]: unknown };

/** Writes a neutral request as the body of `POST /v2/chat`. */
export function encodeCohereRequest(request: ModelRequest, { model }: EncodeOptions): EncodedRequest {
  const body: Body = { model, messages: request.messages.map(encodeMessage).filter(saysSomething), stream: true };
  addTools(body, request);
  set(body, 'max_tokens', request.maxOutputTokens);
  set(body, 'temperature', request.temperature);
  set(body, 'p', request.topP);
  set(body, 'stop_sequences', request.stop);
  set(body, 'seed', request.seed);
  return { path: '/v2/chat', headers: {}, body: { ...body, ...request.extra } };
}

/** The wire has `REQUIRED` and `NONE`; a name is `REQUIRED` with that tool alone. */
function addTools(body: Body, { tools = [], toolChoice }: ModelRequest): void {
  const offered = typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
  if (offered.length === 0) return;
  body.tools = offered.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: { name, ...(description && { description }), parameters: inputSchema },
  }));
  if (toolChoice === 'none') body.tool_choice = 'NONE';
  else if (toolChoice !== undefined && toolChoice !== 'auto') body.tool_choice = 'REQUIRED';
}

function encodeMessage(message: Message): unknown {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: encodeContent(message) };
    case 'assistant':
      return encodeAssistant(message);
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: encodeResult(message) };
  }
}

function encodeContent({ content }: UserMessage): unknown {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part : { type: 'image_url', image_url: { url: part.url } }));
}

/** Text beside calls is what Cohere calls the plan. */
function encodeAssistant(message: AssistantMessage): unknown {
  if (message.native?.dialect === 'cohere') return message.native.message;
  const calls = message.toolCalls ?? [];
  const text = message.content || (message.refusal ?? '');
  if (calls.length === 0) return { role: 'assistant', content: text };
  return { role: 'assistant', ...(text !== '' && { tool_plan: text }), tool_calls: calls.map(encodeCall) };
}

/** An assistant's message without content and calls is refused. */
function saysSomething(message: unknown): boolean {
  return !isRecord(message) || message.role !== 'assistant' || message.content !== '';
}

/** A call that another dialect's model wrote: what is no JSON goes out as `{}`. */
function encodeCall({ id, name, argumentsText }: MessageToolCall): Json {
  return writtenCall(id, name, parse(argumentsText) === undefined ? '{}' : asFunctionArguments(argumentsText));
}

/** A result is one document, which is an object on the wire and can be cited. */
function encodeResult({ content }: ToolMessage): unknown {
  const value = parse(content);
  return [{ type: 'document', document: { data: isRecord(value) ? value : { content } } }];
}

function parse(text: string): unknown {
  try {
    return parseJson(text) as unknown;
  } catch {
    return undefined;
  }
}

function set(body: Body, key: string, value: unknown): void {
  if (value !== undefined) body[key] = value;
}

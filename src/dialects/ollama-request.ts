import { asFunctionArguments } from '../calls/text-input.ts';
import type { AssistantMessage, ContentPart, Message, ModelRequest, UserMessage } from '../messages.ts';
import { isRecord } from '../values.ts';
import { dataUrlOf } from './data-url.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';
import { argumentsObject } from './ollama-message.ts';

type Body = { [key: string]: unknown };

/**
 * Writes a neutral request as the body of `POST /api/chat`. `extra.options` joins the options the request sets, the rest of `extra` is
 * merged into the body (`think`, `format`, `keep_alive`).
 */
export function encodeOllamaRequest(request: ModelRequest, { model }: EncodeOptions): EncodedRequest {
  const body: Body = { model, messages: request.messages.map(encodeMessage), stream: true };
  const tools = offeredTools(request);
  if (tools.length > 0) body.tools = tools;
  const options: Body = {};
  set(options, 'num_predict', request.maxOutputTokens);
  set(options, 'temperature', request.temperature);
  set(options, 'top_p', request.topP);
  set(options, 'stop', request.stop);
  set(options, 'seed', request.seed);
  const { options: more, ...extra } = request.extra ?? {};
  const all = isRecord(more) ? { ...options, ...more } : options;
  if (Object.keys(all).length > 0) body.options = all;
  return { path: '/api/chat', headers: { accept: 'application/x-ndjson, application/json' }, body: { ...body, ...extra } };
}

/** The wire has no `tool_choice`: `none` offers no tools, a name offers that one, and `required` cannot be said. */
function offeredTools({ tools = [], toolChoice }: ModelRequest): unknown[] {
  if (toolChoice === 'none') return [];
  const offered = typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
  return offered.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: { name, ...(description && { description }), parameters: inputSchema },
  }));
}

function encodeMessage(message: Message): unknown {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return encodeUser(message);
    case 'assistant':
      return encodeAssistant(message);
    case 'tool':
      return { role: 'tool', content: message.content, tool_name: message.name, tool_call_id: message.toolCallId };
  }
}

function encodeUser({ content }: UserMessage): unknown {
  if (typeof content === 'string') return { role: 'user', content };
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const images = content.flatMap((part) => (part.type === 'image' ? [base64Of(part)] : []));
  return { role: 'user', content: text, ...(images.length > 0 && { images }) };
}

function base64Of({ url }: Extract<ContentPart, { readonly type: 'image' }>): string {
  const given = dataUrlOf(url);
  if (given?.isBase64) return given.data;
  throw new TypeError('Ollama takes images as base64 alone: give the image as a URL that begins with `data:image/…;base64,`.');
}

function encodeAssistant(message: AssistantMessage): unknown {
  if (message.native?.dialect === 'ollama') return message.native.message;
  return {
    role: 'assistant',
    content: message.content || (message.refusal ?? ''),
    ...(message.toolCalls && {
      tool_calls: message.toolCalls.map(({ id, name, argumentsText }) => ({
        id,
        function: { name, arguments: argumentsObject(asFunctionArguments(argumentsText)) },
      })),
    }),
  };
}

function set(fields: Body, key: string, value: unknown): void {
  if (value !== undefined) fields[key] = value;
}

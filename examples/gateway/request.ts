import {
  type AssistantMessage,
  type ContentPart,
  defineTool,
  type Json,
  type JsonSchema,
  type Message,
  type MessageToolCall,
  type ModelRequest,
  type ToolDeclaration,
} from 'toolstream';
import type { z } from 'zod';
import { type assistantMessage, body, type custom, type declared, type message, type parts, type texts } from './chat-body.ts';

/** What an OpenAI chat request asks for. */
export interface Asked {
  /** Which of the gateway's models. */
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The client speaks the old form, `functions`, and is answered in it. */
  readonly legacyFunctions: boolean;
  /** Tools whose input is plain text to the client. */
  readonly customTools: readonly string[];
  readonly request: ModelRequest;
  /** Fields that have no place in a {@link ModelRequest}, as they came. */
  readonly extra: { readonly [key: string]: unknown };
}

/** Reads the body of `POST /v1/chat/completions`. @throws ZodError that says what is wrong and where. */
export function readRequest(received: unknown): Asked {
  const { model, messages, stream, stream_options, tools, tool_choice, functions, function_call, ...rest } = body.parse(received);
  const { parallel_tool_calls, max_tokens, max_completion_tokens, temperature, top_p, stop, seed, n, ...extra } = rest;
  const request: ModelRequest = {
    messages: readMessages(messages),
    ...present({
      tools: tools?.map((tool) => (tool.type === 'custom' ? textToolOf(tool.custom) : toolOf(tool.function))) ?? functions?.map(toolOf),
      toolChoice: tool_choice ?? function_call,
      parallelToolCalls: parallel_tool_calls,
      maxOutputTokens: max_completion_tokens ?? max_tokens,
      temperature,
      topP: top_p,
      stop: typeof stop === 'string' ? [stop] : stop,
      seed,
      choices: n,
    }),
  };
  const legacyFunctions = functions !== null && functions !== undefined;
  const customTools = (tools ?? []).flatMap((tool) => (tool.type === 'custom' ? [tool.custom.name] : []));
  const includeUsage = stream_options?.include_usage ?? false;
  return { model, stream: stream ?? false, includeUsage, legacyFunctions, customTools, request, extra };
}

function readMessages(messages: ReadonlyArray<z.infer<typeof message>>): Message[] {
  /** Names of calls by their ids: results have the id alone. */
  const names = new Map<string, string>();
  /** The newest call of the old form, which has no ids. */
  let legacyId = '';
  return messages.map((sent, i): Message => {
    switch (sent.role) {
      case 'user':
        return { role: 'user', content: typeof sent.content === 'string' ? sent.content : sent.content.map(partOf) };
      case 'assistant': {
        if (sent.function_call) legacyId = `call_${i}`;
        const read = assistantOf(sent, legacyId);
        for (const { id, name } of read.toolCalls ?? []) names.set(id, name);
        return read;
      }
      case 'tool':
        return {
          role: 'tool',
          toolCallId: sent.tool_call_id,
          name: names.get(sent.tool_call_id) ?? sent.tool_call_id,
          content: textOf(sent.content),
        };
      case 'function':
        return { role: 'tool', toolCallId: legacyId, name: sent.name, content: sent.content ?? '' };
      default:
        return { role: 'system', content: textOf(sent.content) };
    }
  });
}

/** The message as it came goes along: a server of the same dialect gets it back whole, with its signatures and reasoning. */
function assistantOf(sent: z.infer<typeof assistantMessage>, legacyId: string): AssistantMessage {
  const calls: MessageToolCall[] = (sent.tool_calls ?? []).map((call) =>
    call.type === 'custom'
      ? { id: call.id, name: call.custom.name, argumentsText: JSON.stringify(call.custom.input) }
      : { id: call.id, name: call.function.name, argumentsText: call.function.arguments },
  );
  if (sent.function_call) calls.push({ id: legacyId, name: sent.function_call.name, argumentsText: sent.function_call.arguments });
  return {
    role: 'assistant',
    content: textOf(sent.content ?? ''),
    ...(sent.reasoning_content && { reasoning: sent.reasoning_content }),
    ...(sent.refusal && { refusal: sent.refusal }),
    ...(calls.length > 0 && { toolCalls: calls }),
    native: { dialect: 'openai-chat', message: sent as Json },
  };
}

function textOf(content: z.infer<typeof texts>): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

function partOf(part: z.infer<typeof parts>[number]): ContentPart {
  return part.type === 'text' ? part : { type: 'image', url: part.image_url.url };
}

function toolOf({ name, description, parameters }: z.infer<typeof declared>): ToolDeclaration {
  const inputSchema: JsonSchema = parameters ?? { type: 'object', properties: {} };
  return { name, ...(description && { description }), inputSchema };
}

/** Its text or grammar is the parameters: the library knows how to ask for it where there are functions alone. */
function textToolOf({ name, description = '', format = { type: 'text' } }: z.infer<typeof custom>): ToolDeclaration {
  return defineTool({ name, description, parameters: format.type === 'text' ? format : { type: 'grammar', ...format.grammar } });
}

/** Fields that are there: `null` counts as left out. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as ReturnType<
    typeof present<T>
  >;
}

import type { AssistantMessage, ContentPart, Json, JsonSchema, Message, MessageToolCall, ModelRequest, ToolDeclaration } from 'toolstream';
import { z } from 'zod';

/** What an OpenAI chat request asks for. */
export interface Asked {
  /** Which of the gateway's models. */
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The client speaks the old form, `functions`, and is answered in it. */
  readonly legacyFunctions: boolean;
  readonly request: ModelRequest;
  /** Fields that have no place in a {@link ModelRequest}, as they came. */
  readonly extra: { readonly [key: string]: unknown };
}

const texts = z.union([z.string(), z.array(z.object({ type: z.literal('text'), text: z.string() }))]);
const parts = z.array(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
  ]),
);
const called = z.looseObject({ name: z.string(), arguments: z.string() });
const declared = z.object({
  name: z.string(),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

/** Servers add fields to the assistant's messages, and want them back. */
const assistantMessage = z.looseObject({
  role: z.literal('assistant'),
  content: texts.nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(z.looseObject({ id: z.string(), type: z.literal('function'), function: called })).nullish(),
  function_call: called.nullish(),
});

const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: texts }),
  z.object({ role: z.literal('user'), content: z.union([z.string(), parts]) }),
  assistantMessage,
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: texts }),
  z.object({ role: z.literal('function'), name: z.string(), content: z.string().nullable() }),
]);

const choice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }).transform((of) => ({ name: of.function.name })),
]);

const body = z.looseObject({
  model: z.string(),
  messages: z.array(message),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  tools: z.array(z.object({ type: z.literal('function'), function: declared })).nullish(),
  tool_choice: choice.nullish(),
  functions: z.array(declared).nullish(),
  function_call: z.union([z.enum(['auto', 'none']), z.object({ name: z.string() })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  seed: z.number().nullish(),
  n: z.number().nullish(),
});

/** Reads the body of `POST /v1/chat/completions`. @throws ZodError that says what is wrong and where. */
export function readRequest(received: unknown): Asked {
  const { model, messages, stream, stream_options, tools, tool_choice, functions, function_call, ...rest } = body.parse(received);
  const { parallel_tool_calls, max_tokens, max_completion_tokens, temperature, top_p, stop, seed, n, ...extra } = rest;
  const request: ModelRequest = {
    messages: readMessages(messages),
    ...present({
      tools: tools?.map((tool) => toolOf(tool.function)) ?? functions?.map(toolOf),
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
  return { model, stream: stream ?? false, includeUsage: stream_options?.include_usage ?? false, legacyFunctions, request, extra };
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
  const calls: MessageToolCall[] = (sent.tool_calls ?? []).map(({ id, function: { name, arguments: argumentsText } }) => ({
    id,
    name,
    argumentsText,
  }));
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

/** Fields that are there: `null` counts as left out. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as ReturnType<
    typeof present<T>
  >;
}

import { asFunctionArguments } from '../calls/text-input.ts';
import { parseJson } from '../json/parse.ts';
import type { AssistantMessage, Message, MessageToolCall, ModelRequest, SystemMessage, ToolMessage } from '../messages.ts';

/**
 * A request for a server that knows no tools: they are explained in the system's message, calls and results of the history are written as text.
 * The words are those of Hermes and Qwen, which other models follow too. Neighbouring results become one message of the user, since many chat
 * templates want user and assistant to take turns.
 *
 * @see https://github.com/NousResearch/Hermes-Function-Calling#prompt-format-for-function-calling
 */
export function textRequest(request: ModelRequest): ModelRequest {
  const { messages, tools = [], toolChoice, parallelToolCalls, ...rest } = request;
  const isOffered = tools.length > 0 && toolChoice !== 'none';
  const [first, ...others] = messages;
  if (!isOffered) return { ...rest, messages: textMessages(messages) };
  const system: SystemMessage = { role: 'system', content: instructions({ ...request, tools }) };
  const told =
    first?.role === 'system' ? [{ ...first, content: `${first.content}\n\n${system.content}` }, ...others] : [system, ...messages];
  return { ...rest, messages: textMessages(told) };
}

function instructions({ tools = [], toolChoice = 'auto', parallelToolCalls }: ModelRequest): string {
  const declared = tools.map(({ name, description, inputSchema }) =>
    JSON.stringify({ type: 'function', function: { name, description, parameters: inputSchema } }),
  );
  const must = typeof toolChoice === 'object' ? `Call ${toolChoice.name} now.` : toolChoice === 'required' ? 'Call a function now.' : '';
  return [
    '# Tools\n\nYou may call these functions:',
    `<tools>\n${declared.join('\n')}\n</tools>`,
    'To call one, write a JSON object with its name and arguments between these tags, and nothing behind the last call:',
    '<tool_call>\n{"name": <function-name>, "arguments": <arguments-object>}\n</tool_call>',
    'What it returned follows between <tool_response> tags.',
    ...(must ? [must] : []),
    ...(parallelToolCalls === false ? ['Make one call at a time.'] : []),
  ].join('\n\n');
}

function textMessages(messages: readonly Message[]): Message[] {
  const written: Message[] = [];
  let responses: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      responses.push(response(message));
      continue;
    }
    if (responses.length > 0) written.push({ role: 'user', content: responses.join('\n') });
    responses = [];
    written.push(message.role === 'assistant' && message.toolCalls?.length ? said(message, message.toolCalls) : message);
  }
  if (responses.length > 0) written.push({ role: 'user', content: responses.join('\n') });
  return written;
}

/** The provider's own form has calls, too: it does not go back. */
function said({ native: _, toolCalls: __, ...message }: AssistantMessage, calls: readonly MessageToolCall[]): AssistantMessage {
  const written = calls.map(
    ({ name, argumentsText }) =>
      `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${asJson(asFunctionArguments(argumentsText || '{}'))}}\n</tool_call>`,
  );
  return { ...message, content: [...(message.content ? [message.content] : []), ...written].join('\n') };
}

function response({ name, content, isError }: ToolMessage): string {
  return `<tool_response>\n{"name": ${JSON.stringify(name)}, "${isError ? 'error' : 'content'}": ${asJson(content)}}\n</tool_response>`;
}

/** JSON as it is, anything else as a string. */
function asJson(text: string): string {
  try {
    parseJson(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

import type { ModelRequest, ToolMessage } from '../messages.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';
import { encodeChatRequest } from './openai-chat-request.ts';

/** Writes a neutral request as the `init` message. Messages and parameters have the names of OpenAI's chat. */
export function encodeInit(request: ModelRequest, options: EncodeOptions): EncodedRequest {
  const { extra, ...neutral } = request;
  const { body } = encodeChatRequest(neutral, { ...options, streamUsage: false, customTools: false });
  const { model, messages, stream: _, ...parameters } = body;
  return { path: '', headers: {}, body: { type: 'init', model, messages, stream: true, parameters: { ...parameters, ...extra } } };
}

/** Writes the results of a round's calls, one message each, in their order. */
export function encodeDuplexResults(results: readonly ToolMessage[]): ReadonlyArray<{ readonly [key: string]: unknown }> {
  return results.map(({ toolCallId, name, content, isError }) => ({
    type: 'function_result',
    id: toolCallId,
    name,
    result: content,
    ...(isError && { is_error: true }),
  }));
}

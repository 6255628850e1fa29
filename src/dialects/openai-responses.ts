import type { Dialect } from './dialect.ts';
import { OneResponse } from './one-response.ts';
import { ResponsesDecoder } from './openai-responses-decoder.ts';
import { ResponsesEncoder } from './openai-responses-encoder.ts';
import { encodeResponsesRequest } from './openai-responses-request.ts';

/**
 * OpenAI Responses, and the servers that speak it: text, reasoning and its summaries, refusal, functions, custom tools with free text,
 * server-run tools as they come. The whole conversation goes with each request, so it works with `store: false`.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export const openAiResponses: Dialect = {
  name: 'openai-responses',
  framing: 'sse',
  expresses: new Set([
    'reasoning',
    'refusal',
    'usage',
    'call-ids',
    'call-end',
    'call-fragments',
    'interleaved-calls',
    'text-beside-calls',
    'invalid-arguments',
  ]),
  encodeRequest: encodeResponsesRequest,
  decoder: (options) => new ResponsesDecoder(options),
  encoder: (options) => new OneResponse(new ResponsesEncoder(options)),
  authHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
};

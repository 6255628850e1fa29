import type { Dialect } from './dialect.ts';
import { OneResponse } from './one-response.ts';
import { ResponsesEncoder } from './openai-responses-encoder.ts';
import { ResponseReader } from './openai-responses-reader.ts';
import { encodeResponsesRequest } from './openai-responses-request.ts';
import { resumeResponse } from './openai-responses-resume.ts';
import { responsesWire } from './openai-responses-wire.ts';
import { WireDecoder } from './wire-decoder.ts';

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
  decoder: (options) => new WireDecoder(responsesWire, new ResponseReader(options), options),
  encoder: (options) => new OneResponse(new ResponsesEncoder(options)),
  resumeRequest: resumeResponse,
  authHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
};

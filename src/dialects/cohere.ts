import { CohereEncoder } from './cohere-encoder.ts';
import { CohereReader } from './cohere-reader.ts';
import { encodeCohereRequest } from './cohere-request.ts';
import { cohereWire } from './cohere-wire.ts';
import type { Dialect } from './dialect.ts';
import { OneResponse } from './one-response.ts';
import { WireDecoder } from './wire-decoder.ts';

/**
 * Cohere's chat, `POST /v2/chat`: text, thinking and the plan before calls (both are reasoning), calls in pieces, citations as they come.
 * The endpoint's `url` is the server's, `https://api.cohere.com`, without `/v2`.
 *
 * @see https://docs.cohere.com/v2/reference/chat-stream
 */
export const cohere: Dialect = {
  name: 'cohere',
  framing: 'sse',
  expresses: new Set([
    'reasoning',
    'usage',
    'call-ids',
    'call-end',
    'call-fragments',
    'interleaved-calls',
    'text-beside-calls',
    'invalid-arguments',
  ]),
  encodeRequest: encodeCohereRequest,
  decoder: (options) => new WireDecoder(cohereWire, new CohereReader(options), options),
  encoder: (options) => new OneResponse(new CohereEncoder(options)),
  authHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
};

import { ndjsonParser } from '../ndjson/parser.ts';
import type { Dialect } from './dialect.ts';
import { OllamaEncoder } from './ollama-encoder.ts';
import { OllamaReader } from './ollama-reader.ts';
import { encodeOllamaRequest } from './ollama-request.ts';
import { ollamaWire } from './ollama-wire.ts';
import { OneResponse } from './one-response.ts';
import { WireDecoder } from './wire-decoder.ts';

/**
 * Ollama's own chat API, `POST /api/chat`: newline-delimited JSON, and the same objects over SSE. Text, thinking, calls, which come
 * whole, token counts and durations. The endpoint's `url` is the server's, e.g. `http://localhost:11434`, without `/v1`.
 *
 * @see https://docs.ollama.com/api/chat
 */
export const ollama: Dialect = {
  name: 'ollama',
  framing: 'ndjson',
  alsoFramed: ['sse'],
  parsers: { ndjson: (maxFrameBytes) => ndjsonParser(maxFrameBytes === undefined ? {} : { maxFrameBytes }) },
  expresses: new Set(['reasoning', 'usage', 'call-ids', 'call-end', 'text-beside-calls', 'invalid-arguments']),
  encodeRequest: encodeOllamaRequest,
  decoder: (options) => new WireDecoder(ollamaWire, new OllamaReader(options), options),
  encoder: (options) => new OneResponse(new OllamaEncoder(options)),
  authHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
};

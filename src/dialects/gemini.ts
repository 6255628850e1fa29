import { jsonArrayParser } from '../json/array-items.ts';
import type { Dialect } from './dialect.ts';
import { GeminiEncoder } from './gemini-encoder.ts';
import { GeminiReader } from './gemini-reader.ts';
import { encodeGeminiRequest } from './gemini-request.ts';
import { geminiWire } from './gemini-wire.ts';
import { OneResponse } from './one-response.ts';
import { WireDecoder } from './wire-decoder.ts';

/**
 * Google's Gemini API, `streamGenerateContent`, at Google AI and at Vertex AI: text, thoughts and their signatures, function calls whole or
 * field by field, several candidates, code execution and grounding as provider events. Over SSE, or (without `alt=sse`) as a JSON array
 * read by `parseJsonArray`.
 *
 * @see https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export const gemini: Dialect = {
  name: 'gemini',
  framing: 'sse',
  alsoFramed: ['json-array'],
  parsers: { 'json-array': (maxItemBytes) => jsonArrayParser(maxItemBytes === undefined ? {} : { maxItemBytes }) },
  expresses: new Set(['reasoning', 'usage', 'call-ids', 'call-end', 'text-beside-calls', 'choices']),
  encodeRequest: encodeGeminiRequest,
  decoder: (options) => new WireDecoder(geminiWire, new GeminiReader(options), options),
  encoder: (options) => new OneResponse(new GeminiEncoder(options)),
  authHeaders: (apiKey) => ({ 'x-goog-api-key': apiKey }),
};

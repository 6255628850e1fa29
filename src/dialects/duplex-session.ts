import type { Dialect } from './dialect.ts';
import { DuplexEncoder } from './duplex-session-encoder.ts';
import { DuplexReader } from './duplex-session-reader.ts';
import { encodeDuplexResults, encodeInit } from './duplex-session-request.ts';
import { duplexWire } from './duplex-session-wire.ts';
import { OneResponse } from './one-response.ts';
import { openAiChat } from './openai-chat.ts';
import type { SocketProtocol } from './socket-protocol.ts';
import { WireDecoder } from './wire-decoder.ts';

const expresses: Dialect['expresses'] = new Set([
  'reasoning',
  'refusal',
  'usage',
  'call-ids',
  'call-end',
  'call-fragments',
  'interleaved-calls',
  'text-beside-calls',
  'invalid-arguments',
]);

/**
 * A whole answer over one WebSocket: `init`, then `content_block` and `function_call` messages until `done`, then the results as
 * `function_result` on the same connection, and the stream goes on with the next round.
 *
 * @see docs/protocols/duplex-session.md
 */
export const duplexSession: SocketProtocol = {
  name: 'duplex-session',
  framing: 'messages',
  subprotocol: 'duplex-session',
  endsWith: 'mark',
  expresses,
  encodeRequest: encodeInit,
  encodeResults: encodeDuplexResults,
  decoder: (options) => new WireDecoder(duplexWire, new DuplexReader(options), options),
  encoder: (options) => new OneResponse(new DuplexEncoder(options)),
  authHeaders: (apiKey) => openAiChat.authHeaders(apiKey),
  authMessage: (apiKey) => ({ type: 'auth', token: apiKey }),
};

import type { Dialect } from './dialect.ts';
import { DuplexDecoder } from './duplex-session-decoder.ts';
import { DuplexEncoder } from './duplex-session-encoder.ts';
import { encodeDuplexResults, encodeInit } from './duplex-session-request.ts';
import { openAiChat } from './openai-chat.ts';
import type { SocketProtocol } from './socket-protocol.ts';

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

import { OneResponse } from './one-response.ts';

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
  decoder: (options) => new DuplexDecoder(options),
  encoder: (options) => new OneResponse(new DuplexEncoder(options)),
  authHeaders: openAiChat.authHeaders,
  authMessage: (apiKey) => ({ type: 'auth', token: apiKey }),
};

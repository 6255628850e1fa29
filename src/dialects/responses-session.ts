import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { ToolMessage } from '../messages.ts';
import type { Stage } from '../stage.ts';
import { isRecord } from '../values.ts';
import { openAiResponses } from './openai-responses.ts';
import type { NextRound, SocketProtocol } from './socket-protocol.ts';

/** Codes of errors that are the connection's: it does not know the response before this one, or it is an hour old. */
const SPENT = new Set(['previous_response_not_found', 'websocket_connection_limit_reached']);

/**
 * OpenAI Responses over a WebSocket, a whole answer over one: each round is a `response.create` message, and every message back an event of
 * the response. After the first round only the results go out, with the id of the response before them: the server keeps the rest, with
 * `store: false` too. The key goes in a header.
 *
 * The events are those of {@link openAiResponses}, and so is the provider's own form of the assistant's message: histories go from one to
 * the other.
 *
 * @see https://developers.openai.com/api/docs/guides/websocket-mode
 */
export const responsesSession: SocketProtocol = {
  name: 'responses-session',
  framing: 'messages',
  endsWith: 'mark',
  get expresses() {
    return openAiResponses.expresses;
  },
  encodeRequest: (request, options) => {
    const { stream: _, background: __, ...body } = openAiResponses.encodeRequest(request, options).body;
    return { path: '', headers: {}, body: { type: 'response.create', ...body } };
  },
  encodeResults: (results, next) => [followUp(results, next)],
  isSpent: ({ providerCode = '' }) => SPENT.has(providerCode),
  decoder: (options) => skippingDone(openAiResponses.decoder(options)),
  encoder: (options) => openAiResponses.encoder(options),
  authHeaders: (apiKey) => openAiResponses.authHeaders(apiKey),
};

/**
 * The next request, cut down to what the server does not know. It stays whole, and begins a new chain, where nothing says what it follows, where
 * a conversation that the server keeps forbids to say so, and where its last items are not the results.
 */
function followUp(results: readonly ToolMessage[], { responseId, body }: NextRound): NextRound['body'] {
  const input = Array.isArray(body.input) ? body.input.slice(-results.length) : [];
  const areResults = results.every(({ toolCallId }, i) => isRecord(input[i]) && input[i].call_id === toolCallId);
  if (!responseId || body.conversation || !areResults) return body;
  return { ...body, previous_response_id: responseId, input };
}

/** A relay may send what ends an SSE body: it comes after a round's last event, and so before the first of the next. */
function skippingDone(decoder: Stage<Frame, ModelEvent>): Stage<Frame, ModelEvent> {
  let begun = false;
  return {
    transform: (frame, out) => {
      if (!begun && frame.data === '[DONE]') return;
      begun = true;
      decoder.transform(frame, out);
    },
    flush: (out) => decoder.flush?.(out),
    fail: (error, out) => (decoder.fail ? decoder.fail(error, out) : error),
  };
}

// Anthropic's messages, as its servers stream them: named events, blocks that begin and end.

export const contentType = 'text/event-stream';

const usage = { input_tokens: 472, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 2, service_tier: 'standard' };
const message = {
  model: 'claude-sonnet-4-5-20250929',
  id: 'msg_01VYExUoD2gEMU8ZX5j5XBEZ',
  type: 'message',
  role: 'assistant',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage,
};

/** The events of an answer, each with the blank line that ends it. */
export function eventsOf({ text, calls }) {
  const events = [event('message_start', { message }), event('ping', {})];
  let index = 0;
  if (text.length > 0) {
    const deltas = text.map((piece) => ({ type: 'text_delta', text: piece }));
    events.push(...block(index++, { type: 'text', text: '' }, deltas));
  }
  for (const { id, name, fragments } of calls) {
    const deltas = ['', ...fragments].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    events.push(...block(index++, { type: 'tool_use', id: id.replace('call', 'toolu'), name, input: {} }, deltas));
  }
  const stop_reason = calls.length > 0 ? 'tool_use' : 'end_turn';
  events.push(
    event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 89 } }),
    event('message_stop', {}),
  );
  return events;
}

function block(index, content_block, deltas) {
  return [
    event('content_block_start', { index, content_block }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ];
}

function event(type, data) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

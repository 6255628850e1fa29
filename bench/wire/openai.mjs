// OpenAI's chat completion chunks, as its servers write them.

const head = {
  id: 'chatcmpl-BzKqWc1kPqYHn1JwX7cQm3dR5tLeV',
  object: 'chat.completion.chunk',
  created: 1753873311,
  model: 'gpt-4.1-2025-04-14',
  service_tier: 'default',
  system_fingerprint: 'fp_51e1070cf2',
};

export const contentType = 'text/event-stream';

/** The events of an answer, each with the blank line that ends it. */
export function eventsOf({ text, calls }) {
  const events = [chunk({ role: 'assistant', content: '', refusal: null })];
  for (const content of text) events.push(chunk({ content }));
  calls.forEach(({ id, name, fragments }, index) => {
    events.push(chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }));
    for (const fragment of fragments) events.push(chunk({ tool_calls: [{ index, function: { arguments: fragment } }] }));
  });
  events.push(chunk({}, calls.length > 0 ? 'tool_calls' : 'stop'));
  events.push('data: [DONE]\n\n');
  return events;
}

function chunk(delta, finish_reason = null) {
  return `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }] })}\n\n`;
}

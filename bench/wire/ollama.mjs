// Ollama's chat, a JSON document a line. Arguments are never in pieces: each call is one line.

export const contentType = 'application/x-ndjson';

/** The lines of an answer, each with its line break. */
export function eventsOf({ text, calls }) {
  let at = 0;
  const line = (message, end = { done: false }) => {
    const created_at = `2025-08-17T15:59:50.${String(100_000 + at++ * 17).slice(-6)}Z`;
    return `${JSON.stringify({ model: 'qwen3:4b', created_at, message: { role: 'assistant', ...message }, ...end })}\n`;
  };
  const lines = text.map((content) => line({ content }));
  calls.forEach(({ id, name, text: written }, index) => {
    lines.push(line({ content: '', tool_calls: [{ id, function: { index, name, arguments: JSON.parse(written) } }] }));
  });
  const counts = { total_duration: 2_291_000, load_duration: 98_000, prompt_eval_count: 169, eval_count: 89, eval_duration: 1_500_000 };
  lines.push(line({ content: '' }, { done: true, done_reason: 'stop', ...counts }));
  return lines;
}

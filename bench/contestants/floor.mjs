// F1, the floor: what a hand-written loop needs. One reader, one streaming decoder, a split at blank lines, `JSON.parse`, and no more.

const openai = { end: '\n\n', payload: (block) => (block.startsWith('data: ') ? block.slice(6) : undefined), reader: openAiReader };
const anthropic = { end: '\n\n', payload: (block) => block.slice(block.indexOf('\ndata: ') + 7), reader: anthropicReader };
const ollama = { end: '\n', payload: (line) => line, reader: ollamaReader };
const dialects = { openai, anthropic, ollama };

/** @param show wraps what takes a call's fragments: `(fragment) => view of the arguments so far`; for the parsers of partial JSON. */
export function handLoop(dialect, show) {
  const { end, payload, reader } = dialects[dialect];
  return async (fetch, sink) => {
    const response = await fetch('http://model.test/v1/chat/completions', { method: 'POST', body: '{"stream":true}' });
    const body = response.body.getReader();
    const decoder = new TextDecoder();
    const take = reader(sink, show);
    let rest = '';
    for (;;) {
      const { done, value } = await body.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      let from = 0;
      for (let at = rest.indexOf(end); at !== -1; at = rest.indexOf(end, from)) {
        const data = payload(rest.slice(from, at));
        if (data !== undefined && data !== '[DONE]') take(JSON.parse(data));
        from = at + end.length;
      }
      if (from > 0) rest = rest.slice(from);
    }
  };
}

/** A call is over when the next one begins, or with the reason why the model stopped. */
function openAiReader(sink, show) {
  let call;
  const settle = () => {
    if (call) sink.onCall(call.name, JSON.parse(call.text));
    call = undefined;
  };
  return (chunk) => {
    const choice = chunk.choices[0];
    if (!choice) return;
    const { content, tool_calls } = choice.delta;
    if (content) sink.onText(content);
    for (const piece of tool_calls ?? []) {
      if (piece.index !== call?.index) {
        settle();
        call = { index: piece.index, name: piece.function.name, text: '', show: show?.() };
      }
      call.text += piece.function.arguments;
      if (call.show && piece.function.arguments) sink.onView(call.show(piece.function.arguments, call));
    }
    if (choice.finish_reason) settle();
  };
}

function anthropicReader(sink, show) {
  let call;
  return (event) => {
    if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
      call = { name: event.content_block.name, text: '', show: show?.() };
    } else if (event.type === 'content_block_delta') {
      const { delta } = event;
      if (delta.type === 'text_delta') sink.onText(delta.text);
      else if (delta.type === 'input_json_delta') {
        call.text += delta.partial_json;
        if (call.show && delta.partial_json) sink.onView(call.show(delta.partial_json, call));
      }
    } else if (event.type === 'content_block_stop' && call) {
      sink.onCall(call.name, JSON.parse(call.text));
      call = undefined;
    }
  };
}

function ollamaReader(sink) {
  return ({ message }) => {
    if (message.content) sink.onText(message.content);
    for (const call of message.tool_calls ?? []) sink.onCall(call.function.name, call.function.arguments);
  };
}

export const floor = { dialects: Object.keys(dialects), make: ({ dialect }) => handLoop(dialect) };

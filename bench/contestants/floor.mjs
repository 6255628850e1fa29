// F1, the floor: what a hand-written loop needs. One reader, one streaming decoder, a split at blank lines, `JSON.parse`, and no more.

const openai = { end: '\n\n', payload: (block) => (block.startsWith('data: ') ? block.slice(6) : undefined), reader: openAiReader };
const anthropic = { end: '\n\n', payload: (block) => block.slice(block.indexOf('\ndata: ') + 7), reader: anthropicReader };
const ollama = { end: '\n', payload: (line) => line, reader: ollamaReader };
const dialects = { openai, anthropic, ollama };

/** @param viewer A parser of partial JSON (`parsers.mjs`) that shows a call's arguments as they grow; the floor itself has none. */
export function handLoop(dialect, viewer) {
  const { end, payload, reader } = dialects[dialect];
  return async (fetch, sink) => {
    const response = await fetch('http://model.test/v1/chat/completions', { method: 'POST', body: '{"stream":true}' });
    const body = response.body.getReader();
    const decoder = new TextDecoder();
    const ended = [];
    const take = reader(sink, viewer, ended);
    let rest = '';
    for (;;) {
      const { done, value } = await body.read();
      if (done) break;
      rest += decoder.decode(value, { stream: true });
      let from = 0;
      for (let at = rest.indexOf(end); at !== -1; at = rest.indexOf(end, from)) {
        const data = payload(rest.slice(from, at));
        if (data !== undefined && data !== '[DONE]') take(JSON.parse(data));
        from = at + end.length;
      }
      if (from > 0) rest = rest.slice(from);
    }
    if (ended.length > 0) await Promise.all(ended);
  };
}

/** A call is over when the next one begins, or with the reason why the model stopped. */
function openAiReader(sink, viewer, ended) {
  let call;
  const settle = () => {
    if (call) sink.onCall(call.name, JSON.parse(call.text));
    if (call?.viewer) ended.push(call.viewer.end());
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
        call = { index: piece.index, name: piece.function.name, text: '', viewer: viewer?.((view) => sink.onView(view)) };
      }
      call.text += piece.function.arguments;
      if (call.viewer && piece.function.arguments) call.viewer.push(piece.function.arguments, call.text);
    }
    if (choice.finish_reason) settle();
  };
}

function anthropicReader(sink) {
  let call;
  return (event) => {
    if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
      call = { name: event.content_block.name, text: '' };
    } else if (event.type === 'content_block_delta') {
      const { delta } = event;
      if (delta.type === 'text_delta') sink.onText(delta.text);
      else if (delta.type === 'input_json_delta') {
        call.text += delta.partial_json;
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

export const floor = { make: ({ dialect }) => handLoop(dialect) };

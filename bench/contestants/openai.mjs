// The official client of OpenAI: the bare stream, and the helper that accumulates.
import OpenAI from 'openai';
import { clientFetch } from '../lib/client-fetch.mjs';
import { callsByIndex, functions, messages } from '../lib/tools.mjs';

const asked = { model: 'gpt-4.1', messages, tools: functions };

function client() {
  const { wait, fetch } = clientFetch();
  return { wait, completions: new OpenAI({ apiKey: 'key', baseURL: 'http://model.test/v1', maxRetries: 0, fetch }).chat.completions };
}

export const create = {
  make() {
    const { wait, completions } = client();
    return async (fetch, sink) => {
      wait(fetch);
      const calls = callsByIndex(sink);
      for await (const { choices } of await completions.create({ ...asked, stream: true })) {
        const [{ delta, finish_reason }] = choices;
        const { content, tool_calls } = delta;
        if (content) sink.onText(content);
        if (tool_calls) for (const call of tool_calls) calls.add(call.index, call.function.name, call.function.arguments);
        if (finish_reason) calls.settle();
      }
    };
  },
};

/** With `strict` tools the helper parses what there is of the arguments whenever `parsed_arguments` is read. */
export const helper = {
  make({ views }) {
    const { wait, completions } = client();
    const tools = views ? functions.map((each) => ({ ...each, function: { ...each.function, strict: true } })) : functions;
    return async (fetch, sink) => {
      wait(fetch);
      const stream = completions.stream({ ...asked, tools });
      stream.on('content.delta', ({ delta }) => sink.onText(delta));
      if (views) stream.on('tool_calls.function.arguments.delta', (event) => sink.onView(event.parsed_arguments));
      stream.on('tool_calls.function.arguments.done', (event) => sink.onCall(event.name, JSON.parse(event.arguments)));
      await stream.done();
    };
  },
};

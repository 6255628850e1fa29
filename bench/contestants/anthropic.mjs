// The official client of Anthropic: the bare stream, and the helper that accumulates.
import Anthropic from '@anthropic-ai/sdk';
import { clientFetch } from '../lib/client-fetch.mjs';
import { callsByIndex, messages, schema, toolNames } from '../lib/tools.mjs';

const tools = toolNames.map((name) => ({ name, input_schema: schema }));
const asked = { model: 'claude-sonnet-4-5', max_tokens: 1_000, messages, tools };

function client() {
  const { wait, fetch } = clientFetch();
  return { wait, messages: new Anthropic({ apiKey: 'key', baseURL: 'http://model.test', maxRetries: 0, fetch }).messages };
}

export const create = {
  make() {
    const { wait, messages } = client();
    return async (fetch, sink) => {
      wait(fetch);
      const calls = callsByIndex(sink);
      for await (const event of await messages.create({ ...asked, stream: true })) {
        const { index, content_block: block, delta } = event;
        if (block?.type === 'tool_use') calls.add(index, block.name, '');
        else if (delta?.type === 'text_delta') sink.onText(delta.text);
        else if (delta?.type === 'input_json_delta') calls.add(index, '', delta.partial_json);
      }
      calls.settle();
    };
  },
};

export const helper = {
  make() {
    const { wait, messages } = client();
    return async (fetch, sink) => {
      wait(fetch);
      const { content } = await messages
        .stream(asked)
        .on('text', (piece) => sink.onText(piece))
        .finalMessage();
      for (const block of content) if (block.type === 'tool_use') sink.onCall(block.name, block.input);
    };
  },
};

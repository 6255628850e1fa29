// xsAI: every event of `fullStream`. It runs the calls itself.
import { streamText } from '@xsai/stream-text';
import { functions, messages } from '../lib/tools.mjs';

const tools = functions.map((each) => ({ ...each, execute: () => 'done' }));

export const xsai = {
  make: () => async (fetch, sink) => {
    const { fullStream } = streamText({ model: 'gpt-4.1', apiKey: 'key', baseURL: 'http://model.test/v1/', messages, tools, fetch });
    for await (const event of fullStream) {
      if (event.type === 'text-delta') sink.onText(event.text);
      else if (event.type === 'tool-call') sink.onCall(event.toolName, JSON.parse(event.args));
      else if (event.type === 'error') throw event.error;
    }
  },
};

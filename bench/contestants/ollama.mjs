// The official client of Ollama.
import { Ollama } from 'ollama';
import { clientFetch } from '../lib/client-fetch.mjs';
import { functions, messages } from '../lib/tools.mjs';

export const ollama = {
  make() {
    const { wait, fetch } = clientFetch();
    const client = new Ollama({ host: 'http://model.test', fetch });
    return async (own, sink) => {
      wait(own);
      for await (const { message } of await client.chat({ model: 'qwen3:4b', messages, tools: functions, stream: true })) {
        if (message.content) sink.onText(message.content);
        for (const call of message.tool_calls ?? []) sink.onCall(call.function.name, call.function.arguments);
      }
    };
  },
};

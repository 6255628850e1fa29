// The AI SDK with its provider for compatible servers: every part of `fullStream`.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { jsonSchema, streamText, tool } from 'ai';
import { clientFetch } from '../lib/client-fetch.mjs';
import { messages, schema, toolNames } from '../lib/tools.mjs';

const tools = Object.fromEntries(toolNames.map((name) => [name, tool({ description: name, inputSchema: jsonSchema(schema) })]));

export const aiSdk = {
  make() {
    const { wait, fetch } = clientFetch();
    const model = createOpenAICompatible({ name: 'bench', apiKey: 'key', baseURL: 'http://model.test/v1', fetch })('gpt-4.1');
    return async (own, sink) => {
      wait(own);
      let failure;
      const onError = ({ error }) => {
        failure = error;
      };
      for await (const part of streamText({ model, messages, tools, maxRetries: 0, onError }).fullStream) {
        if (part.type === 'text-delta') sink.onText(part.text);
        else if (part.type === 'tool-call') sink.onCall(part.toolName, part.input);
      }
      if (failure) throw failure;
    };
  },
};

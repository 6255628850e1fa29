// TanStack AI with its adapter for OpenAI's chat completions: every chunk of `chat`.
import { chat, toolDefinition } from '@tanstack/ai';
import { createOpenaiChatCompletions } from '@tanstack/ai-openai';
import { clientFetch } from '../lib/client-fetch.mjs';
import { messages, schema, toolNames } from '../lib/tools.mjs';

// Tools of a page: the server hands the calls on and does not run them.
const tools = toolNames.map((name) => toolDefinition({ name, description: name, inputSchema: schema }).client());

export const tanstack = {
  make() {
    const { wait, fetch } = clientFetch();
    const adapter = createOpenaiChatCompletions('gpt-4.1', 'key', { baseURL: 'http://model.test/v1', maxRetries: 0, fetch });
    return async (own, sink) => {
      wait(own);
      const names = new Map();
      for await (const chunk of chat({ adapter, messages, tools })) {
        if (chunk.type === 'TEXT_MESSAGE_CONTENT') sink.onText(chunk.delta);
        else if (chunk.type === 'TOOL_CALL_START') names.set(chunk.toolCallId, chunk.toolCallName);
        else if (chunk.type === 'TOOL_CALL_END') sink.onCall(names.get(chunk.toolCallId), chunk.input);
        else if (chunk.type === 'RUN_ERROR') throw new Error(chunk.message);
      }
    };
  },
};

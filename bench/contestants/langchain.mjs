// LangChain's client of OpenAI: the chunks as they come; where views are wanted, added up as its documentation has it.
import { HumanMessage } from '@langchain/core/messages';
import { concat } from '@langchain/core/utils/stream';
import { ChatOpenAI } from '@langchain/openai';
import { clientFetch } from '../lib/client-fetch.mjs';
import { callsByIndex, functions } from '../lib/tools.mjs';

export const langchain = {
  make({ views }) {
    const { wait, fetch } = clientFetch();
    const configuration = { baseURL: 'http://model.test/v1', fetch };
    const model = new ChatOpenAI({ model: 'gpt-4.1', apiKey: 'key', maxRetries: 0, streamUsage: false, configuration }).bindTools(
      functions,
    );
    return async (own, sink) => {
      wait(own);
      const calls = callsByIndex(sink);
      let sum;
      for await (const chunk of await model.stream([new HumanMessage('Hello')])) {
        if (chunk.text) sink.onText(chunk.text);
        for (const call of chunk.tool_call_chunks ?? []) calls.add(call.index, call.name, call.args);
        if (!views) continue;
        sum = sum === undefined ? chunk : concat(sum, chunk);
        if (sum.tool_calls?.length) sink.onView(sum.tool_calls.at(-1).args);
      }
      calls.settle();
    };
  },
};

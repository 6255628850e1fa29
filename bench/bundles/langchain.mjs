import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { concat } from '@langchain/core/utils/stream';
import { ChatOpenAI } from '@langchain/openai';
import { execute, jsonSchema } from './tool.mjs';

const tools = [{ type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: jsonSchema } }];
const model = new ChatOpenAI({ model: 'gpt-4.1', apiKey: globalThis.key }).bindTools(tools);
const messages = [new HumanMessage('Weather in Tokyo?')];
for (let calls = [{}]; calls.length > 0; ) {
  let answer;
  for await (const chunk of await model.stream(messages)) {
    document.body.append(chunk.text);
    answer = answer ? concat(answer, chunk) : chunk;
  }
  messages.push(answer);
  calls = answer.tool_calls ?? [];
  for (const { id, args } of calls) messages.push(new ToolMessage({ tool_call_id: id, content: await execute(args) }));
}

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { isStepCount, jsonSchema, streamText, tool } from 'ai';
import { execute, jsonSchema as schema } from './tool.mjs';

const provider = createOpenAICompatible({ name: 'openai', apiKey: globalThis.key, baseURL: 'https://api.openai.com/v1' });
const { textStream } = streamText({
  model: provider('gpt-4.1'),
  messages: [{ role: 'user', content: 'Weather in Tokyo?' }],
  tools: { get_weather: tool({ description: 'Weather', inputSchema: jsonSchema(schema), execute }) },
  stopWhen: isStepCount(8),
});
for await (const text of textStream) document.body.append(text);

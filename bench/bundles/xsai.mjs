import { streamText } from '@xsai/stream-text';
import { execute, jsonSchema } from './tool.mjs';

const tool = { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: jsonSchema }, execute };
const { textStream } = streamText({
  model: 'gpt-4.1',
  apiKey: globalThis.key,
  baseURL: 'https://api.openai.com/v1/',
  messages: [{ role: 'user', content: 'Weather in Tokyo?' }],
  tools: [tool],
  maxSteps: 8,
});
for await (const text of textStream) document.body.append(text);

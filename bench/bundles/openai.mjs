import OpenAI from 'openai';
import { execute, jsonSchema } from './tool.mjs';

const client = new OpenAI({ apiKey: globalThis.key, dangerouslyAllowBrowser: true });
const parameters = jsonSchema;
client.chat.completions
  .runTools({
    model: 'gpt-4.1',
    stream: true,
    messages: [{ role: 'user', content: 'Weather in Tokyo?' }],
    tools: [
      { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters, parse: JSON.parse, function: execute } },
    ],
  })
  .on('content', (text) => document.body.append(text));

import { defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { execute, jsonSchema, standard } from './tool.mjs';

const tool = defineTool({ name: 'get_weather', description: 'Weather', parameters: standard, inputSchema: jsonSchema, execute });
const model = httpModel({ dialect: openAiChat, url: 'https://api.openai.com/v1', model: 'gpt-4.1', apiKey: () => globalThis.key });
const request = { messages: [{ role: 'user', content: 'Weather in Tokyo?' }] };
streamAnswer({ model, request, tools: [tool] }).subscribe((event) => {
  if (event.type === 'text-delta') document.body.append(event.text);
});

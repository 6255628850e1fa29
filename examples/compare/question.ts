import { defineTool, type ModelRequest } from 'toolstream';

export const CITY = 'Hanoi';

/** The same for every request and endpoint: a call, then an answer that uses its result. */
export const request: ModelRequest = {
  messages: [
    { role: 'system', content: 'Use the tool for weather. Then answer in two short sentences.' },
    { role: 'user', content: `What is the weather in ${CITY} now, and what should I take with me?` },
  ],
};

/** At once, so that the time measured is the model's. */
export const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const,
  annotations: { readOnlyHint: true },
  execute: ({ city }) => ({ city, celsius: 31, humidity: 84, sky: 'cloudy', forecast: 'a shower towards the evening' }),
});

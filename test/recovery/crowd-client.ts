/** A process with a crowd of answers at once, each with two calls and two rounds. */
import { defineTool, httpModel, openAiChat, streamAnswer } from '../../src/index.ts';
import { nodeFetch } from '../../src/node.ts';
import { endpointUrls, means, measureCrowd } from './crowd-measure.ts';

/** What is shown is that all end, on a machine of any speed: none may run out of time on a slow one. */
const timeouts = { connectMs: Infinity, firstEventMs: Infinity, idleMs: Infinity, totalMs: Infinity };
const fetch = means === 'nodeFetch' ? nodeFetch() : globalThis.fetch;
const models = endpointUrls.map((url) => httpModel({ dialect: openAiChat, url, model: 'm', timeouts, fetch }));
const request = { messages: [{ role: 'user', content: 'go' }] } as const;
let ran = () => {};

const look = defineTool({
  name: 'look',
  description: 'Looks up a city',
  parameters: { type: 'object', properties: { city: { type: 'string' }, sent: { type: 'number' } }, required: ['city'] },
  annotations: { readOnlyHint: true },
  execute: ({ city }) => {
    ran();
    return city;
  },
});

measureCrowd((endpoint, telling) => {
  const model = models[endpoint];
  if (!model) throw new Error(`no endpoint ${endpoint}`);
  ran = telling.ran;
  streamAnswer({ model, request, tools: [look] }).subscribe({
    next: (event) => {
      if (event.type === 'text-delta') telling.text(event.text);
      if (event.type === 'tool-call' && event.arguments._tag === 'Right') telling.call((event.arguments.right as { sent: number }).sent);
    },
    error: (error: Error) => telling.end(`${error.name}: ${error.message}`),
    complete: () => telling.end('answered'),
  });
});

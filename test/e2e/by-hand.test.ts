import * as t from 'io-ts';
import { lastValueFrom, type Observable, toArray } from 'rxjs';
import {
  type AnswerEvent,
  accumulateToolCalls,
  decode,
  defineTool,
  executeTools,
  fetchBytes,
  httpModel,
  httpRequest,
  type ModelRequest,
  measureLatency,
  openAiChat,
  parseSse,
  resumeAfterTools,
  streamAnswer,
} from 'toolstream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aimock, startAimock } from '../support/aimock.ts';

let server: Aimock;
beforeAll(async () => {
  const match = { userMessage: 'Tokyo' };
  server = await startAimock([
    {
      match: { ...match, hasToolResult: false },
      response: {
        id: 'response-1',
        blocks: [
          { type: 'text', text: 'I look it up in Tokyo and in Hà Nội. ' },
          { type: 'toolCall', id: 'call_1', name: 'get_weather', arguments: '{"location":"Tokyo"}' },
          { type: 'toolCall', id: 'call_2', name: 'get_weather', arguments: '{"location":"Hà Nội"}' },
        ],
      },
    },
    { match: { ...match, hasToolResult: true }, response: { id: 'response-2', content: 'It is 22 °C in Tokyo.' } },
  ]);
});
afterAll(() => server.stop());

/** Not read-only, so that the tool starts at the round's end: the order of all events is fixed, whatever the network does. */
const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather',
  parameters: t.type({ location: t.string }),
  execute: ({ location }) => ({ location, celsius: 22 }),
});

/** All events, without what depends on the clock. */
async function eventsOf(source: Observable<AnswerEvent | { readonly type: 'latency' }>): Promise<object[]> {
  const events = await lastValueFrom(source.pipe(toArray()));
  return events.map((event) =>
    event.type === 'latency' ? { type: event.type } : event.type === 'tool-result' ? { ...event, durationMs: 0 } : event,
  );
}

describe('the pipeline by hand, from the bytes', () => {
  it('gives the same events as streamAnswer', async () => {
    const endpoint = { dialect: openAiChat, url: server.url, apiKey: () => 'key', model: 'gpt-4.1' };
    const request: ModelRequest = { messages: [{ role: 'user', content: 'What is the weather in Tokyo?' }] };

    const ask = (r: ModelRequest) =>
      fetchBytes(httpRequest(endpoint, r)).pipe(parseSse(), decode(openAiChat), accumulateToolCalls(), executeTools([weather]));
    const first = { ...request, tools: [weather] };
    const byHand = await eventsOf(ask(first).pipe(resumeAfterTools({ request: first, ask, maxRounds: 8 }), measureLatency()));

    const allInOne = await eventsOf(
      streamAnswer({ model: httpModel(endpoint), request, tools: [weather], maxRounds: 8 }).pipe(measureLatency()),
    );

    expect(byHand).toEqual(allInOne);
    const types = byHand.map((event) => (event as { type: string }).type);
    expect(types.filter((type) => type === 'tool-result')).toHaveLength(2);
    expect(types.slice(-3)).toEqual(['round-end', 'answer-end', 'latency']);
    // Both asked the same, byte for byte.
    const bodies = server.requests().map(({ body }) => body);
    expect(bodies.slice(0, 2)).toEqual(bodies.slice(2));
  });
});

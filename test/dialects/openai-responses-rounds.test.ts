import { type Fixture, type FixtureBlock, LLMock } from '@copilotkit/aimock';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectAnswer } from '../../operators/collectAnswer.ts';
import { streamAnswer } from '../../src/answer.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { defineTool } from '../../src/tools/define-tool.ts';

const call = (id: string, city: string): FixtureBlock => ({ type: 'toolCall', id, name: 'look_up', arguments: JSON.stringify({ city }) });

/** What is answered when so many results are there. */
const after = (results: number, ...blocks: FixtureBlock[]): Fixture => ({
  match: { predicate: ({ messages }) => messages.filter(({ role }) => role === 'tool').length === results },
  response: { blocks },
});

const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 5 });
beforeAll(async () => {
  server.addFixtures([
    after(0, { type: 'text', text: 'Both first. ' }, call('c1', 'Tōkyō'), call('c2', 'Hà Nội')),
    after(2, call('c3', 'Paris'), call('c4', 'Rome')),
    after(4, { type: 'text', text: 'Done: 🌦' }),
  ]);
  await server.start();
});
afterAll(() => server.stop());

it('three rounds with parallel tools, on a server that nobody here wrote', async () => {
  const asked: string[] = [];
  const lookUp = defineTool({
    name: 'look_up',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const,
    execute: ({ city }) => {
      asked.push(city);
      return { city };
    },
  });
  const model = httpModel({ dialect: openAiResponses, url: `${server.url}/v1`, model: 'm', apiKey: 'key' });
  const request = { messages: [{ role: 'system', content: 'Be kind.' } as const, { role: 'user', content: 'Weather?' } as const] };
  const answer = await lastValueFrom(streamAnswer({ model, request, tools: [lookUp] }).pipe(collectAnswer()));

  expect(answer.text).toBe('Both first. Done: 🌦');
  expect(answer).toMatchObject({ finishReason: 'stop', rounds: 3 });
  expect(asked).toEqual(['Tōkyō', 'Hà Nội', 'Paris', 'Rome']);
  const requests = server.getRequests();
  expect(requests.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses', '/v1/responses']);
  const last = requests.at(-1)?.body as unknown as {
    readonly messages: ReadonlyArray<{ readonly role: string; readonly tool_call_id?: string }>;
  };
  expect(last.messages.flatMap((message) => message.tool_call_id ?? [])).toEqual(['c1', 'c2', 'c3', 'c4']);
});

it('a tool of plain text gets that of a custom tool call, and its result goes back as one', async () => {
  const custom = { type: 'custom_tool_call', id: 'ctc', call_id: 'c1', name: 'run', input: 'say "é"' };
  const answers = [
    [
      { type: 'response.output_item.added', item: { ...custom, input: '' } },
      { type: 'response.custom_tool_call_input.delta', delta: 'say ' },
      { type: 'response.custom_tool_call_input.delta', delta: '"é"' },
      { type: 'response.output_item.done', item: custom },
      { type: 'response.completed', response: { id: 'r1', output: [custom] } },
    ],
    [
      { type: 'response.output_text.delta', delta: 'Said.' },
      { type: 'response.completed', response: { id: 'r2' } },
    ],
  ];
  const bodies: Array<{ readonly input: unknown; readonly tools: unknown }> = [];
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    bodies.push(JSON.parse(String(init?.body)));
    const events = answers[bodies.length - 1] ?? [];
    return new Response(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
  };
  const said: string[] = [];
  const run = defineTool({
    name: 'run',
    description: 'Runs a command',
    parameters: { type: 'text' },
    execute: (command) => {
      said.push(command);
      return 'ok';
    },
  });
  const model = httpModel({ dialect: openAiResponses, url: 'https://api.example/v1', model: 'm', fetch });
  const request = { messages: [{ role: 'user', content: 'Say é' } as const] };
  const answer = await lastValueFrom(streamAnswer({ model, request, tools: [run] }).pipe(collectAnswer()));
  expect({ said, text: answer.text }).toEqual({ said: ['say "é"'], text: 'Said.' });
  expect(bodies[0]?.tools).toEqual([{ type: 'custom', name: 'run', description: 'Runs a command' }]);
  expect(bodies[1]?.input).toEqual([
    { role: 'user', content: 'Say é' },
    custom,
    { type: 'custom_tool_call_output', call_id: 'c1', output: 'ok' },
  ]);
});

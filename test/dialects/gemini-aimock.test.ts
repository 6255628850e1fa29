import { LLMock } from '@copilotkit/aimock';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectAnswer } from '../../operators/collectAnswer.ts';
import { streamAnswer } from '../../src/answer.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { defineTool } from '../../src/tools/define-tool.ts';

const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 8 });
const turn = (n: number, blocks: object[]) => ({
  match: {
    predicate: ({ messages }: { messages: ReadonlyArray<{ role: string }> }) =>
      messages.filter(({ role }) => role === 'assistant').length === n,
  },
  response: { blocks },
});
const call = (name: string, args: object) => ({ type: 'toolCall', name, arguments: JSON.stringify(args) });

beforeAll(async () => {
  server.addFixtures([
    turn(0, [{ type: 'text', text: 'Both: ' }, call('add', { a: 1, b: 2 }), call('add', { a: 3, b: 4 })]),
    turn(1, [call('add', { a: 3, b: 7 }), call('name', { of: 'Hà Nội' })]),
    turn(2, [{ type: 'text', text: 'Ten, in Hà Nội.' }]),
  ] as unknown as Parameters<typeof server.addFixtures>[0]);
  await server.start();
});
afterAll(() => server.stop());

it('gemini: a server that nobody here wrote understands three rounds with parallel calls', async () => {
  const number = { type: 'number' } as const;
  const tools = [
    defineTool({
      name: 'add',
      description: 'Adds.',
      parameters: { type: 'object', properties: { a: number, b: number }, required: ['a', 'b'] } as const,
      execute: ({ a, b }) => ({ sum: a + b }),
    }),
    defineTool({
      name: 'name',
      description: 'Says it loudly.',
      parameters: { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] } as const,
      execute: ({ of }) => of.toUpperCase(),
    }),
  ];
  const model = httpModel({ dialect: gemini, url: `${server.url}/v1beta`, model: 'gemini-2.5-flash', apiKey: 'test' });
  const request = {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Go.' },
    ],
  };
  const answer = await lastValueFrom(streamAnswer({ model, request, tools }).pipe(collectAnswer()));
  expect(answer.text).toBe('Both: Ten, in Hà Nội.');
  expect(answer.results.map(({ outcome }) => outcome)).toMatchObject([
    { right: { sum: 3 } },
    { right: { sum: 7 } },
    { right: { sum: 10 } },
    { right: 'HÀ NỘI' },
  ]);

  const asked = server.getRequests();
  expect(asked.map(({ path }) => path)).toEqual(Array(3).fill('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse'));
  const { messages, tools: declared } = (asked.at(-1)?.body ?? {}) as unknown as { messages: object[]; tools: object[] };
  expect(messages.map((message) => (message as { role: string }).role)).toEqual([
    ...['system', 'user', 'assistant', 'tool', 'tool', 'assistant', 'tool', 'tool'],
  ]);
  expect(messages.at(-1)).toMatchObject({ content: expect.stringContaining('HÀ NỘI') as unknown });
  expect(declared).toHaveLength(2);
});

import { LLMock } from '@copilotkit/aimock';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { streamAnswer } from '../../src/answer.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { defineTool } from '../../src/tools/define-tool.ts';

const add = defineTool({
  name: 'add',
  description: 'Adds one.',
  parameters: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] } as const,
  execute: ({ x }) => x + 1,
});

/** Three rounds: parallel calls, one more call, text. */
async function serving<T>(use: (server: LLMock) => Promise<T>): Promise<T> {
  const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 3 });
  const call = (x: number) => ({ name: 'add', arguments: JSON.stringify({ x }) });
  server.addFixtures([
    { match: { userMessage: 'go', sequenceIndex: 0 }, response: { toolCalls: [call(1), call(2)] } },
    { match: { userMessage: 'go', sequenceIndex: 1 }, response: { toolCalls: [call(3)] } },
    { match: { userMessage: 'go', sequenceIndex: 2 }, response: { content: 'Fertig: 4 漢字 👩‍🚀' } },
  ]);
  await server.start();
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

describe('three rounds with parallel tools on a server that nobody here wrote', () => {
  it.each([ollama, cohere])('in $name', async (dialect) => {
    await serving(async (server) => {
      const model = httpModel({ dialect, url: server.url, model: 'm' });
      const answer$ = streamAnswer({ model, tools: [add], request: { messages: [{ role: 'user', content: 'go' }] } });
      const events = await lastValueFrom(answer$.pipe(toArray()));
      expect(events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')).toBe('Fertig: 4 漢字 👩‍🚀');
      const results = events.flatMap((event) => (event.type === 'tool-result' ? [[event.round, event.outcome]] : []));
      expect(results).toEqual([
        [1, { _tag: 'Right', right: 2 }],
        [1, { _tag: 'Right', right: 3 }],
        [2, { _tag: 'Right', right: 4 }],
      ]);
      expect(events.at(-1)).toMatchObject({ type: 'answer-end', reason: 'stop' });
      const roles = server
        .getRequests()
        .map(({ body }) => (body as { messages: Array<{ role: string }> }).messages.map(({ role }) => role));
      expect(roles.at(-1)).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant', 'tool']);
    });
  });
});

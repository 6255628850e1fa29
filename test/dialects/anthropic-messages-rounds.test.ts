import { type Fixture, LLMock } from '@copilotkit/aimock';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectAnswer } from '../../operators/collectAnswer.ts';
import { streamAnswer } from '../../src/answer.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

const call = (id: string, name: string, args: object) => ({ type: 'toolCall' as const, id, name, arguments: JSON.stringify(args) });
const say = (text: string) => ({ type: 'text' as const, text });

/** The n-th response of the model, counted by the assistant's messages before it. */
const turn = (n: number, ...blocks: ReadonlyArray<ReturnType<typeof call> | ReturnType<typeof say>>): Fixture => ({
  match: { predicate: ({ messages }) => messages.filter(({ role }) => role === 'assistant').length === n },
  response: { blocks: [...blocks] },
});

describe('three rounds with parallel tools, against a server that nobody here wrote', () => {
  const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 8 });
  beforeAll(async () => {
    server.addFixtures([
      turn(0, say('Both first. '), call('toolu_1', 'look_up', { city: 'Tōkyō' }), call('toolu_2', 'look_up', { city: 'Hà Nội' })),
      turn(1, call('toolu_3', 'convert', { celsius: 22 }), call('toolu_4', 'convert', { celsius: 31 })),
      turn(2, say('72 and 88.')),
    ]);
    await server.start();
  });
  afterAll(() => server.stop());

  it('run each call once and give the server all results of a round in one message', async () => {
    const ran: string[] = [];
    const parameters = { type: 'object', properties: {} } as const;
    const run = (name: string) => (args: object) => {
      ran.push(`${name} ${JSON.stringify(args)}`);
      return `${name} done`;
    };
    const tools = ['look_up', 'convert'].map((name) => defineTool({ name, description: name, parameters, execute: run(name) }));
    const sent: Array<{ readonly messages: ReadonlyArray<{ readonly role: string; readonly content: readonly object[] }> }> = [];
    const model = httpModel({
      dialect: anthropicMessages,
      url: `${server.url}/v1`,
      model: 'claude',
      apiKey: 'key',
      adaptBody: (body) => {
        sent.push(structuredClone(body) as never);
        return body;
      },
    });
    const request = { messages: [{ role: 'user', content: 'Compare.' } as const] };
    const answer = await lastValueFrom(streamAnswer({ model, request, tools }).pipe(collectAnswer()));

    expect(answer.text).toBe('Both first. 72 and 88.');
    expect(ran.sort()).toEqual([
      'convert {"celsius":22}',
      'convert {"celsius":31}',
      'look_up {"city":"Hà Nội"}',
      'look_up {"city":"Tōkyō"}',
    ]);
    expect(sent).toHaveLength(3);
    expect(sent[2]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    expect(sent[2]?.messages.slice(1, 3)).toMatchObject([
      { content: [{ type: 'text' }, { type: 'tool_use', id: 'toolu_1', input: { city: 'Tōkyō' } }, { type: 'tool_use', id: 'toolu_2' }] },
      {
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: 'look_up done' },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: 'look_up done' },
        ],
      },
    ]);
  });
});

describe('a turn that pauses (anthropic-pause-turn-web-search-streaming-vcr)', () => {
  const [paused] = recordings('anthropic').filter(({ file }) => file.includes('pause-turn'));
  const [done] = recordings('anthropic').filter(({ file }) => file.includes('basic-response'));

  it.runIf(paused && done)('goes on with the assistant content as it came', async () => {
    if (!paused || !done) return;
    const bodies = [recordedBytes(paused), recordedBytes(done)];
    const sent: Array<{ messages: Array<{ role: string; content: Array<{ type: string; signature?: string }> }> }> = [];
    const fetch = async (_: unknown, init?: RequestInit) => {
      sent.push(JSON.parse(String(init?.body)));
      return new Response(new Uint8Array(bodies.shift() ?? []), { headers: { 'content-type': 'text/event-stream' } });
    };
    const model = httpModel({ dialect: anthropicMessages, url: 'https://api.example/v1', model: 'claude', fetch });
    const request = { messages: [{ role: 'user', content: 'Search.' } as const] };
    const answer = await lastValueFrom(streamAnswer({ model, request }).pipe(collectAnswer()));

    expect(answer.text).toBe(paused.expect.text + done.expect.text);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    const content = sent[1]?.messages[1]?.content ?? [];
    expect(content[0]).toMatchObject({ type: 'thinking', thinking: paused.expect.reasoning });
    expect(content[0]?.signature?.length).toBeGreaterThan(100);
    const kinds = content.map(({ type }) => type);
    expect(kinds.filter((kind) => kind === 'server_tool_use')).toHaveLength(paused.expect.serverToolCalls.length);
    expect(kinds).toContain('web_search_tool_result');
  });
});

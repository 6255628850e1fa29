import { lastValueFrom, of, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import { collectAnswer, defineTool, extractReasoning, httpModel, type ModelRequest, streamAnswer } from '../../src/index.ts';
import { withTextToolCalls } from '../../src/models/with-text-tool-calls.ts';
import { type Chat, type ChatServer, startChatServer } from '../support/chat-server.ts';
import { round } from '../text/support.ts';

const square = defineTool({
  name: 'square',
  description: 'Squares.',
  parameters: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
  execute: ({ x }) => (x === 3 ? Promise.reject(new Error('no threes')) : x ** 2),
});
const call = (x: number) => `<tool_call>{"name":"square","arguments":{"x":${x}}}</tool_call>`;
const user = { role: 'user', content: '2², 3²?' } as const;

let server: ChatServer | undefined;
afterEach(() => server?.stop());

/** Answers the n-th request with the n-th text, a character at a time. */
async function saying(...texts: string[]) {
  const bodies: Chat['body'][] = [];
  server = await startChatServer((chat) => {
    bodies.push(chat.body);
    for (const content of texts[chat.number] ?? '') chat.delta({ content });
    chat.finish('stop');
  });
  return { bodies, model: httpModel({ dialect: openAiChat, url: server.url, model: 'm' }) };
}

describe('withTextToolCalls', () => {
  it('gives calls ids that differ from round to round, whatever the response ids', async () => {
    const { model, bodies } = await saying(call(2), call(2) + call(4), 'Done.');
    const answer$ = streamAnswer({ model: withTextToolCalls(model), request: { messages: [user] }, tools: [square] });
    const events = await lastValueFrom(answer$.pipe(toArray()));
    const ids = events.filter((event): event is ToolCall & { round: number } => event.type === 'tool-call').map(({ callId }) => callId);
    expect(new Set(ids).size).toBe(3);
    // The API's own words: the server's chat template writes them.
    expect(bodies[2]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'tool', 'tool']);
    expect(bodies[0]).toHaveProperty('tools');
  });

  it.each([
    ['the field', '{"name":"sql","arguments":{"input":"SELECT \\"1\\""}}', 'SELECT "1"'],
    ['a string', '{"name":"sql","arguments":"SELECT \\"1\\""}', 'SELECT "1"'],
    ['a string before the name', '{"arguments":"SELECT 1","name":"sql"}', 'SELECT 1'],
    ['a string that is JSON', '{"name":"sql","arguments":"{\\"a\\":1}"}', '{"a":1}'],
    ['the field in a string', '{"name":"sql","arguments":"{\\"input\\":\\"SELECT 1\\"}"}', 'SELECT 1'],
    ['a dict of Python', "{'name': 'sql', 'arguments': 'SELECT 1'}", 'SELECT 1'],
  ])('gives a tool of plain text its text out of %s', async (_, written, text) => {
    const given: string[] = [];
    const execute = (query: string) => given.push(query);
    const sql = defineTool({ name: 'sql', description: 'Runs a query.', parameters: { type: 'text' }, execute });
    const { model } = await saying(`<tool_call>${written}</tool_call>`, 'Done.');
    const answer$ = streamAnswer({ model: withTextToolCalls(model), request: { messages: [user] }, tools: [sql] });
    expect((await lastValueFrom(answer$.pipe(collectAnswer()))).text).toContain('Done.');
    expect(given).toEqual([text]);
  });

  it.each(['{"name":"square","arguments":"SELECT 1"}', '{"arguments":"SELECT 1","name":"square"}', '{"name":"sql","arguments":"SELECT'])(
    'leaves a string for any other tool, and one that is cut, as text: %s',
    async (written) => {
      const sql = defineTool({
        name: 'sql',
        description: 'Runs a query.',
        parameters: { type: 'text' },
        execute: () => expect.unreachable(),
      });
      const { model } = await saying(`<tool_call>${written}`);
      const answer$ = streamAnswer({ model: withTextToolCalls(model), request: { messages: [user] }, tools: [sql, square] });
      expect((await lastValueFrom(answer$.pipe(collectAnswer()))).text).toBe(`<tool_call>${written}`);
    },
  );

  it('speaks to a server that knows no tools in text alone', async () => {
    const { model, bodies } = await saying(`<think>Hm ${call(9)}.</think>I look.${call(2)}\n${call(3)}`, 'Four.');
    const thinking = (request: ModelRequest, answer?: AbortSignal) => model(request, answer).pipe(extractReasoning());
    const answer = await lastValueFrom(
      streamAnswer({
        model: withTextToolCalls(thinking, { history: 'text' }),
        request: { messages: [{ role: 'system', content: 'Be brief.' }, user], toolChoice: 'required', parallelToolCalls: false },
        tools: [square],
      }).pipe(collectAnswer()),
    );
    expect(answer.text).toContain('Four.');
    for (const body of bodies) {
      expect(body).not.toHaveProperty('tools');
      expect(body).not.toHaveProperty('tool_choice');
      expect(body).not.toHaveProperty('parallel_tool_calls');
    }
    const [first, second] = bodies.map(({ messages }) => messages);
    expect(first?.[0]?.content).toMatch(/^Be brief\.\n\n# Tools.*<tools>\n\{"type":"function".*"square".*Call a function now\..*one call/s);
    // Forced calls hold for the first round only.
    expect(second?.[0]?.content).not.toContain('Call a function now.');
    expect(second?.slice(1)).toEqual([
      user,
      {
        role: 'assistant',
        content:
          'I look.\n<tool_call>\n{"name": "square", "arguments": {"x":2}}\n</tool_call>\n<tool_call>\n{"name": "square", "arguments": {"x":3}}\n</tool_call>',
      },
      {
        role: 'user',
        content: expect.stringMatching(
          /^<tool_response>\n\{"name": "square", "content": 4\}\n<\/tool_response>\n<tool_response>\n\{"name": "square", "error": .*no threes.*\}\n<\/tool_response>$/s,
        ),
      },
    ]);
  });

  it('gives a tool of plain text its text, and writes its call of another provider with the field', async () => {
    const given: string[] = [];
    const sql = defineTool({
      name: 'sql',
      description: 'Runs a query',
      parameters: { type: 'text' },
      execute: (query) => {
        given.push(query);
        return 'ok';
      },
    });
    const { model, bodies } = await saying('<tool_call>{"name":"sql","arguments":{"input":"SELECT \\"a\\""}}</tool_call>', 'Done.');
    const before = [
      user,
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'sql', argumentsText: '"SELECT 1"' }] },
      { role: 'tool', toolCallId: 'c1', name: 'sql', content: 'ok' },
    ] as const;
    await lastValueFrom(
      streamAnswer({ model: withTextToolCalls(model, { history: 'text' }), request: { messages: before }, tools: [sql] }),
    );
    expect(given).toEqual(['SELECT "a"']);
    const written = (bodies[1]?.messages ?? []).flatMap(({ role, content }) => (role === 'assistant' ? [content] : []));
    expect(written).toEqual(
      ['SELECT 1', 'SELECT "a"'].map((input) => `<tool_call>\n{"name": "sql", "arguments": ${JSON.stringify({ input })}}\n</tool_call>`),
    );
  });

  it('calls nothing where nothing may be called', async () => {
    const asked: ModelRequest[] = [];
    const model = (request: ModelRequest) => {
      asked.push(request);
      return of(...round([call(2)]));
    };
    for (const history of ['native', 'text'] as const) {
      for (const request of [{ messages: [user] }, { messages: [user], tools: [square], toolChoice: 'none' as const }]) {
        const events: ModelEvent[] = await lastValueFrom(withTextToolCalls(model, { history })(request).pipe(toArray()));
        expect(events).toEqual(round([call(2)]));
        if (history === 'native') expect(asked.at(-1)).toBe(request);
        else expect(asked.at(-1)).toEqual({ messages: [user] });
      }
    }
  });

  it('writes arguments and results that are no JSON as strings, and explains tools without a system message', () => {
    const asked: ModelRequest[] = [];
    const model = withTextToolCalls(
      (request) => {
        asked.push(request);
        return of<ModelEvent>();
      },
      { history: 'text' },
    );
    const native = { dialect: 'x', message: {} };
    const toolCalls = [
      { id: 'a', name: 'square', argumentsText: '{"x":' },
      { id: 'b', name: 'square', argumentsText: '' },
    ];
    model({
      messages: [
        user,
        { role: 'assistant', content: '', toolCalls, native },
        { role: 'tool', toolCallId: 'a', name: 'square', content: 'a "word"' },
        user,
        { role: 'assistant', content: 'Hi', native },
      ],
      tools: [square],
      toolChoice: { name: 'square' },
    }).subscribe();
    const [system, ...rest] = asked[0]?.messages ?? [];
    expect(system).toMatchObject({ role: 'system', content: expect.stringContaining('Call square now.') });
    expect(rest).toEqual([
      user,
      {
        role: 'assistant',
        content:
          '<tool_call>\n{"name": "square", "arguments": "{\\"x\\":"}\n</tool_call>\n<tool_call>\n{"name": "square", "arguments": {}}\n</tool_call>',
      },
      { role: 'user', content: '<tool_response>\n{"name": "square", "content": "a \\"word\\""}\n</tool_response>' },
      user,
      { role: 'assistant', content: 'Hi', native },
    ]);
  });

  it('refuses at the call what cannot work', () => {
    const model = () => of<ModelEvent>();
    expect(() => withTextToolCalls(undefined as never)).toThrow(TypeError);
    expect(() => withTextToolCalls(model, { format: 'xml' as never })).toThrow(RangeError);
    expect(() => withTextToolCalls(model, { history: 'none' as never })).toThrow(/'native' or 'text'/);
  });
});

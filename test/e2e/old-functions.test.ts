import { lastValueFrom } from 'rxjs';
import { collectAnswer, defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Chat, type ChatServer, startChatServer } from '../support/chat-server.ts';

let server: ChatServer | undefined;
afterEach(() => server?.stop());

const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather',
  parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
  execute: ({ location }) => `22 °C in ${location}`,
});

/** Asks a server of the old `functions`; gives the answer and what the server was sent. */
async function ask(answer: (chat: Chat) => void) {
  const bodies: Array<Chat['body']> = [];
  server = await startChatServer((chat) => {
    bodies.push(chat.body);
    answer(chat);
  });
  const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm', legacyFunctions: true });
  const request = { messages: [{ role: 'user', content: 'What is the weather in Tokyo?' } as const] };
  return { answer: await lastValueFrom(streamAnswer({ model, request, tools: [weather] }).pipe(collectAnswer())), bodies };
}

describe('the old functions and function_call, over HTTP', () => {
  it('declares functions, takes a function_call in pieces, and answers it with a message of role function without ids', async () => {
    const { answer, bodies } = await ask((chat) => {
      if (chat.number > 0) {
        chat.delta({ content: 'It is 22 °C.' });
        return chat.finish('stop');
      }
      chat.delta({ role: 'assistant', content: null, function_call: { name: 'get_weather', arguments: '' } });
      chat.delta({ function_call: { arguments: '{"loca' } });
      chat.delta({ function_call: { arguments: 'tion":"Tokyo"}' } });
      chat.finish('function_call');
    });
    expect(answer.text).toBe('It is 22 °C.');
    expect(bodies[0]).toMatchObject({ functions: [{ name: 'get_weather', parameters: weather.inputSchema }] });
    expect(bodies[0]).not.toHaveProperty('tools');
    expect(bodies[1]?.messages.slice(1)).toEqual([
      expect.objectContaining({ role: 'assistant', function_call: { name: 'get_weather', arguments: '{"location":"Tokyo"}' } }),
      { role: 'function', name: 'get_weather', content: '22 °C in Tokyo' },
    ]);
  });

  it('tells several calls of one response apart by function_call.index', async () => {
    const { answer, bodies } = await ask((chat) => {
      if (chat.number > 0) return chat.finish('stop');
      chat.delta({ role: 'assistant', function_call: { index: 0, name: 'get_weather', arguments: '{"location":' } });
      chat.delta({ function_call: { index: 1, name: 'get_weather', arguments: '{"location":' } });
      chat.delta({ function_call: { index: 0, arguments: '"Tokyo"}' } });
      chat.delta({ function_call: { index: 1, arguments: '"Osaka"}' } });
      chat.finish('function_call');
    });
    expect(answer.calls.map(({ argumentsText }) => argumentsText)).toEqual(['{"location":"Tokyo"}', '{"location":"Osaka"}']);
    const answers = bodies[1]?.messages.filter(({ role }) => role === 'function');
    expect(answers?.map(({ content }) => content)).toEqual(['22 °C in Tokyo', '22 °C in Osaka']);
  });
});

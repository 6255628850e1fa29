import * as t from 'io-ts';
import { type AnswerEvent, defineTool, httpModel, InterruptedError, openAiChat, streamAnswer } from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Chat, type ChatServer, startChatServer } from '../support/chat-server.ts';

let server: ChatServer | undefined;
afterEach(() => server?.stop());

const begin = (index: number, id: string) => ({ tool_calls: [{ index, id, type: 'function', function: { name: 'look', arguments: '' } }] });
const write = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });

/** Asks a server that writes these deltas and then breaks the connection; gives what came, the error, and which cities were looked up. */
async function ask(deltas: readonly object[]) {
  let requests = 0;
  server = await startChatServer(async (chat: Chat) => {
    requests++;
    for (const delta of deltas) chat.delta(delta);
    await chat.cut();
  });
  const looked: string[] = [];
  const look = defineTool({
    name: 'look',
    description: 'Looks up a city',
    parameters: t.type({ city: t.string }),
    annotations: { readOnlyHint: true },
    execute: ({ city }) => {
      looked.push(city);
      return `seen ${city}`;
    },
  });
  const events: AnswerEvent[] = [];
  const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
  const error = await streamAnswer({ model, request: { messages: [{ role: 'user', content: 'go' }] }, tools: [look] })
    .forEach((event) => {
      events.push(event);
    })
    .then(
      () => undefined,
      (raised: unknown) => raised,
    );
  return { events, error, looked, requests };
}

describe('a response that is cut', () => {
  it('in the middle of arguments: that call never runs, the confirmed one did, nothing is lost, nothing is asked again', async () => {
    const { error, looked, events, requests } = await ask([
      { content: 'I look it up. ' },
      begin(0, 'call_1'),
      write(0, '{"city":"Tokyo"}'),
      begin(1, 'call_2'),
      write(1, '{"city":"Osa'),
    ]);
    expect(error).toBeInstanceOf(InterruptedError);
    if (!(error instanceof InterruptedError)) return;
    expect(looked).toEqual(['Tokyo']);
    expect(requests).toBe(1);
    expect(error.partial.text).toBe('I look it up. ');
    expect(error.partial.toolCalls.map(({ callId, arguments: args }) => [callId, args._tag])).toEqual([
      ['call_1', 'Right'],
      ['call_2', 'Left'],
    ]);
    expect(error.partial.results.find(({ callId }) => callId === 'call_1')?.outcome).toEqual({ _tag: 'Right', right: 'seen Tokyo' });
    // The history can go on: every call in it has a result.
    const { messages } = error.partial;
    const asked = messages.flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : []));
    const answered = messages.flatMap((message) => (message.role === 'tool' ? [message.toolCallId] : []));
    expect(answered).toEqual(asked);
    expect(asked).toContain('call_1');
    expect(events.filter(({ type }) => type === 'tool-result').length).toBe(events.filter(({ type }) => type === 'tool-call').length);
  });

  it('in the middle of text: the text so far is on the error', async () => {
    const { error } = await ask([{ content: 'I look ' }, { content: 'it' }]);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error instanceof InterruptedError && error.partial.text).toBe('I look it');
  });
});

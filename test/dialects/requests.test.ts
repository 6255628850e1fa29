import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import * as dialects from '../../src/dialects/index.ts';
import type { AssistantMessage, Message, ModelRequest } from '../../src/messages.ts';
import type { Json } from '../../src/values.ts';

const { anthropicMessages, cohere, duplexSession, gemini, ollama, openAiChat, openAiResponses, responsesSession } = dialects;

const user: Message = { role: 'user', content: 'Hi' };
// biome-ignore lint/suspicious/noExplicitAny: what is in a body differs by dialect.
const body = (dialect: Dialect, request: ModelRequest, options = {}): any =>
  dialect.encodeRequest(request, { model: 'm', ...options }).body;
const calling = (...ids: string[]): AssistantMessage => ({
  role: 'assistant',
  content: '',
  toolCalls: ids.map((id) => ({ id, name: 'f', argumentsText: '{}' })),
});
const result = (toolCallId: string): Message => ({ role: 'tool', toolCallId, name: 'f', content: 'ok' });
const native = (dialect: string, message: Json, ...ids: string[]): AssistantMessage => ({
  ...calling(...ids),
  native: { dialect, message },
});

describe('the least that is asked', () => {
  const chat = { model: 'm', messages: [user], stream: true };
  it.each([
    [openAiChat.name, openAiChat, { ...chat, stream_options: { include_usage: true } }],
    [openAiResponses.name, openAiResponses, { model: 'm', input: [user], stream: true }],
    [responsesSession.name, responsesSession, { type: 'response.create', model: 'm', input: [user] }],
    [
      anthropicMessages.name,
      anthropicMessages,
      { ...chat, max_tokens: 4096, messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
    ],
    [gemini.name, gemini, { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }],
    [ollama.name, ollama, chat],
    [cohere.name, cohere, chat],
    [duplexSession.name, duplexSession, { type: 'init', ...chat, parameters: {} }],
  ])('of %s says nothing that was not given', (_, dialect, least) => {
    expect(body(dialect, { messages: [user] })).toStrictEqual(least);
    expect(body(dialect, { messages: [user], tools: [] })).toStrictEqual(least);
  });
});

describe('a message that says little', () => {
  const encoded = (dialect: Dialect, ...messages: Message[]) => {
    const { messages: sent, input, contents } = body(dialect, { messages });
    return sent ?? input ?? contents;
  };
  const said = (content: string): AssistantMessage => ({ ...calling('c1'), content });

  it('goes to Anthropic without blank texts', () => {
    expect(body(anthropicMessages, { messages: [{ role: 'system', content: '' }, user] })).not.toHaveProperty('system');
    const call = { type: 'tool_use', id: 'c1', name: 'f', input: {} };
    expect(encoded(anthropicMessages, said(' '))).toEqual([{ role: 'assistant', content: [call] }]);
    expect(encoded(anthropicMessages, said('x'))).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'x' }, call] }]);
  });

  it('goes to Cohere without an empty plan', () => {
    expect(encoded(cohere, said(''))[0]).not.toHaveProperty('tool_plan');
    expect(encoded(cohere, said('x'))[0]).toMatchObject({ tool_plan: 'x', tool_calls: [{ id: 'c1' }] });
  });

  it('goes to OpenAI without an empty list of calls, which is refused (issue openai/openai-node#1341)', () => {
    expect(encoded(openAiChat, { ...calling(), content: 'Hi' }, calling())).toStrictEqual([
      { role: 'assistant', content: 'Hi' },
      { role: 'assistant', content: '' },
    ]);
  });

  it('goes to Ollama without images where it has none, and asks for lines', () => {
    expect(encoded(ollama, { role: 'user', content: [{ type: 'text', text: 'Hi' }] })).toStrictEqual([user]);
    expect(ollama.encodeRequest({ messages: [user] }, { model: 'm' }).headers).toEqual({
      accept: 'application/x-ndjson, application/json',
    });
  });
});

describe('ids of calls that Anthropic does not take', () => {
  const ids = (...messages: Message[]): string[][] =>
    body(anthropicMessages, { messages }).messages.map(({ content }: { content: { id?: string; tool_use_id?: string }[] }) =>
      content.map(({ id, tool_use_id }) => id ?? tool_use_id),
    );

  it('become none that another call has', () => {
    expect(ids(calling('a b', 'a.b', 'a_b'), result('a b'), result('a.b'), result('a_b'))).toEqual([
      ['a_b_', 'a_b_2', 'a_b'],
      ['a_b_', 'a_b_2', 'a_b'],
    ]);
  });

  it('become none that stands in a message of its own, before or after', () => {
    const own = native('anthropic-messages', {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Hi', id: 'x_y' },
        { type: 'tool_use', id: 'a_b', name: 'f', input: {} },
      ],
    });
    expect(ids(own, result('a_b'), calling('a b', 'x y'), result('a b'))).toEqual([['x_y', 'a_b'], ['a_b'], ['a_b_', 'x_y'], ['a_b_']]);
    expect(ids(calling('a b'), result('a b'), own)).toEqual([['a_b_'], ['a_b_'], ['x_y', 'a_b']]);
  });
});

describe('an answer in the provider’s own form', () => {
  it('goes back to Gemini where it has as many calls as the message', () => {
    const parts = [{ functionCall: { name: 'f', args: {} }, thoughtSignature: 's' }];
    const sent = (...ids: string[]) =>
      body(gemini, { messages: [native('gemini', { parts }, ...ids), ...ids.map(result)] }).contents as { parts: object[] }[];
    expect(sent('c1')[0]?.parts).toEqual(parts);
    expect(sent('c1')[1]?.parts).toEqual([{ functionResponse: { name: 'f', response: { output: 'ok' } } }]);
    expect(sent('c1', 'c2')[0]?.parts).toHaveLength(2);
    const empty: AssistantMessage = { role: 'assistant', content: 'Hi', native: { dialect: 'gemini', message: { parts: [] } } };
    expect(body(gemini, { messages: [empty] }).contents).toEqual([{ role: 'model', parts: [{ text: 'Hi' }] }]);
    const said: AssistantMessage = {
      role: 'assistant',
      content: 'Hi',
      native: { dialect: 'gemini', message: { parts: [{ text: 'Ho' }] } },
    };
    expect(body(gemini, { messages: [said] }).contents).toEqual([{ role: 'model', parts: [{ text: 'Ho' }] }]);
  });

  it('goes back in the old form once, with its other calls beside it', () => {
    const message = { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"own":1}' } };
    const { messages } = body(openAiChat, { messages: [native('openai-chat', message, 'c1', 'c2'), result('c1'), result('c2')] });
    expect(messages).toEqual([
      message,
      { role: 'function', name: 'f', content: 'ok' },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'ok' },
    ]);
  });

  it('is not lost in the old form where it has no calls', () => {
    const { messages } = body(openAiChat, { messages: [{ ...calling(), content: 'Hi' }] }, { legacyFunctions: true });
    expect(messages).toMatchObject([{ role: 'assistant', content: 'Hi' }]);
  });

  it('goes to servers without custom tools as calls of functions', () => {
    const called = { id: 'c2', type: 'function', function: { name: 'f', arguments: '{}' } };
    const odd = { id: 'c3', type: 'other', custom: { name: 'h' } };
    const message = { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'g' } }, called, odd] };
    const chat = body(openAiChat, { messages: [native('openai-chat', message)] }, { customTools: false });
    expect(chat.messages[0].tool_calls).toEqual([
      { id: 'c1', type: 'function', function: { name: 'g', arguments: expect.stringMatching(/^\{".*":""\}$/) } },
      called,
      odd,
    ]);
    const items = [{ type: 'custom_tool_call', call_id: 'c1', name: 'g' }];
    const responses = body(openAiResponses, { messages: [native('openai-responses', items)] }, { customTools: false });
    expect(responses.input).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'g', arguments: expect.stringMatching(/^\{".*":""\}$/) },
    ]);
  });
});

describe('a session of responses', () => {
  const next = (input: object[], more = {}) =>
    responsesSession.encodeResults?.([result('c1'), result('c2')] as never, { responseId: 'r1', body: { input, ...more } } as never);
  const output = (call_id: string) => ({ type: 'function_call_output', call_id });

  it('sends the results alone where they are the last items, and everything otherwise', () => {
    expect(next([user, output('c1'), output('c2')])).toEqual([{ previous_response_id: 'r1', input: [output('c1'), output('c2')] }]);
    const other = [output('c1'), output('other')];
    expect(next(other)).toEqual([{ input: other }]);
  });
});

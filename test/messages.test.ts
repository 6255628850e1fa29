import { describe, expect, it } from 'vitest';
import { checkedRequest, type RequestInput } from '../src/messages.ts';

describe('a request', () => {
  it('may be written as a plain object in a variable', () => {
    const request = { messages: [{ role: 'user', content: 'Hi' }] };
    const input: RequestInput = request;
    expect(checkedRequest(input)).toBe(request);
  });

  it('may have a list of parts where the user speaks', () => {
    const request: RequestInput = { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] };
    expect(checkedRequest(request)).toBe(request);
  });

  const wrong: [string, unknown, string][] = [
    ['without messages', {}, '`messages`'],
    ['that is nothing', undefined, '`messages`'],
    ['whose messages are no list', { messages: 'Hi' }, '`messages`'],
    [
      'with a list of parts that is not the user’s',
      { messages: [{ role: 'assistant', content: [] }] },
      '`messages[0].content` is no string',
    ],
    ['with a user’s content that is no list', { messages: [{ role: 'user', content: {} }] }, ', and no list of parts'],
    ['with an unknown role', { messages: [{ role: 'usr', content: 'Hi' }] }, '`messages[0].role` is "usr"'],
    ['with a message that is nothing', { messages: [{ role: 'user', content: 'Hi' }, null] }, '`messages[1].role`'],
    ['with content that is no text', { messages: [{ role: 'system', content: ['Hi'] }] }, '`messages[0].content` is no string'],
    ['with a result in the form of a wire', { messages: [{ role: 'tool', content: '1', tool_call_id: 'a' }] }, '`toolCallId`'],
  ];
  for (const [what, request, message] of wrong) {
    it(`${what} is refused, and the error says where`, () => {
      expect(() => checkedRequest(request as RequestInput)).toThrow(message);
    });
  }
});

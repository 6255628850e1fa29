import { describe, expect, it } from 'vitest';
import { checkedRequest, type RequestInput } from '../src/messages.ts';

describe('a request', () => {
  it('may be written as a plain object in a variable', () => {
    const request = { messages: [{ role: 'user', content: 'Hi' }] };
    const input: RequestInput = request;
    expect(checkedRequest(input)).toBe(request);
  });

  const wrong: [string, unknown, string][] = [
    ['without messages', {}, '`messages`'],
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

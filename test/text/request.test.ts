import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/messages.ts';
import { textRequest } from '../../src/text/text-request.ts';

const tools = [{ name: 'f', description: 'Does f.', inputSchema: { type: 'object' } }];
const user: Message = { role: 'user', content: 'Hi' };

describe('a request without tools of its own', () => {
  const told = (more = {}): string => textRequest({ messages: [user], tools, ...more }).messages[0]?.content as string;

  it('explains the tools in paragraphs', () => {
    expect(told().split('\n\n')).toEqual([
      '# Tools',
      'You may call these functions:',
      '<tools>\n{"type":"function","function":{"name":"f","description":"Does f.","parameters":{"type":"object"}}}\n</tools>',
      expect.stringContaining('JSON object'),
      '<tool_call>\n{"name": <function-name>, "arguments": <arguments-object>}\n</tool_call>',
      expect.stringContaining('<tool_response>'),
    ]);
  });

  it('says more where more is wanted', () => {
    for (const more of [{ toolChoice: 'required' }, { toolChoice: { name: 'f' } }, { parallelToolCalls: false }]) {
      expect(told(more).split('\n\n')).toHaveLength(7);
      expect(told(more).startsWith(told())).toBe(true);
    }
    for (const more of [{ toolChoice: 'auto' }, { parallelToolCalls: true }]) expect(told(more)).toBe(told());
  });

  it('leaves messages without calls as they are', () => {
    const said: Message = { role: 'assistant', content: 'Ho', toolCalls: [], native: { dialect: 'x', message: {} } };
    expect(textRequest({ messages: [user, said], tools, toolChoice: 'none' })).toStrictEqual({ messages: [user, said] });
  });
});

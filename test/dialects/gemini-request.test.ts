import { describe, expect, it } from 'vitest';
import { gemini } from '../../src/dialects/gemini.ts';
import type { Message } from '../../src/messages.ts';

const encode = (messages: readonly Message[], model = 'gemini-2.5-flash') => gemini.encodeRequest({ messages }, { model });

describe('gemini.encodeRequest', () => {
  it.each(['', '..', 'models/../keys', 'models//x', './x'])('takes %j for no model: its path would be another', (model) => {
    expect(() => encode([], model)).toThrow('is no name of a model');
  });

  it.each([
    ['https://host/a.PNG?size=1', { fileData: { mimeType: 'image/png', fileUri: 'https://host/a.PNG?size=1' } }],
    ['https://host/picture', { fileData: { fileUri: 'https://host/picture' } }],
    ['data:image/png;base64,AAAA', { inlineData: { mimeType: 'image/png', data: 'AAAA' } }],
    ['data:,Hu%E1%BA%BF', { inlineData: { mimeType: 'text/plain', data: 'SHXhur8=' } }],
  ])('writes the image %s as a part, of the type that its address tells', (url, part) => {
    const { body } = encode([{ role: 'user', content: [{ type: 'image', url }] }]);
    expect(body).toMatchObject({ contents: [{ role: 'user', parts: [part] }] });
  });

  it('puts results in the order of their calls, and those of no call behind them', () => {
    const toolCalls = ['a', 'b'].map((id) => ({ id, name: id, argumentsText: '{}' }));
    const results = ['x', 'b', 'a'].map((id): Message => ({ role: 'tool', toolCallId: id, name: id, content: 'ok' }));
    const { body } = encode([{ role: 'assistant', content: '', toolCalls }, ...results]);
    const { parts } = (body as { contents: Array<{ parts: Array<{ functionResponse?: { name: string } }> }> }).contents.at(-1) ?? {
      parts: [],
    };
    expect(parts.map(({ functionResponse }) => functionResponse?.name)).toEqual(['a', 'b', 'x']);
  });
});

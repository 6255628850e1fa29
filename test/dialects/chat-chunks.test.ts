import { describe, expect, it } from 'vitest';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { describeCodecLaw } from '../support/codecs.ts';

describe('chatChunks', () => {
  it("asks with the body of OpenAI's chat, and with no path", () => {
    const request = { messages: [{ role: 'user', content: 'Hi' }] } as const;
    const { path, body } = chatChunks.encodeRequest(request, { model: 'm' });
    expect([path, body]).toEqual(['', openAiChat.encodeRequest(request, { model: 'm' }).body]);
  });
});

describeCodecLaw(chatChunks);

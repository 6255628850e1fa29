import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { lastValueFrom } from 'rxjs';
import { collectAnswer, defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Chat, type ChatServer, startChatServer } from '../support/chat-server.ts';

let server: ChatServer | undefined;
afterEach(() => server?.stop());

const TOOL_MS = 800;
const parameters = { type: 'object', properties: {} } as const;
const description = 'Takes its time';

/** A call, then a second of text; then, with the result there, the end. */
async function callThenText(chat: Chat): Promise<void> {
  if (chat.body.messages.length > 1) {
    chat.delta({ content: 'Done.' });
    return chat.finish('stop');
  }
  chat.delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'slow', arguments: '{}' } }] });
  for (let n = 0; n < 40; n++) {
    await sleep(25);
    chat.delta({ content: 'word ' });
  }
  chat.finish('tool_calls');
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await ask();
  return performance.now() - start;
}

describe('running a tool while the model still writes', () => {
  it("ends the same conversation earlier than the openai client's runTools, by most of the tool's time", async () => {
    server = await startChatServer(callThenText);
    const { url } = server;
    const slow = defineTool({
      name: 'slow',
      description,
      parameters,
      annotations: { readOnlyHint: true },
      execute: () => sleep(TOOL_MS, 'done'),
    });
    const ours = await timed(() => {
      const model = httpModel({ dialect: openAiChat, url, model: 'm' });
      const request = { messages: [{ role: 'user', content: 'go' } as const] };
      return lastValueFrom(streamAnswer({ model, request, tools: [slow] }).pipe(collectAnswer()));
    });
    const theirs = await timed(() => {
      const client = new OpenAI({ baseURL: url, apiKey: 'key' });
      const tool = { name: 'slow', description, parameters, function: () => sleep(TOOL_MS, 'done') };
      const messages = [{ role: 'user', content: 'go' } as const];
      return client.chat.completions
        .runTools({ stream: true, model: 'm', messages, tools: [{ type: 'function', function: tool }] })
        .finalContent();
    });
    console.info(`The same conversation: ${Math.round(ours)} ms here, ${Math.round(theirs)} ms with runTools of the openai client.`);
    expect(theirs - ours).toBeGreaterThan(TOOL_MS * 0.7);
  });
});

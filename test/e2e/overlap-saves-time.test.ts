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

/** What happened, in order. */
let log: string[] = [];
const slowly = async () => {
  log.push('the tool starts');
  await sleep(TOOL_MS);
  log.push('the tool is done');
  return 'done';
};

/** A call, then a second of text, and more for as long as the tool runs; then, with the result there, the end. */
async function callThenText(chat: Chat): Promise<void> {
  if (chat.body.messages.length > 1) {
    chat.delta({ content: 'Done.' });
    return chat.finish('stop');
  }
  chat.delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'slow', arguments: '{}' } }] });
  for (let n = 0; n < 40 || log.at(-1) === 'the tool starts'; n++) {
    await sleep(25);
    chat.delta({ content: 'word ' });
  }
  log.push('the round ends');
  chat.finish('tool_calls');
}

async function timed(ask: () => Promise<unknown>): Promise<{ ms: number; log: readonly string[] }> {
  log = [];
  const start = performance.now();
  await ask();
  return { ms: Math.round(performance.now() - start), log };
}

describe('running a tool while the model still writes', () => {
  it("takes the tool's time out of the conversation, where the openai client's runTools adds it", async () => {
    server = await startChatServer(callThenText);
    const { url } = server;
    const slow = defineTool({
      name: 'slow',
      description,
      parameters,
      annotations: { readOnlyHint: true },
      execute: slowly,
    });
    const ours = await timed(() => {
      const model = httpModel({ dialect: openAiChat, url, model: 'm' });
      const request = { messages: [{ role: 'user', content: 'go' } as const] };
      return lastValueFrom(streamAnswer({ model, request, tools: [slow] }).pipe(collectAnswer()));
    });
    const theirs = await timed(() => {
      const client = new OpenAI({ baseURL: url, apiKey: 'key' });
      const tool = { name: 'slow', description, parameters, function: slowly };
      const messages = [{ role: 'user', content: 'go' } as const];
      return client.chat.completions
        .runTools({ stream: true, model: 'm', messages, tools: [{ type: 'function', function: tool }] })
        .finalContent();
    });
    console.info(`The same conversation: ${ours.ms} ms here, ${theirs.ms} ms with runTools of the openai client.`);
    expect(ours.log).toEqual(['the tool starts', 'the tool is done', 'the round ends']);
    expect(theirs.log).toEqual(['the round ends', 'the tool starts', 'the tool is done']);
  });
});

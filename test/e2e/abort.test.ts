import { setTimeout as sleep } from 'node:timers/promises';
import { defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Chat, type ChatServer, startChatServer } from '../support/chat-server.ts';

let server: ChatServer | undefined;
afterEach(() => server?.stop());

const request = { messages: [{ role: 'user', content: 'go' } as const] };
const call = (name: string) => ({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name, arguments: '{}' } }] });

/** Resolves when the client has closed the connection, `false` when it has not within two seconds. */
function closed(chat: Chat): Promise<boolean> {
  return new Promise((resolve) => {
    chat.gone.addEventListener('abort', () => resolve(true));
    setTimeout(resolve, 2000, false);
  });
}

/** Writes text until the client is gone. */
async function endlessText(chat: Chat): Promise<void> {
  while (!chat.gone.aborted) {
    chat.delta({ content: 'word ' });
    await sleep(5);
  }
}

describe('unsubscribing', () => {
  it('closes the connection in the middle of a round', async () => {
    let wasClosed: Promise<boolean> | undefined;
    server = await startChatServer((chat) => {
      wasClosed = closed(chat);
      return endlessText(chat);
    });
    const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      const subscription = streamAnswer({ model, request, tools: [] }).subscribe((event) => {
        seen.push(event.type);
        if (seen.length < 5) return;
        subscription.unsubscribe();
        resolve();
      });
    });
    expect(await wasClosed).toBe(true);
    await sleep(50);
    expect(seen).toHaveLength(5);
  });

  it('aborts the tools that run, closes the connection, and asks no further round', async () => {
    let requests = 0;
    let wasClosed: Promise<boolean> | undefined;
    server = await startChatServer((chat) => {
      requests++;
      wasClosed = closed(chat);
      chat.delta(call('wait'));
      return endlessText(chat);
    });
    let aborted = false;
    const wait = defineTool({
      name: 'wait',
      description: 'Waits',
      parameters: { type: 'object' },
      annotations: { readOnlyHint: true },
      execute: (_args, { signal }) =>
        new Promise<string>((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve('late');
          });
        }),
    });
    const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      const subscription = streamAnswer({ model, request, tools: [wait] }).subscribe((event) => {
        seen.push(event.type);
        if (event.type !== 'tool-started') return;
        setTimeout(() => {
          subscription.unsubscribe();
          resolve();
        }, 50);
      });
    });
    const length = seen.length;
    expect(aborted).toBe(true);
    expect(await wasClosed).toBe(true);
    await sleep(50);
    expect([seen.length, requests]).toEqual([length, 1]);
    expect(seen).not.toContain('tool-result');
  });

  it('closes the connection of a later round', async () => {
    let wasClosed: Promise<boolean> | undefined;
    server = await startChatServer((chat) => {
      if (chat.number === 0) {
        chat.delta(call('look'));
        return chat.finish('tool_calls');
      }
      wasClosed = closed(chat);
      return endlessText(chat);
    });
    const look = defineTool({ name: 'look', description: 'Looks', parameters: { type: 'object' }, execute: () => 'seen' });
    const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
    await new Promise<void>((resolve) => {
      const subscription = streamAnswer({ model, request, tools: [look] }).subscribe((event) => {
        if (event.type !== 'text-delta') return;
        expect(event.round).toBe(2);
        subscription.unsubscribe();
        resolve();
      });
    });
    expect(await wasClosed).toBe(true);
  });
});

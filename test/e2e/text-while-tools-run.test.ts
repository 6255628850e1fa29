import { setTimeout as sleep } from 'node:timers/promises';
import { type AnswerEvent, defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Chat, type ChatServer, startChatServer } from '../support/chat-server.ts';

const TOOL_MS = 600;
const PIECE_MS = 20;
const PIECES = 50;

let server: ChatServer | undefined;
afterEach(() => server?.stop());

/** The server's own log, by the same clock as ours: it runs in this process. */
interface ServerLog {
  readonly text: Array<{ readonly piece: string; readonly at: number }>;
}

/** First a call and, after it, a second of text; then, with the result there, a closing word. */
function callThenText(log: ServerLog) {
  return async (chat: Chat): Promise<void> => {
    if (chat.number > 0) {
      chat.delta({ content: 'Done.' });
      return chat.finish('stop');
    }
    chat.delta({ role: 'assistant', content: '' });
    chat.delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'slow', arguments: '' } }] });
    chat.delta({ tool_calls: [{ index: 0, function: { arguments: '{"query":' } }] });
    chat.delta({ tool_calls: [{ index: 0, function: { arguments: '"HAN"}' } }] });
    for (let n = 0; n < PIECES; n++) {
      await sleep(PIECE_MS);
      const piece = `word${n} `;
      log.text.push({ piece, at: chat.delta({ content: piece }) });
    }
    chat.finish('tool_calls');
  };
}

/** Runs the conversation; gives each event with the moment of its arrival, and when the tool ran. */
async function converse(readOnlyHint: boolean) {
  const log: ServerLog = { text: [] };
  server = await startChatServer(callThenText(log));
  const ran = { from: 0, to: 0 };
  const slow = defineTool({
    name: 'slow',
    description: 'Takes its time',
    parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
    annotations: { readOnlyHint },
    execute: async ({ query }, { signal }) => {
      ran.from = performance.now();
      await sleep(TOOL_MS, undefined, { signal });
      ran.to = performance.now();
      return `found ${query}`;
    },
  });
  const events: Array<{ event: AnswerEvent; at: number }> = [];
  const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
  await streamAnswer({ model, request: { messages: [{ role: 'user', content: 'go' }] }, tools: [slow], maxRounds: 8 }).forEach((event) => {
    events.push({ event, at: performance.now() });
  });
  return { log, ran, events };
}

describe('text keeps flowing while a long tool runs', () => {
  it('hands on every piece of text between tool-started and tool-result as the server writes it', async () => {
    const { log, ran, events } = await converse(true);
    const position = (type: string) => events.findIndex(({ event }) => event.type === type);
    const [started, finished] = [position('tool-started'), position('tool-result')];

    // By our events: pieces of text between the tool's start and its result.
    const during = events.slice(started, finished).filter(({ event }) => event.type === 'text-delta');
    expect(during.length).toBeGreaterThanOrEqual(10);

    // By the server's clock: it wrote these while the tool ran …
    const written = log.text.filter(({ at }) => at > ran.from && at < ran.to);
    expect(written.length).toBeGreaterThanOrEqual(10);

    // … and none of them was held back until the tool was done: all but the last few were here before.
    const arrived = new Map(events.flatMap(({ event, at }) => (event.type === 'text-delta' ? [[event.text, at] as const] : [])));
    const late = written.filter(({ piece, at }) => at < ran.to - 200 && (arrived.get(piece) ?? Number.POSITIVE_INFINITY) >= ran.to);
    expect(late).toEqual([]);

    // The tool started when text followed its call, not at the end of the round.
    expect(ran.from).toBeLessThan(log.text[PIECES / 2]?.at ?? 0);
    expect(position('round-end')).toBeGreaterThan(finished);
  });

  it('loses, repeats and reorders no text', async () => {
    const { log, events } = await converse(true);
    const text = events.flatMap(({ event }) => (event.type === 'text-delta' ? [event.text] : [])).join('');
    expect(text).toBe(`${log.text.map(({ piece }) => piece).join('')}Done.`);
  });

  it('starts a tool that is not read-only after the round: no text arrives while it runs', async () => {
    const { log, ran, events } = await converse(false);
    expect(ran.from).toBeGreaterThan(log.text.at(-1)?.at ?? 0);
    const types = events.map(({ event }) => event.type);
    expect(types.slice(types.indexOf('tool-started'), types.indexOf('tool-result'))).not.toContain('text-delta');
  });
});

import type { Fixture, FixtureBlock } from '@copilotkit/aimock';
import { type AnswerEvent, defineTool, httpModel, InterruptedError, openAiChat, streamAnswer } from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Aimock, startAimock } from '../support/aimock.ts';

let server: Aimock | undefined;
afterEach(() => server?.stop());

const blocks: FixtureBlock[] = [
  { type: 'text', text: 'I look it up. ' },
  { type: 'toolCall', id: 'call_1', name: 'look', arguments: '{"city":"Tokyo"}' },
  { type: 'toolCall', id: 'call_2', name: 'look', arguments: '{"city":"Osaka"}' },
];

/** Asks a server whose response is cut after so many chunks; gives what came, the error, and which cities were looked up. */
async function ask(cut: Partial<Fixture>) {
  server = await startAimock([{ match: { hasToolResult: false }, response: { blocks }, chunkSize: 4, latency: 2, ...cut }]);
  const looked: string[] = [];
  const look = defineTool({
    name: 'look',
    description: 'Looks up a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const,
    annotations: { readOnlyHint: true },
    execute: ({ city }) => {
      looked.push(city);
      return `seen ${city}`;
    },
  });
  const events: AnswerEvent[] = [];
  const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
  const error = await streamAnswer({ model, request: { messages: [{ role: 'user', content: 'go' }] }, tools: [look] })
    .forEach((event) => {
      events.push(event);
    })
    .then(
      () => undefined,
      (raised: unknown) => raised,
    );
  return { events, error, looked, requests: server.requests().length };
}

describe('a response that is cut', () => {
  it('in the middle of arguments: that call never runs, the confirmed one did, nothing is lost, nothing is asked again', async () => {
    // Role, 4 of text, 1 + 4 of the first call, 1 + 2 of the second.
    const { error, looked, events, requests } = await ask({ truncateAfterChunks: 13 });
    expect(error).toBeInstanceOf(InterruptedError);
    if (!(error instanceof InterruptedError)) return;
    expect(looked).toEqual(['Tokyo']);
    expect(requests).toBe(1);
    expect(error.partial.text).toBe('I look it up. ');
    expect(error.partial.toolCalls.map(({ callId, arguments: args }) => [callId, args._tag])).toEqual([
      ['call_1', 'Right'],
      ['call_2', 'Left'],
    ]);
    expect(error.partial.results.find(({ callId }) => callId === 'call_1')?.outcome).toEqual({ _tag: 'Right', right: 'seen Tokyo' });
    // The history can go on: every call in it has a result.
    const { messages } = error.partial;
    const asked = messages.flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : []));
    const answered = messages.flatMap((message) => (message.role === 'tool' ? [message.toolCallId] : []));
    expect(answered).toEqual(asked);
    expect(asked).toContain('call_1');
    expect(events.filter(({ type }) => type === 'tool-result').length).toBe(events.filter(({ type }) => type === 'tool-call').length);
  });

  it('in the middle of text: the text so far is on the error', async () => {
    const { error, looked } = await ask({ truncateAfterChunks: 3 });
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error instanceof InterruptedError && error.partial.text).toBe('I look i');
    expect(looked).toEqual([]);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import { ollama } from '../../src/dialects/ollama.ts';
import type { ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';
import { splitBytes } from '../../src/testing/index.ts';

/** Serves events as an Ollama server does, on a free loopback port, cut anywhere. */
async function serving<T>(events: Iterable<ModelEvent>, use: (client: Ollama) => Promise<T>): Promise<T> {
  const body = runStage(ollama.encoder(), events)
    .values.map(({ data }) => `${data}\n`)
    .join('');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const chunk of splitBytes(new TextEncoder().encode(body), { seed: 3 })) response.write(chunk);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(new Ollama({ host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const ask = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true as const };

describe('the official client, reading what the encoder writes', () => {
  it('gives the same text, thinking, calls, reason and counts', async () => {
    const call = (index: number, name: string, pieces: string[]): ModelEvent[] => [
      { type: 'tool-call-start', callId: `c${index}`, index, name },
      ...pieces.map((text): ModelEvent => ({ type: 'tool-call-delta', callId: `c${index}`, index, text })),
    ];
    const events: ModelEvent[] = [
      { type: 'round-start', model: 'qwen3' },
      { type: 'reasoning-delta', text: 'Hm — "weather".' },
      { type: 'text-delta', text: 'Für ' },
      { type: 'text-delta', text: '漢字 👩‍🚀\n' },
      ...call(0, 'get_weather', ['{"city":', '"Hà Nội"}']),
      ...call(1, 'add', ['{ "x": 1,\n "y": [2, null] }']),
      { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
      {
        type: 'round-end',
        reason: 'tool-calls',
        usage: { inputTokens: 11, outputTokens: 7, durationsMs: { total: 1.5 } },
        message: { role: 'assistant', content: '' },
      },
    ];
    const parts = await serving(events, async (client) => {
      const read = [];
      for await (const part of await client.chat(ask)) read.push(part);
      return read;
    });
    expect(parts.map(({ message }) => message.content).join('')).toBe('Für 漢字 👩‍🚀\n');
    expect(parts.map(({ message }) => message.thinking ?? '').join('')).toBe('Hm — "weather".');
    expect(parts.flatMap(({ message }) => message.tool_calls ?? []).map((called) => called.function)).toMatchObject([
      { name: 'get_weather', arguments: { city: 'Hà Nội' } },
      { name: 'add', arguments: { x: 1, y: [2, null] } },
    ]);
    expect(parts.at(-1)).toMatchObject({
      model: 'qwen3',
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 11,
      eval_count: 7,
      total_duration: 1_500_000,
    });
  });

  it('raises the error of an answer that failed', async () => {
    const failing = function* (): Generator<ModelEvent> {
      yield { type: 'text-delta', text: 'Hi' };
      throw new Error('x');
    };
    const read = serving(failing(), async (client) => {
      for await (const _part of await client.chat(ask));
    });
    await expect(read).rejects.toThrow('The answer failed.');
  });
});

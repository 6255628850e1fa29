import { filter, firstValueFrom, fromEvent, lastValueFrom, map, take, takeUntil, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { streamAnswer } from '../../src/answer.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { InterruptedError, ProviderError } from '../../src/errors.ts';
import type { AnswerEvent } from '../../src/events.ts';
import type { AssistantMessage, ModelRequest } from '../../src/messages.ts';
import { type SocketModelOptions, socketModel } from '../../src/models/socket-model.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { settled } from '../support/settled.ts';
import { type ServedSocket, type SocketServer, startSocketServer } from '../support/socket-server.ts';

const KEY = 'sk-verysecretkey123';
const request = { messages: [{ role: 'user', content: '15 + 27, and the weather?' }] };
const text = (words: string) => ({ type: 'content_block', text: words });
const call = (id: string, name: string, args: unknown) => ({ type: 'function_call', id, name, arguments: args });
const done = (finish_reason = 'stop') => ({ type: 'done', finish_reason });
let server: SocketServer;

afterEach(() => server?.close());

async function serving(serve: (served: ServedSocket, n: number) => void | Promise<void>, options: Partial<SocketModelOptions> = {}) {
  server = await startSocketServer(serve);
  return modelAt(server.url, options);
}

function modelAt(url: string, options: Partial<SocketModelOptions> = {}) {
  const retry = { baseDelayMs: 5, ...options.retry };
  return socketModel({ protocol: duplexSession, url, model: 'm', apiKey: KEY, webSocket: WebSocket, ...options, retry });
}

const add = defineTool({
  name: 'add',
  description: 'Adds two numbers',
  parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  annotations: { readOnlyHint: true },
  execute: ({ a, b }) => a + b,
});

const typesOf = (events: readonly AnswerEvent[]) => events.map((event) => (event.type === 'diagnostic' ? event.code : event.type));
const textOf = (events: readonly AnswerEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');

describe('socketModel with duplexSession', () => {
  it('carries all rounds of an answer over one connection, with a function_result for each call', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(
        { type: 'start', id: 'r1', model: 'm-1' },
        text('Let me see. '),
        call('c1', 'add', { a: 15, b: 27 }),
        call('c2', 'add', '{"a":1,'),
      );
      served.send({ type: 'function_call', id: 'c2', arguments: '"b":2}' }, done('tool_calls'));
      await served.message(2);
      served.send(text('Grüße 🛫: 42 and 3.'), { type: 'usage', usage: { input_tokens: 9, output_tokens: 4 } }, done());
    });
    const { events, error } = await settled(streamAnswer({ model, request, tools: [add] }));
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('Let me see. Grüße 🛫: 42 and 3.');
    expect(server.connections).toHaveLength(1);
    const [init, ...results] = server.connections[0]?.received ?? [];
    expect(init).toMatchObject({ type: 'init', model: 'm', messages: request.messages, stream: true });
    expect(init?.parameters).toMatchObject({ tools: [{ type: 'function', function: { name: 'add' } }] });
    expect(results).toEqual([
      { type: 'function_result', id: 'c1', name: 'add', result: '42' },
      { type: 'function_result', id: 'c2', name: 'add', result: '3' },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', reason: 'stop', rounds: 2, usage: { inputTokens: 9, outputTokens: 4 } });
    expect(await server.connections[0]?.gone).toBe(1000);
  });

  it('runs three rounds on one connection', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(call('c1', 'add', { a: 1, b: 1 }), done('tool_calls'));
      await served.message(1);
      served.send(call('c2', 'add', { a: 2, b: 2 }), done('tool_calls'));
      await served.message(2);
      served.send(text('done'), done());
    });
    const { events } = await settled(streamAnswer({ model, request, tools: [add] }));
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', rounds: 3 });
    expect(server.connections).toHaveLength(1);
    expect(server.connections[0]?.received.map(({ type }) => type)).toEqual(['init', 'function_result', 'function_result']);
  });

  it('runs a tool while content blocks keep arriving', async () => {
    let finish = (_: number) => {};
    const slow = defineTool({
      name: 'slow',
      description: 'Waits',
      parameters: { type: 'object', properties: {} },
      annotations: { readOnlyHint: true },
      execute: () => new Promise<number>((resolve) => (finish = resolve)),
    });
    let served: ServedSocket | undefined;
    const model = await serving(async (it) => {
      served = it;
      await it.message(0);
      it.send(call('c1', 'slow', {}), text('first '));
    });
    const events: AnswerEvent[] = [];
    const ended = new Promise<void>((complete, error) => {
      streamAnswer({ model, request, tools: [slow] }).subscribe({
        next: (event) => {
          events.push(event);
          if (event.type === 'tool-started') served?.send(text('second '));
          if (event.type === 'text-delta' && event.text === 'second ') finish(1);
          if (event.type === 'tool-result') served?.send(text('third '), done('tool_calls'));
          if (event.type === 'round-end' && event.round === 1) void served?.message(1).then(() => served?.send(text('end'), done()));
        },
        complete,
        error,
      });
    });
    await ended;
    const at = (find: (event: AnswerEvent) => boolean) => events.findIndex(find);
    const second = at((event) => event.type === 'text-delta' && event.text === 'second ');
    expect(at(({ type }) => type === 'tool-started')).toBeLessThan(second);
    expect(second).toBeLessThan(at(({ type }) => type === 'tool-result'));
    expect(at(({ type }) => type === 'tool-result')).toBeLessThan(at(({ type }) => type === 'round-end'));
    expect(textOf(events)).toBe('first second third end');
  });

  it('keeps the answers of several agents on one server apart', async () => {
    const model = await serving(async (served) => {
      const init = await served.message(0);
      const { content } = (init.messages as Array<{ content: string }>)[0] ?? { content: '' };
      served.send(call('c1', 'add', { a: Number(content), b: 1 }), done('tool_calls'));
      const { result } = await served.message(1);
      served.send(text(`${content}+1=${result}`), done());
    });
    const ask = (content: string) => settled(streamAnswer({ model, request: { messages: [{ role: 'user', content }] }, tools: [add] }));
    const answers = await Promise.all(['1', '2', '3'].map(ask));
    expect(answers.map(({ events }) => textOf(events))).toEqual(['1+1=2', '2+1=3', '3+1=4']);
    expect(server.connections).toHaveLength(3);
  });

  it('raises an InterruptedError with what was there when the connection is cut', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(text('Half of it'), { type: 'function_call', id: 'c1', name: 'add', arguments: '{"a":1' });
      setTimeout(() => served.socket.terminate(), 20);
    });
    const { events, error } = await settled(streamAnswer({ model, request, tools: [add] }));
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({ partial: { text: 'Half of it', calls: [{ callId: 'c1', argumentsText: '{"a":1' }] } });
    expect((error as Error).message).toContain('1006');
    expect(events.filter(({ type }) => type === 'tool-started')).toEqual([]);
    expect(server.connections).toHaveLength(1);
  });

  it('raises an InterruptedError when the connection closes regularly before `done`', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(text('Half'));
      served.socket.close(1000);
    });
    const { error } = await settled(streamAnswer({ model, request }));
    expect(error).toMatchObject({ code: 'interrupted', partial: { text: 'Half' } });
  });

  it('survives a cut after the finish reason', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(text('all'), done());
      served.socket.terminate();
    });
    const { events, error } = await settled(streamAnswer({ model, request }));
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('all');
  });

  it('raises the error the provider reports, with what was there', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(text('Half'), { type: 'error', error: { message: 'no funds', code: 'insufficient_quota' } });
    });
    const { error } = await settled(streamAnswer({ model, request }));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: 'insufficient_quota', retryable: false, partial: { text: 'Half' } });
    expect(await server.connections[0]?.gone).toBe(1000);
  });

  it('connects again when the connection was lost before the first event', async () => {
    const model = await serving(async (served, n) => {
      await served.message(0);
      if (n === 0) served.socket.terminate();
      else served.send(text('Hi'), done());
    });
    const { events, error } = await settled(model(request as Parameters<typeof model>[0]));
    expect(error).toBeUndefined();
    expect(typesOf(events)).toEqual(['retried', 'round-start', 'text-delta', 'finish-reason', 'round-end']);
  });

  it('asks a round with the whole history when its connection was lost while the tools ran', async () => {
    const model = await serving(async (served, n) => {
      const init = await served.message(0);
      if (n === 0) {
        served.send(call('c1', 'wait', {}), done('tool_calls'));
        return;
      }
      served.send(text(String((init.messages as unknown[]).length)), done());
    });
    const wait = defineTool({
      name: 'wait',
      description: 'Waits until the connection is gone',
      parameters: { type: 'object', properties: {} },
      execute: async () => {
        server.connections[0]?.socket.terminate();
        await server.connections[0]?.gone;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return 'ok';
      },
    });
    const { events, error } = await settled(streamAnswer({ model, request, tools: [wait] }));
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('3');
    expect(server.connections[1]?.received[0]).toMatchObject({
      type: 'init',
      messages: [{ role: 'user' }, { role: 'assistant', tool_calls: [{ id: 'c1' }] }, { role: 'tool', tool_call_id: 'c1', content: 'ok' }],
    });
  });

  it('closes the connection on unsubscribing, in a round and between two', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(text('a'), text('b'));
    });
    await firstValueFrom(streamAnswer({ model, request }));
    expect(await (await server.connection(0)).gone).toBe(1000);
    await server.close();

    const between = await serving(async (served) => {
      await served.message(0);
      served.send(call('c1', 'never', {}), done('tool_calls'));
    });
    const never = defineTool({
      name: 'never',
      description: 'Never ends',
      parameters: { type: 'object', properties: {} },
      execute: () => new Promise(() => {}),
    });
    await lastValueFrom(streamAnswer({ model: between, request, tools: [never] }).pipe(take(7), toArray()));
    expect(await (await server.connection(0)).gone).toBe(1000);
  });

  describe('within an answer', () => {
    const user = { role: 'user', content: 'Hi' } as const;
    const result = (toolCallId: string) => ({ role: 'tool', toolCallId, name: 'add', content: '3' }) as const;
    const tools = [{ name: 'add', description: 'Adds', inputSchema: { type: 'object' } }];

    /** Asks two rounds of one answer. @returns how many connections that took. */
    async function connectionsFor(second: (reply: AssistantMessage) => ModelRequest): Promise<number> {
      const model = await serving(async (served) => {
        await served.message(0);
        served.send(call('c1', 'add', {}), call('c2', 'add', {}), done('tool_calls'));
        await served.message(1);
        served.send(text('Done'), done());
      });
      const answer = new AbortController();
      const { reply } = await lastValueFrom(
        model({ messages: [user], tools }, answer.signal).pipe(
          filter((event) => event.type === 'round-end'),
          map(({ message }) => ({ reply: message })),
        ),
      );
      const next$ = model(second(reply), answer.signal).pipe(takeUntil(fromEvent(answer.signal, 'abort')));
      await firstValueFrom(next$, { defaultValue: undefined });
      const { length } = server.connections;
      answer.abort();
      return length;
    }

    it('asks the round that follows on the same connection', async () => {
      expect(await connectionsFor((reply) => ({ messages: [user, reply, result('c1'), result('c2')], tools }))).toBe(1);
    });

    it('knows it again where the messages are equal and no longer the same', async () => {
      expect(await connectionsFor((reply) => ({ messages: structuredClone([user, reply, result('c1'), result('c2')]), tools }))).toBe(1);
    });

    it.each<[string, (reply: AssistantMessage) => ModelRequest]>([
      ['has other tools', (reply) => ({ messages: [user, reply, result('c1'), result('c2')], tools: [...tools] })],
      ['has nothing new', () => ({ messages: [user], tools })],
      ['has another question', (reply) => ({ messages: [{ ...user, content: 'Ho' }, reply, result('c1'), result('c2')], tools })],
      ['goes on with the user', () => ({ messages: [user, user, result('c1'), result('c2')], tools })],
      ['has another reply', () => ({ messages: [user, { role: 'assistant', content: '' }], tools })],
      ['lacks a result', (reply) => ({ messages: [user, reply, result('c1')], tools })],
      ['has the results in another order', (reply) => ({ messages: [user, reply, result('c2'), result('c1')], tools })],
      ['has words of the user among the results', (reply) => ({ messages: [user, reply, result('c1'), user, result('c2')], tools })],
    ])('opens another for a request that %s', async (_, second) => {
      expect(await connectionsFor(second)).toBe(2);
    });
  });

  it('gives each round a connection where it knows no answer', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(call('c1', 'add', { a: 1, b: 2 }), done('tool_calls'));
    });
    await lastValueFrom(model({ messages: [{ role: 'user', content: 'Hi' }] }));
    expect(await server.connections[0]?.gone).toBe(1000);
  });

  it('errors with an InterruptedError when the answer is aborted, and closes the connection', async () => {
    const model = await serving(async (served) => {
      await served.message(0);
      served.send(text('a'));
    });
    const answer = new AbortController();
    const events$ = model({ messages: [{ role: 'user', content: 'Hi' }] }, answer.signal);
    setTimeout(() => answer.abort(), 50);
    expect(await settled(events$)).toMatchObject({ error: { code: 'interrupted', partial: { text: 'a' } } });
    expect(await server.connections[0]?.gone).toBe(1000);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lastValueFrom, NEVER, Observable, takeWhile, tap } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { agentTool } from '../src/agent-tool.ts';
import { streamAnswer } from '../src/answer.ts';
import { duplexSession } from '../src/dialects/duplex-session.ts';
import { openAiChat } from '../src/dialects/openai-chat.ts';
import { LimitError } from '../src/errors.ts';
import type { AnswerEvent, FinishReason, ToolProgress } from '../src/events.ts';
import { toAsyncIterable } from '../src/interop/to-async-iterable.ts';
import type { Gate } from '../src/models/gate.ts';
import { httpModel } from '../src/models/http-model.ts';
import type { Model } from '../src/models/model.ts';
import { socketModel } from '../src/models/socket-model.ts';
import { scriptedModel } from '../src/testing/index.ts';
import { defineTool } from '../src/tools/define-tool.ts';
import type { FinalValue } from '../src/tools/output.ts';
import { memoryJournal } from '../src/tools/tool-journal.ts';
import { settled } from './support/settled.ts';
import { type SocketServer, startSocketServer } from './support/socket-server.ts';

const request = { messages: [{ role: 'user', content: 'Go' }] };
let server: SocketServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const progressOf = (events: readonly AnswerEvent[]) =>
  events.filter((event): event is ToolProgress => event.type === 'tool-progress').map(({ value }) => value as unknown as AnswerEvent);
const resultsOf = (events: readonly AnswerEvent[]) => events.flatMap((event) => (event.type === 'tool-result' ? [event.outcome] : []));

describe('agentTool', () => {
  const add = defineTool({
    name: 'add',
    description: 'Adds two numbers',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
    execute: ({ a, b }) => a + b,
  });

  it('runs a whole answer: its events are progress, its last text the result', async () => {
    const agent = agentTool({
      name: 'calculator',
      description: 'Calculates',
      tools: [add],
      model: scriptedModel([['Let me see. ', { call: 'add', arguments: { a: 15, b: 27 } }], ['It is 42.']]),
    });
    const model = scriptedModel([[{ call: 'calculator', arguments: { task: '15 + 27' } }], ['Done.']]);
    const { events, error } = await settled(streamAnswer({ model, request, tools: [agent] }));
    expect(error).toBeUndefined();
    expect(resultsOf(events)).toEqual([{ _tag: 'Right', right: 'It is 42.' }]);
    const inner = progressOf(events);
    expect(resultsOf(inner)).toEqual([{ _tag: 'Right', right: 42 }]);
    expect(inner.at(-1)).toMatchObject({ type: 'answer-end', rounds: 2 });
  });

  it('fails the call where the agent fails or does not come to an end', async () => {
    const failing = agentTool({ name: 'failing', description: 'Fails', model: scriptedModel([['a', new Error('gone')]]) });
    const endless = agentTool({
      name: 'endless',
      description: 'Never done',
      tools: [add],
      maxRounds: 1,
      model: scriptedModel([[{ call: 'add', arguments: { a: 1, b: 1 } }]]),
    });
    const calls = ['failing', 'endless'].map((name) => ({ call: name, arguments: { task: 'x' } }));
    const { events } = await settled(streamAnswer({ model: scriptedModel([calls, ['ok']]), request, tools: [failing, endless] }));
    expect(resultsOf(events)).toEqual(
      expect.arrayContaining([
        { _tag: 'Left', left: expect.objectContaining({ code: 'threw', message: expect.stringContaining('gone') }) },
        { _tag: 'Left', left: expect.objectContaining({ code: 'threw', message: expect.stringContaining('max-rounds') }) },
      ]),
    );
  });

  /** What an agent gives for these arguments, run by hand. */
  const outcome = async (model: Model, args: unknown, options: object = {}, signal = new AbortController().signal) => {
    const agent = agentTool({ name: 'agent', description: 'Says something', model, ...options });
    const output$ = agent.execute?.(args as never, { signal } as never) as Observable<AnswerEvent | FinalValue>;
    const { events, error } = await settled(output$);
    return error ?? (events.at(-1) as FinalValue).value;
  };
  const ending = (reason: FinishReason) => scriptedModel([['Half', { type: 'finish-reason', reason, raw: reason }]]);

  it.each(['stop', 'length', 'other'] as const)('gives its last text after %s', async (reason) => {
    expect(await outcome(ending(reason), { task: 'x' })).toBe('Half');
  });

  it.each(['content-filter', 'error'] as const)('fails after %s', async (reason) => {
    expect(await outcome(ending(reason), { task: 'x' })).toMatchObject({ message: expect.stringContaining(reason) });
  });

  it('fails where it is stopped, before and while it runs', async () => {
    expect(await outcome(scriptedModel([['a']]), { task: 'x' }, {}, AbortSignal.abort())).toBeInstanceOf(Error);
    const stop = new AbortController();
    const stopped = outcome(() => NEVER, { task: 'x' }, {}, stop.signal);
    stop.abort();
    expect(await stopped).toBeInstanceOf(Error);
  });

  it('is asked its task, its text, or its arguments as JSON where they have no task', async () => {
    const asked: unknown[] = [];
    const model: Model = (inner, answer) => {
      asked.push(inner.messages.at(-1)?.content);
      return scriptedModel([['ok']])(inner, answer);
    };
    for (const args of [{ task: 'a' }, 'b', { task: 1 }, {}, null, 7]) await outcome(model, args);
    expect(asked).toEqual(['a', 'b', '{"task":1}', '{}', 'null', '7']);
  });

  it('refuses a journal, and has only those settings that were given', () => {
    const options = { name: 'agent', description: 'Says something', model: scriptedModel([]) };
    expect(() => agentTool({ ...options, journal: memoryJournal() } as never)).toThrow(/outer answer/);
    const agent = agentTool({ ...options, journal: undefined } as never);
    expect(Object.keys(agent)).not.toContain('timeoutMs');
    expect(agentTool({ ...options, timeoutMs: 5 }).timeoutMs).toBe(5);
  });

  it('asks what `request` makes of its own parameters', async () => {
    const asked: unknown[] = [];
    const script = scriptedModel([['Bonjour']]);
    const agent = agentTool({
      name: 'translate',
      description: 'Translates',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      request: ({ text }) => ({ messages: [{ role: 'user', content: `Translate: ${text}` }] }),
      model: (inner, answer) => {
        asked.push(inner.messages);
        return script(inner, answer);
      },
    });
    const model = scriptedModel([[{ call: 'translate', arguments: { text: 'Hello' } }], ['ok']]);
    await lastValueFrom(streamAnswer({ model, request, tools: [agent] }));
    expect(asked).toEqual([[{ role: 'user', content: 'Translate: Hello' }]]);
  });

  it('runs agents side by side on one server, and closes their connections when the answer is unsubscribed', async () => {
    const started = await startSocketServer(async (served) => {
      const init = await served.message(0);
      const { content } = (init.messages as Array<{ content: string }>)[0] ?? { content: '' };
      if (content === 'Go') {
        const calls = ['a', 'b'].map((id) => ({ type: 'function_call', id, name: 'agent', arguments: { task: id } }));
        served.send(...calls, { type: 'done', finish_reason: 'tool_calls' });
      } else {
        served.send({ type: 'content_block', text: content });
      }
    });
    server = started;
    const model = socketModel({ protocol: duplexSession, url: started.url, model: 'm', webSocket: WebSocket });
    const agent = agentTool({ name: 'agent', description: 'Says something', model });
    const texts: string[] = [];
    await lastValueFrom(
      streamAnswer({ model, request, tools: [agent] }).pipe(
        tap((event) => {
          const inner = progressOf([event])[0];
          if (inner?.type === 'text-delta') texts.push(inner.text);
        }),
        takeWhile(() => texts.length < 2),
      ),
      { defaultValue: undefined },
    );
    expect(texts.sort()).toEqual(['a', 'b']);
    expect(started.connections).toHaveLength(3);
    expect(await Promise.all(started.connections.map(({ gone }) => gone))).toEqual([1000, 1000, 1000]);
  });

  it('is told its `system`, and its arguments as JSON where they have no task', async () => {
    const asked: unknown[] = [];
    const answering: Model = (given) => {
      asked.push(given.messages);
      return scriptedModel([['ok']])(given);
    };
    const agent = agentTool({
      name: 'agent',
      description: 'Answers',
      model: answering,
      system: 'Be short.',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    });
    const model = scriptedModel([[{ call: 'agent', arguments: { city: 'Huế' } }], ['Done.']]);
    await settled(streamAnswer({ model, request, tools: [agent] }));
    expect(asked).toEqual([
      [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: '{"city":"Huế"}' },
      ],
    ]);
  });

  it('throws at the call where its model is none', () => {
    const options = { name: 'agent', description: 'Answers', model: 'gpt' as unknown as Model };
    expect(() => agentTool(options)).toThrow('agentTool "agent": `model` is no function');
  });

  it('is given the task as plain text where that is its only parameter', async () => {
    const script = scriptedModel([['Hanoi']]);
    const agent = agentTool({ name: 'capital', description: 'Knows capitals', parameters: { type: 'text' }, model: script });
    const model = scriptedModel([[{ call: 'capital', arguments: '"Capital of \\"Vietnam\\"?"' }], ['ok']]);
    await lastValueFrom(streamAnswer({ model, request, tools: [agent] }));
    expect(script.requests[0]?.messages).toEqual([{ role: 'user', content: 'Capital of "Vietnam"?' }]);
  });

  it('takes no journal: that is for one answer, and each call is one', () => {
    const options = { name: 'a', description: 'b', model: scriptedModel([]), journal: memoryJournal() };
    expect(() => agentTool(options)).toThrow(/journal.*outer answer/);
  });
});

describe('agentTool: what waits', () => {
  const calling = () => scriptedModel([[{ call: 'agent', arguments: { task: 'x' } }], ['ok']]);
  /** An inner model that says as many words as are taken, and counts what it said and whether it still speaks. */
  function speaker(words: number) {
    const state = { said: 0, open: 0 };
    const model: Model = () =>
      new Observable((subscriber) => {
        state.open++;
        subscriber.add(() => {
          state.open--;
        });
        for (; state.said < words && !subscriber.closed; ) subscriber.next({ type: 'text-delta', text: String(state.said++) });
        subscriber.next({ type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'done' } });
        subscriber.complete();
      });
    return { state, model };
  }

  it('keeps no event: each goes on before the next is made', async () => {
    const { state, model } = speaker(50_000);
    const agent = agentTool({ name: 'agent', description: 'Speaks', model });
    let ahead = 0;
    let words = 0;
    const last = await lastValueFrom(
      streamAnswer({ model: calling(), request, tools: [agent] }).pipe(
        tap((event) => {
          if (progressOf([event])[0]?.type === 'text-delta') ahead = Math.max(ahead, state.said - ++words);
        }),
      ),
    );
    expect({ words, ahead, last: last.type }).toEqual({ words: 50_000, ahead: 0, last: 'answer-end' });
  });

  it('fails the stream and stops the agent when a slow reader has more than `maxQueued` events waiting', async () => {
    const { state, model } = speaker(Number.POSITIVE_INFINITY);
    const agent = agentTool({ name: 'agent', description: 'Speaks without end', model });
    const read: AnswerEvent[] = [];
    const reading = async () => {
      for await (const event of toAsyncIterable(() => streamAnswer({ model: calling(), request, tools: [agent] }), { maxQueued: 100 })) {
        read.push(event);
      }
    };
    await expect(reading()).rejects.toThrow(LimitError);
    expect(state).toMatchObject({ open: 0 });
    expect(state.said).toBeLessThanOrEqual(102);
    // What had been queued is read before the error.
    expect(progressOf(read).flatMap((event) => (event.type === 'text-delta' ? [event.text] : []))).toEqual(
      Array.from({ length: progressOf(read).length }, (_, i) => String(i)),
    );
    expect(progressOf(read).length).toBeGreaterThan(90);
  });

  it("holds the agent's server back where the agent's model has the gate: nothing is lost, nothing fails", async () => {
    const words = 3000;
    const chunk = (content: string) => `data: ${JSON.stringify({ id: 'r', choices: [{ index: 0, delta: { content } }] })}\n\n`;
    const body = Array.from({ length: words }, (_, i) => chunk(`${i} `)).join('');
    const ending = `data: ${JSON.stringify({ id: 'r', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;
    const http = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(body + ending);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const read = async (gated: boolean) => {
      const answer = (gate: Gate) => {
        const model = httpModel({ dialect: openAiChat, url, model: 'm', ...(gated && { gate }) });
        return streamAnswer({ model: calling(), request, tools: [agentTool({ name: 'agent', description: 'Speaks', model })] });
      };
      const texts: string[] = [];
      for await (const event of toAsyncIterable(answer, { maxQueued: 200 })) {
        const [inner] = progressOf([event]);
        if (inner?.type === 'text-delta') texts.push(inner.text);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return texts;
    };
    try {
      expect(await read(true)).toEqual(Array.from({ length: words }, (_, i) => `${i} `));
      await expect(read(false)).rejects.toThrow(LimitError);
    } finally {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    }
  });
});

describe('agentTool: two agents at once over one server', () => {
  const names = ['left', 'right'] as const;
  /** Serves outer answers (`Go left`), which call the agent of that name, and agents (`left`), which call `work` with the same id; both say what came of it. */
  const serving = () =>
    startSocketServer(async (served) => {
      const init = await served.message(0);
      const content = (init.messages as Array<{ content: string }>)[0]?.content ?? '';
      const [, outer] = /^Go (.*)$/.exec(content) ?? [];
      const wanted = outer ? outer.split(' ').map((name) => ({ type: 'function_call', id: name, name, arguments: { task: name } })) : [];
      const calls = outer ? wanted : [{ type: 'function_call', id: 'c1', name: 'work', arguments: {} }];
      served.send(...calls, { type: 'done', finish_reason: 'tool_calls' });
      const results = await Promise.all(calls.map((_, i) => served.message(i + 1)));
      served.send(
        { type: 'content_block', text: results.map(({ result }) => String(result)).join(' and ') },
        { type: 'done', finish_reason: 'stop' },
      );
    });

  /** Two agents, each with a tool of the same name that waits to be released. */
  function agents(model: Model) {
    const works = names.map((name) => {
      const work = { name, runs: 0, aborted: false, release: () => {}, started: Promise.resolve(), start: () => {} };
      work.started = new Promise<void>((resolve) => {
        work.start = resolve;
      });
      const released = new Promise<void>((resolve) => {
        work.release = resolve;
      });
      const tool = defineTool({
        name: 'work',
        description: 'Works',
        parameters: { type: 'object', properties: {} },
        execute: async (_args, { signal }) => {
          work.runs++;
          signal.addEventListener('abort', () => {
            work.aborted = true;
            work.release();
          });
          work.start();
          await released;
          return `${name} worked`;
        },
      });
      return { work, agent: agentTool({ name, description: name, model, tools: [tool] }) };
    });
    return { tools: works.map(({ agent }) => agent), left: works[0]?.work, right: works[1]?.work };
  }

  const ask = (content: string) => ({ messages: [{ role: 'user', content }] });
  const modelAt = (url: string) => socketModel({ protocol: duplexSession, url, model: 'm', webSocket: WebSocket });

  it('within one answer each runs its own tools and tells its own result', async () => {
    const started = await serving();
    server = started;
    const model = modelAt(started.url);
    const { tools, left, right } = agents(model);
    const running = settled(streamAnswer({ model, request: ask('Go left right'), tools }));
    await Promise.all([left?.started, right?.started]);
    // The one that began last ends first.
    right?.release();
    left?.release();
    const { events, error } = await running;
    expect(error).toBeUndefined();
    const results = events.flatMap((event) => (event.type === 'tool-result' ? [[event.callId, event.outcome]] : []));
    expect(Object.fromEntries(results)).toEqual({
      left: { _tag: 'Right', right: 'left worked' },
      right: { _tag: 'Right', right: 'right worked' },
    });
    expect([left?.runs, right?.runs, left?.aborted, right?.aborted]).toEqual([1, 1, false, false]);
    const said = events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join('');
    expect(said).toBe('left worked and right worked');
    for (const name of names) {
      const own = progressOf(events.filter((event) => event.type === 'tool-progress' && event.callId === name));
      expect(resultsOf(own)).toEqual([{ _tag: 'Right', right: `${name} worked` }]);
      expect(own.at(-1)).toMatchObject({ type: 'answer-end', rounds: 2 });
    }
  });

  it('in two answers one is cancelled, and the other does not notice', async () => {
    const started = await serving();
    server = started;
    const model = modelAt(started.url);
    const { tools, left, right } = agents(model);
    const cancelled = streamAnswer({ model, request: ask('Go left'), tools }).subscribe();
    const going = settled(streamAnswer({ model, request: ask('Go right'), tools }));
    await Promise.all([left?.started, right?.started]);
    cancelled.unsubscribe();
    expect([left?.aborted, right?.aborted]).toEqual([true, false]);
    const ofLeft = started.connections.filter(({ received }) => /left/.test(JSON.stringify(received[0]?.messages)));
    expect(ofLeft).toHaveLength(2);
    expect(await Promise.all(ofLeft.map(({ gone }) => gone))).toEqual([1000, 1000]);
    right?.release();
    const { events, error } = await going;
    expect(error).toBeUndefined();
    expect(resultsOf(events)).toEqual([{ _tag: 'Right', right: 'right worked' }]);
    expect([left?.runs, right?.runs, right?.aborted]).toEqual([1, 1, false]);
  });
});

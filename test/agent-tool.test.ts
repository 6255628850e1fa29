import { lastValueFrom, takeWhile, tap } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { agentTool } from '../src/agent-tool.ts';
import { streamAnswer } from '../src/answer.ts';
import { duplexSession } from '../src/dialects/duplex-session.ts';
import type { AnswerEvent, ToolProgress } from '../src/events.ts';
import { socketModel } from '../src/models/socket-model.ts';
import { scriptedModel } from '../src/testing/index.ts';
import { defineTool } from '../src/tools/define-tool.ts';
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
});

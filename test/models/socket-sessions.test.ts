import { describe, expect, it } from 'vitest';
import type { AssistantMessage, Message, ModelRequest } from '../../src/messages.ts';
import type { SocketConnection } from '../../src/models/socket-connection.ts';
import { endWith, type Session, SocketSessions } from '../../src/models/socket-sessions.ts';

const tools = [{ name: 'f', inputSchema: {} }];
const user: Message = { role: 'user', content: 'go' };
const system: Message = { role: 'system', content: 'be' };
const asked: ModelRequest = { messages: [system, user], tools };
const call = (id: string) => ({ id, name: 'f', argumentsText: '{}' });
const reply: AssistantMessage = { role: 'assistant', content: '', toolCalls: [call('c1'), call('c2')] };
const result = (toolCallId: string): Message => ({ role: 'tool', toolCallId, name: 'f', content: 'ok' });
const results = [result('c1'), result('c2')];
const answer = new AbortController().signal;

function waiting(...kept: Partial<Session>[]) {
  const sessions = new SocketSessions();
  const all = kept.map(
    (fields): Session => ({
      connection: {} as SocketConnection,
      request: asked,
      reply,
      responseId: 'r1',
      redact: (text) => text,
      ...fields,
    }),
  );
  for (const session of all) sessions.keep(answer, session);
  return { sessions, all };
}

describe('the connection on which a request goes on', () => {
  const next = (...messages: Message[]): ModelRequest => ({ messages, tools });

  it('is the one that waits for these results, once', () => {
    const { sessions, all } = waiting({});
    const request = next(system, user, reply, ...results);
    expect(sessions.claim(undefined, request)).toBeUndefined();
    expect(sessions.claim(new AbortController().signal, request)).toBeUndefined();
    expect(sessions.claim(answer, request)).toEqual({ session: all[0], results });
    expect(sessions.claim(answer, request)).toBeUndefined();
  });

  it('is found among several of one answer', () => {
    const other = { ...reply, toolCalls: [call('d1')] };
    const { sessions, all } = waiting({}, { reply: other });
    expect(sessions.claim(answer, next(system, user, other, result('d1')))?.session).toBe(all[1]);
    expect(sessions.claim(answer, next(system, user, reply, ...results))?.session).toBe(all[0]);
  });

  it.each([
    ['has other tools', { messages: [system, user, reply, ...results], tools: [...tools] }],
    ['has no more messages', next(system, user)],
    ['begins otherwise', next({ ...system, content: 'be not' }, user, reply, ...results)],
    ['asked something else', next(system, { ...user, content: 'stop' }, reply, ...results)],
    ['goes on with no reply', next(system, user, user, ...results)],
    ['has another reply', next(system, user, { ...reply, toolCalls: [call('c1')] }, ...results)],
    ['lacks a result', next(system, user, reply, result('c1'))],
    ['has one result too many', next(system, user, reply, ...results, result('c3'))],
    ['has the results in another order', next(system, user, reply, result('c2'), result('c1'))],
    ['says more behind the results', next(system, user, reply, ...results, user)],
    ['says something in place of a result', next(system, user, reply, result('c1'), user)],
  ] as const)('is none where it %s', (_, request) => {
    expect(waiting({}).sessions.claim(answer, request)).toBeUndefined();
  });
});

it('a connection ends with its answer, and lets go of it when it ends first', () => {
  const controller = new AbortController();
  let closed = 0;
  let end = () => {};
  const onEnd = (listener: () => void) => {
    end = listener;
  };
  const connection = { close: () => closed++, onEnd } as unknown as SocketConnection;
  endWith(controller.signal, connection);
  end();
  controller.abort();
  expect(closed).toBe(0);
  endWith(controller.signal, connection);
  expect(closed).toBe(1);
});

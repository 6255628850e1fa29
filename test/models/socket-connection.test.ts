import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError } from '../../src/errors.ts';
import type { Gate } from '../../src/models/gate.ts';
import { SocketConnection } from '../../src/models/socket-connection.ts';
import type { SocketEvent, SocketLike } from '../../src/models/socket-like.ts';

const SHUT: Gate = { open: false, opened: () => new Promise(() => {}) };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A socket that does nothing by itself, and what was done with it. `more` is what only some classes have. */
function made(more: Partial<SocketLike> = {}, settings: { maxQueuedBytes?: number; everyMs?: number } = {}) {
  const { maxQueuedBytes = 10_000, everyMs = Infinity } = settings;
  const listeners: Array<[string, (event: SocketEvent) => void]> = [];
  const did: string[] = [];
  const socket = {
    binaryType: '',
    readyState: 1,
    addEventListener: (type: string, listener: (event: SocketEvent) => void) => void listeners.push([type, listener]),
    send: (data: string) => void did.push(`send ${data}`),
    close: () => void did.push('close'),
    ...Object.fromEntries(Object.keys(more).map((name) => [name, () => did.push(name)])),
  };
  const tell = (type: string, event: Partial<SocketEvent> = {}) => {
    for (const [heard, listener] of [...listeners]) if (heard === type) listener({ type, ...event });
  };
  const limits = { connectMs: 1_000, maxFrameBytes: 1_000, maxQueuedBytes, keepAlive: { everyMs } };
  const connection = new SocketConnection(socket as SocketLike, { url: 'wss://a.example/v1?key=secret', ...limits });
  /** What a reader is told. */
  const read = (gate?: Gate) => {
    const told: unknown[] = [];
    const subscription = connection.frames(gate).subscribe({
      next: ({ data }) => told.push(data),
      error: (error) => told.push(error),
      complete: () => told.push('end'),
    });
    return { told, subscription };
  };
  return { connection, socket, did, tell, read, say: (data: string) => tell('message', { data }) };
}

const anything = () => undefined;

describe('a connection', () => {
  it('keeps what comes between two readers', () => {
    const { tell, say, read } = made();
    tell('open');
    const first = read();
    say('a');
    first.subscription.unsubscribe();
    say('b');
    const second = read();
    say('c');
    expect([first.told, second.told]).toEqual([['a'], ['b', 'c']]);
  });

  it('counts what waits, not what was read', () => {
    const { tell, say, read } = made({}, { maxQueuedBytes: 200 });
    tell('open');
    const { told } = read();
    for (let n = 0; n < 50; n++) say('x');
    expect(told).toEqual(Array(50).fill('x'));
  });

  it('sends nothing once its socket is closing', () => {
    const { connection, socket, did, tell } = made();
    tell('open');
    connection.send(['a']);
    socket.readyState = 2;
    connection.send(['b']);
    expect(did).toEqual(['send a']);
  });

  it('hands nothing on that comes after its farewell', () => {
    const { connection, tell, say, read } = made();
    tell('open');
    connection.close();
    say('late');
    expect(read().told).toEqual(['end']);
  });

  it('says with which code it was lost, and the error that came before as the cause', () => {
    const { tell, read } = made();
    tell('open');
    const { told } = read();
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    tell('error', { error: cause });
    expect(told).toEqual([]);
    tell('close', { code: 1006 });
    const [error] = told as [ConnectionError];
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toBe('The WebSocket to wss://a.example/v1 was closed: code 1006 (the connection was lost).');
    expect(error.cause).toBe(cause);
  });

  it('sends no pings where it is told so', () => {
    const { did, tell } = made({ ping: anything, pong: anything });
    tell('open');
    vi.advanceTimersByTime(120_000);
    expect(did).toEqual([]);
  });
});

describe('the farewell of a connection', () => {
  it('is waited for a second', () => {
    const { connection, did, tell } = made({ terminate: anything });
    tell('open');
    connection.close();
    vi.advanceTimersByTime(999);
    expect(did).toEqual(['close']);
    vi.advanceTimersByTime(1);
    expect(did).toEqual(['close', 'terminate']);
  });

  it('is over when it is answered', () => {
    const { connection, did, tell } = made({ terminate: anything });
    tell('open');
    connection.close();
    tell('close', { code: 1000 });
    vi.advanceTimersByTime(5_000);
    expect(did).toEqual(['close']);
  });

  it('reads on where the socket is held, so that the answer is heard', () => {
    const { connection, did, tell, say, read } = made({ pause: anything, resume: anything });
    tell('open');
    read(SHUT);
    say('a');
    say('b');
    connection.close();
    expect(did).toEqual(['pause', 'resume', 'close']);
  });

  it('is said on a socket that cannot be held, too', () => {
    const { connection, did, tell, say, read } = made();
    tell('open');
    read(SHUT);
    say('a');
    connection.close();
    expect(did).toEqual(['close']);
  });

  it('is not held back by a reader that comes later and does not read', () => {
    const { did, tell, say, read } = made({ pause: anything, resume: anything });
    tell('open');
    say('a');
    tell('close', { code: 1000 });
    expect(read(SHUT).told).toEqual([]);
    expect(did).toEqual([]);
  });
});

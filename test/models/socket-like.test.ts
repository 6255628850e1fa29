import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  canPing,
  checkSocketClass,
  makeSocket,
  onPong,
  pings,
  type SocketLike,
  type SocketOptions,
  sendsHeaders,
  type WebSocketClass,
} from '../../src/models/socket-like.ts';
import { BrowserSocket } from '../support/browser-socket.ts';

// The classes of Node, Bun, Deno and Chromium themselves: `test/runtimes/sockets.test.ts`.

afterEach(() => vi.unstubAllGlobals());

/** Takes headers as the third argument and any URL, pings, and tells nobody of pongs. */
class ReactNatives {
  static connected = 0;
  constructor(_url: string, _protocols: unknown, options?: { readonly headers?: object }) {
    const { headers = {} } = options ?? {};
    if (headers) ReactNatives.connected++;
  }
  ping() {}
}

/** Takes them beside the subprotocols, and has pongs as events. */
class Buns {
  static connected = 0;
  constructor(url: string, { headers = {} }: { readonly headers?: object }) {
    if (headers && new URL(url)) Buns.connected++;
  }
  ping() {}
  pong() {}
}

describe('a global WebSocket', () => {
  it.each([
    ["Bun's", Buns, true, true],
    ["React Native's", ReactNatives, false, false],
    ["a browser's", BrowserSocket, false, false],
    ['that of `ws`, put there', WebSocket, true, true],
    ['none', undefined, false, false],
  ])('is asked what it can do, and connects to nothing: %s', (_, own, headers, pings) => {
    vi.stubGlobal('WebSocket', own);
    expect([sendsHeaders(undefined), canPing(undefined)]).toEqual([headers, pings]);
    // Handed in, it is the same class.
    if (own) expect(sendsHeaders(own as unknown as WebSocketClass)).toBe(headers);
    expect(ReactNatives.connected + Buns.connected).toBe(0);
  });

  it('matters not where another class is handed in', () => {
    vi.stubGlobal('WebSocket', BrowserSocket);
    expect([sendsHeaders(WebSocket), canPing(WebSocket)]).toEqual([true, true]);
  });
});

describe('makeSocket', () => {
  /** Keeps what it was made with. */
  class Kept {
    readonly made: unknown[];
    constructor(...made: unknown[]) {
      this.made = made;
    }
  }
  const options: SocketOptions = { headers: { a: '1' }, maxPayload: 1, perMessageDeflate: false };
  const bare = { ...options, headers: {} };
  const made = (given: unknown, protocols: string[], how = options) =>
    (makeSocket(given as WebSocketClass, 'ws://a', protocols, how) as unknown as Kept).made;

  it('gives the class that was handed in all its options', () => {
    vi.stubGlobal('WebSocket', BrowserSocket);
    expect(made(Kept, ['p'])).toEqual(['ws://a', ['p'], options]);
  });

  it('gives the runtime’s own class what it reads, handed in or not', () => {
    vi.stubGlobal('WebSocket', Kept);
    for (const given of [Kept, undefined]) {
      expect(made(given, ['p'], bare)).toEqual(['ws://a', ['p']]);
      expect(made(given, ['p'])).toEqual(['ws://a', { headers: { a: '1' }, protocols: ['p'] }]);
      expect(made(given, [])).toEqual(['ws://a', { headers: { a: '1' } }]);
      expect(made(given, [])[1]).not.toHaveProperty('protocols');
    }
  });

  it('says what to install where there is no class', () => {
    vi.stubGlobal('WebSocket', undefined);
    expect(() => makeSocket(undefined, 'ws://a', [], options)).toThrow(/install `ws`/);
    expect(() => checkSocketClass(undefined)).toThrow(/install `ws`/);
    expect(() => checkSocketClass('ws' as unknown as WebSocketClass)).toThrow(/is a class/);
    expect(() => checkSocketClass(WebSocket)).not.toThrow();
    vi.stubGlobal('WebSocket', Kept);
    expect(() => checkSocketClass(undefined)).not.toThrow();
  });
});

describe('pongs', () => {
  const method = () => undefined;

  it('are heard of where a socket pings and tells', () => {
    expect(
      [
        { ping: method, on: method },
        { ping: method, pong: method },
      ].map((socket) => pings(socket as never)),
    ).toEqual([true, true]);
    for (const socket of [undefined, {}, { ping: method }, { on: method, pong: method }]) expect(pings(socket as never)).toBe(false);
  });

  it('come from `on`, or as events where there is none', () => {
    const heard: string[] = [];
    const addEventListener = (type: string) => heard.push(`event ${type}`);
    onPong({ on: (type: string) => heard.push(`on ${type}`), addEventListener } as unknown as SocketLike, method);
    onPong({ addEventListener } as unknown as SocketLike, method);
    expect(heard).toEqual(['on pong', 'event pong']);
  });
});

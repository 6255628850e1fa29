import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { canPing, sendsHeaders, type WebSocketClass } from '../../src/models/socket-like.ts';
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

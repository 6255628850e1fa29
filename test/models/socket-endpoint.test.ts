import { afterEach, describe, expect, it, vi } from 'vitest';
import { chatChunks, duplexSession, responsesSession } from '../../src/dialects/index.ts';
import { checkKeepAlive } from '../../src/models/keep-alive.ts';
import { checkSocketEndpoint, openingOf, type SocketEndpoint, socketUrl } from '../../src/models/socket-endpoint.ts';
import type { WebSocketClass } from '../../src/models/socket-like.ts';
import { BrowserSocket } from '../support/browser-socket.ts';

const KEY = 'sk-1234567890';
class Own {}
const endpoint: SocketEndpoint = {
  protocol: duplexSession,
  url: 'https://a.example/v1#top',
  model: 'm',
  webSocket: Own as unknown as WebSocketClass,
};

afterEach(() => vi.unstubAllGlobals());

describe('the address of a socket', () => {
  it('has the scheme of one, and no fragment', () => {
    expect(socketUrl('https://a.example/v1?a=1#top')).toBe('wss://a.example/v1?a=1');
    expect(socketUrl('http://a.example/http')).toBe('ws://a.example/http');
    expect(socketUrl('wss://a.example/')).toBe('wss://a.example/');
  });

  it.each([
    'a.example/v1',
    'ftp://a.example',
    'xwss://a.example',
    'wss://me@a.example',
    'wss://:secret@a.example',
    'wss://me:secret@a.example',
  ])('is not %s, and the error does not show it', (url) => {
    expect(() => socketUrl(url)).toThrow(TypeError);
    expect(() => socketUrl(url)).not.toThrow(/secret/);
  });
});

describe('headers of a socket', () => {
  const check = (more: Partial<SocketEndpoint>) => () => checkSocketEndpoint({ ...endpoint, ...more });

  it('may be given where its class sends them', () => {
    expect(check({ headers: { a: 'b' }, authorization: 'header' })).not.toThrow();
  });

  it('may not where the only class is a browser’s', () => {
    vi.stubGlobal('WebSocket', BrowserSocket);
    const webSocket = undefined;
    expect(check({ webSocket })).not.toThrow();
    expect(check({ webSocket, headers: {} })).not.toThrow();
    expect(check({ webSocket, authorization: 'message' })).not.toThrow();
    expect(check({ webSocket, headers: { a: 'b' } })).toThrow('sends no headers');
    expect(check({ webSocket, authorization: 'header' })).toThrow('sends no headers');
    expect(check({ webSocket, protocol: responsesSession, apiKey: KEY })).toThrow('takes its key as a header');
    expect(check({ webSocket, protocol: responsesSession })).not.toThrow();
  });
});

describe('the key of a socket', () => {
  const opening = (more: Partial<SocketEndpoint>) => openingOf({ ...endpoint, apiKey: KEY, ...more });

  it('goes where it belongs, and nowhere else', async () => {
    expect(await opening({})).toMatchObject({ headers: { authorization: `Bearer ${KEY}` }, subprotocols: [], messages: [] });
    const token = `bearer.${btoa(KEY).replace(/=+$/, '')}`;
    const inSubprotocol = await opening({ authorization: 'subprotocol', subprotocols: ['mine'] });
    expect(inSubprotocol.subprotocols.at(-1)).toBe(token);
    expect(inSubprotocol.subprotocols).toContain('mine');
    expect(inSubprotocol).toMatchObject({ headers: {}, messages: [] });
    const inMessage = await opening({ authorization: 'message', protocol: duplexSession });
    expect(inMessage).toMatchObject({ headers: {}, subprotocols: [] });
    expect(inMessage.messages.join()).toContain(KEY);
    expect(inSubprotocol.redact(`${KEY} ${token}`)).not.toMatch(/sk-|bearer\.\w/);
  });

  it('is nowhere where there is none', async () => {
    for (const authorization of ['header', 'subprotocol', 'message'] as const) {
      expect(await openingOf({ ...endpoint, protocol: chatChunks, authorization })).toMatchObject({
        headers: {},
        subprotocols: [],
        messages: [],
      });
    }
  });
});

it.each([
  [{ everyMs: 0 }],
  [{ everyMs: -1 }],
  [{ everyMs: Number.NaN }],
  [{ everyMs: '5' }],
  [{ answerMs: 0 }],
  [{ answerMs: Infinity }],
  [{ answerMs: '5' }],
])('keep-alive times that make no sense are refused: %j', (times) => {
  expect(() => checkKeepAlive(times as object)).toThrow(RangeError);
  expect(() => checkKeepAlive({ everyMs: Infinity, answerMs: 1 })).not.toThrow();
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionError, type HttpModelOptions, httpModel, openAiChat, withRetry } from '../../src/index.ts';
import { type CuttingRelay, cuttingRelay } from '../support/cutting-relay.ts';
import { figure } from '../support/figures.ts';
import { DONE, FINISH, LAST_CHUNK, type RawServer, rawTlsServer, STREAM_HEAD, text } from '../support/raw-server.ts';
import { textThatStands } from '../support/recorded-answer.ts';
import { selfSigned } from '../support/self-signed.ts';
import { settled } from '../support/settled.ts';

const WORDS = ['One ', 'two ', 'three ', 'four.'];
const request = { messages: [{ role: 'user', content: 'go' }] } as const;
let server: RawServer;
let relay: CuttingRelay;
/** How many bytes of TLS a connection gets of an answer. */
let allowed = Infinity;

beforeAll(async () => {
  server = await rawTlsServer(selfSigned(), [STREAM_HEAD, ...WORDS.map(text), FINISH, DONE, LAST_CHUNK, 'close']);
  // Not within the first answer of the handshake, which is long.
  relay = await cuttingRelay(Number(new URL(server.origin).port), (sent) => (sent === 1 ? Infinity : allowed));
});
afterAll(() => Promise.all([server.close(), relay.close()]));

const model = (options: Partial<HttpModelOptions> = {}) =>
  httpModel({ dialect: openAiChat, url: `https://localhost:${relay.port}/v1`, model: 'm', retry: { maxTries: 1 }, ...options });

describe('TLS', () => {
  it('whose certificate is not trusted: an error that says so', async () => {
    const { error } = await settled(model()(request));
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).message).toMatch(/SELF_SIGNED|CERT.*TLS failed/);
  });

  describe('whose certificate is trusted', () => {
    // Read at each connection. Only here, and only for a server of this test.
    beforeAll(() => {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    });
    afterAll(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    });

    it('is cut within its records: the text of whole records is there, and asked again the answer is whole', {
      timeout: 60_000,
    }, async () => {
      const whole = WORDS.join('');
      const ends: Record<string, number> = {};
      const places = Array.from({ length: 50 }, (_, i) => i * 17);
      for (const at of places) {
        // So that each begins with a session it knows, without new tickets before the answer: Node's own client forgets it when a connection breaks.
        allowed = Infinity;
        await settled(model()(request));
        allowed = at;
        const { events, error } = await settled(model()(request));
        const said = textThatStands(events);
        const how = error instanceof Error ? error.name : 'answered';
        ends[how] = (ends[how] ?? 0) + 1;
        expect(whole.startsWith(said)).toBe(true);
        expect(['ConnectionError', 'InterruptedError', 'answered']).toContain(how);
        if (how === 'answered') expect(said).toBe(whole);
        const again = withRetry(model(), {
          afterEvents: 'restart',
          baseDelayMs: 0,
          retryIf: () => {
            allowed = Infinity;
            return true;
          },
        });
        allowed = at;
        const healed = await settled(again(request));
        expect({ at, error: healed.error, text: textThatStands(healed.events) }).toEqual({ at, error: undefined, text: whole });
      }
      expect(ends.InterruptedError).toBeGreaterThan(5);
      figure('tls-cut', { places: places.length, ends });
    });
  });
});

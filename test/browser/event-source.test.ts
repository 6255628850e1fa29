import type { Browser, Page } from 'playwright-core';
import { concat, defer, finalize, from, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import { build } from 'tsdown';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { plainServer, webServer } from '../../examples/sse-server/servers.ts';
import type { AnyEvent } from '../../src/events.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { Site } from './site.ts';

/** What the page saw: `message` data, `end`, `failed` with data, `lost` for connection trouble. */
type Seen = { readonly kind: 'message' | 'end' | 'failed' | 'lost'; readonly data?: string; readonly id?: string };

declare global {
  interface Window {
    seen: Seen[];
    source: EventSource;
  }
}

/** Subscribes in the page with its own `EventSource`. */
function subscribe(page: Page, closesAtEnd = true): Promise<void> {
  return page.evaluate((closes) => {
    window.seen = [];
    const source = new EventSource('/events');
    window.source = source;
    source.onmessage = ({ data, lastEventId }) => window.seen.push({ kind: 'message', data, id: lastEventId });
    source.addEventListener('error', (event) => {
      window.seen.push(event instanceof MessageEvent ? { kind: 'failed', data: event.data } : { kind: 'lost' });
    });
    source.addEventListener('end', () => {
      window.seen.push({ kind: 'end' });
      if (closes) source.close();
    });
  }, closesAtEnd);
}

const seen = (page: Page) => page.evaluate(() => window.seen);
const until = (page: Page, count: number) => page.waitForFunction((wanted) => window.seen.length >= wanted, count);
const untilClosed = (page: Page) => page.waitForFunction(() => window.source.readyState === EventSource.CLOSED);

const events = [
  { type: 'text-delta', text: 'Tìm chuyến bay → Hà Nội 🛫' },
  { type: 'text-delta', text: 'two\nlines\r\n\nevent: end\n' },
  { type: 'tool-call', callId: 'call_1', arguments: { _tag: 'Right', right: { to: 'HAN' } } },
] as const;
const messages = events.map((event, i) => ({ kind: 'message', data: JSON.stringify(event), id: String(i + 1) }));

describe.skipIf(!hasChromium)("a browser's own EventSource", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  describe.each([
    ['a plain node:http server', plainServer],
    ['a server that answers with a Web Response', webServer],
  ])('on %s', (_name, server) => {
    let answer$: Observable<AnyEvent>;
    let page: Page;
    let site: Site;
    const run = vi.fn();
    const stopped = vi.fn();

    beforeEach(async () => {
      run.mockClear();
      stopped.mockClear();
      const answer = () =>
        defer(() => {
          run();
          return answer$;
        }).pipe(finalize(stopped));
      site = new Site(server(answer));
      page = await browser.newPage();
      await page.goto(await site.open());
    });

    afterEach(async () => {
      await page.close();
      await site.close();
    });

    const statuses = () => site.asked.map(({ response }) => response.statusCode);

    it('gets every event with its id, and closes at `end`', async () => {
      answer$ = from(events);
      await subscribe(page);
      await untilClosed(page);
      expect(await seen(page)).toEqual([...messages, { kind: 'end' }]);
      expect(run).toHaveBeenCalledTimes(1);
      expect(site.asked).toHaveLength(1);
    });

    it('gets an event as soon as there is one', async () => {
      const live$ = new Subject<AnyEvent>();
      answer$ = live$;
      await subscribe(page);
      await vi.waitUntil(() => live$.observed);
      for (const [i, event] of events.entries()) {
        live$.next(event);
        await until(page, i + 1);
      }
      expect(await seen(page)).toEqual(messages);
      live$.complete();
      await untilClosed(page);
    });

    it('gets an error as an event with data, then `end`', async () => {
      answer$ = concat(
        of(events[0]),
        throwError(() => new Error('sk-secret')),
      );
      await subscribe(page);
      await untilClosed(page);
      expect(await seen(page)).toEqual([
        messages[0],
        { kind: 'failed', data: '{"code":"internal","message":"The answer failed."}' },
        { kind: 'end' },
      ]);
    });

    it.each([0, 2])('is told to give up when the connection drops after %d events, and the answer runs once', async (count) => {
      answer$ = concat(from(events.slice(0, count)), NEVER);
      await subscribe(page);
      await page.waitForFunction(() => window.source.readyState === EventSource.OPEN);
      await until(page, count);
      // The prologue has no event to wait for.
      await new Promise((resolve) => setTimeout(resolve, 100));
      site.dropConnections();
      await untilClosed(page);
      expect(await seen(page)).toEqual([...messages.slice(0, count), { kind: 'lost' }, { kind: 'lost' }]);
      expect(site.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, String(count)]);
      expect(statuses()).toEqual([200, 204]);
      expect(run).toHaveBeenCalledTimes(1);
      expect(stopped).toHaveBeenCalledTimes(1);
    });

    it('is told to give up when it does not close at `end`', async () => {
      answer$ = from(events);
      await subscribe(page, false);
      await untilClosed(page);
      expect(site.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '4']);
      expect(statuses()).toEqual([200, 204]);
      expect(run).toHaveBeenCalledTimes(1);
    });

    it('stops the answer when it closes midway', async () => {
      answer$ = concat(of(events[0]), NEVER);
      await subscribe(page);
      await until(page, 1);
      expect(stopped).not.toHaveBeenCalled();
      await page.evaluate(() => window.source.close());
      await vi.waitUntil(() => stopped.mock.calls.length > 0, { timeout: 5000 });
      expect(run).toHaveBeenCalledTimes(1);
    });
  });

  describe('beside it, fetch and fromSse in the page', () => {
    let scripts: Record<string, string>;
    beforeAll(async () => {
      scripts = { '/reader.js': await bundled('./reader.ts') };
    });

    /** What the page reads. A string: the test runner would rewrite an `import` in a function. */
    async function read(answer: () => Observable<AnyEvent>, count = 'Infinity') {
      const site = new Site(webServer(answer), scripts);
      const page = await browser.newPage();
      await page.goto(await site.open());
      const result = await page.evaluate(`import('/reader.js').then(({ readEvents }) => readEvents('/events', ${count}))`);
      return { result, close: () => Promise.all([page.close(), site.close()]) };
    }

    it('gives the same events', async () => {
      const { result, close } = await read(() => from(events));
      expect(result).toEqual(events);
      await close();
    });

    it('stops the answer when unsubscribed', async () => {
      const stopped = vi.fn();
      const { result, close } = await read(() => concat(from(events), NEVER).pipe(finalize(stopped)), '2');
      expect(result).toEqual(events.slice(0, 2));
      await vi.waitUntil(() => stopped.mock.calls.length > 0, { timeout: 5000 });
      await close();
    });
  });
});

/** A script with everything it needs, as a page loads it. */
async function bundled(file: string): Promise<string> {
  const [bundle] = await build({
    entry: { script: new URL(file, import.meta.url).pathname },
    config: false,
    write: false,
    dts: false,
    logLevel: 'silent',
    platform: 'browser',
    noExternal: /./,
  });
  const script = bundle?.chunks.find((chunk) => chunk.type === 'chunk');
  if (script?.type !== 'chunk') throw new Error(`No bundle of ${file}.`);
  return script.code;
}

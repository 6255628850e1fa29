import fc from 'fast-check';
import { concat, lastValueFrom, Observable, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type CanaryDecision,
  type CanaryOptions,
  type CanarySide,
  ConnectionError,
  canary,
  collectAnswer,
  defineTool,
  httpModel,
  InterruptedError,
  type Model,
  type ModelEvent,
  openAiChat,
  streamAnswer,
} from '../../src/index.ts';
import { keyPoint } from '../../src/models/key-point.ts';
import { openAiChatBytes, scriptedModel } from '../../src/testing/index.ts';
import { type ScriptedRound, spellOut } from '../../src/testing/script.ts';
import { startChatServer } from '../support/chat-server.ts';
import { rawServer } from '../support/raw-server.ts';
import { settled } from '../support/settled.ts';
import { unhandledErrors, WatchedSource } from '../support/watched.ts';

const message = { role: 'assistant', content: '' } as const;
const request = { messages: [{ role: 'user', content: 'go' }] } as const;
const refused = () => new ConnectionError('no route');

/** A model that says its name. */
const named =
  (name: string): Model =>
  () =>
    of<ModelEvent[]>({ type: 'round-start' }, { type: 'text-delta', text: name }, { type: 'round-end', reason: 'stop', message });
const failing: Model = () => throwError(refused);
const cut: Model = () => concat(of<ModelEvent>({ type: 'round-start' }), failing(request));
const both = { baseline: named('baseline'), candidate: named('candidate') };

/** A generator of numbers that is the same in every run (mulberry32). */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** What a synchronous model says; its error, where it fails. */
function said(model: Model, answer?: AbortSignal): string {
  let text = '';
  model(request, answer).subscribe({
    next: (event) => {
      if (event.type === 'text-delta') text += event.text;
    },
    error: (error) => {
      text += `#${(error as Error).message}`;
    },
  });
  return text;
}

/** Where the keys go. */
const sideOf = (percent: number, key: string | number, options: Partial<CanaryOptions> = {}): string =>
  said(canary({ ...both, percent, ...options }).modelFor(key));

const times = (n: number, run: (i: number) => void) => {
  for (let i = 0; i < n; i++) run(i);
};

const rolledBack = (decisions: readonly CanaryDecision[]) => decisions.filter((decision) => decision.type === 'rolled-back');

describe('keyPoint', () => {
  it('is the same everywhere: FNV-1a of the UTF-8 bytes, then the finaliser of MurmurHash3', () => {
    // FNV-1a of '' is the offset basis and of 'a' is e40c292c, by the tables of the RFC; the finaliser then gives these.
    const finalised = (hash: number) => {
      let h = BigInt(hash);
      const times32 = (a: bigint, b: bigint) => (a * b) & 0xffffffffn;
      h = times32(h ^ (h >> 16n), 0x85ebca6bn);
      h = times32(h ^ (h >> 13n), 0xc2b2ae35n);
      return Number(h ^ (h >> 16n));
    };
    expect((keyPoint('') / 100) * 2 ** 32).toBeCloseTo(finalised(0x811c9dc5), 3);
    expect((keyPoint('a') / 100) * 2 ** 32).toBeCloseTo(finalised(0xe40c292c), 3);
    expect((keyPoint('foobar') / 100) * 2 ** 32).toBeCloseTo(finalised(0xbf9cf968), 3);
  });

  it('spreads keys that differ in little evenly', () => {
    // 10,000 keys into 20 cells: 500 each. No chance is involved: the keys are these.
    for (const key of [(i: number) => `user-${i}`, (i: number) => String(i), (i: number) => `${i}@example.org`]) {
      const cells = new Array<number>(20).fill(0);
      times(10_000, (i) => {
        const cell = Math.floor(keyPoint(key(i)) / 5);
        cells[cell] = (cells[cell] ?? 0) + 1;
      });
      expect(Math.min(...cells)).toBeGreaterThan(400);
      expect(Math.max(...cells)).toBeLessThan(600);
    }
  });

  it('law: lies from 0 to below 100', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (key) => keyPoint(key) >= 0 && keyPoint(key) < 100));
  });
});

describe('canary: who goes where', () => {
  it('law: a key always goes the same way, and one that is the candidate’s stays so while the percentage grows', () => {
    // Whole ones, drawn evenly: doubles are mostly next to 0 or 100.
    const percent = fc.integer({ min: 0, max: 100 });
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.uuid(), fc.integer()), percent, percent, (key, a, b) => {
        fc.pre(key !== '');
        const [less, more] = a < b ? [a, b] : [b, a];
        const trial = canary({ ...both, percent: less });
        const first = said(trial.modelFor(key));
        expect(said(trial.modelFor(key))).toBe(first);
        expect(sideOf(less, key)).toBe(first);
        trial.percent = more;
        const then = said(trial.modelFor(key));
        if (first === 'candidate') expect(then).toBe('candidate');
        expect(sideOf(100, key)).toBe('candidate');
        expect(sideOf(0, key)).toBe('baseline');
        seen.add(`${first} ${then}`);
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual(['baseline baseline', 'baseline candidate', 'candidate candidate']);
  });

  it('splits keys, and answers without a key, as the percentage says', () => {
    // The keys and the seed are fixed, so that the counts are always the same; four standard deviations would be 380.
    for (const key of [(i: number) => `user-${i}`, () => undefined]) {
      const trial = canary({ ...both, percent: 30, random: seeded(7) });
      let count = 0;
      times(10_000, (i) => {
        if (said(trial.modelFor(key(i))) === 'candidate') count++;
      });
      expect(count).toBeGreaterThan(2_800);
      expect(count).toBeLessThan(3_200);
    }
  });

  it('chooses other keys with another salt', () => {
    const keys = Array.from({ length: 200 }, (_, i) => `user-${i}`);
    const chosen = (salt: string) => keys.filter((key) => sideOf(50, key, { salt }) === 'candidate').join();
    expect(chosen('a')).toBe(chosen('a'));
    expect(chosen('a')).not.toBe(chosen('b'));
  });

  it('reads the key off the request; a blank one is none', () => {
    const trial = canary({ ...both, percent: 50, key: ({ extra }) => extra?.user as string, random: () => 0.123 });
    trial.model({ ...request, extra: { user: 'ada' } }).subscribe();
    trial.model({ ...request, extra: { user: '' } }).subscribe();
    trial.model(request).subscribe();
    expect(trial.decisions).toMatchObject([
      { to: 'candidate', by: 'key', point: keyPoint('ada'), percent: 50 },
      { to: 'candidate', by: 'random', point: 12.3 },
      { to: 'candidate', by: 'random' },
    ]);
    expect(JSON.stringify(trial.decisions)).not.toContain('ada');
  });

  it('sends all rounds of one answer to one endpoint, whatever the percentage becomes meanwhile', async () => {
    const asked: string[] = [];
    const model = (name: CanarySide): Model => {
      return (wanted) => {
        asked.push(name);
        const rounds = wanted.messages.filter(({ role }) => role === 'assistant').length;
        return scriptedModel([rounds < 2 ? [{ call: 'look' }] : [name]])(wanted);
      };
    };
    const trial = canary({ baseline: model('baseline'), candidate: model('candidate'), percent: 50, random: seeded(3) });
    const look = defineTool({
      name: 'look',
      description: 'Looks',
      parameters: { type: 'object' },
      execute: () => {
        trial.percent = 100 - trial.percent;
        return 1;
      },
    });
    const met = new Set<string>();
    for (let i = 0; i < 40; i++) {
      trial.percent = 50 + (i % 2);
      asked.length = 0;
      const { text } = await lastValueFrom(streamAnswer({ model: trial.model, request, tools: [look] }).pipe(collectAnswer()));
      expect(asked).toEqual([text, text, text]);
      met.add(text);
    }
    expect([...met].sort()).toEqual(['baseline', 'candidate']);
    expect(trial.decisions.filter(({ type }) => type === 'routed')).toHaveLength(40);
  });

  it('decides when it is subscribed, not before', () => {
    const trial = canary({ ...both, percent: 0 });
    const events$ = trial.modelFor('ada')(request);
    expect(trial.decisions).toEqual([]);
    trial.percent = 100;
    let text = '';
    events$.subscribe((event) => {
      if (event.type === 'text-delta') text += event.text;
    });
    expect(text).toBe('candidate');
  });
});

describe('canary: the candidate fails', () => {
  it('gives the answer to the baseline, for its further rounds too, and says so', () => {
    const answer = new AbortController();
    const asked: string[] = [];
    const candidate: Model = (...args) => {
      asked.push('candidate');
      return failing(...args);
    };
    const trial = canary({ ...both, candidate, percent: 100 });
    expect(said(trial.model, answer.signal)).toBe('baseline');
    expect(said(trial.model, answer.signal)).toBe('baseline');
    expect(asked).toEqual(['candidate']);
    expect(trial.decisions.map(({ type }) => type)).toEqual(['routed', 'fell-back']);
    expect(trial.decisions[1]).toMatchObject({ error: { code: 'connection' } });
    expect(trial.summaries()).toMatchObject([
      { model: 'candidate', failed: 1 },
      { model: 'baseline', succeeded: 2 },
    ]);
  });

  it('shows the fallback as a diagnostic, in its place', () => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable }) => {
      const values: { [key: string]: ModelEvent } = {
        s: { type: 'round-start' },
        t: { type: 'text-delta', text: 't' },
        e: { type: 'round-end', reason: 'stop', message },
      };
      const trial = canary({
        candidate: () => cold('--#', values, refused()) as Observable<ModelEvent>,
        baseline: () => cold('----s-t-e|', values) as Observable<ModelEvent>,
        percent: 100,
      });
      const f = expect.objectContaining({ type: 'diagnostic', code: 'fell-back' });
      expectObservable(trial.model(request)).toBe('--f---s-t-e|', { ...values, f });
    });
  });

  it('lets errors out after the first event, and where `fallback` says no', () => {
    expect(said(canary({ ...both, candidate: cut, percent: 100 }).model)).toBe('#no route');
    expect(said(canary({ ...both, candidate: failing, percent: 100, fallback: false }).model)).toBe('#no route');
    expect(said(canary({ ...both, candidate: failing, percent: 100, fallback: () => false }).model)).toBe('#no route');
    expect(said(canary({ ...both, candidate: failing, percent: 100, fallback: () => true }).model)).toBe('baseline');
  });

  it('never falls back from the baseline', () => {
    const trial = canary({ baseline: failing, candidate: failing, percent: 100 });
    const answer = new AbortController();
    expect(said(trial.model, answer.signal)).toBe('#no route');
    expect(said(trial.model, answer.signal)).toBe('#no route');
    expect(trial.summaries()).toMatchObject([
      { model: 'candidate', failed: 1 },
      { model: 'baseline', failed: 2 },
    ]);
  });
});

describe('canary: the rollback', () => {
  it('goes back to 0 % at the request that crosses the error rate, with the figures, and not one sooner', () => {
    let fail = false;
    const candidate: Model = (...args) => (fail ? cut : named('candidate'))(...args);
    let now = 0;
    const clock = () => now++;
    const trial = canary({ ...both, candidate, percent: 100, clock, rollback: { maxErrorRate: 0.2, minRequests: 5 } });
    const decisions: CanaryDecision[] = [];
    trial.decisions$.subscribe((decision) => decisions.push(decision));
    times(8, () => said(trial.model));
    fail = true;
    times(2, () => said(trial.model));
    // 2 of 10 is no more than a fifth.
    expect(trial.percent).toBe(100);
    said(trial.model);
    expect(trial.percent).toBe(0);
    const [decision] = rolledBack(decisions);
    expect(decision).toMatchObject({
      from: 100,
      limit: 'maxErrorRate',
      max: 0.2,
      measured: 3 / 11,
      candidate: { requests: 11, failed: 3 },
    });
    expect(decision).not.toHaveProperty('baseline');
    expect(said(trial.model)).toBe('baseline');
    expect(trial.decisions).toEqual([...decisions]);
    expect(JSON.parse(JSON.stringify(decisions))).toEqual(decisions);
  });

  it('waits for `minRequests`', () => {
    const trial = canary({ ...both, candidate: cut, percent: 100, rollback: { minRequests: 7 } });
    times(6, () => said(trial.model));
    expect(trial.percent).toBe(100);
    said(trial.model);
    expect(trial.percent).toBe(0);
  });

  it('looks at the window alone', () => {
    let now = 0;
    const trial = canary({ ...both, candidate: cut, percent: 100, clock: () => now, rollback: { minRequests: 7, windowMs: 600 } });
    times(6, () => said(trial.model));
    now = 600;
    times(6, () => said(trial.model));
    expect(trial.percent).toBe(100);
    said(trial.model);
    expect(trial.percent).toBe(0);
  });

  describe('by time', () => {
    let now = 0;
    /** Turns the clock by hand; the body goes on for a second after its end. */
    const timed = (firstMs: number, restMs: number): Model => {
      return () =>
        new Observable((subscriber) => {
          subscriber.next({ type: 'round-start' });
          now += firstMs;
          subscriber.next({ type: 'text-delta', text: 'candidate' });
          now += restMs;
          subscriber.next({ type: 'round-end', reason: 'stop', message });
          now += 1_000;
          subscriber.complete();
        });
    };
    const trialOf = (rollback: CanaryOptions['rollback']) => {
      let model = timed(10, 90);
      const trial = canary({ ...both, candidate: (...args) => model(...args), percent: 100, clock: () => now, rollback });
      return { trial, slow: (firstMs: number, restMs: number) => (model = timed(firstMs, restMs)) };
    };

    it('goes back where the time to the first token is over its limit', () => {
      const { trial, slow } = trialOf({ minRequests: 3, maxFirstTokenP99Ms: 20 });
      times(5, () => said(trial.model));
      slow(19, 10_000);
      said(trial.model);
      expect(trial.percent).toBe(100);
      slow(21, 0);
      said(trial.model);
      expect(trial.percent).toBe(0);
      expect(rolledBack(trial.decisions)).toMatchObject([{ limit: 'maxFirstTokenP99Ms', max: 20, measured: 21 }]);
    });

    it('goes back where the time to `round-end` is over its limit; what comes after it is no part of it', () => {
      const { trial, slow } = trialOf({ minRequests: 3, maxTotalP99Ms: 120 });
      times(5, () => said(trial.model));
      slow(110, 10);
      said(trial.model);
      expect(trial.percent).toBe(100);
      slow(10, 111);
      said(trial.model);
      expect(trial.percent).toBe(0);
      expect(rolledBack(trial.decisions)).toMatchObject([{ limit: 'maxTotalP99Ms', max: 120, measured: 121 }]);
    });

    it('waits for `minRequests`, and has no limits but those that are given', () => {
      const { trial, slow } = trialOf({ minRequests: 3, maxFirstTokenP99Ms: 20 });
      slow(100, 0);
      times(2, () => said(trial.model));
      expect(trial.percent).toBe(100);
      said(trial.model);
      expect(trial.percent).toBe(0);
      const unlimited = trialOf({ minRequests: 3 });
      unlimited.slow(100_000, 100_000);
      times(10, () => said(unlimited.trial.model));
      expect(unlimited.trial.percent).toBe(100);
    });
  });

  it('does not count what is unsubscribed or aborted', () => {
    const aborted = new AbortController();
    aborted.abort();
    const open: Model = (_, answer) =>
      answer ? throwError(() => new InterruptedError('The answer was aborted.')) : new Observable((to) => to.next({ type: 'round-start' }));
    const trial = canary({ ...both, candidate: open, percent: 100, rollback: { minRequests: 1, maxErrorRate: 0 } });
    trial.model(request).subscribe().unsubscribe();
    said(trial.model, aborted.signal);
    expect(trial.summaries()).toMatchObject([{ model: 'candidate', requests: 2, cancelled: 2, failed: 0 }]);
    expect(trial.percent).toBe(100);
  });

  it('takes a round without `round-end` for a failure, and an error after it for none', () => {
    const half: Model = () => of<ModelEvent>({ type: 'round-start' });
    const trial = canary({ ...both, candidate: half, percent: 100, rollback: { minRequests: 1 } });
    said(trial.model);
    expect(trial.percent).toBe(0);
    const late: Model = (...args) => concat(named('candidate')(...args), failing(...args));
    const other = canary({ ...both, candidate: late, percent: 100, rollback: { minRequests: 1 } });
    expect(said(other.model)).toBe('candidate#no route');
    expect(other.summaries()).toMatchObject([{ succeeded: 1, failed: 0 }]);
  });

  it('lets answers that began on the candidate end there', () => {
    const answer = new AbortController();
    let fail = false;
    const candidate: Model = (...args) => (fail ? cut : named('candidate'))(...args);
    const trial = canary({ ...both, candidate, percent: 100, rollback: { minRequests: 2 } });
    expect(said(trial.model, answer.signal)).toBe('candidate');
    fail = true;
    said(trial.model);
    fail = false;
    expect(trial.percent).toBe(0);
    expect(said(trial.model, answer.signal)).toBe('candidate');
    expect(said(trial.model)).toBe('baseline');
    expect(rolledBack(trial.decisions)).toHaveLength(1);
  });

  it('starts anew when the percentage is raised again; what was under way does not count', () => {
    const sources = Array.from({ length: 3 }, () => new WatchedSource());
    let n = 0;
    const candidate: Model = () => (sources[n++] as WatchedSource).source$ as Observable<ModelEvent>;
    const trial = canary({ ...both, candidate, percent: 100, fallback: false, rollback: { minRequests: 1 } });
    const ignored = { error: () => {} };
    trial.model(request).subscribe(ignored);
    trial.model(request).subscribe(ignored);
    sources[0]?.error(refused());
    expect(trial.percent).toBe(0);
    expect(trial.summaries()).toMatchObject([{ model: 'candidate', failed: 1 }]);
    trial.percent = 100;
    expect(trial.summaries()).toEqual([]);
    sources[1]?.error(refused());
    expect(trial.percent).toBe(100);
    trial.model(request).subscribe(ignored);
    sources[2]?.error(refused());
    expect(trial.percent).toBe(0);
    expect(trial.decisions.map(({ type }) => type)).toEqual([
      ...['routed', 'routed', 'rolled-back', 'percent-set', 'routed', 'rolled-back'],
    ]);
  });

  it('does not happen with `rollback: false`', () => {
    const trial = canary({ ...both, candidate: cut, percent: 100, rollback: false });
    times(50, () => said(trial.model));
    expect(trial.percent).toBe(100);
    expect(trial.summaries()).toMatchObject([{ model: 'candidate', failed: 50 }]);
  });
});

describe('canary: decisions', () => {
  it('keeps the last ones; those about single answers go first', () => {
    const trial = canary({ ...both, percent: 0, maxDecisions: 4 });
    trial.percent = 1;
    times(10, () => said(trial.model));
    trial.percent = 100;
    times(10, () => said(trial.model));
    expect(trial.decisions.map(({ type }) => type)).toEqual(['percent-set', 'percent-set', 'routed', 'routed']);
    for (let percent = 0; percent < 10; percent++) trial.percent = percent;
    expect(trial.decisions).toMatchObject([6, 7, 8, 9].map((to) => ({ type: 'percent-set', from: to - 1, to })));
  });

  it('are made when something changes', () => {
    const trial = canary({ ...both, percent: 5, clock: () => 3 });
    trial.percent = 5;
    expect(trial.decisions).toEqual([]);
    trial.percent = 6;
    expect(trial.decisions).toEqual([{ type: 'percent-set', atMs: 3, from: 5, to: 6 }]);
  });

  it('may be answered at once, and a listener that throws spoils no answer', async () => {
    const trial = canary({ ...both, candidate: cut, percent: 100, rollback: { minRequests: 1 } });
    trial.decisions$.subscribe((decision) => {
      if (decision.type === 'rolled-back') trial.percent = 1;
    });
    trial.decisions$.subscribe(() => {
      throw new Error('listener');
    });
    const reported = await unhandledErrors(async () => {
      expect(said(trial.model)).toBe('#no route');
    });
    expect(reported.length).toBeGreaterThan(0);
    expect(trial.percent).toBe(1);
    expect(trial.decisions.map(({ type }) => type)).toEqual(['routed', 'rolled-back', 'percent-set']);
  });
});

describe('canary', () => {
  it('leaves nothing when it is unsubscribed, whichever model is at work', () => {
    const candidate = new WatchedSource();
    const baseline = new WatchedSource();
    const trial = canary({
      candidate: () => candidate.source$ as Observable<ModelEvent>,
      baseline: () => baseline.source$ as Observable<ModelEvent>,
      percent: 100,
    });
    trial.model(request).subscribe().unsubscribe();
    const subscription = trial.model(request).subscribe();
    candidate.error(refused(), 1);
    expect([candidate.active, baseline.active]).toEqual([0, 1]);
    subscription.unsubscribe();
    expect(baseline.active).toBe(0);
    trial.percent = 0;
    trial.model(request).subscribe().unsubscribe();
    expect([baseline.subscribed, baseline.active]).toEqual([2, 0]);
  });

  it.each<[() => unknown, string]>([
    [() => canary({ ...both, baseline: undefined as unknown as Model, percent: 1 }), '`baseline` is no function'],
    [() => canary({ ...both, candidate: 1 as unknown as Model, percent: 1 }), '`candidate` is no function'],
    [() => canary({ ...both, percent: 101 }), '`percent` is 101'],
    [() => canary({ ...both, percent: Number.NaN }), '`percent` is NaN: give a number from 0 to 100'],
    [
      () => {
        canary({ ...both, percent: 1 }).percent = -1;
      },
      '`percent` is -1',
    ],
    [() => canary({ ...both, percent: 1, key: 'x' as unknown as () => string }), '`key` is no function'],
    [() => canary({ ...both, percent: 1, fallback: 'x' as unknown as boolean }), '`fallback` is neither'],
    [() => canary({ ...both, percent: 1, maxDecisions: -1 }), '`maxDecisions` is -1'],
    [() => canary({ ...both, percent: 1, rollback: { maxErrorRate: 5 } }), '`maxErrorRate` is 5: give a share'],
    [() => canary({ ...both, percent: 1, rollback: { minRequests: 0 } }), '`minRequests` is 0'],
    [() => canary({ ...both, percent: 1, rollback: { windowMs: 0 } }), '`windowMs` is 0'],
    [() => canary({ ...both, percent: 1, rollback: { maxTotalP99Ms: -1 } }), '`maxTotalP99Ms` is -1'],
  ])('refuses what cannot work: %#', (make, words) => {
    expect(make).toThrow(words);
  });
});

describe('canary over real connections', () => {
  const closing: Array<() => Promise<void>> = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const bytesOf = (round: ScriptedRound) => openAiChatBytes(spellOut(round, () => 1) as ModelEvent[]);
  const endpoint = (url: string) => httpModel({ dialect: openAiChat, url, model: 'm', retry: { maxTries: 1 } });

  it('takes the candidate back when it begins to fail, and every user has an answer', async () => {
    const busy = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';
    const good = [head, bytesOf(['new']), 'close'] as const;
    const candidate = await rawServer(...Array.from({ length: 12 }, () => good), [busy, 'close']);
    closing.push(() => candidate.close());
    const baseline = await startChatServer((chat) => {
      chat.delta({ content: 'old' });
      chat.finish('stop');
    });
    closing.push(() => baseline.stop());
    const trial = canary({
      baseline: endpoint(baseline.url),
      candidate: endpoint(candidate.origin),
      percent: 50,
      rollback: { minRequests: 10, maxErrorRate: 0.2 },
    });

    const texts: string[] = [];
    for (let user = 0; user < 60; user++) {
      const { events, error } = await settled(streamAnswer({ model: trial.modelFor(`user-${user}`), request }));
      expect(error).toBeUndefined();
      texts.push(events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join(''));
    }
    expect(texts.filter((text) => text === 'new')).toHaveLength(12);
    expect(texts.filter((text) => text === 'old')).toHaveLength(48);
    // 12 good ones, then 4 of 16 are more than a fifth; nobody asks it after that.
    expect(candidate.exchanges).toHaveLength(16);
    expect(trial.percent).toBe(0);
    expect(rolledBack(trial.decisions)).toMatchObject([
      { limit: 'maxErrorRate', candidate: { succeeded: 12, failed: 4, failures: { 'http 503': 4 } }, baseline: { failed: 0 } },
    ]);
  });
});

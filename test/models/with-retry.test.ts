import { concat, lastValueFrom, NEVER, type Observable, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ConnectionError,
  collectAnswer,
  defineTool,
  HttpError,
  httpModel,
  InterruptedError,
  type Model,
  type ModelEvent,
  openAiChat,
  type RetryPolicy,
  streamAnswer,
  TimeoutError,
  type ToolstreamError,
  withRetry,
} from '../../src/index.ts';
import { openAiChatBytes } from '../../src/testing/index.ts';
import { type ScriptedRound, spellOut } from '../../src/testing/script.ts';
import { type Exchange, type RawServer, rawServer } from '../support/raw-server.ts';

const partial = { text: 'ab', reasoning: '', calls: [], toolCalls: [], results: [], messages: [] };
const lost = () => new InterruptedError('lost', { partial });
const refused = new ConnectionError('no route');
const silent = (kind: 'idle' | 'total') => new InterruptedError('silence', { cause: new TimeoutError(kind, 1) });
const message = { role: 'assistant', content: '' } as const;
const values: { [key: string]: ModelEvent } = {
  s: { type: 'round-start' },
  t: { type: 'text-delta', text: 't' },
  d: { type: 'diagnostic', code: 'c', message: 'm' },
  e: { type: 'round-end', reason: 'stop', message },
};
const request = { messages: [{ role: 'user', content: 'go' }] } as const;
const quick = { baseDelayMs: 4, random: () => 1 } as const;

const counter = () => {
  let n = 0;
  return () => ++n;
};

/** `tries` as marbles, in the order in which they are asked; `r` stands for a `diagnostic` with `retried`, `R` for a `round-restarted`. */
function check(tries: ReadonlyArray<readonly [marbles: string, error?: unknown]>, expected: string, policy: RetryPolicy, error?: unknown) {
  new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable }) => {
    let n = 0;
    const model: Model = () => {
      const [marbles = '', raised] = tries[n++] ?? [];
      return cold(marbles, values, raised) as Observable<ModelEvent>;
    };
    const r = expect.objectContaining({ type: 'diagnostic', code: 'retried' });
    const R = expect.objectContaining({ type: 'round-restarted' });
    expectObservable(withRetry(model, { ...quick, ...policy })(request)).toBe(expected, { ...values, r, R }, error);
  });
}

describe('withRetry', () => {
  const restart = { afterEvents: 'restart' } as const;

  it('asks again before the first event, and says nothing of a restart', () => {
    check([['--#', refused], ['s-t-e|']], '--r---s-t-e|', {});
  });

  it('raises what breaks after the first event, unless told to restart', () => {
    const error = lost();
    check([['s-t-#', error], ['s-t-e|']], 's-t-#', {}, error);
  });

  it('restarts: `round-restarted` comes right before the first event of the next try', () => {
    check([['s-t-#', lost()], ['d-s---t-e|']], 's-t-r---d-(Rs)t-e|', restart);
  });

  it('restarts once for each broken try', () => {
    check([['s#', lost()], ['s---#', lost()], ['s----e|']], 'sr---(Rs)r---(Rs)-e|', { ...restart, maxDelayMs: 4 });
  });

  it('takes nothing back for a try that brings nothing: its error has what came before', () => {
    const error = new ConnectionError('no route');
    check(
      [
        ['st#', lost()],
        ['#', error],
      ],
      'str---#',
      { ...restart, maxTries: 2 },
      error,
    );
    expect(error.partial.text).toBe('ab');
  });

  it('keeps the last try’s own partial where it brought something', () => {
    const error = new InterruptedError('lost again', { partial: { ...partial, text: 'c' } });
    check(
      [
        ['st#', lost()],
        ['s---#', error],
      ],
      'str---(Rs)#',
      { ...restart, maxTries: 2 },
      error,
    );
    expect(error.partial.text).toBe('c');
  });

  it('repeats nothing after `round-end`', () => {
    const error = lost();
    check([['s-e-#', error], ['s-e|']], 's-e-#', restart, error);
  });

  it('takes silence for a break, and the total limit for the end', () => {
    const total = silent('total');
    check(
      [
        ['s#', silent('idle')],
        ['s---#', total],
      ],
      'sr---(Rs)#',
      restart,
      total,
    );
  });

  it('does not ask again where it cannot help, or where the server asks for too long a wait', () => {
    const wrong = new HttpError('wrong key', { status: 401, retryable: false });
    check([['#', wrong]], '#', restart, wrong);
    const busy = new HttpError('busy', { status: 429, retryable: true, retryAfterMs: 9 });
    check([['#', busy]], '#', { ...restart, maxRetryAfterMs: 8 }, busy);
  });

  it('lets `retryIf` decide', () => {
    const own = new Error('own');
    check([['s#', own], ['s---e|']], 'sr---(Rs)e|', { ...restart, retryIf: (error) => error === own });
    check([['#', refused]], '#', { retryIf: () => false }, refused);
  });

  it('ends the wait with the answer signal, and keeps what came', async () => {
    const answer = new AbortController();
    const failing: Model = () => concat(of<ModelEvent>({ type: 'round-start' }), throwError(lost));
    const events$ = withRetry(failing, { ...restart, baseDelayMs: 60_000, maxDelayMs: 60_000, random: () => 1 })(request, answer.signal);
    const error = new Promise<unknown>((resolve) => {
      events$.subscribe({ next: (event) => event.type === 'diagnostic' && answer.abort(), error: resolve });
    });
    expect(await error).toBeInstanceOf(InterruptedError);
    expect(((await error) as ToolstreamError).partial.text).toBe('ab');
  });

  it.each([
    [() => withRetry(undefined as unknown as Model), '`model` is no function'],
    [() => withRetry(() => NEVER, { afterEvents: 'again' as 'restart' }), "use 'fail' or 'restart'"],
    [() => withRetry(() => NEVER, { retryIf: true as unknown as () => boolean }), '`retryIf` is no function'],
    [() => withRetry(() => NEVER, { maxTries: 0 }), '`retry.maxTries`'],
  ])('refuses at the call what cannot work: %#', (make, words) => {
    expect(make).toThrow(words);
  });
});

describe('withRetry over a real connection', () => {
  let server: RawServer | undefined;
  afterEach(() => server?.close());

  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';
  const bytesOf = (round: ScriptedRound) => openAiChatBytes(spellOut(round, counter()) as ModelEvent[]);
  const round = bytesOf([
    'I look. ',
    { call: 'look', arguments: { city: 'Köln' } },
    ' And ',
    { call: 'look', arguments: { city: 'Rom' } },
    'so on.',
  ]);

  it('asks a round again that is cut: its text is there once and each call has run once, in whichever byte the cut was', async () => {
    for (let at = 0; at < round.length; at += 5) {
      const answer = ({ body }: Exchange) => [head, body.includes('"role":"tool"') ? bytesOf(['Done.']) : round, 'close'] as const;
      server = await rawServer([head, round.slice(0, at), 'reset'], answer);
      const looked: string[] = [];
      const look = defineTool({
        name: 'look',
        description: 'Looks up a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        annotations: { readOnlyHint: true },
        execute: ({ city }) => looked.push(city),
      });
      const http = httpModel({ dialect: openAiChat, url: server.origin, model: 'm', retry: { maxTries: 1 } });
      const model = withRetry(http, { afterEvents: 'restart', baseDelayMs: 1 });
      const { text, results } = await lastValueFrom(streamAnswer({ model, request, tools: [look] }).pipe(collectAnswer()));
      expect({ at, text, looked: looked.sort(), results: results.length }).toEqual({
        at,
        text: 'I look.  And so on.Done.',
        looked: ['Köln', 'Rom'],
        results: 2,
      });
      await server.close();
    }
  });
});

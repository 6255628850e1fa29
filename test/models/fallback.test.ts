import { concat, lastValueFrom, NEVER, type Observable, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  anthropicMessages,
  ConnectionError,
  collectAnswer,
  type Diagnostic,
  defineTool,
  type FallbackOptions,
  fallback,
  HttpError,
  httpModel,
  InterruptedError,
  isWorthAskingElsewhere,
  LimitError,
  MalformedFrameError,
  type Model,
  type ModelEvent,
  openAiChat,
  ProviderError,
  streamAnswer,
  TimeoutError,
  type ToolstreamError,
  withRetry,
} from '../../src/index.ts';
import { openAiChatBytes, scriptedModel } from '../../src/testing/index.ts';
import { type ScriptedRound, spellOut } from '../../src/testing/script.ts';
import { type RawServer, rawServer, type Step } from '../support/raw-server.ts';
import { settled } from '../support/settled.ts';
import { WatchedSource } from '../support/watched.ts';

const message = { role: 'assistant', content: '' } as const;
const values: { [key: string]: ModelEvent } = {
  s: { type: 'round-start' },
  t: { type: 'text-delta', text: 't' },
  d: { type: 'diagnostic', code: 'c', message: 'm' },
  e: { type: 'round-end', reason: 'stop', message },
};
const request = { messages: [{ role: 'user', content: 'go' }] } as const;
const refused = () => new ConnectionError('no route');
const http = (status: number, retryable = false, text = 'refused') => new HttpError(text, { status, retryable });

/** Each model as marbles; `f` stands for a `diagnostic` with `fell-back`. */
function check(
  models: ReadonlyArray<readonly [marbles: string, error?: unknown]>,
  expected: string,
  options: FallbackOptions = {},
  error?: unknown,
) {
  new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ cold, expectObservable, flush }) => {
    const sources = models.map(([marbles, raised]) => cold(marbles, values, raised));
    const model = fallback(
      sources.map((source$) => () => source$ as Observable<ModelEvent>),
      options,
    );
    const f = expect.objectContaining({ type: 'diagnostic', code: 'fell-back' });
    expectObservable(model(request)).toBe(expected, { ...values, f }, error);
    flush();
    for (const { subscriptions } of sources)
      for (const { unsubscribedFrame } of subscriptions) expect(unsubscribedFrame).not.toBe(Number.POSITIVE_INFINITY);
  });
}

const failing =
  (error: unknown): Model =>
  () =>
    throwError(() => error);

const saying =
  (...texts: string[]): Model =>
  (asked) =>
    scriptedModel([texts])(asked);

describe('fallback', () => {
  it('asks the next model where one fails before its first event, and says so', () => {
    check([['--#', refused()], ['---s-t-e|']], '--f--s-t-e|');
    check([['-#', refused()], ['-#', http(503, true)], ['-s-e|']], '-ffs-e|');
  });

  it('takes a diagnostic for no event', () => {
    check([['-d-#', refused()], ['-s-e|']], '-d-fs-e|');
  });

  it('asks nobody else once there was an event', () => {
    const error = refused();
    check([['-s-#', error], ['-s-e|']], '-s-#', {}, error);
  });

  it('asks nobody else where the error is the request’s', () => {
    const error = http(400);
    check([['-#', error], ['-s-e|']], '-#', {}, error);
  });

  it('lets `when` decide', () => {
    const own = new Error('own');
    check([['-#', own], ['-s-e|']], '-fs-e|', { when: (error) => error === own });
    const error = refused();
    check([['-#', error], ['-s-e|']], '-#', { when: () => false }, error);
  });

  it('raises the last error as it is, with those before it in `earlier`', async () => {
    const errors = [refused(), new Error('foreign'), http(503, true)];
    const { events, error } = await settled(fallback(errors.map(failing), { when: () => true })(request));
    expect(error).toBe(errors[2]);
    expect((error as ToolstreamError).earlier).toEqual(errors.slice(0, 2));
    expect((error as ToolstreamError).earlier?.[0]).toBe(errors[0]);
    expect(events.map(({ type }) => type)).toEqual(['diagnostic', 'diagnostic']);
    expect('earlier' in refused()).toBe(false);
  });

  it('names the models by their names, else by their places, and quotes no foreign error', async () => {
    const models = [
      { name: 'main', model: failing(http(402, false, 'The balance is used up.')) },
      failing(Object.assign(new Error('sk-secret'), { code: 'ENOKEY' })),
      { name: 'spare', model: saying('Hi') },
    ];
    const { events } = await settled(fallback(models, { when: () => true })(request));
    const said = events.filter((event): event is Diagnostic => event.type === 'diagnostic').map((event) => event.message);
    expect(said).toEqual([
      'Model "main" failed before its first event; asking model 2. The balance is used up.',
      'Model 2 failed before its first event; asking model "spare". ENOKEY',
    ]);
  });

  it('takes a model that throws for one that failed', async () => {
    const error = new TypeError('a bug');
    const throwing: Model = () => {
      throw error;
    };
    expect((await settled(fallback([throwing, saying('Hi')])(request))).error).toBe(error);
    const { events } = await settled(fallback([throwing, saying('Hi')], { when: () => true })(request));
    expect(events).toContainEqual({ type: 'text-delta', text: 'Hi' });
  });

  it('asks the model that answered first again in the next rounds of an answer, then the others; a new answer begins at the head', async () => {
    const asked: string[] = [];
    const add = defineTool({ name: 'add', description: 'Adds', parameters: { type: 'object' }, execute: () => 42 });
    const named = (name: string, ...rounds: Array<ScriptedRound | Error>): { name: string; model: Model } => {
      let n = 0;
      const model: Model = (wanted) => {
        asked.push(name);
        const round = rounds[n++] ?? [];
        return round instanceof Error ? throwError(() => round) : scriptedModel([round])(wanted);
      };
      return { name, model };
    };
    const model = fallback([
      named('a', refused(), ['from a'], ['new']),
      named('b', [{ call: 'add' }], [{ call: 'add' }], refused()),
      named('c', refused()),
    ]);
    const answer = () => lastValueFrom(streamAnswer({ model, request, tools: [add] }).pipe(collectAnswer()));
    expect((await answer()).text).toBe('from a');
    expect(asked).toEqual(['a', 'b', 'b', 'b', 'a']);
    asked.length = 0;
    expect((await answer()).text).toBe('new');
    expect(asked).toEqual(['a']);
  });

  it('asks nobody once the answer is aborted', async () => {
    const answer = new AbortController();
    const error = new InterruptedError('The answer was aborted.');
    const aborting: Model = () => {
      answer.abort();
      return throwError(() => error);
    };
    expect((await settled(fallback([aborting, () => NEVER])(request, answer.signal))).error).toBe(error);
  });

  it('leaves nothing when it is unsubscribed, whichever model is at work, and sends nothing before it is subscribed', () => {
    const first = new WatchedSource();
    const second = new WatchedSource();
    const model = fallback([first, second].map((source) => () => source.source$ as Observable<ModelEvent>));
    const events$ = model(request);
    expect(first.subscribed).toBe(0);
    events$.subscribe().unsubscribe();
    expect([first.subscribed, first.active, second.subscribed]).toEqual([1, 0, 0]);
    const subscription = events$.subscribe();
    first.error(refused(), 1);
    expect([first.active, second.active]).toEqual([0, 1]);
    subscription.unsubscribe();
    expect(second.active).toBe(0);
  });

  it('is asked again by `withRetry` for a round that broke in the middle', async () => {
    const cut = () =>
      concat(
        of<ModelEvent[]>({ type: 'round-start' }, { type: 'text-delta', text: 'Hel' }),
        throwError(() => new InterruptedError('cut')),
      );
    let n = 0;
    const main: Model = () => (n++ === 0 ? cut() : throwError(refused));
    const model = withRetry(fallback([main, saying('Hello')]), { afterEvents: 'restart', baseDelayMs: 1 });
    expect((await lastValueFrom(streamAnswer({ model, request }).pipe(collectAnswer()))).text).toBe('Hello');
  });

  it.each([
    [() => fallback([]), 'no models'],
    [() => fallback(undefined as unknown as Model[]), 'no models'],
    [() => fallback([saying(), undefined as unknown as Model]), '`models[1]` is neither'],
    [() => fallback([{ name: 'x', model: 1 as unknown as Model }]), '`models[0]` is neither'],
    [() => fallback([saying()], { when: true as unknown as () => boolean }), '`when` is no function'],
  ])('refuses at the call what cannot work: %#', (make, words) => {
    expect(make).toThrow(words);
  });
});

describe('isWorthAskingElsewhere', () => {
  const provider = (fields: { status?: number; providerCode?: string; retryable?: boolean }, text = 'no') =>
    new ProviderError(text, { retryable: false, raw: null, ...fields });

  it.each<[string, unknown]>([
    ['no connection', refused()],
    ['a timeout', new TimeoutError('first-event', 1)],
    ['a timeout of the whole', new TimeoutError('total', 1)],
    ['a body without an event', new InterruptedError('nothing')],
    ['another protocol', new MalformedFrameError('no JSON')],
    ['a page instead of a stream', http(200)],
    ['a wrong key', http(401)],
    ['a forbidden model', http(403)],
    ['no balance', http(402)],
    ['no balance, as Anthropic says it', http(400, false, 'answered 400: "Your credit balance is too low to access the Anthropic API."')],
    ['an unknown model', http(404)],
    ['too many requests', http(429, true)],
    ['a used-up quota', http(429)],
    ['a fault of the server', http(500, true)],
    ['overload inside the stream', provider({ status: 529, retryable: true })],
    ['a used-up quota inside the stream', provider({ providerCode: 'insufficient_quota' })],
  ])('yes: %s', (_, error) => {
    expect(isWorthAskingElsewhere(error)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a request that is not understood', http(400)],
    ['a request that is too long', http(413)],
    ['a field that is not known', http(422)],
    ['a history that is too long, inside the stream', provider({ status: 400, providerCode: 'context_length_exceeded' })],
    ['an error of which nothing is known', provider({})],
    ['a bound of one’s own', new LimitError('maxFrameBytes', 1, 'bytes')],
    ['a bug', new TypeError('x is not a function')],
    ['nothing', undefined],
  ])('no: %s', (_, error) => {
    expect(isWorthAskingElsewhere(error)).toBe(false);
  });
});

describe('fallback over real connections', () => {
  const servers: RawServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  const serve = async (...script: Step[]) => {
    const server = await rawServer(script);
    servers.push(server);
    return server;
  };
  const head = (status: string, type: string, body = '') =>
    `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\nconnection: close\r\n${body && `content-length: ${body.length}\r\n`}\r\n${body}`;
  const counter = () => {
    let n = 0;
    return () => ++n;
  };

  it('goes from one dialect to another when the balance is used up', async () => {
    const broke = JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message: 'Your credit balance is too low.' } });
    const main = await serve(head('400 Bad Request', 'application/json', broke), 'close');
    const bytes = openAiChatBytes(spellOut(['Hello'], counter()) as ModelEvent[]);
    const spare = await serve(head('200 OK', 'text/event-stream'), bytes, 'close');
    const model = fallback([
      { name: 'main', model: httpModel({ dialect: anthropicMessages, url: main.origin, model: 'm', apiKey: 'key-of-main' }) },
      { name: 'spare', model: httpModel({ dialect: openAiChat, url: spare.origin, model: 'm', apiKey: 'key-of-spare' }) },
    ]);
    const { events, error } = await settled(streamAnswer({ model, request }));
    expect(error).toBeUndefined();
    expect(events.filter((event) => event.type === 'text-delta').map((event) => event.text)).toEqual(['Hello']);
    const said = events.filter((event) => event.type === 'diagnostic');
    expect(said).toEqual([expect.objectContaining({ code: 'fell-back', message: expect.stringContaining('credit balance is too low') })]);
    expect(JSON.stringify(said)).not.toContain('key-of');
    expect([main.exchanges.length, spare.exchanges.length]).toEqual([1, 1]);
    expect(spare.exchanges[0]?.headers.authorization).toBe('Bearer key-of-spare');
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import * as t from 'io-ts';
import { firstValueFrom, lastValueFrom, Observable, shareReplay, take, takeUntil, timer, toArray } from 'rxjs';
import {
  type AnswerEvent,
  collectAnswer,
  defineTool,
  type ExecuteToolsOptions,
  httpModel,
  InterruptedError,
  openAiChat,
  streamAnswer,
  type Timeouts,
  type Tool,
} from 'toolstream';
import { afterEach, describe, expect, it } from 'vitest';
import { faults } from '../rounds/events.ts';
import {
  answer,
  DONE,
  type Exchange,
  frame,
  LAST_CHUNK,
  type RawServer,
  rawServer,
  STREAM_HEAD,
  type Step,
  text,
} from '../support/raw-server.ts';
import { settled } from '../support/settled.ts';

let server: RawServer | undefined;
afterEach(() => server?.close());

const request = { messages: [{ role: 'user', content: 'go' }] };

/** A call, whole, as one chunk. */
const call = (index: number, id: string, name: string, args = '{"n":1}') =>
  frame({
    id: 'r1',
    model: 'm',
    choices: [{ index: 0, delta: { tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] } }],
  });
const finish = (reason: string) => frame({ id: 'r1', choices: [{ index: 0, delta: {}, finish_reason: reason }] });
const rest = (reason = 'tool_calls') => [finish(reason), DONE, LAST_CHUNK];

const parameters = t.type({ n: t.number });
const tool = (name: string, execute: (args: { n: number }) => unknown) =>
  defineTool({ name, description: name, parameters, annotations: { readOnlyHint: true }, execute }) as Tool;

type Script = readonly Step[] | ((exchange: Exchange) => readonly Step[]);

/** An answer of a server that follows these scripts. */
async function ask(
  scripts: readonly Script[],
  tools: readonly Tool[],
  { timeouts, maxRounds, ...options }: ExecuteToolsOptions & { timeouts?: Timeouts; maxRounds?: number } = {},
): Promise<Observable<AnswerEvent>> {
  server = await rawServer(...scripts);
  const model = httpModel({
    dialect: openAiChat,
    url: `${server.origin}/v1`,
    model: 'm',
    apiKey: 'key',
    retry: { maxTries: 1 },
    ...(timeouts && { timeouts }),
  });
  return streamAnswer({ model, request, tools, ...(maxRounds && { maxRounds }), ...options });
}

/** Everything that came, and how it ended. */
async function run(answer$: Observable<AnswerEvent>) {
  const { events, error } = await settled(answer$);
  const of = <T extends AnswerEvent['type']>(type: T) =>
    events.filter((event): event is Extract<AnswerEvent, { type: T }> => event.type === type);
  const codes = of('tool-result').map(({ callId, outcome }) => [callId, outcome._tag === 'Right' ? outcome.right : outcome.left.code]);
  return { events, error, of, codes, types: events.map(({ type }) => type) };
}

const held: readonly Step[] = [STREAM_HEAD, text('Look. '), call(0, 'c1', 'slow'), text('Now. '), 'hold'];

describe('a stream that breaks', () => {
  it('while a tool throws: one result, and the error holds it', async () => {
    const slow = tool('slow', async () => {
      await sleep(30);
      throw new Error('tool broke');
    });
    const broken: readonly Step[] = [...held.slice(0, -1), { wait: 30 }, 'reset'];
    const { error, codes } = await run(await ask([broken], [slow]));
    expect(error).toBeInstanceOf(InterruptedError);
    if (!(error instanceof InterruptedError)) return;
    expect(codes).toEqual([['c1', 'threw']]);
    expect(error.partial).toMatchObject({ text: 'Look. Now. ', toolCalls: [{ callId: 'c1' }], results: [{ callId: 'c1' }] });
    expect(faults(error.partial.messages)).toEqual([]);
  });

  it('while an approval is pending: not run, and the approval is given up', async () => {
    let released = false;
    const approve = () =>
      new Observable<boolean>(() => () => {
        released = true;
      });
    let ran = false;
    const broken: readonly Step[] = [...held.slice(0, -1), { wait: 30 }, 'reset'];
    const { error, codes } = await run(
      await ask(
        [broken],
        [
          tool('slow', () => {
            ran = true;
          }),
        ],
        { approve },
      ),
    );
    expect(error).toBeInstanceOf(InterruptedError);
    expect([codes, released, ran]).toEqual([[['c1', 'not-run']], true, false]);
  });

  it('by silence in round 2: the error holds text, calls, results and messages of both rounds', async () => {
    const look = tool('look', ({ n }) => `seen ${n}`);
    const round1: readonly Step[] = [STREAM_HEAD, text('One. '), call(0, 'c1', 'look'), call(1, 'c2', 'look', '{"n":2}'), ...rest()];
    const round2: readonly Step[] = [
      STREAM_HEAD,
      text('Two. '),
      call(0, 'c3', 'look', '{"n":3}'),
      text('More. '),
      call(1, 'c4', 'look', '{"n":'),
      'hold',
    ];
    const { error, of } = await run(await ask([round1, round2], [look], { timeouts: { idleMs: 150 } }));
    expect(error).toBeInstanceOf(InterruptedError);
    if (!(error instanceof InterruptedError)) return;
    const { partial } = error;
    expect(partial.text).toBe('One. Two. More. ');
    expect(partial.toolCalls.map(({ callId, arguments: args, round }) => [round, callId, args._tag])).toEqual([
      [1, 'c1', 'Right'],
      [1, 'c2', 'Right'],
      [2, 'c3', 'Right'],
      [2, 'c4', 'Left'],
    ]);
    expect(partial.results).toEqual(of('tool-result'));
    expect(partial.results.map(({ callId }) => callId).sort()).toEqual(['c1', 'c2', 'c3', 'c4']);
    expect(partial.calls.map(({ callId }) => callId)).toEqual(['c3', 'c4']);
    expect(faults(partial.messages)).toEqual([]);
    expect(partial.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'assistant', 'tool', 'tool']);
    expect(partial.message).toMatchObject({ content: 'Two. More. ', toolCalls: [{ id: 'c3' }, { id: 'c4' }] });
  });

  it('by silence after the finish reason: the answer goes on', async () => {
    const look = tool('look', () => 'seen');
    const round1: readonly Step[] = [STREAM_HEAD, call(0, 'c1', 'look'), finish('tool_calls'), 'hold'];
    const { error, of } = await run(await ask([round1, answer('Done.')], [look], { timeouts: { idleMs: 150 } }));
    expect(error).toBeUndefined();
    expect(of('diagnostic').map(({ code }) => code)).toEqual(['cut-after-finish']);
    expect(of('answer-end')[0]).toMatchObject({ reason: 'stop', rounds: 2 });
  });
});

describe('an approval that is pending', () => {
  it('is given up when the model was cut off (length)', async () => {
    let released = false;
    const approve = () =>
      new Observable<boolean>(() => () => {
        released = true;
      });
    const script: readonly Step[] = [STREAM_HEAD, call(0, 'c1', 'slow'), text('so '), ...rest('length')];
    const { error, codes, of } = await run(await ask([script], [tool('slow', () => 1)], { approve }));
    expect(error).toBeUndefined();
    expect([codes, released, of('answer-end')[0]?.reason]).toEqual([[['c1', 'not-run']], true, 'length']);
  });

  it('is given up when nobody listens any more', async () => {
    let released = false;
    const approve = () =>
      new Observable<boolean>(() => () => {
        released = true;
      });
    const answer$ = await ask([held], [tool('slow', () => 1)], { approve });
    await lastValueFrom(answer$.pipe(takeUntil(timer(100)), toArray()));
    expect(released).toBe(true);
    expect(await server?.exchanges[0]?.left).toBe(true);
  });

  it('does not hold up other calls, even where one tool runs at a time', async () => {
    let allow: (yes: boolean) => void = () => {};
    const approve = ({ callId }: { callId: string }) =>
      callId !== 'c1' ||
      new Promise<boolean>((resolve) => {
        allow = resolve;
      });
    const script: readonly Step[] = [STREAM_HEAD, call(0, 'c1', 'slow'), call(1, 'c2', 'slow'), ...rest()];
    const answer$ = await ask([script, answer('Done.')], [tool('slow', () => 'ran')], { approve, concurrency: 1 });
    const { codes } = await run(
      new Observable((subscriber) =>
        answer$.subscribe({
          next: (event) => {
            subscriber.next(event);
            if (event.type === 'tool-result') allow(true);
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      ),
    );
    expect(codes).toEqual([
      ['c2', 'ran'],
      ['c1', 'ran'],
    ]);
  });
});

describe('a server that keeps the connection open after its end mark', () => {
  it('delays neither the next round nor, for ever, the end', async () => {
    const look = tool('look', () => 'seen');
    const round1: readonly Step[] = [STREAM_HEAD, call(0, 'c1', 'look'), finish('tool_calls'), DONE, 'hold'];
    const round2: readonly Step[] = [STREAM_HEAD, text('Done.'), finish('stop'), DONE, 'hold'];
    const order: string[] = [];
    const answer$ = await ask(
      [
        ({ left }) => {
          left.then(() => order.push('the first connection is left'));
          return round1;
        },
        () => {
          order.push('the second round is asked');
          return round2;
        },
      ],
      [look],
    );
    const { of } = await run(answer$);
    expect(order).toEqual(['the second round is asked', 'the first connection is left']);
    expect(of('answer-end')).toHaveLength(1);
    expect(await Promise.all((server?.exchanges ?? []).map(({ left }) => left))).toEqual([true, true]);
  });
});

/** Two rounds: two calls amid text, then words. */
const twoRounds: readonly Script[] = [
  [STREAM_HEAD, text('One '), call(0, 'c1', 'look'), text('two '), call(1, 'c2', 'look', '{"n":2}'), text('three. '), ...rest()],
  [STREAM_HEAD, text('Four '), text('five.'), finish('stop'), DONE, LAST_CHUNK],
];
const patient = (ms: number) => tool('look', ({ n }) => sleep(ms, `seen ${n}`));

describe('one answer', () => {
  it('is asked anew by each subscription, two at once too', async () => {
    const answer$ = await ask([(one: Exchange) => twoRounds[one.body.includes('"tool_call_id"') ? 1 : 0] as readonly Step[]], [patient(5)]);
    const [one, two] = await Promise.all([run(answer$), run(answer$)]);
    const shape = ({ events }: typeof one) => events.map((event) => ({ ...event, durationMs: 0 }));
    expect(byRound(shape(one))).toEqual(byRound(shape(two)));
    expect(server?.exchanges).toHaveLength(4);
  });

  it('is asked once where it is shared, and released when nobody listens any more', async () => {
    const endless: readonly Step[] = [STREAM_HEAD, text('One '), text('two '), 'hold'];
    const shared$ = (await ask([endless], [])).pipe(shareReplay({ bufferSize: 100, refCount: true }));
    const listener = shared$.subscribe();
    const early = await lastValueFrom(shared$.pipe(take(3), toArray()));
    const late = await lastValueFrom(shared$.pipe(take(2), toArray()));
    listener.unsubscribe();
    expect(early.slice(0, 2)).toEqual(late);
    expect(server?.exchanges).toHaveLength(1);
    expect(await server?.exchanges[0]?.left).toBe(true);
  });

  it('is over with its first event where no more is wanted', async () => {
    const answer$ = await ask([held], [tool('slow', () => 1)]);
    expect((await firstValueFrom(answer$)).type).toBe('round-start');
    expect(await server?.exchanges[0]?.left).toBe(true);
  });

  it('goes on without a tool that heeds no signal, and says nothing of it after unsubscribing', async () => {
    let ended = false;
    const deaf = tool('slow', async () => {
      await sleep(120);
      ended = true;
      return 'late';
    });
    const answer$ = await ask([held], [deaf]);
    const seen: string[] = [];
    const subscription = answer$.subscribe(({ type }) => seen.push(type));
    await sleep(60);
    expect(seen).toContain('tool-started');
    subscription.unsubscribe();
    const { length } = seen;
    expect(await server?.exchanges[0]?.left).toBe(true);
    await sleep(120);
    expect([ended, seen.length]).toEqual([true, length]);
  });
});

describe('unsubscribing at each event of an answer of two rounds with tools', () => {
  it('emits nothing more, aborts every signal, leaves every connection, and leaves no timer', async () => {
    const signals: AbortSignal[] = [];
    const done = new Set<AbortSignal>();
    const look = defineTool({
      name: 'look',
      description: 'Looks',
      parameters,
      annotations: { readOnlyHint: true },
      execute: async ({ n }, { signal }) => {
        signals.push(signal);
        await sleep(n, undefined, { signal });
        done.add(signal);
        return n;
      },
    });
    // Nothing ends by itself: whatever is left, the client has left it.
    const scripts = twoRounds.map((script): readonly Step[] => [...(script as readonly Step[]).slice(0, -1), 'hold']);
    const answer$ = await ask([(one: Exchange) => scripts[one.body.includes('"tool_call_id"') ? 1 : 0] as readonly Step[]], [look as Tool]);
    const { length } = (await run(answer$)).events;
    expect(length).toBeGreaterThan(20);
    const timersBefore = timers();
    for (let at = 1; at < length; at++) {
      const seen: AnswerEvent[] = [];
      await new Promise<void>((resolve) => {
        const subscription = answer$.subscribe((event) => {
          seen.push(event);
          if (seen.length !== at) return;
          subscription.unsubscribe();
          resolve();
        });
      });
      expect(
        signals.every((signal) => signal.aborted || done.has(signal)),
        `signals after event ${at}`,
      ).toBe(true);
      const exchanges = server?.exchanges.splice(0) ?? [];
      expect(await Promise.all(exchanges.map(({ left }) => left)), `connections left after event ${at}`).not.toContain(false);
      await sleep(5);
      expect(server?.exchanges, `requests after event ${at}`).toHaveLength(0);
      expect(seen, `events after event ${at}`).toHaveLength(at);
    }
    expect(timers()).toBeLessThanOrEqual(timersBefore);
  });
});

describe('200 answers at once over one server', () => {
  it('keep apart', async () => {
    const scripted = (one: Exchange): readonly Step[] => {
      const words = /"content":"(\d+)"/.exec(one.body)?.[1] ?? '';
      if (one.body.includes('"tool_call_id"')) return answer(`${words} done`);
      return [STREAM_HEAD, text(`${words} `), call(0, 'c1', 'look', `{"n":${words}}`), ...rest()];
    };
    server = await rawServer(scripted);
    const model = httpModel({ dialect: openAiChat, url: `${server.origin}/v1`, model: 'm' });
    const look = tool('look', async ({ n }) => {
      await sleep(n % 7);
      return n * 2;
    });
    const ask = (n: number) => streamAnswer({ model, request: { messages: [{ role: 'user', content: String(n) }] }, tools: [look] });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => lastValueFrom(ask(n).pipe(collectAnswer()))));
    answers.forEach(({ text: words, results, messages }, n) => {
      expect(words).toBe(`${n} ${n} done`);
      expect(results.map(({ outcome }) => outcome)).toEqual([{ _tag: 'Right', right: n * 2 }]);
      expect(faults(messages)).toEqual([]);
    });
  });
});

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

/** Events by round and kind: tools that run side by side may end in any order. */
function byRound(events: ReadonlyArray<{ readonly type: string; readonly round?: number }>): string[] {
  return events.map((event) => JSON.stringify([event.round, event.type, event])).sort();
}

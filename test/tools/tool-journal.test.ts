import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, EMPTY, finalize, NEVER, of, Subject, throwError } from 'rxjs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { executeTools } from '../../operators/executeTools.ts';
import {
  type AnyEvent,
  InterruptedError,
  memoryJournal,
  scopedJournal,
  streamAnswer,
  type ToolJournal,
  UncertainCallError,
} from '../../src/index.ts';
import { fileJournal } from '../../src/node.ts';
import { scriptedModel } from '../../src/testing/index.ts';
import { call, codes, collect, failure, later, reader, restarted, result, resultsOf, roundEnd, started, text, tool } from './support.ts';

const folder = await mkdtemp(join(tmpdir(), 'toolstream-journal-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Counts what it does. */
function payer(settings = {}) {
  const paid: unknown[] = [];
  const pay = tool('pay', (args) => paid.push(args), settings);
  return { paid, pay };
}
const round = [call('c1', 'pay', { to: 'a', n: 1 }), roundEnd()];
const ok = { _tag: 'Right', right: 1 } as const;

describe('executeTools with a journal', () => {
  it('notes each start before it, and each outcome before its result', async () => {
    const noted: string[] = [];
    const { begin, settle, forget } = memoryJournal();
    const journal: ToolJournal = {
      begin: async (key, { callId }) => {
        noted.push(`begin ${key} ${callId}`);
        return begin(key);
      },
      settle: async (key, outcome) => {
        noted.push(`settle ${key} ${JSON.stringify(outcome)}`);
        settle(key, outcome);
      },
      forget,
    };
    const pay = tool('pay', () => noted.push('paid'));
    const { events } = await collect(round, [pay], { journal });
    expect(noted).toEqual(['begin 1#1 pay {"n":1,"to":"a"} c1', 'paid', 'settle 1#1 pay {"n":1,"to":"a"} {"_tag":"Right","right":2}']);
    expect(events.slice(2)).toEqual([started('c1', 'pay'), result('c1', 'pay', 2)]);
  });

  it('gives a settled outcome again without running the tool', async () => {
    const journal = memoryJournal();
    const { paid, pay } = payer();
    await collect(round, [pay], { journal });
    const { events } = await collect([call('other id', 'pay', { n: 1, to: 'a' }), roundEnd()], [pay], { journal });
    expect(paid).toHaveLength(1);
    expect(events.slice(2)).toEqual([result('other id', 'pay', 1)]);
  });

  it('gives a settled failure again', async () => {
    const journal = memoryJournal();
    const outcome = { _tag: 'Left', left: { code: 'threw', message: 'no', started: true } } as const;
    journal.settle('1#1 pay {"n":1,"to":"a"}', outcome);
    const { events } = await collect(round, [payer().pay], { journal });
    expect(resultsOf(events)[0]?.outcome).toEqual(outcome);
  });

  it('tells equal calls of a round, and equal calls of two rounds, apart', async () => {
    const journal = memoryJournal();
    const { paid, pay } = payer();
    const twice = [call('c1', 'pay', { n: 1 }), call('c2', 'pay', { n: 1 }), roundEnd(), call('c3', 'pay', { n: 1 }), roundEnd()];
    const keys: string[] = [];
    const begin = (key: string) => {
      keys.push(key);
      return journal.begin(key);
    };
    await collect(twice, [pay], { journal: { ...journal, begin } });
    expect(paid).toHaveLength(3);
    expect(keys).toEqual(['1#1 pay {"n":1}', '1#2 pay {"n":1}', '2#1 pay {"n":1}']);
    const { events } = await collect(twice, [pay], { journal });
    expect(paid).toHaveLength(3);
    expect(codes(events)).toEqual({ c1: 'ok', c2: 'ok', c3: 'ok' });
  });

  it('counts calls from the first again after a restart, and hands on what runs', async () => {
    const journal = memoryJournal();
    const { paid, pay } = payer({ startWhen: 'confirmed' });
    const { events } = await collect([call('c1', 'pay'), restarted, call('d1', 'pay'), call('d2', 'pay'), roundEnd()], [pay], { journal });
    expect(paid).toHaveLength(2);
    expect(codes(events)).toEqual({ c1: 'ok', d1: 'ok', d2: 'ok' });
    await collect([call('e1', 'pay'), call('e2', 'pay'), roundEnd()], [pay], { journal });
    expect(paid).toHaveLength(2);
  });

  it('ends the answer where a call was started, never settled, and may not run again', async () => {
    const journal = memoryJournal();
    journal.begin('1#1 pay {"n":1,"to":"a"}');
    const { paid, pay } = payer();
    const seen$ = new Subject<string>();
    const look = reader('look', () => seen$);
    const late = reader('late', () => 'never');
    const finish = () => {
      seen$.next('seen');
      seen$.complete();
    };
    const source$ = concat(of<AnyEvent[]>(call('c0', 'look'), ...round), of(text('…'), call('c9', 'late'), roundEnd())).pipe(
      finalize(() => queueMicrotask(finish)),
    );
    const { events, error } = await collect(source$, [look, pay, late], { journal });
    expect(paid).toEqual([]);
    expect(error).toBeInstanceOf(UncertainCallError);
    expect(error).toMatchObject({ code: 'uncertain-call', toolName: 'pay', place: { callId: 'c1' } });
    expect((error as UncertainCallError).message).toMatch(/never settled.*idempotentHint/);
    // What ran is waited for, and nothing more starts. The error stands for the call's own result, so that no round is asked with it.
    expect(codes(events)).toEqual({ c0: 'ok', c9: 'not-run' });
    expect((error as UncertainCallError).partial.results).toHaveLength(2);
  });

  it.each(['confirmed', 'finished'] as const)('asks no further round then, nor runs the tool under another name: %s', async (startWhen) => {
    const journal = memoryJournal();
    let began = 0;
    const tools = [
      tool(
        'pay',
        () => {
          began++;
          return NEVER;
        },
        { startWhen },
      ),
    ];
    const model = scriptedModel([[{ call: 'pay' }], [{ call: 'pay' }], ['Paid.']]);
    const ask = () => streamAnswer({ model, request: { messages: [] }, tools, journal });
    const first = ask().subscribe();
    await vi.waitFor(() => expect(began).toBe(1));
    first.unsubscribe();
    const asked = model.requests.length;
    const events: AnyEvent[] = [];
    const error = await ask()
      .forEach((event) => void events.push(event))
      .catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(UncertainCallError);
    expect([began, model.requests.length]).toEqual([1, asked + 1]);
    // The whole answer has a result for it all the same.
    expect(codes(events)).toEqual({ [resultsOf(events)[0]?.callId ?? '']: 'cancelled' });
    expect((error as UncertainCallError).partial.messages.map(({ role }) => role)).toEqual(['assistant', 'tool']);
  });

  it.each([{ idempotentHint: true }, { readOnlyHint: true }])('runs it again where the tool says %o', async (annotations) => {
    const journal = memoryJournal();
    journal.begin('1#1 pay {"n":1,"to":"a"}');
    const { paid, pay } = payer({ annotations });
    const { events } = await collect(round, [pay], { journal });
    expect(paid).toHaveLength(1);
    expect(codes(events)).toEqual({ c1: 'ok' });
  });

  it('starts nothing without the journal’s word: it throws, fails, says nothing, or something else', async () => {
    const { paid, pay } = payer({ timeoutMs: 5 });
    const begins: Array<ToolJournal['begin']> = [
      () => {
        throw new Error('no disk');
      },
      () => Promise.reject(new Error('no disk')),
      () => NEVER,
      () => EMPTY,
      () => ({ state: 'fine' }) as never,
      () => ({ state: 'settled' }) as never,
    ];
    for (const begin of begins) {
      const { events } = await collect(round, [pay], { journal: { ...memoryJournal(), begin } });
      const message = expect.stringMatching(/^The journal could not be asked: .*pay was not run\.$/);
      expect(events.slice(2)).toEqual([
        { type: 'diagnostic', callId: 'c1', code: 'journal-failed', message },
        failure('c1', 'pay', 'not-run', /^The journal could not be asked: /, false),
      ]);
    }
    expect(paid).toEqual([]);
  });

  it('gives the result all the same where it could not be written, and says so', async () => {
    const settle = () => Promise.reject(new Error('disk full'));
    const { events } = await collect(round, [payer().pay], { journal: { ...memoryJournal(), settle } });
    const message = expect.stringMatching(/could not be written to the journal: Error: disk full\./);
    expect(events.slice(3)).toEqual([{ type: 'diagnostic', callId: 'c1', code: 'journal-failed', message }, result('c1', 'pay', 1)]);
  });

  it('does not start what the journal lets through when the stream has broken meanwhile, and forgets it', async () => {
    const { begin, ...rest } = memoryJournal();
    const { paid, pay } = payer({ startWhen: 'confirmed' });
    const journal = { ...rest, begin: (key: string) => later(5, begin(key)) as never };
    const broken$ = concat(
      of(call('c1', 'pay')),
      throwError(() => new InterruptedError('lost')),
    );
    const { events, error } = await collect(broken$, [pay], { journal });
    expect(error).toBeInstanceOf(InterruptedError);
    expect(codes(events)).toEqual({ c1: 'not-run' });
    expect(paid).toEqual([]);
    expect(begin('1#1 pay {}')).toEqual({ state: 'new' });
  });

  it('asks nothing more after unsubscribing', async () => {
    const asked: string[] = [];
    const answer$ = new Subject<{ state: 'new' }>();
    const { paid, pay } = payer();
    const journal = { ...memoryJournal(), begin: () => answer$.asObservable(), settle: (key: string) => asked.push(key) };
    of<AnyEvent[]>(...round)
      .pipe(executeTools([pay], { journal }))
      .subscribe()
      .unsubscribe();
    expect(answer$.observed).toBe(false);
    expect([paid, asked]).toEqual([[], []]);
  });

  it('throws at the call for what is no journal', () => {
    const begin = () => ({ state: 'new' }) as const;
    expect(() => executeTools([], { journal: { begin } as unknown as ToolJournal })).toThrow('`journal` needs the methods');
  });
});

describe.each([
  ['memoryJournal', () => memoryJournal()],
  ['a scope of a journal', () => scopedJournal(memoryJournal(), 'answer 1')],
  ['fileJournal', () => fileJournal(join(folder, `${Math.random()}.jsonl`))],
] as ReadonlyArray<[string, () => ToolJournal]>)('%s', (_, make) => {
  it('tells the first who asks `new`, and the others what is known', async () => {
    const journal = make();
    const asked = await Promise.all([journal.begin('k', call('c', 'pay')), journal.begin('k', call('c', 'pay'))]);
    expect(asked).toEqual([{ state: 'new' }, { state: 'started' }]);
    await journal.settle('k', ok);
    expect(await journal.begin('k', call('c', 'pay'))).toEqual({ state: 'settled', outcome: ok });
    expect(await journal.begin('__proto__', call('c', 'pay'))).toEqual({ state: 'new' });
  });

  it('knows nothing of what it was told to forget', async () => {
    const journal = make();
    await journal.begin('k', call('c', 'pay'));
    await journal.forget('k');
    expect(await journal.begin('k', call('c', 'pay'))).toEqual({ state: 'new' });
  });
});

describe('scopedJournal', () => {
  it('keeps answers apart in one store', async () => {
    const store = memoryJournal();
    expect(scopedJournal(store, 'a').begin('k', call('c', 'pay'))).toEqual({ state: 'new' });
    expect(scopedJournal(store, 'b').begin('k', call('c', 'pay'))).toEqual({ state: 'new' });
  });
});

describe('fileJournal', () => {
  it('knows after it was opened again what was written, a torn last line excepted', async () => {
    const path = join(folder, 'torn.jsonl');
    const first = fileJournal(path);
    await first.begin('a');
    await first.settle('a', ok);
    await first.begin('b');
    await first.begin('c');
    await first.forget('c');
    await first.close();
    await appendFile(path, '{"key":"b","state":"settled","outc');
    const second = fileJournal(path);
    expect([await second.begin('a'), await second.begin('b'), await second.begin('c')]).toEqual([
      { state: 'settled', outcome: ok },
      { state: 'started' },
      { state: 'new' },
    ]);
    await second.settle('b', ok);
    await second.close();
    const third = fileJournal(path);
    expect(await third.begin('b')).toEqual({ state: 'settled', outcome: ok });
    // The first line after the torn one.
    expect(await third.begin('c')).toEqual({ state: 'started' });
    await third.close();
    expect((await readFile(path, 'utf8')).endsWith('\n')).toBe(true);
  });

  it('writes a line for each thing it is told, and no other', async () => {
    const path = join(folder, 'lines.jsonl');
    const first = fileJournal(path);
    await first.begin('a');
    await first.begin('a');
    await first.close();
    await fileJournal(path).close();
    const second = fileJournal(path);
    await second.settle('a', ok);
    await second.forget('a');
    await second.close();
    expect((await readFile(path, 'utf8')).split('\n').map((line) => (line === '' ? '' : JSON.parse(line)))).toEqual([
      { key: 'a', state: 'started' },
      { key: 'a', state: 'settled', outcome: ok },
      { key: 'a', state: 'new' },
      '',
    ]);
  });

  it('takes nothing more once it is closed', async () => {
    const journal = fileJournal(join(folder, 'closed.jsonl'));
    await journal.close();
    await expect(journal.begin('a')).rejects.toThrow();
  });

  it('says to whoever asks that the file cannot be opened', async () => {
    await fileJournal(join(folder, 'a new folder', 'x.jsonl')).close();
    const journal = fileJournal(join(folder, 'a new folder', 'x.jsonl', 'y.jsonl'));
    await expect(journal.begin('a')).rejects.toThrow(/ENOTDIR|EEXIST/);
    await expect(journal.settle('a', ok)).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

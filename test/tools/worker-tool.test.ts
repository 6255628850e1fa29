import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { interval, lastValueFrom, map, merge, of, Subject, takeUntil, timer } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';
import { executeTools } from '../../operators/executeTools.ts';
import type { AnyEvent, ToolResult } from '../../src/events.ts';
import { type WorkerToolOptions, workerTool } from '../../src/node.ts';
import { call, codes, collect, reader, resultsOf, text } from './support.ts';

const burner = new URL('./workers/burn.mjs', import.meta.url);
const opened: Array<{ close(): Promise<void> }> = [];
const open = (options?: WorkerToolOptions, url: URL | string = burner) => {
  const execute = workerTool(url, options);
  opened.push(execute);
  return execute;
};
afterAll(() => Promise.all(opened.map((execute) => execute.close())));

const pause = (ms: number) => lastValueFrom(timer(ms));
const never = () => new AbortController().signal;

describe('workerTool', () => {
  it('computes in a thread while text keeps flowing', async () => {
    const execute = open({ maxWorkers: 2 });
    // Warm: starting a thread takes time of its own.
    await execute({ ms: 1 }, { signal: never() });
    const done = new Subject<void>();
    const source = merge(
      of(call('1', 'burn', { ms: 300 })),
      interval(10).pipe(
        takeUntil(done),
        map((n) => text(`${n}`)),
      ),
    );
    const events: AnyEvent[] = [];
    await source.pipe(executeTools([reader('burn', execute)])).forEach((event) => {
      events.push(event);
      if (event.type === 'tool-result') done.next();
    });
    const types = events.map(({ type }) => type);
    const overlap = types.slice(types.indexOf('tool-started'), types.indexOf('tool-result')).filter((type) => type === 'text-delta');
    // 30 would fit; a main thread that computes leaves none.
    expect(overlap.length).toBeGreaterThan(10);
    expect(resultsOf(events)).toMatchObject([{ outcome: { right: { ms: 300, busy: true } } }]);
  });

  it('runs as many at a time as it has threads; the others wait', async () => {
    const execute = open({ maxWorkers: 2 });
    await execute({ ms: 1 }, { signal: never() });
    const calls = ['1', '2', '3', '4', '5'].map((id) => call(id, 'burn', { ms: 20 }));
    const { events } = await collect(calls, [reader('burn', execute)]);
    expect(codes(events)).toEqual({ 1: 'ok', 2: 'ok', 3: 'ok', 4: 'ok', 5: 'ok' });
  });

  it('ends the thread in the middle of a computation when it is cancelled, and the next call gets its place', async () => {
    const execute = open({ maxWorkers: 1, exportName: 'spin' });
    const counter = new SharedArrayBuffer(4);
    const count = () => new Int32Array(counter)[0];
    const first = new AbortController();
    const spinning = execute({ counter }, { signal: first.signal });
    while (count() === 0) await pause(5);
    const second = new AbortController();
    const other = new SharedArrayBuffer(4);
    const waiting = execute({ counter: other }, { signal: second.signal });
    first.abort();
    await expect(spinning).rejects.toThrow(/abort/i);
    while (new Int32Array(other)[0] === 0) await pause(5);
    const before = count();
    await pause(30);
    expect(count()).toBe(before);
    second.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  it('takes a call that is cancelled while it waits out of the line', async () => {
    const execute = open({ maxWorkers: 1 });
    const running = execute({ ms: 30 }, { signal: never() });
    const controller = new AbortController();
    const waiting = execute({ ms: 10_000 }, { signal: controller.signal });
    const last = execute({ ms: 1 }, { signal: never() });
    controller.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
    await expect(Promise.all([running, last])).resolves.toHaveLength(2);
  });

  it('ends the thread when unsubscribed, and when the tool times out', async () => {
    const execute = open({ maxWorkers: 1, exportName: 'spin' });
    const counter = new SharedArrayBuffer(4);
    const spin = reader('spin', (_, context) => execute({ counter }, context), { timeoutMs: 200 });
    const { events } = await collect([call('1', 'spin')], [spin]);
    expect(codes(events)).toEqual({ 1: 'timed-out' });
    await pause(20);
    const before = new Int32Array(counter)[0];
    await pause(30);
    expect(new Int32Array(counter)[0]).toBe(before);
  });

  it('gives what the thread throws as the failure of the call', async () => {
    const { events } = await collect([call('1', 'fail')], [reader('fail', open({ exportName: 'fail' }))]);
    expect((resultsOf(events)[0] as ToolResult).outcome).toMatchObject({
      left: { code: 'threw', message: expect.stringMatching(/out of range/) },
    });
  });

  it('rejects where the module or its export does not exist, and does not hang', async () => {
    await expect(open({}, new URL('./workers/none.mjs', import.meta.url))({}, { signal: never() })).rejects.toThrow(/none\.mjs/);
    await expect(open({ exportName: 'none' })({}, { signal: never() })).rejects.toThrow(/"none"/);
  });

  it('does not keep the process alive when idle', async () => {
    const script = fileURLToPath(new URL('./workers/run-once.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { timeout: 15_000 });
    expect(JSON.parse(stdout)).toEqual({ ms: 1, busy: true });
  });

  it('works again after it was closed', async () => {
    const execute = open();
    await execute({ ms: 1 }, { signal: never() });
    await execute.close();
    await expect(execute({ ms: 2 }, { signal: never() })).resolves.toMatchObject({ ms: 2 });
  });

  const mistakes: ReadonlyArray<[string, () => unknown, RegExp]> = [
    ['a relative path', () => workerTool('./work.js'), /new URL\("\.\/work\.js", import\.meta\.url\)/],
    ['no workers', () => workerTool(burner, { maxWorkers: 0 }), /maxWorkers is 0/],
    ['a negative idle time', () => workerTool(burner, { idleMs: -1 }), /idleMs is -1/],
  ];
  for (const [name, act, message] of mistakes) {
    it(`throws at the call: ${name}`, () => expect(act).toThrow(message));
  }
});

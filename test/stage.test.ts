import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Output, runStage, type Stage, toTransformStream } from '../src/stage.ts';
import { through } from '../src/through.ts';
import { tick } from './support/watched.ts';

/** Hands on what it gets, with some methods replaced. */
const passing = (rest: Partial<Stage<string, string>> = {}): Stage<string, string> => ({
  transform: (text, out) => out.enqueue(text),
  ...rest,
});

/** Copies each input `times` times, then says how many inputs there were. */
function copying(times: number): Stage<string, string> {
  let count = 0;
  return {
    transform(text, out) {
      count++;
      for (let i = 0; i < times; i++) out.enqueue(`${text}${i}`);
    },
    flush: (out) => out.enqueue(`${count} in all`),
  };
}

describe('runStage', () => {
  it('gives what transform and flush enqueue', () => {
    expect(runStage(copying(2), ['a', 'b'])).toEqual({ values: ['a0', 'a1', 'b0', 'b1', '2 in all'], error: undefined });
  });

  it('flushes though there was no input', () => {
    expect(runStage(copying(2), []).values).toEqual(['0 in all']);
  });

  it.each(['transform', 'flush'] as const)('gives what %s throws as the error, after what came before', (method) => {
    const stage = passing({
      [method]: (...args: unknown[]) => {
        (args.at(-1) as Output<string>).enqueue('before');
        throw new Error('stage threw');
      },
    });
    expect(runStage(stage, ['a']).error).toEqual(new Error('stage threw'));
    expect(runStage(stage, ['a']).values.at(-1)).toBe('before');
  });

  it('stops at terminate, and flushes no more', () => {
    const stage = passing({
      transform(text, out) {
        out.enqueue(text);
        out.terminate();
        out.enqueue('late');
      },
      flush: (out) => out.enqueue('flushed'),
    });
    expect(runStage(stage, ['a', 'b'])).toEqual({ values: ['a'], error: undefined });
  });

  it('takes no further input after an error', () => {
    const inputs = ['a', 'b'][Symbol.iterator]();
    expect(runStage(passing({ transform: (_, out) => out.error('no') }), { [Symbol.iterator]: () => inputs })).toEqual({
      values: [],
      error: 'no',
    });
    expect(inputs.next().value).toBe('b');
  });

  it('hands inputs that throw to fail', () => {
    const cut = function* () {
      yield 'a';
      throw 'cut';
    };
    const settling = passing({
      fail(error, out) {
        out.enqueue('settled');
        return `interrupted: ${error}`;
      },
    });
    expect(runStage(passing(), cut())).toEqual({ values: ['a'], error: 'cut' });
    expect(runStage(settling, cut())).toEqual({ values: ['a', 'settled'], error: 'interrupted: cut' });
    expect(runStage(passing({ fail: (_, out) => out.terminate() }), cut())).toEqual({ values: ['a'], error: undefined });
  });
});

/** A source that says how many chunks were asked of it. */
function pulled(chunks: readonly string[], end: 'close' | { error: unknown } = 'close') {
  const state = { pulled: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<string>(
    {
      pull(controller) {
        const chunk = chunks[state.pulled];
        if (chunk !== undefined) {
          state.pulled++;
          controller.enqueue(chunk);
        } else if (end === 'close') controller.close();
        else controller.error(end.error);
      },
      cancel(reason) {
        state.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

/** Reads to the end, one value at a time. */
async function readAll(stream: ReadableStream<string>): Promise<{ values: string[]; error: unknown }> {
  const values: string[] = [];
  try {
    for await (const value of stream) values.push(value);
    return { values, error: undefined };
  } catch (error) {
    return { values, error };
  }
}

describe('toTransformStream', () => {
  it('gives what transform and flush enqueue', async () => {
    const { stream } = pulled(['a', 'b']);
    expect(await readAll(stream.pipeThrough(toTransformStream(copying(2))))).toEqual({
      values: ['a0', 'a1', 'b0', 'b1', '2 in all'],
      error: undefined,
    });
  });

  it('closes after an empty source, flush included', async () => {
    expect((await readAll(pulled([]).stream.pipeThrough(toTransformStream(copying(1))))).values).toEqual(['0 in all']);
    expect((await readAll(pulled([]).stream.pipeThrough(toTransformStream(passing())))).values).toEqual([]);
  });

  it('takes a chunk only when the reader has taken all that came before it', async () => {
    const taken: string[] = [];
    const { stream, state } = pulled(Array.from({ length: 100 }, (_, i) => `${i}:`));
    const stage = copying(3);
    const watched: Stage<string, string> = {
      transform(text, out) {
        taken.push(text);
        stage.transform(text, out);
      },
    };
    const reader = stream.pipeThrough(toTransformStream(watched)).getReader();
    await tick(5);
    expect(taken).toEqual(['0:']);
    for (let i = 0; i < 3; i++) expect((await reader.read()).value).toBe(`0:${i}`);
    await tick(5);
    expect(taken).toEqual(['0:']);
    expect((await reader.read()).value).toBe('1:0');
    await tick(5);
    expect(taken).toEqual(['0:', '1:']);
    // The pipe itself holds one chunk ready.
    expect(state.pulled).toBeLessThanOrEqual(3);
    await reader.cancel();
  });

  it('takes chunks that yield nothing without being asked again', async () => {
    const { stream } = pulled(['a', 'b', 'c', '!']);
    const last = passing({ transform: (text, out) => (text === '!' ? out.enqueue('done') : undefined) });
    expect((await readAll(stream.pipeThrough(toTransformStream(last)))).values).toEqual(['done']);
  });

  it.each(['transform', 'flush'] as const)('holds an error of %s back until all before it was read', async (method) => {
    const { stream } = pulled(['a']);
    const stage = passing({
      [method]: (...args: unknown[]) => {
        const out = args.at(-1) as Output<string>;
        out.enqueue('one');
        out.enqueue('two');
        out.error('too much');
        out.enqueue('late');
      },
    });
    const readable = stream.pipeThrough(toTransformStream(stage));
    await tick(5);
    const { values, error } = await readAll(readable);
    expect(values.slice(-2)).toEqual(['one', 'two']);
    expect(error).toBe('too much');
  });

  it('errors with what the stage throws', async () => {
    const stage = passing({
      transform(text, out) {
        out.enqueue(text);
        throw new Error('stage threw');
      },
    });
    expect(await readAll(pulled(['a', 'b']).stream.pipeThrough(toTransformStream(stage)))).toEqual({
      values: ['a'],
      error: new Error('stage threw'),
    });
  });

  it('stops the source when the stage ends with an error', async () => {
    const { stream, state } = pulled(Array.from({ length: 100 }, () => 'x'));
    await readAll(stream.pipeThrough(toTransformStream(passing({ transform: (_, out) => out.error('no') }))));
    expect(state.pulled).toBeLessThanOrEqual(2);
    expect(state.cancelled).toBe('no');
  });

  it('closes and stops the source when the stage terminates', async () => {
    const { stream, state } = pulled(Array.from({ length: 100 }, (_, i) => `${i}`));
    const stage = passing({
      transform(text, out) {
        out.enqueue(text);
        if (text === '1') out.terminate();
      },
    });
    expect(await readAll(stream.pipeThrough(toTransformStream(stage)))).toEqual({ values: ['0', '1'], error: undefined });
    expect(state.pulled).toBeLessThanOrEqual(4);
    expect(state.cancelled).toBeInstanceOf(TypeError);
  });

  it("hands the source's error to fail: what it enqueues is read, then what it returns is raised", async () => {
    const { stream } = pulled(['a'], { error: 'cut' });
    const stage = passing({
      fail(error, out) {
        out.enqueue('settled');
        return `interrupted: ${error}`;
      },
    });
    expect(await readAll(stream.pipeThrough(toTransformStream(stage)))).toEqual({ values: ['a', 'settled'], error: 'interrupted: cut' });
  });

  it("raises the source's own error where there is no fail, after all that came before it", async () => {
    expect(await readAll(pulled(['a', 'b'], { error: 'cut' }).stream.pipeThrough(toTransformStream(passing())))).toEqual({
      values: ['a', 'b'],
      error: 'cut',
    });
  });

  it('closes when fail terminates', async () => {
    const stage = passing({
      fail(_, out) {
        out.enqueue('survived');
        out.terminate();
      },
    });
    expect(await readAll(pulled(['a'], { error: 'cut' }).stream.pipeThrough(toTransformStream(stage)))).toEqual({
      values: ['a', 'survived'],
      error: undefined,
    });
  });

  it('hands an abort of the writer to fail', async () => {
    const { readable, writable } = toTransformStream(passing({ fail: (error) => `interrupted: ${error}` }));
    const reading = readAll(readable);
    const writer = writable.getWriter();
    await writer.write('a');
    await writer.abort('stopped');
    expect(await reading).toEqual({ values: ['a'], error: 'interrupted: stopped' });
  });

  it('cancelling the reader cancels the source, also while a chunk waits to be read', async () => {
    for (const reads of [0, 1]) {
      const { stream, state } = pulled(Array.from({ length: 100 }, () => 'x'));
      const reader = stream.pipeThrough(toTransformStream(copying(2))).getReader();
      for (let i = 0; i < reads; i++) await reader.read();
      await tick(5);
      await reader.cancel('enough');
      await tick(5);
      expect(state.cancelled).toBe('enough');
      expect(state.pulled).toBeLessThanOrEqual(2);
    }
  });

  it('cancelling the reader cancels the stage, unless it has ended', async () => {
    let cancelled = 0;
    const stage = (): Stage<string, string> => ({ transform: (text, out) => out.enqueue(text), cancel: () => cancelled++ });
    await new ReadableStream<string>().pipeThrough(toTransformStream(stage())).cancel();
    expect(cancelled).toBe(1);
    const ended = toTransformStream(stage());
    await ended.writable.close();
    await ended.readable.cancel();
    expect(cancelled).toBe(1);
  });

  it('works with pipeTo to a slow writer: the source stays a few chunks ahead at most', async () => {
    const { stream, state } = pulled(Array.from({ length: 20 }, (_, i) => `${i}`));
    let written = 0;
    let most = 0;
    const slow = new WritableStream({
      async write() {
        await tick();
        written++;
        most = Math.max(most, state.pulled - written);
      },
    });
    await stream.pipeThrough(toTransformStream(passing())).pipeTo(slow);
    expect(written).toBe(20);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('law: a stage gives the same in a plain loop, as an operator and as a transform', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { maxLength: 8 }), fc.nat(3), async (inputs, times) => {
        const plain = runStage(copying(times), inputs).values;
        expect(
          await lastValueFrom(
            from(inputs).pipe(
              through(() => copying(times)),
              toArray(),
            ),
          ),
        ).toEqual(plain);
        expect((await readAll(pulled(inputs).stream.pipeThrough(toTransformStream(copying(times))))).values).toEqual(plain);
      }),
      { numRuns: 50 },
    );
  });
});

/**
 * Where a stage puts what it makes: the `enqueue`, `error` and `terminate` of a
 * `TransformStreamDefaultController`. After `error` or `terminate` the stage returns; later calls are ignored.
 *
 * @see https://streams.spec.whatwg.org/#ts-default-controller-class-definition
 */
export interface Output<O> {
  /** Hands one value on. */
  enqueue(value: O): void;
  /** Ends the output with an error. */
  error(reason: unknown): void;
  /** Ends the output regularly, before the input ended. */
  terminate(): void;
}

/**
 * A synchronous step of a pipeline: a Web Streams `Transformer`, one instance per subscription, that also sees
 * how its source failed. It knows neither RxJS nor promises, so a plain `for` loop can run it ({@link runStage}),
 * `through` lifts it to an RxJS operator and {@link toTransformStream} to a Web Streams transform.
 *
 * @see https://streams.spec.whatwg.org/#transformer-api
 */
export interface Stage<I, O> {
  /** Takes one input and enqueues any number of outputs. */
  transform(input: I, out: Output<O>): void;
  /** The input ended regularly: hand out what was held back. */
  flush?(out: Output<O>): void;
  /**
   * The input failed. What it enqueues goes out first, what it returns is raised;
   * if it calls `out.terminate()` the failure is survived and the output ends regularly.
   */
  fail?(error: unknown, out: Output<O>): unknown;
  /** Nobody wants the output any more, before its end: nothing can be handed out. Not called once it ended. */
  cancel?(): void;
}

/**
 * Runs a stage over all inputs, in a plain loop. Inputs that throw (a generator) fail the stage as a source's error does.
 *
 * @returns what came out, and the error that ended it, if one did (`undefined` otherwise).
 *
 * @example
 * ```ts
 * import { runStage, type Stage } from 'toolstream';
 *
 * const doubled: Stage<number, number> = { transform: (n, out) => out.enqueue(n * 2) };
 * console.log(runStage(doubled, [1, 2]).values); // [ 2, 4 ]
 * ```
 */
export function runStage<I, O>(stage: Stage<I, O>, inputs: Iterable<I>): { values: O[]; error: unknown } {
  const values: O[] = [];
  let error: unknown;
  let ended = false;
  const out: Output<O> = {
    enqueue: (value) => {
      if (!ended) values.push(value);
    },
    error: (reason) => {
      if (!ended) error = reason;
      ended = true;
    },
    terminate: () => {
      ended = true;
    },
  };
  /** What the stage throws ends it; what the inputs throw goes through `fail`. */
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (thrown) {
      out.error(thrown);
    }
  };
  try {
    for (const input of inputs) {
      attempt(() => stage.transform(input, out));
      if (ended) return { values, error };
    }
  } catch (failure) {
    attempt(() => out.error(stage.fail ? stage.fail(failure, out) : failure));
    return { values, error };
  }
  attempt(() => stage.flush?.(out));
  return { values, error };
}

/**
 * Lifts a stage to Web Streams, for use with `ReadableStream.pipeThrough`. Backpressure is real: a chunk is taken
 * only when the reader has taken all that came before it. An error is held back until everything that was enqueued
 * before it has been read (a bare `TransformStream` drops it).
 *
 * @example
 * ```ts
 * import { toTransformStream, type Stage } from 'toolstream';
 *
 * const shout: Stage<string, string> = { transform: (text, out) => out.enqueue(text.toUpperCase()) };
 * const source = new ReadableStream<string>({
 *   start(controller) {
 *     controller.enqueue('hi');
 *     controller.close();
 *   },
 * });
 * for await (const text of source.pipeThrough(toTransformStream(shout))) console.log(text); // HI
 * ```
 *
 * @see https://streams.spec.whatwg.org/#rs-pipe-through
 */
export function toTransformStream<I, O>(stage: Stage<I, O>): { readable: ReadableStream<O>; writable: WritableStream<I> } {
  /** From `first` on: shifting a long array costs its length each time. */
  let queue: O[] = [];
  let first = 0;
  const take = (): O => {
    const value = queue[first++] as O;
    if (first === queue.length) {
      queue = [];
      first = 0;
    }
    return value;
  };
  let ending: { error?: unknown; failed: boolean } | undefined;
  let readable!: ReadableStreamDefaultController<O>;
  let writable!: WritableStreamDefaultController;
  let wanted = signal();
  let drained = signal();

  const out: Output<O> = {
    enqueue: (value) => {
      if (!ending) queue.push(value);
    },
    error: (error) => end({ error, failed: true }),
    terminate: () => end({ failed: false }),
  };

  function end(how: { error?: unknown; failed: boolean }): void {
    if (ending) return;
    ending = how;
    wanted.fire();
  }

  function run(step: () => void): void {
    try {
      step();
    } catch (thrown) {
      out.error(thrown);
    }
    wanted.fire();
    // A source that goes on writing after the end is stopped; what was enqueued can still be read.
    if (ending) writable.error(ending.failed ? ending.error : new TypeError('The stage has ended.'));
  }

  return {
    readable: new ReadableStream<O>(
      {
        start: (controller) => {
          readable = controller;
        },
        async pull() {
          while (queue.length === 0 && !ending) {
            drained.fire();
            wanted = signal();
            await wanted.fired;
          }
          if (queue.length > 0) readable.enqueue(take());
          else if (ending?.failed) readable.error(ending.error);
          else readable.close();
        },
        cancel(reason) {
          if (!ending) stage.cancel?.();
          ending ??= { failed: false };
          queue = [];
          first = 0;
          writable.error(reason);
          drained.fire();
        },
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<I>({
      start: (controller) => {
        writable = controller;
      },
      async write(chunk) {
        drained = signal();
        run(() => stage.transform(chunk, out));
        if (queue.length > 0 && !ending) await drained.fired;
      },
      close() {
        run(() => stage.flush?.(out));
        end({ failed: false });
      },
      abort(reason) {
        run(() => {
          const error = stage.fail ? stage.fail(reason, out) : reason;
          out.error(error);
        });
      },
    }),
  };
}

/** A promise that is resolved from outside. */
function signal(): { fired: Promise<void>; fire: () => void } {
  let fire!: () => void;
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire };
}

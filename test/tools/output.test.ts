import { Observable, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { observableOf, outputOf } from '../../src/tools/output.ts';
import { settled } from '../support/settled.ts';

type Observer = Parameters<ReturnType<typeof foreign>['subscribe']>[0];

/** An Observable of another library. */
function foreign(act: (observer: { next(value: unknown): void; error(error: unknown): void; complete(): void }) => unknown) {
  return { subscribe: act };
}

const two = ({ next, complete }: Observer) => {
  next(1);
  next(2);
  complete();
};

const final = (value: unknown) => ({ final: true, value });
const onTheWay = (value: unknown) => ({ final: false, value });

describe('outputOf', () => {
  const cases: ReadonlyArray<[string, () => unknown, unknown[]]> = [
    ['a value', () => 7, [final(7)]],
    ['an array, which is a value', () => [1, 2], [final([1, 2])]],
    ['a string, which is a value', () => 'ab', [final('ab')]],
    ['a Set, which is a value', () => new Set([1]), [final(new Set([1]))]],
    ['a function, which is a value', () => Math.max, [final(Math.max)]],
    ['null', () => null, [final(null)]],
    ['a Promise of an Observable', () => Promise.resolve(of(1, 2)), [onTheWay(1), onTheWay(2), final(2)]],
    ['an Observable', () => of(1, 2), [onTheWay(1), onTheWay(2), final(2)]],
    ['an Observable of another library', () => foreign(two), [onTheWay(1), onTheWay(2), final(2)]],
    [
      'a generator that returns',
      function* () {
        yield 1;
        return 2;
      },
      [onTheWay(1), final(2)],
    ],
    [
      'a generator that returns nothing: its last value is final',
      function* () {
        yield 1;
      },
      [onTheWay(1), final(1)],
    ],
    ['an iterator that is iterable', () => [1, 2].values(), [onTheWay(1), onTheWay(2), final(2)]],
    [
      'an async iterable that is no generator',
      () => ({
        async *[Symbol.asyncIterator]() {
          yield 1;
        },
      }),
      [onTheWay(1), final(1)],
    ],
  ];
  it.each(cases)('reads %s', async (_, execute, expected) => {
    expect((await settled(outputOf(execute))).events).toEqual(expected);
  });

  it('errors with what was thrown, wherever', async () => {
    const failure = new Error('no');
    const throwing = () => {
      throw failure;
    };
    async function* generator() {
      yield 1;
      throw failure;
    }
    for (const execute of [throwing, generator, () => throwError(() => failure), () => foreign(({ error }) => error(failure))]) {
      expect((await settled(outputOf(execute))).error).toBe(failure);
    }
  });
});

describe('observableOf', () => {
  it('leaves another library’s Observable in whichever way it is left', () => {
    let left = 0;
    const leave = () => left++;
    for (const subscription of [leave, { unsubscribe: leave }, undefined]) {
      observableOf(foreign(() => subscription))
        ?.subscribe()
        .unsubscribe();
    }
    expect(left).toBe(2);
  });

  it('is undefined for what is none', () => {
    for (const value of [undefined, null, 1, 'a', {}, { subscribe: 1 }]) expect(observableOf(value)).toBeUndefined();
    const own = new Observable();
    expect(observableOf(own)).toBe(own);
    expect(observableOf(of(1).pipe(toArray()))).toBeDefined();
  });
});

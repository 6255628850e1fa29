import {
  asapScheduler,
  BehaviorSubject,
  concat,
  EMPTY,
  from,
  NEVER,
  Observable,
  type OperatorFunction,
  observeOn,
  of,
  repeat,
  Subject,
  take,
  takeUntil,
  throwError,
  UnsubscriptionError,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { Output, Stage } from '../src/stage.ts';
import { through } from '../src/through.ts';
import { describeCompliance } from './support/compliance.ts';

const sums = (): Stage<number, number> => {
  let sum = 0;
  return {
    transform: (n, out) => {
      sum += n;
      out.enqueue(sum);
    },
  };
};

/** A stage that hands on what it gets, with some methods replaced. */
const passing = (rest: Partial<Stage<string, string>>) =>
  through<string, string>(() => ({ transform: (text, out) => out.enqueue(text), ...rest }));

const marbles = (run: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);

function seen(stream$: Observable<unknown>): unknown[] {
  const events: unknown[] = [];
  stream$.subscribe({
    next: (value) => events.push(value),
    error: (error) => events.push({ error }),
    complete: () => events.push('complete'),
  });
  return events;
}

describeCompliance('through', { operator: () => through(sums), inputs: [1, 2, 3] });
describeCompliance('through, with a stage that survives errors', {
  operator: () => passing({ fail: (_, out) => out.terminate() }),
  inputs: ['a', 'b', 'c'],
  sourceError: 'value',
});

describe('through', () => {
  it('emits what the stage enqueues, as the source comes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const values = { 1: 1, 2: 2, 3: 3, 6: 6 };
      const source = cold(' --1--2--3--|', values);
      const result = '      --1--3--6--|';
      expectObservable(source.pipe(through(sums))).toBe(result, values);
      expectSubscriptions(source.subscriptions).toBe('^----------!');
    });
  });

  it('emits what flush enqueues, then completes', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('--a--b--|');
      const result = '     --a--b--(z|)';
      expectObservable(source.pipe(passing({ flush: (out) => out.enqueue('z') }))).toBe(result);
    });
  });

  it('emits what fail enqueues, then raises what fail returns', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('--a--#', undefined, 'cut');
      const result = '     --a--(z#)';
      const operator = passing({
        fail(error, out) {
          out.enqueue('z');
          return `interrupted: ${error}`;
        },
      });
      expectObservable(source.pipe(operator)).toBe(result, undefined, 'interrupted: cut');
    });
  });

  it('completes when fail terminates, whatever it returns', () => {
    const operator = passing({
      fail(error, out) {
        out.enqueue('z');
        out.terminate();
        return error;
      },
    });
    expect(
      seen(
        concat(
          of('a'),
          throwError(() => 'cut'),
        ).pipe(operator),
      ),
    ).toEqual(['a', 'z', 'complete']);
  });

  it('raises what fail itself throws', () => {
    const operator = passing({
      fail() {
        throw 'fail threw';
      },
    });
    expect(seen(throwError(() => 'cut').pipe(operator as OperatorFunction<unknown, string>))).toEqual([{ error: 'fail threw' }]);
  });

  it.each([
    { at: 'creation', create: throws },
    { at: 'transform', create: () => ({ transform: throws }) },
    { at: 'flush', create: () => ({ transform: () => {}, flush: throws }) },
  ])('raises what the stage throws at $at, and stops the source', ({ create }) => {
    let active = 0;
    const source$ = new Observable<string>((subscriber) => {
      active++;
      subscriber.add(() => active--);
      subscriber.next('a');
      subscriber.complete();
    });
    expect(seen(source$.pipe(through(create)))).toEqual([{ error: new Error('stage threw') }]);
    expect(active).toBe(0);
  });

  it('stops the source when the stage terminates', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c--|');
      const result = '     --a--(b|)';
      const operator = passing({
        transform(text, out) {
          out.enqueue(text);
          if (text === 'b') out.terminate();
        },
      });
      expectObservable(source.pipe(operator)).toBe(result);
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });

  it('stops the source when the stage ends with an error', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a--b--c--|');
      const result = '     --a--#';
      const operator = passing({ transform: (text, out) => (text === 'b' ? out.error('no b') : out.enqueue(text)) });
      expectObservable(source.pipe(operator)).toBe(result, undefined, 'no b');
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });

  it('ignores whatever a stage does after its end', () => {
    const operator = passing({
      transform(text, out) {
        out.enqueue(text);
        out.terminate();
        out.enqueue('late');
        out.error('late');
        out.terminate();
      },
    });
    expect(seen(of('a', 'b').pipe(operator))).toEqual(['a', 'complete']);
  });

  it.each(['terminate', 'error'] as const)('pulls no further input from a synchronous source after %s', (how) => {
    let sent = 0;
    const firehose$ = new Observable<string>((subscriber) => {
      while (!subscriber.closed && sent < 1_000) subscriber.next(`${sent++}`);
    });
    seen(firehose$.pipe(passing({ transform: (_, out) => (how === 'error' ? out.error('enough') : out.terminate()) })));
    expect(sent).toBe(1);
  });

  it('lets take(3) stop a synchronous firehose after three, also within the outputs of one input', () => {
    let sent = 0;
    const enqueued: string[] = [];
    const firehose$ = new Observable<string>((subscriber) => {
      while (!subscriber.closed && sent < 1_000) subscriber.next(`${sent++}`);
    });
    const twice = passing({
      transform(text, out) {
        for (const half of ['a', 'b']) {
          enqueued.push(text + half);
          out.enqueue(text + half);
        }
      },
    });
    expect(seen(firehose$.pipe(twice, take(3)))).toEqual(['0a', '0b', '1a', 'complete']);
    expect(sent).toBe(2);
  });

  it('queues input that arrives during transform: outputs of one input stay together', () => {
    const input$ = new Subject<string>();
    const twice = passing({
      transform(text, out) {
        out.enqueue(`${text}1`);
        out.enqueue(`${text}2`);
      },
    });
    const values: string[] = [];
    input$.pipe(twice).subscribe((value) => {
      values.push(value);
      if (value === 'a1') {
        input$.next('b');
        input$.next('c');
      }
    });
    input$.next('a');
    expect(values).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  it('queues the end of a re-entrant source too', () => {
    for (const end of ['complete', 'error'] as const) {
      const input$ = new Subject<string>();
      const events: string[] = [];
      const twice = passing({
        transform(text, out) {
          out.enqueue(`${text}1`);
          out.enqueue(`${text}2`);
        },
        flush: (out) => out.enqueue('flushed'),
      });
      input$.pipe(twice).subscribe({
        next(value) {
          events.push(value);
          if (value !== 'a1') return;
          input$.next('b');
          input$[end]('cut' as never);
        },
        error: (error) => events.push(`error ${error}`),
        complete: () => events.push('complete'),
      });
      input$.next('a');
      expect(events).toEqual(['a1', 'a2', 'b1', 'b2', ...(end === 'error' ? ['error cut'] : ['flushed', 'complete'])]);
    }
  });

  it('drops queued input once the stage has ended', () => {
    const input$ = new Subject<string>();
    const taken: string[] = [];
    const operator = passing({
      transform(text, out) {
        taken.push(text);
        out.enqueue(text);
        out.terminate();
      },
    });
    input$.pipe(operator).subscribe(() => input$.next('b'));
    input$.next('a');
    expect(taken).toEqual(['a']);
  });

  it('takes a stream that feeds itself a million times, without growing the stack', () => {
    const input$ = new Subject<number>();
    let last = 0;
    input$.pipe(through(() => ({ transform: (n: number, out: Output<number>) => out.enqueue(n + 1) }))).subscribe((n) => {
      last = n;
      if (n < 1_000_000) input$.next(n);
    });
    input$.next(0);
    expect(last).toBe(1_000_000);
  });

  it('gives each subscription a stage of its own, also under repeat', () => {
    const sums$ = from([1, 2]).pipe(through(sums));
    expect(seen(sums$)).toEqual([1, 3, 'complete']);
    expect(seen(sums$.pipe(repeat(2)))).toEqual([1, 3, 1, 3, 'complete']);
  });

  it('tells a stage once that its output is given up, and not one that ended', () => {
    const told: string[] = [];
    const cancelling = (name: string) => passing({ cancel: () => told.push(name) });
    const left = new Subject<string>();
    const subscription = left.pipe(cancelling('left')).subscribe();
    subscription.unsubscribe();
    subscription.unsubscribe();
    of('a', 'b').pipe(cancelling('taken'), take(1)).subscribe();
    of('a', 'b').pipe(cancelling('whole')).subscribe();
    throwError(() => new Error('no'))
      .pipe(cancelling('failed'))
      .subscribe({ error: () => {} });
    of('a')
      .pipe(passing({ cancel: () => told.push('ended'), transform: (_, out) => out.terminate() }))
      .subscribe();
    expect(told).toEqual(['left', 'taken']);
  });

  it('tells every stage of a row, in its order, whatever one of them throws', () => {
    const told: string[] = [];
    const cancelling = (name: string) =>
      passing({
        cancel() {
          told.push(name);
          throw new Error(name);
        },
      });
    const subscription = new Subject<string>().pipe(cancelling('first'), cancelling('second'), cancelling('third')).subscribe();
    expect(() => subscription.unsubscribe()).toThrow(UnsubscriptionError);
    expect(told).toEqual(['first', 'second', 'third']);
  });

  it.each(['terminate', 'error'] as const)('has left the source, and told the stages before, when the end by %s is heard of', (how) => {
    const told: string[] = [];
    const source$ = new Observable<string>((subscriber) => {
      subscriber.add(() => told.push('source left'));
      subscriber.next('a');
    });
    const before = passing({ cancel: () => told.push('cancelled') });
    const ending = passing({ transform: (_, out) => out[how]('no') });
    const after = passing({
      flush: () => told.push('flush'),
      fail: (error) => {
        told.push('fail');
        return error;
      },
    });
    const observer = { complete: () => told.push('end'), error: () => told.push('end') };
    source$.pipe(before, ending, after).subscribe(observer);
    expect(told).toEqual(['source left', 'cancelled', how === 'error' ? 'fail' : 'flush', 'end']);
  });

  it('tells the stages after one that cannot be made, as of an error of the source', () => {
    const events: string[] = [];
    const row$ = NEVER.pipe(
      passing({ cancel: () => events.push('first cancelled') }),
      through<string, string>(() => {
        throw 'no stage';
      }),
      passing({
        fail(error, out) {
          out.enqueue('saved');
          return `failed: ${error}`;
        },
      }),
    );
    expect([seen(row$), events]).toEqual([['saved', { error: 'failed: no stage' }], []]);
  });

  it('asks no source for a subscriber that left while the stages were made', () => {
    let subscribed = 0;
    const stop$ = new Subject<void>();
    const source$ = new Observable<string>(() => {
      subscribed++;
    });
    const leaving = through<string, string>(() => {
      stop$.next();
      return { transform: () => {} };
    });
    expect(seen(source$.pipe(leaving, passing({}), takeUntil(stop$)))).toEqual(['complete']);
    expect(subscribed).toBe(0);
  });

  it('gives nothing to the next stage while the source is left', () => {
    const taken: string[] = [];
    let out: Output<string> | undefined;
    const source$ = new Observable<string>((subscriber) => {
      subscriber.next('a');
      return () => out?.enqueue('late');
    });
    const keeping = passing({
      transform(text, to) {
        out = to;
        to.enqueue(text);
      },
    });
    const second = passing({ transform: (text) => taken.push(text) });
    source$.pipe(keeping, second).subscribe().unsubscribe();
    expect(taken).toEqual(['a']);
  });

  it.each(['complete', 'error'] as const)('ends with %s though an earlier stage throws as it is cancelled', (how) => {
    const throwing = passing({ cancel: throws });
    const ending = passing({ transform: (_, out) => (how === 'error' ? out.error('no') : out.terminate()) });
    const events = seen(new BehaviorSubject('a').pipe(throwing, ending, passing({ flush: (out) => out.enqueue('last') })));
    expect(events).toEqual(how === 'error' ? [{ error: 'no' }] : ['last', 'complete']);
  });

  it('makes no stage before it is subscribed', () => {
    let made = 0;
    const stream$ = EMPTY.pipe(
      through(() => {
        made++;
        return { transform: () => {} };
      }),
    );
    expect(made).toBe(0);
    seen(stream$);
    expect(made).toBe(1);
  });

  it('works on an asynchronous source', async () => {
    const values: number[] = [];
    await from([1, 2, 3])
      .pipe(observeOn(asapScheduler), through(sums))
      .forEach((value) => {
        values.push(value);
      });
    expect(values).toEqual([1, 3, 6]);
  });
});

function throws(): never {
  throw new Error('stage threw');
}

import fc from 'fast-check';
import { catchError, Observable, type OperatorFunction, repeat, retry, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/stage.ts';
import { through } from '../../src/through.ts';

/** What a stage does at its n-th input, and otherwise: hand it on. */
interface Behaviour {
  readonly at: number;
  readonly what: 'twice' | 'terminate' | 'error' | 'throw' | 'drop' | 'feed' | 'leave' | 'cancel-throws';
  readonly flush: 'nothing' | 'value' | 'throw' | 'leave';
  readonly fail: 'none' | 'value' | 'survive' | 'throw';
  readonly making: 'works' | 'throws';
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  at: fc.nat(4),
  what: fc.constantFrom('twice', 'terminate', 'error', 'throw', 'drop', 'feed', 'leave', 'cancel-throws'),
  flush: fc.constantFrom('nothing', 'value', 'throw', 'leave'),
  fail: fc.constantFrom('none', 'value', 'survive', 'throw'),
  making: fc.oneof({ weight: 20, arbitrary: fc.constant('works' as const) }, fc.constant('throws' as const)),
});

interface Plan {
  readonly stages: readonly Behaviour[];
  readonly inputs: number;
  readonly end: 'complete' | 'error' | 'never';
  /** The subscriber leaves after so many values. */
  readonly leaveAfter: number;
  /** The subscriber sends one input more at its n-th value. */
  readonly feedAt: number;
  /** What comes after the stages: asks for them again, or leaves in place of that. */
  readonly tail: 'nothing' | 'retry' | 'repeat' | 'leave-and-go-on';
}

const plan: fc.Arbitrary<Plan> = fc.record({
  stages: fc.array(behaviour, { minLength: 1, maxLength: 5 }),
  inputs: fc.nat(6),
  end: fc.constantFrom('complete', 'error', 'never'),
  leaveAfter: fc.integer({ min: 1, max: 12 }),
  feedAt: fc.nat(12),
  tail: fc.constantFrom('nothing', 'retry', 'repeat', 'leave-and-go-on'),
});

/** Hands everything on, as an operator that is no stage does: what comes after it has a subscriber of its own. */
const between: OperatorFunction<string, string> = (source) => new Observable((subscriber) => source.subscribe(subscriber));

/** Everything that happens when a plan is carried out, in order. */
function logOf({ stages, inputs, end, leaveAfter, feedAt, tail }: Plan, apart: boolean): string[] {
  const log: string[] = [];
  const input$ = new Subject<string>();
  let leave = () => {};
  let fed = 0;
  const feed = () => {
    if (fed++ < 5) input$.next(`fed${fed}`);
  };
  const stageOf = ({ at, what, flush, fail }: Behaviour, name: number): Stage<string, string> => {
    let n = 0;
    return {
      transform(value, out) {
        log.push(`${name} takes ${value}`);
        if (n++ !== at) return out.enqueue(value);
        if (what === 'twice') out.enqueue(`${value}+`);
        if (what === 'terminate') out.terminate();
        if (what === 'error') out.error(`error of ${name}`);
        if (what === 'throw') throw `thrown by ${name}`;
        if (what === 'feed') feed();
        if (what === 'leave') leave();
        if (what !== 'drop') out.enqueue(value);
      },
      flush(out) {
        log.push(`${name} flushes`);
        if (flush === 'value') out.enqueue(`last of ${name}`);
        if (flush === 'leave') leave();
        if (flush === 'throw') throw `flush of ${name}`;
      },
      ...(fail !== 'none' && {
        fail(error, out) {
          log.push(`${name} fails with ${error}`);
          out.enqueue(`saved by ${name}`);
          if (fail === 'survive') out.terminate();
          if (fail === 'throw') throw `fail of ${name}`;
          return `${error}, ${name}`;
        },
      }),
      cancel() {
        log.push(`${name} is cancelled`);
        if (what === 'cancel-throws') throw new Error(`cancel of ${name}`);
      },
    };
  };
  const source$ = new Observable<string>((subscriber) => {
    log.push('subscribed');
    subscriber.add(() => log.push('source left'));
    return input$.subscribe(subscriber);
  });
  let stream$: Observable<string> = source$;
  for (const [name, each] of stages.entries()) {
    stream$ = stream$.pipe(
      through(() => {
        log.push(`${name} is made`);
        if (each.making === 'throws') throw `making of ${name}`;
        return stageOf(each, name);
      }),
    );
    if (apart) stream$ = between(stream$);
  }
  if (tail === 'retry') stream$ = stream$.pipe(retry(1));
  if (tail === 'repeat') stream$ = stream$.pipe(repeat(2));
  if (tail === 'leave-and-go-on') {
    const again$ = stream$;
    stream$ = stream$.pipe(
      catchError(() => {
        leave();
        return again$;
      }),
    );
  }
  let values = 0;
  const subscription = stream$.subscribe({
    next(value) {
      log.push(`value ${value}`);
      values++;
      if (values === feedAt) feed();
      if (values === leaveAfter) leave();
    },
    error: (error) => log.push(`error ${error}`),
    complete: () => log.push('complete'),
  });
  const attempt = (step: () => void) => {
    try {
      step();
    } catch {
      log.push('threw');
    }
  };
  leave = () => attempt(() => subscription.unsubscribe());
  for (let i = 0; i < inputs; i++) attempt(() => input$.next(`${i}`));
  if (end === 'complete') attempt(() => input$.complete());
  if (end === 'error') attempt(() => input$.error('cut'));
  log.push(input$.observed ? 'observed' : 'let go');
  leave();
  log.push(input$.observed ? 'still observed' : 'over');
  return log;
}

describe('law: stages in a row, run by one subscriber', () => {
  it('do what they do with a subscriber for each, in the same order', () => {
    let met = 0;
    fc.assert(
      fc.property(plan, (drawn) => {
        const together = logOf(drawn, false);
        expect(together).toEqual(logOf(drawn, true));
        expect(together.at(-1)).toBe('over');
        if (together.some((line) => line.includes('cancelled')) && together.length > 20) met++;
      }),
      { numRuns: 5000 },
    );
    expect(met).toBeGreaterThan(100);
  });
});

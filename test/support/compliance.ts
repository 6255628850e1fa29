import assert from 'node:assert/strict';
import { from, map, type OperatorFunction, of, take } from 'rxjs';
import { describe, it } from 'vitest';
import { Recording, tick, unhandledErrors, WatchedSource } from './watched.ts';

/** An operator under test, and what it may do that most operators do not. */
export interface ComplianceSubject {
  /** Makes the operator; each check calls it anew. */
  readonly operator: () => OperatorFunction<never, unknown>;
  /** Two inputs or more of which it makes at least two outputs. They may be followed by the end, an error, or nothing. */
  readonly inputs: readonly unknown[];
  /**
   * What becomes of a source's error: the `same` object is raised (default), `any` error is raised (it is wrapped),
   * or it becomes a `value` and the output completes.
   */
  readonly sourceError?: 'same' | 'any' | 'value';
  /** What becomes of a source that completes early: `completes` (default), or `may-error` where a missing end is an error. */
  readonly earlyEnd?: 'completes' | 'may-error';
  /** Emits before its first input (a prologue), so that `never` may yield values. Default `false`. */
  readonly emitsAtStart?: boolean;
  /**
   * Inputs that a synchronous firehose repeats until `take` outputs were made; by default `inputs`.
   * `false` where outputs come only at the end or later: the check is left out.
   */
  readonly firehose?: readonly unknown[] | false;
  /** How many outputs are taken from the firehose. Default 3. */
  readonly take?: number;
  /** The operator with a callback of the caller's that throws; where it takes one. Its error must be raised. */
  readonly throwing?: () => OperatorFunction<never, unknown>;
  /** What of an output is compared between two runs; for outputs with times in them. Default: everything. */
  readonly view?: (value: unknown) => unknown;
}

/** One rule that every operator keeps. `run` rejects where it is broken. */
export interface ComplianceCheck {
  readonly name: string;
  readonly run: (subject: ComplianceSubject) => void | Promise<void>;
}

const FIREHOSE_BOUND = 10_000;

const operatorOf = (subject: ComplianceSubject) => subject.operator() as OperatorFunction<unknown, unknown>;
const record = (subject: ComplianceSubject, onValue?: (recording: Recording) => void) =>
  new Recording(subject.view ?? ((value) => value), onValue);

function sendAll(source: WatchedSource, subject: ComplianceSubject): void {
  for (const input of subject.inputs) source.next(input);
  source.complete();
}

/** The outputs of a plain run to the end. */
async function straight(subject: ComplianceSubject): Promise<Recording> {
  const run = await record(subject)
    .subscribeTo(from(subject.inputs).pipe(operatorOf(subject)))
    .settled();
  assert.ok(run.end, 'the output never ended though the source completed');
  return run;
}

function assertEnded(run: Recording, subject: ComplianceSubject): void {
  assert.equal(run.ends.length, 1, `ended ${run.ends.length} times, expected once`);
  if (subject.earlyEnd !== 'may-error') assert.equal(run.end?.kind, 'complete', `expected completion, got ${inspectEnd(run)}`);
  assert.deepEqual(run.late, [], 'emitted after its end');
}

function assertRaised(run: Recording, boom: Error, subject: ComplianceSubject): void {
  const how = subject.sourceError ?? 'same';
  assert.equal(run.ends.length, 1, `ended ${run.ends.length} times, expected once`);
  assert.equal(run.end?.kind, how === 'value' ? 'complete' : 'error', `the source's error ended as ${inspectEnd(run)}`);
  if (how === 'same') assert.equal(run.end?.kind === 'error' && run.end.error, boom, 'raised another error than the source did');
  if (how === 'any') assert.ok(run.end?.kind === 'error' && run.end.error instanceof Error, 'raised something that is no Error');
  assert.deepEqual(run.late, [], 'emitted after its error');
}

const inspectEnd = (run: Recording) => (run.end?.kind === 'error' ? `the error ${String(run.end.error)}` : (run.end?.kind ?? 'nothing'));

/** The rules, as plain functions, so that the suite itself can be tested. */
export const complianceChecks: readonly ComplianceCheck[] = [
  {
    name: 'never: subscribes the source only when subscribed, once, and emits nothing',
    async run(subject) {
      const source = new WatchedSource();
      const stream$ = source.source$.pipe(operatorOf(subject));
      assert.equal(source.subscribed, 0, 'subscribed the source before anyone subscribed');
      const run = record(subject).subscribeTo(stream$);
      await tick();
      assert.equal(source.subscribed, 1);
      if (!subject.emitsAtStart) assert.deepEqual(run.values, []);
      assert.equal(run.end, undefined, 'ended though the source did not');
      run.unsubscribe();
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
  {
    name: 'empty: ends, once',
    async run(subject) {
      const source = new WatchedSource((subscriber) => subscriber.complete());
      const run = await record(subject)
        .subscribeTo(source.source$.pipe(operatorOf(subject)))
        .settled();
      assertEnded(run, subject);
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
  {
    name: 'one: takes each input alone and ends, once',
    async run(subject) {
      for (const input of subject.inputs) {
        assertEnded(
          await record(subject)
            .subscribeTo(of(input).pipe(operatorOf(subject)))
            .settled(),
          subject,
        );
      }
    },
  },
  {
    name: 'many: takes all inputs, ends, once, and unsubscribes the source once',
    async run(subject) {
      const source = new WatchedSource();
      const run = record(subject).subscribeTo(source.source$.pipe(operatorOf(subject)));
      sendAll(source, subject);
      assertEnded(await run.settled(), subject);
      assert.deepEqual([source.subscribed, source.unsubscribed], [1, 1], 'subscribed and unsubscribed the source once each');
      assert.deepEqual(run.values, (await straight(subject)).values);
    },
  },
  {
    name: 'source error: raised after all that came before it',
    async run(subject) {
      const boom = new Error('boom');
      const open = new WatchedSource();
      const before = record(subject).subscribeTo(open.source$.pipe(operatorOf(subject)));
      for (const input of subject.inputs) open.next(input);
      const soFar = [...before.values];
      before.unsubscribe();

      const source = new WatchedSource();
      const run = record(subject).subscribeTo(source.source$.pipe(operatorOf(subject)));
      for (const input of subject.inputs) source.next(input);
      source.error(boom);
      // Inputs that end the stream by themselves (an end mark) come before the error.
      if (before.ends.length > 0) assert.deepEqual(run.values, soFar);
      else assertRaised(await run.settled(), boom, subject);
      assert.deepEqual(run.values.slice(0, soFar.length), soFar, 'what came before the error');
      assert.deepEqual([source.subscribed, source.unsubscribed], [1, 1], 'subscribed and unsubscribed the source once each');
    },
  },
  {
    name: 'source error at once: raised',
    async run(subject) {
      const boom = new Error('boom');
      const source = new WatchedSource((subscriber) => subscriber.error(boom));
      assertRaised(
        await record(subject)
          .subscribeTo(source.source$.pipe(operatorOf(subject)))
          .settled(),
        boom,
        subject,
      );
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
  {
    name: 'never-ending source: unsubscribing between inputs stops it, and nothing is emitted afterwards',
    async run(subject) {
      for (let count = 0; count <= subject.inputs.length; count++) {
        const source = new WatchedSource();
        const run = record(subject).subscribeTo(source.source$.pipe(operatorOf(subject)));
        for (const input of subject.inputs.slice(0, count)) source.next(input);
        run.unsubscribe();
        assert.deepEqual([source.subscribed, source.unsubscribed], [1, 1], 'unsubscribed the source, at once and once');
        for (const input of subject.inputs.slice(count)) source.next(input);
        source.complete();
        await tick();
        assert.deepEqual(run.late, [], 'emitted after it was unsubscribed');
      }
    },
  },
  {
    name: 'unsubscribing within a value stops the source, and nothing is emitted afterwards',
    async run(subject) {
      const outputs = Math.min((await straight(subject)).values.length, 12);
      for (let nth = 1; nth <= outputs; nth++) {
        const source = new WatchedSource((subscriber) => {
          for (const input of subject.inputs) subscriber.next(input);
          subscriber.complete();
        });
        const run = record(subject, (at) => {
          if (at.values.length === nth) at.unsubscribe();
        });
        // `take` unsubscribes from within, even while a synchronous source is still being subscribed.
        run.subscribeTo(source.source$.pipe(operatorOf(subject), take(nth)));
        await tick();
        if (run.values.length < nth) await run.settled();
        assert.equal(source.active, 0, `left the source subscribed after output ${nth}`);
        assert.deepEqual(run.late, [], `emitted after it was unsubscribed at output ${nth}`);
      }
    },
  },
  {
    name: 'synchronous firehose: stops once enough was taken',
    run(subject) {
      if (subject.firehose === false) return;
      const inputs = subject.firehose ?? subject.inputs;
      const wanted = subject.take ?? 3;
      let sent = 0;
      const source = new WatchedSource((subscriber) => {
        while (!subscriber.closed && sent < FIREHOSE_BOUND) subscriber.next(inputs[sent++ % inputs.length]);
      });
      const run = record(subject).subscribeTo(source.source$.pipe(operatorOf(subject), take(wanted)));
      assert.equal(run.values.length, wanted, `${FIREHOSE_BOUND} inputs gave ${run.values.length} outputs: give the check a \`firehose\``);
      assert.ok(sent < FIREHOSE_BOUND, 'the source ran on after enough was taken');
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
  {
    name: 're-entrant source: keeps the order and loses nothing',
    async run(subject) {
      const expected = await straight(subject);
      for (const endsWithin of [false, true]) {
        const source = new WatchedSource();
        let sent = 0;
        let completed = false;
        const feed = () => {
          if (sent < subject.inputs.length) source.next(subject.inputs[sent++]);
          else if (endsWithin && !completed) {
            completed = true;
            source.complete();
          }
        };
        const run = record(subject, feed).subscribeTo(source.source$.pipe(operatorOf(subject)));
        while (sent < subject.inputs.length) feed();
        if (!completed) source.complete();
        assertEnded(await run.settled(), subject);
        assert.deepEqual(run.values, expected.values, 'values, when each input is sent from within a value');
      }
    },
  },
  {
    name: 'two subscriptions, one after the other: give the same',
    async run(subject) {
      const stream$ = from(subject.inputs).pipe(operatorOf(subject));
      const first = await record(subject).subscribeTo(stream$).settled();
      const second = await record(subject).subscribeTo(stream$).settled();
      assert.deepEqual(second.values, first.values, 'values of the second subscription');
      assert.equal(second.end?.kind, first.end?.kind);
    },
  },
  {
    name: 'two subscriptions, interleaved: give the same, and so does one operator on two sources',
    async run(subject) {
      const expected = await straight(subject);
      const operator = operatorOf(subject);
      const one = new WatchedSource();
      const other = new WatchedSource();
      const shared$ = one.source$.pipe(operator);
      const runs = [shared$, shared$, other.source$.pipe(operator)].map((stream$) => record(subject).subscribeTo(stream$));
      const lanes = [
        { source: one, nth: 0 },
        { source: one, nth: 1 },
        { source: other, nth: 0 },
      ];
      for (const input of subject.inputs) for (const lane of lanes) lane.source.next(input, lane.nth);
      for (const lane of lanes) lane.source.complete(lane.nth);
      for (const run of runs) {
        assertEnded(await run.settled(), subject);
        assert.deepEqual(run.values, expected.values, 'values of interleaved subscriptions');
      }
    },
  },
  {
    name: 'throwing consumer: reported as rxjs reports it, never thrown into the source',
    async run(subject) {
      const boom = new Error('consumer threw');
      const source = new WatchedSource();
      const run = record(subject, () => {
        throw boom;
      });
      const reported = await unhandledErrors(async () => {
        run.subscribeTo(source.source$.pipe(operatorOf(subject)));
        assert.doesNotThrow(() => sendAll(source, subject), 'the consumer threw into the source');
        await run.settled();
      });
      assert.deepEqual(
        reported,
        run.values.map(() => boom),
        'reported once for each value, and values go on coming',
      );
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
  {
    name: 'throwing operator downstream: an error notification, and the source is stopped',
    async run(subject) {
      const boom = new Error('downstream threw');
      const source = new WatchedSource((subscriber) => {
        for (const input of subject.inputs) subscriber.next(input);
        subscriber.complete();
      });
      const run = record(subject).subscribeTo(
        source.source$.pipe(
          operatorOf(subject),
          map(() => {
            throw boom;
          }),
        ),
      );
      await run.settled();
      assert.deepEqual(run.ends, [{ kind: 'error', error: boom }]);
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
  {
    name: "throwing callback of the caller's: an error notification, and the source is stopped",
    async run(subject) {
      if (!subject.throwing) return;
      const source = new WatchedSource();
      const run = record(subject).subscribeTo(source.source$.pipe(subject.throwing() as OperatorFunction<unknown, unknown>));
      const reported = await unhandledErrors(async () => {
        assert.doesNotThrow(() => sendAll(source, subject), 'the callback threw into the source');
        await run.settled();
      });
      assert.deepEqual(reported, [], 'the error went past the stream');
      assert.equal(run.ends.length, 1);
      assert.equal(run.end?.kind, 'error', 'the error was swallowed');
      assert.equal(source.active, 0, 'left the source subscribed');
    },
  },
];

/** Runs an operator through every rule, a test each. */
export function describeCompliance(name: string, subject: ComplianceSubject): void {
  describe(`${name} keeps the rules of every operator`, () => {
    for (const check of complianceChecks) it(check.name, () => check.run(subject));
  });
}

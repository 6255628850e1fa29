import * as E from 'fp-ts/Either';
import type { Observable, Subscriber } from 'rxjs';
import { UncertainCallError, withPartial } from '../errors.ts';
import type { AnyEvent, Diagnostic, ModelEvent, ToolCall, ToolEvent, ToolFailure, ToolResult } from '../events.ts';
import type { Either, Json } from '../values.ts';
import { Attempts } from './attempts.ts';
import { Execution, type ExecutionState } from './execution.ts';
import { notRun, unknownTool, vetoOf } from './failure.ts';
import { JournalKeys } from './journal-keys.ts';
import type { RunnerSettings } from './options.ts';
import { prepareCall } from './prepare-call.ts';
import { type JournaledOutput, runJournaled } from './run-journaled.ts';
import { runTool } from './run-tool.ts';
import { Slots } from './slots.ts';
import { subscribeWithin } from './subscribe-within.ts';
import { journalFailed, lostProgress, progressOf, resultOf, startedOf, unclaimed } from './tool-events.ts';

/** What the runner looks at among the events of its source. */
type Watched = Extract<ModelEvent, { type: 'finish-reason' | 'round-end' | 'round-restarted' }> | ToolCall;

/** Runs the calls of one subscription: takes the source's events one by one, emits them, and those of the tools. */
export class ToolRunner<E extends AnyEvent> {
  /** Without a result: what the end waits for. */
  private readonly open = new Set<Execution>();
  private readonly attempts = new Attempts<Execution>();
  /** Where there is a journal. */
  private readonly keys: JournalKeys | undefined;
  private readonly slots: Slots<Execution>;
  /** Why nothing more of this round starts. */
  private veto: string | undefined;
  private ending: { readonly failed: boolean; readonly error?: unknown } | undefined;
  private readonly results: ToolResult[] = [];
  /** How many of the results belong to earlier rounds. */
  private earlierResults = 0;

  /** Only what the caller's clock throws comes here: whatever tools and hooks throw is a result. */
  private readonly raise = (thrown: unknown) => this.target.error(thrown);
  private readonly target: Subscriber<E | ToolEvent | Diagnostic>;
  private readonly settings: RunnerSettings;

  constructor(target: Subscriber<E | ToolEvent | Diagnostic>, settings: RunnerSettings) {
    this.target = target;
    this.settings = settings;
    this.keys = settings.journal && new JournalKeys();
    this.slots = new Slots(settings.concurrency, (execution) => this.start(execution));
  }

  take(event: E): void {
    this.target.next(event);
    if (this.target.closed) return;
    const watched = event as AnyEvent as Watched;
    if (watched.type === 'tool-call') this.arrive(watched);
    else if (watched.type === 'round-restarted') this.restartRound();
    else if (watched.type === 'finish-reason' && !watched.choice) this.heed(vetoOf(watched.reason));
    else if (watched.type === 'round-end' && !watched.choice) {
      this.heed(vetoOf(watched.reason));
      this.endRound();
    }
  }

  /** The source completed: what runs or may still run is waited for. */
  complete(): void {
    this.end({ failed: false }, 'The stream ended without the end of its round, so the call may be incomplete.', ['waiting']);
  }

  /** The source failed: what runs is waited for, nothing more starts. */
  fail(error: unknown): void {
    this.end({ failed: true, error }, 'The stream broke before the tool was started.', NOT_STARTED);
  }

  /** Nobody listens any more: everything is aborted. */
  stop(): void {
    for (const execution of [...this.open, ...this.attempts.clear()]) execution.abandon();
    this.open.clear();
  }

  private arrive(call: ToolCall): void {
    const tool = this.settings.tools.get(call.name);
    if ((tool && !tool.execute) || this.attempts.has(call)) return;
    const claimed = this.attempts.claim(call);
    const key = this.keys?.next(call) ?? '';
    if (claimed) {
      this.adopt(claimed, call);
      return;
    }
    const execution = new Execution(call, tool, key);
    this.open.add(execution);
    this.attempts.record(call, execution);
    if (E.isLeft(call.arguments) && call.arguments.left.code === 'interrupted') {
      this.settle(execution, notRun('The stream broke within the call.'));
    } else if (this.halt !== undefined) this.settle(execution, notRun(this.halt));
    else if (!tool) this.settle(execution, unknownTool(call.name, this.settings.tools.keys()));
    else if (this.settings.startWhen(tool) === 'confirmed') this.prepare(execution);
  }

  /** An execution of a cut attempt goes on for the call that asks for the same again. */
  private adopt(execution: Execution, call: ToolCall): void {
    execution.call = call;
    execution.orphaned = false;
    if (execution.outcome) {
      this.emitResult(execution, execution.outcome);
      return;
    }
    this.open.add(execution);
    if (execution.state === 'running') {
      if (execution.startedAt !== undefined) this.target.next(startedOf(call));
    } else if (this.halt !== undefined) this.settle(execution, notRun(this.halt));
    else if (execution.state === 'ready') this.slots.add(execution);
  }

  /** Why nothing starts any more. */
  private get halt(): string | undefined {
    return this.ending?.failed ? 'The answer cannot go on.' : this.veto;
  }

  private prepare(execution: Execution): void {
    const { call, tool } = execution;
    if (!tool) return;
    execution.state = 'preparing';
    const { approve, repair } = this.settings;
    const prepared$ = prepareCall(call, tool, { approve, repair, timeoutMs: this.settings.timeoutMs(tool) });
    subscribeWithin(execution.work, prepared$, { next: (prepared) => this.onPrepared(execution, prepared), error: this.raise });
  }

  private onPrepared(execution: Execution, prepared: Either<ToolFailure, unknown>): void {
    if (E.isLeft(prepared)) {
      this.settle(execution, prepared);
      return;
    }
    execution.args = prepared.right;
    execution.state = 'ready';
    if (!execution.orphaned) this.slots.add(execution);
  }

  private start(execution: Execution): void {
    const { tool, args, call, key } = execution;
    if (!tool) return;
    execution.state = 'running';
    const { journal } = this.settings;
    const context = { callId: call.callId, name: call.name };
    const mayRetry = () => !this.ending?.failed;
    const run = { tool, args, context, timeoutMs: this.settings.timeoutMs(tool), mayRetry };
    if (!journal) this.begin(execution);
    if (this.target.closed) return;
    const outputs$: Observable<JournaledOutput> = journal ? runJournaled({ ...run, journal, key, call, mayStart: mayRetry }) : runTool(run);
    subscribeWithin(execution.work, outputs$, { next: (output) => this.onOutput(execution, output), error: this.raise });
  }

  private begin(execution: Execution): void {
    execution.startedAt = this.settings.now();
    if (!execution.orphaned) this.target.next(startedOf(execution.call));
  }

  private onOutput(execution: Execution, output: JournaledOutput): void {
    if (output.type === 'result') this.settle(execution, output.outcome);
    else if (output.type === 'started') this.begin(execution);
    else if (output.type === 'uncertain') this.giveUp(execution);
    else if (execution.orphaned) return;
    else if (output.type === 'progress') this.target.next(progressOf(execution.call, output.value));
    else if (output.type === 'progress-lost') this.target.next(lostProgress(execution.call, output.message));
    else this.target.next(journalFailed(execution.call, output.message));
  }

  /**
   * An earlier process started the call, and nobody knows what came of it: the answer cannot go on. The error stands for the call's result,
   * which would be the last that the next round waits for.
   */
  private giveUp(execution: Execution): void {
    const { name, callId } = execution.call;
    execution.abandon();
    this.open.delete(execution);
    this.fail(new UncertainCallError(name, { place: { callId } }));
  }

  private settle(execution: Execution, outcome: Either<ToolFailure, Json>): void {
    const ran = execution.state === 'running';
    if (execution.startedAt !== undefined) execution.durationMs = this.settings.now() - execution.startedAt;
    // Whatever it still waits for, an approval say, is not wanted any more.
    if (!ran) execution.work.unsubscribe();
    execution.state = 'settled';
    execution.outcome = outcome;
    this.open.delete(execution);
    if (!execution.orphaned) this.emitResult(execution, outcome);
    if (ran) this.slots.free();
    this.endIfDone();
  }

  /** From a veto on nothing more of this round starts. */
  private heed(veto: string | undefined): void {
    if (veto === undefined) return;
    this.veto = veto;
    this.settleAll(NOT_STARTED, veto);
  }

  private endRound(): void {
    this.dropUnclaimed();
    this.keys?.nextRound();
    this.earlierResults = this.results.length;
    this.veto = undefined;
    for (const execution of [...this.open]) {
      if (execution.state === 'waiting') this.prepare(execution);
    }
  }

  private restartRound(): void {
    this.keys?.restart();
    this.veto = undefined;
    this.results.length = this.earlierResults;
    this.attempts.restart((execution) => {
      execution.orphaned = true;
      this.open.delete(execution);
      return execution.repeatable;
    });
    this.slots.drop((execution) => execution.orphaned);
  }

  /** Aborts what a cut attempt started and the model did not ask for again, and tells of it where it may have had an effect. */
  private dropUnclaimed(): void {
    for (const execution of this.attempts.clear()) {
      const ran = execution.state === 'running';
      execution.abandon();
      if (ran) this.slots.free();
      if (execution.startedAt !== undefined && !execution.tool?.annotations.readOnlyHint) this.target.next(unclaimed(execution.call));
    }
  }

  private end(ending: NonNullable<typeof this.ending>, reason: string, which: readonly ExecutionState[]): void {
    this.dropUnclaimed();
    // A call that could not go on fails the answer, however its source ends.
    if (!this.ending?.failed) this.ending = ending;
    this.settleAll(which, reason);
    this.endIfDone();
  }

  private settleAll(which: readonly ExecutionState[], reason: string): void {
    this.slots.drop((execution) => which.includes(execution.state));
    for (const execution of [...this.open]) {
      if (which.includes(execution.state)) this.settle(execution, notRun(reason));
    }
  }

  private endIfDone(): void {
    if (!this.ending || this.open.size > 0 || this.target.closed) return;
    const { failed, error } = this.ending;
    if (!failed) this.target.complete();
    else this.target.error(withPartial(error, (partial) => ({ ...partial, results: [...partial.results, ...this.results] })));
  }

  private emitResult(execution: Execution, outcome: Either<ToolFailure, Json>): void {
    const result = resultOf(execution.call, outcome, execution.durationMs);
    this.results.push(result);
    this.target.next(result);
  }
}

const NOT_STARTED: readonly ExecutionState[] = ['waiting', 'preparing', 'ready'];

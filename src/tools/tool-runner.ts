import * as E from 'fp-ts/Either';
import type { Subscriber } from 'rxjs';
import { withPartial } from '../errors.ts';
import type { AnyEvent, Diagnostic, ModelEvent, ToolCall, ToolEvent, ToolFailure, ToolResult } from '../events.ts';
import type { Either, Json } from '../values.ts';
import { Execution, type ExecutionState } from './execution.ts';
import { notRun, unknownTool, vetoOf } from './failure.ts';
import { Journal } from './journal.ts';
import type { RunnerSettings } from './options.ts';
import { prepareCall } from './prepare-call.ts';
import { type RunOutput, runTool } from './run-tool.ts';
import { Slots } from './slots.ts';
import { subscribeWithin } from './subscribe-within.ts';
import { lostProgress, progressOf, resultOf, startedOf, unclaimed } from './tool-events.ts';

/** What the runner looks at among the events of its source. */
type Watched = Extract<ModelEvent, { type: 'finish-reason' | 'round-end' | 'round-restarted' }> | ToolCall;

/** Runs the calls of one subscription: takes the source's events one by one, emits them, and those of the tools. */
export class ToolRunner<E extends AnyEvent> {
  /** Without a result: what the end waits for. */
  private readonly open = new Set<Execution>();
  private readonly journal = new Journal<Execution>();
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
    for (const execution of [...this.open, ...this.journal.clear()]) execution.abandon();
    this.open.clear();
  }

  private arrive(call: ToolCall): void {
    const tool = this.settings.tools.get(call.name);
    if ((tool && !tool.execute) || this.journal.has(call)) return;
    const claimed = this.journal.claim(call);
    if (claimed) {
      this.adopt(claimed, call);
      return;
    }
    const execution = new Execution(call, tool);
    this.open.add(execution);
    this.journal.record(call, execution);
    if (E.isLeft(call.arguments) && call.arguments.left.code === 'interrupted') {
      this.settle(execution, notRun('The stream broke within the call.'));
    } else if (this.veto !== undefined) this.settle(execution, notRun(this.veto));
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
    if (execution.state === 'running') this.target.next(startedOf(call));
    else if (this.veto !== undefined) this.settle(execution, notRun(this.veto));
    else if (execution.state === 'ready') this.slots.add(execution);
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
    const { tool, args, call } = execution;
    if (!tool) return;
    execution.state = 'running';
    execution.startedAt = this.settings.now();
    this.target.next(startedOf(call));
    if (this.target.closed) return;
    const context = { callId: call.callId, name: call.name };
    const mayRetry = () => !this.ending?.failed;
    const outputs$ = runTool({ tool, args, context, timeoutMs: this.settings.timeoutMs(tool), mayRetry });
    subscribeWithin(execution.work, outputs$, { next: (output) => this.onOutput(execution, output), error: this.raise });
  }

  private onOutput(execution: Execution, output: RunOutput): void {
    if (output.type === 'result') this.settle(execution, output.outcome);
    else if (execution.orphaned) return;
    else if (output.type === 'progress') this.target.next(progressOf(execution.call, output.value));
    else this.target.next(lostProgress(execution.call, output.message));
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
    this.earlierResults = this.results.length;
    this.veto = undefined;
    for (const execution of [...this.open]) {
      if (execution.state === 'waiting') this.prepare(execution);
    }
  }

  private restartRound(): void {
    this.veto = undefined;
    this.results.length = this.earlierResults;
    this.journal.restart((execution) => {
      execution.orphaned = true;
      this.open.delete(execution);
      return execution.repeatable;
    });
    this.slots.drop((execution) => execution.orphaned);
  }

  /** Aborts what a cut attempt started and the model did not ask for again, and tells of it where it may have had an effect. */
  private dropUnclaimed(): void {
    for (const execution of this.journal.clear()) {
      const ran = execution.state === 'running';
      execution.abandon();
      if (ran) this.slots.free();
      if (execution.startedAt !== undefined && !execution.tool?.annotations.readOnlyHint) this.target.next(unclaimed(execution.call));
    }
  }

  private end(ending: NonNullable<typeof this.ending>, reason: string, which: readonly ExecutionState[]): void {
    this.dropUnclaimed();
    this.ending = ending;
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

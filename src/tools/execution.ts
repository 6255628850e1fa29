import { Subscription } from 'rxjs';
import type { ToolCall, ToolFailure } from '../events.ts';
import type { Either, Json } from '../values.ts';
import type { Tool } from './tool.ts';

/**
 * Where an execution is on its way:
 *
 *     waiting     for the round's end
 *     preparing   its arguments are checked, repaired, approved
 *     ready       for a free place among those that run
 *     running     `execute` was entered, or the journal is asked whether it may be
 *     settled     its outcome is known, or nobody wants to know it
 */
export type ExecutionState = 'waiting' | 'preparing' | 'ready' | 'running' | 'settled';

/** What is done for one call. After a restart it may go on for another call, the same one asked again. */
export class Execution {
  state: ExecutionState = 'waiting';
  /** Whether the attempt that asked for it was cut, and nobody asked again yet: it emits nothing then, and does not start. */
  orphaned = false;
  /** Checked arguments; from `ready` on. */
  args: unknown;
  startedAt: number | undefined;
  outcome: Either<ToolFailure, Json> | undefined;
  durationMs = 0;
  /** The preparation, then the run. Unsubscribing aborts it. */
  readonly work = new Subscription();
  /** To whom its events belong. */
  call: ToolCall;
  /** Absent where the model made the name up. */
  readonly tool: Tool | undefined;
  /** Its name in the journal, where there is one. */
  readonly key: string;

  constructor(call: ToolCall, tool: Tool | undefined, key: string) {
    this.call = call;
    this.tool = tool;
    this.key = key;
  }

  /** Whether an equal call of the next attempt may take it: it did something, or somebody was asked. */
  get repeatable(): boolean {
    if (this.state === 'waiting') return false;
    return this.outcome?._tag !== 'Left' || this.outcome.left.code !== 'not-run';
  }

  /** Aborts it; its outcome concerns nobody any more. */
  abandon(): void {
    this.state = 'settled';
    this.work.unsubscribe();
  }
}

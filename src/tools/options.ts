import { checkStartWhen, checkTimeout } from './define-tool.ts';
import type { Approve, Repair } from './prepare-call.ts';
import type { StartWhen, Tool } from './tool.ts';
import type { ToolJournal } from './tool-journal.ts';

/** Settings of `executeTools`. */
export interface ExecuteToolsOptions {
  /** How many tools run at the same time; more wait, first come, first served. Default 8. */
  readonly concurrency?: number;
  /** Milliseconds from the start of a tool to its result, for tools without a `timeoutMs` of their own. Default 60,000. */
  readonly timeoutMs?: number;
  /** When tools without a `startWhen` of their own start. Default: `confirmed` where `readOnlyHint` is true, else `finished`. */
  readonly startWhen?: StartWhen;
  /** Asked once its arguments are valid, before each call is started; waited for without limit. Default: every call may run. */
  readonly approve?: Approve;
  /** Asked once for each call with invalid arguments; within `timeoutMs`. Its answer is checked again. Default: none. */
  readonly repair?: Repair;
  /** Remembers what was run beyond this process. Default: none; what a cut attempt of a round ran is remembered here anyway. */
  readonly journal?: ToolJournal;
  /** A monotonic clock for `durationMs`, in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

/** The options, checked and with their defaults. */
export interface RunnerSettings {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly concurrency: number;
  readonly approve: Approve | undefined;
  readonly repair: Repair | undefined;
  readonly journal: ToolJournal | undefined;
  readonly now: () => number;
  readonly timeoutMs: (tool: Tool) => number;
  readonly startWhen: (tool: Tool) => StartWhen;
}

/** Checks what the caller gave, and throws with the fix. */
export function runnerSettings(tools: readonly Tool[], options: ExecuteToolsOptions): RunnerSettings {
  const { concurrency = 8, timeoutMs = 60_000, startWhen, approve, repair, journal, now = () => performance.now() } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`executeTools: concurrency is ${concurrency}. Give a whole number from 1.`);
  }
  checkTimeout(timeoutMs, 'executeTools: timeoutMs');
  checkStartWhen(startWhen, 'executeTools');
  for (const [name, hook] of Object.entries({ approve, repair, now })) {
    if (hook !== undefined && typeof hook !== 'function')
      throw new TypeError(`executeTools: \`${name}\` is no function. Give one, or leave it out.`);
  }
  if (journal !== undefined && !['begin', 'settle', 'forget'].every((name) => typeof journal?.[name as keyof ToolJournal] === 'function')) {
    throw new TypeError(
      'executeTools: `journal` needs the methods `begin`, `settle` and `forget`: see ToolJournal, or start from memoryJournal().',
    );
  }
  return {
    tools: byName(tools),
    concurrency,
    approve,
    repair,
    journal,
    now,
    timeoutMs: (tool) => tool.timeoutMs ?? timeoutMs,
    startWhen: (tool) => tool.startWhen ?? startWhen ?? (tool.annotations.readOnlyHint ? 'confirmed' : 'finished'),
  };
}

function byName(tools: readonly Tool[]): Map<string, Tool> {
  const map = new Map<string, Tool>();
  for (const tool of tools) {
    if (typeof tool?.validate !== 'function')
      throw new TypeError('executeTools: a tool was not made by defineTool. Pass it through defineTool.');
    if (map.has(tool.name)) throw new TypeError(`executeTools: two tools are named "${tool.name}". Rename one, or leave it out.`);
    map.set(tool.name, tool);
  }
  return map;
}

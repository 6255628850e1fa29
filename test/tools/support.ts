import * as t from 'io-ts';
import { map, Observable, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';
import { executeTools } from '../../operators/executeTools.ts';
import type {
  AnyEvent,
  ArgumentsError,
  FinishReason,
  FinishReasonEvent,
  RoundEnd,
  RoundRestarted,
  TextDelta,
  ToolCall,
  ToolFailure,
  ToolResult,
} from '../../src/events.ts';
import { defineTool, type ToolDefinition } from '../../src/tools/define-tool.ts';
import type { ExecuteToolsOptions } from '../../src/tools/options.ts';
import type { Tool, ToolContext } from '../../src/tools/tool.ts';
import type { Json } from '../../src/values.ts';

/** A call with arguments that may run. */
export const call = (callId: string, name: string, args: Json = {}, round?: number): ToolCall => ({
  type: 'tool-call',
  ...(round === undefined ? {} : { round }),
  callId,
  index: 0,
  name,
  argumentsText: JSON.stringify(args),
  arguments: { _tag: 'Right', right: args },
});

/** A call with arguments that may not run. */
export const badCall = (callId: string, name: string, code: ArgumentsError['code'], argumentsText = '{"a":'): ToolCall => ({
  type: 'tool-call',
  callId,
  index: 0,
  name,
  argumentsText,
  arguments: { _tag: 'Left', left: { code, message: `Arguments are ${code}` } },
});

export const text = (words: string): TextDelta => ({ type: 'text-delta', text: words });
export const finish = (reason: FinishReason): FinishReasonEvent => ({ type: 'finish-reason', reason, raw: reason });
export const roundEnd = (reason: FinishReason = 'tool-calls'): RoundEnd => ({
  type: 'round-end',
  reason,
  message: { role: 'assistant', content: '' },
});
export const restarted: RoundRestarted = { type: 'round-restarted', attempt: 2, message: 'connection lost' };

type Settings = Omit<ToolDefinition<typeof anything>, 'name' | 'description' | 'parameters' | 'execute'>;
const anything = t.UnknownRecord;

/** A tool that takes any arguments. */
export const tool = (
  name: string,
  execute?: (args: { [key: string]: unknown }, context: ToolContext) => unknown,
  settings: Settings = {},
): Tool => defineTool({ name, description: name, parameters: anything, ...settings, ...(execute ? { execute } : {}) }) as Tool;

/** A tool that starts when its call is confirmed. */
export const reader = (
  name: string,
  execute: (args: { [key: string]: unknown }, context: ToolContext) => unknown,
  settings: Settings = {},
): Tool => tool(name, execute, { annotations: { readOnlyHint: true }, ...settings });

export const started = (callId: string, name: string) => ({ type: 'tool-started', callId, name });
export const progress = (callId: string, name: string, value: Json) => ({ type: 'tool-progress', callId, name, value });
export const result = (callId: string, name: string, value: Json, durationMs = 0) => ({
  type: 'tool-result',
  callId,
  name,
  outcome: { _tag: 'Right', right: value },
  durationMs,
});
export const failure = (
  callId: string,
  name: string,
  code: ToolFailure['code'],
  message: string | RegExp,
  isStarted: boolean,
  durationMs = 0,
) => ({
  type: 'tool-result',
  callId,
  name,
  outcome: {
    _tag: 'Left',
    left: { code, message: typeof message === 'string' ? message : expect.stringMatching(message), started: isStarted },
  },
  durationMs,
});

/** Runs a marble test in virtual time; `now` is its clock. */
export function marbles(
  run: (
    helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0] & { readonly now: () => number; readonly scheduler: TestScheduler },
  ) => void,
): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => run({ ...helpers, now: () => scheduler.now(), scheduler }));
}

export const resultsOf = (events: readonly AnyEvent[]): ToolResult[] =>
  events.filter((event): event is ToolResult => event.type === 'tool-result');

/** The code of each result's failure, or `ok`, by call. */
export const codes = (events: readonly AnyEvent[]): Record<string, string> =>
  Object.fromEntries(resultsOf(events).map(({ callId, outcome }) => [callId, outcome._tag === 'Right' ? 'ok' : outcome.left.code]));

/** A value after some milliseconds, and nothing on the way. */
export const later = (ms: number, value: unknown): Observable<unknown> => timer(ms).pipe(map(() => value));

/** What comes of a list of events, to the end. */
export function collect(
  source: readonly AnyEvent[] | Observable<AnyEvent>,
  tools: readonly Tool[],
  options: ExecuteToolsOptions = {},
): Promise<{ events: AnyEvent[]; error?: unknown }> {
  const events: AnyEvent[] = [];
  return new Promise((resolve) => {
    (source instanceof Observable ? source : of(...source)).pipe(executeTools(tools, { now: () => 0, ...options })).subscribe({
      next: (event) => events.push(event),
      error: (error: unknown) => resolve({ events, error }),
      complete: () => resolve({ events }),
    });
  });
}

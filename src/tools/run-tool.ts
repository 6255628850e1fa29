import * as E from 'fp-ts/Either';
import { asyncScheduler, map, Observable, of, retry, Subscription, throwError, timer } from 'rxjs';
import type { ToolFailure } from '../events.ts';
import type { Either, Json } from '../values.ts';
import { failed, messageOf } from './failure.ts';
import { type Emission, outputOf } from './output.ts';
import { subscribeWithin } from './subscribe-within.ts';
import { toJson } from './to-json.ts';
import type { Tool, ToolContext } from './tool.ts';

/** What a running tool makes known: values on the way, values that were no JSON, then exactly one result. */
export type RunOutput =
  | { readonly type: 'progress'; readonly value: Json }
  | { readonly type: 'progress-lost'; readonly message: string }
  | { readonly type: 'result'; readonly outcome: Either<ToolFailure, Json> };

/** One execution. */
export interface ToolRun {
  /** A tool with `execute`. */
  readonly tool: Tool;
  readonly args: unknown;
  readonly context: Omit<ToolContext, 'signal'>;
  /** Milliseconds for the whole run, retries included. */
  readonly timeoutMs: number;
  /** Asked before each retry. */
  readonly mayRetry: () => boolean;
}

/**
 * Runs a tool, once per subscription: values on the way, then its result, a failure included; it never errors.
 *
 * The signal aborts when the run ends in any other way than by a success: timed out, failed, or unsubscribed.
 */
export function runTool(run: ToolRun): Observable<RunOutput> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const work = new Subscription();
    let over = false;

    const end = (outcome: Either<ToolFailure, Json>, reason?: unknown) => {
      over = true;
      // Silenced first, then aborted: a tool that answers its signal with an error must not overwrite the outcome.
      work.unsubscribe();
      if (E.isLeft(outcome)) controller.abort(reason);
      subscriber.next({ type: 'result', outcome });
      subscriber.complete();
    };

    subscriber.add(() => {
      if (over) return;
      over = true;
      work.unsubscribe();
      controller.abort();
    });
    const timeOut = () => end(timedOut(run), new DOMException('The tool timed out.', 'TimeoutError'));
    const deadline = asyncScheduler.now() + run.timeoutMs;
    work.add(timer(run.timeoutMs).subscribe(timeOut));
    subscribeWithin(work, attempts(run, controller.signal), {
      next: (output) => {
        if (output.type === 'result') end(output.outcome);
        // A tool that yields without a pause keeps every timer from firing.
        else if (asyncScheduler.now() > deadline) timeOut();
        else subscriber.next(output);
      },
      error: (thrown) => end(failed('threw', `The tool failed: ${messageOf(thrown)}`, true)),
    });
  });
}

function attempts({ tool, args, context, mayRetry }: ToolRun, signal: AbortSignal): Observable<RunOutput> {
  return outputOf(() => tool.execute?.(args, { ...context, signal })).pipe(
    retry({ count: tool.retries, delay: (error: unknown) => (mayRetry() ? of(true) : throwError(() => error)) }),
    map(toRunOutput),
  );
}

function toRunOutput({ final, value }: Emission): RunOutput {
  const json = toJson(value);
  if (!final) return E.isRight(json) ? { type: 'progress', value: json.right } : { type: 'progress-lost', message: json.left };
  const unserialisable = (why: string): ToolFailure => ({
    code: 'unserialisable-result',
    message: `The tool ran, but its result is no JSON value: ${why}.`,
    started: true,
  });
  return { type: 'result', outcome: E.mapLeft(unserialisable)(json) };
}

const timedOut = ({ timeoutMs }: ToolRun) =>
  failed('timed-out', `The tool did not finish within ${timeoutMs} ms and was aborted. It may have had an effect.`, true);

import { catchError, concat, ignoreElements, map, mergeMap, type Observable, of, throwIfEmpty, timeout } from 'rxjs';
import type { ToolCall, ToolFailure } from '../events.ts';
import type { Either, Json } from '../values.ts';
import { messageOf, notRun } from './failure.ts';
import { answerOf, type HookAnswer } from './hook-answer.ts';
import { type RunOutput, runTool, type ToolRun } from './run-tool.ts';
import type { JournalEntry, ToolJournal } from './tool-journal.ts';

/** One execution, and where it is written down. */
export interface JournaledRun extends ToolRun {
  readonly journal: ToolJournal;
  readonly key: string;
  readonly call: ToolCall;
  /** Asked once the journal has answered: things may have changed since. */
  readonly mayStart: () => boolean;
}

/** What a run says besides: that it begins, that the journal could not be written, or that an earlier process left the call open. */
export type JournaledOutput =
  | RunOutput
  | { readonly type: 'started' }
  | { readonly type: 'journal-failed'; readonly message: string }
  | { readonly type: 'uncertain' };

/**
 * Runs a tool unless the journal knows the call: a settled one gives its outcome again, a started one runs again only where that does no
 * harm. The result goes out when it is written down. The journal has the tool's time limit for each answer; without its word nothing starts.
 */
export function runJournaled(run: JournaledRun): Observable<JournaledOutput> {
  const { journal, key, call, tool, mayStart } = run;
  return asked(() => journal.begin(key, call), run).pipe(
    map(checkedEntry),
    catchError((thrown) => of({ state: 'unknown', why: messageOf(thrown) } as const)),
    mergeMap((entry): Observable<JournaledOutput> => {
      if (entry.state === 'unknown') {
        const message = `The journal could not be asked: ${entry.why}.`;
        return of<JournaledOutput[]>(
          { type: 'journal-failed', message: `${message} ${call.name} was not run.` },
          resultOf(notRun(message)),
        );
      }
      if (entry.state === 'settled') return of(resultOf(entry.outcome));
      if (entry.state === 'started' && !tool.annotations.idempotentHint && !tool.annotations.readOnlyHint) return of({ type: 'uncertain' });
      if (!mayStart())
        return concat(
          written(() => journal.forget(key), run),
          of(resultOf(notRun('The stream broke before the tool was started.'))),
        );
      return concat(of({ type: 'started' } as const), started(run));
    }),
  );
}

function started(run: JournaledRun): Observable<JournaledOutput> {
  return runTool(run).pipe(
    mergeMap((output) =>
      output.type === 'result'
        ? concat(
            written(() => run.journal.settle(run.key, output.outcome), run),
            of(output),
          )
        : of(output),
    ),
  );
}

/** Completes when it is written, or says that it could not be. */
function written(write: () => ReturnType<ToolJournal['settle']>, run: JournaledRun): Observable<JournaledOutput> {
  return asked(write, run).pipe(
    ignoreElements(),
    catchError((thrown) => {
      const unwritten = `What became of ${run.call.name} could not be written to the journal: ${messageOf(thrown)}.`;
      return of({ type: 'journal-failed', message: `${unwritten} A process that asks again will take it for unsettled.` } as const);
    }),
  );
}

function asked<T>(ask: () => HookAnswer<T>, { timeoutMs }: JournaledRun): Observable<T> {
  return answerOf(ask).pipe(
    timeout({ first: timeoutMs }),
    throwIfEmpty(() => new Error('it gave no answer')),
  );
}

/** A journal is the caller's own code. */
function checkedEntry(entry: JournalEntry): JournalEntry {
  if (entry?.state === 'new' || entry?.state === 'started') return entry;
  if (entry?.state === 'settled' && (entry.outcome?._tag === 'Left' || entry.outcome?._tag === 'Right')) return entry;
  throw new TypeError("`begin` gives `{ state: 'new' }`, `{ state: 'started' }` or `{ state: 'settled', outcome }`");
}

const resultOf = (outcome: Either<ToolFailure, Json>): RunOutput => ({ type: 'result', outcome });

import type { ToolCall, ToolFailure } from '../events.ts';
import type { Either, Json } from '../values.ts';
import type { HookAnswer } from './hook-answer.ts';

/** What a journal knows of an execution: nothing, that it was started, or what came of it. */
export type JournalEntry =
  | { readonly state: 'new' }
  | { readonly state: 'started' }
  | { readonly state: 'settled'; readonly outcome: Either<ToolFailure, Json> };

/**
 * Remembers what tools were run for an answer, also when the process dies: `executeTools` asks it before each start.
 *
 * A key names an execution: the round, the tool, its arguments in canonical JSON, and which of several equal calls it is. It is as long as
 * the arguments; a store that bounds its keys hashes it. One journal, or one {@link scopedJournal}, is for one answer.
 */
export interface ToolJournal {
  /**
   * Notes that the execution starts, unless it is known, and tells what was known before. One step: of two who ask at the same time, one is
   * told `new`. Whoever is told that starts the tool, so the note must be safe by then.
   */
  begin(key: string, call: ToolCall): HookAnswer<JournalEntry>;
  /** Notes what came of it. */
  settle(key: string, outcome: Either<ToolFailure, Json>): HookAnswer<unknown>;
  /** The execution was announced by `begin` and never started: it is `new` again. */
  forget(key: string): HookAnswer<unknown>;
}

/** A {@link ToolJournal} that answers at once. */
export interface MemoryJournal extends ToolJournal {
  /** See {@link ToolJournal.begin}. */
  begin(key: string): JournalEntry;
  /** See {@link ToolJournal.settle}. */
  settle(key: string, outcome: Either<ToolFailure, Json>): void;
  /** See {@link ToolJournal.forget}. */
  forget(key: string): void;
}

/**
 * A journal in memory: what `executeTools` remembers of one round by itself, kept for as long as you keep it. For tests, and for an
 * answer that is asked again within one process.
 *
 * @example
 * ```ts
 * import { memoryJournal } from 'toolstream';
 *
 * const journal = memoryJournal();
 * console.log(journal.begin('pay 1').state); // new
 * console.log(journal.begin('pay 1').state); // started
 * journal.settle('pay 1', { _tag: 'Right', right: 'paid' });
 * console.log(journal.begin('pay 1').state); // settled
 * ```
 */
export function memoryJournal(): MemoryJournal {
  const entries = new Map<string, JournalEntry>();
  return {
    begin(key: string): JournalEntry {
      const known = entries.get(key);
      if (!known) entries.set(key, { state: 'started' });
      return known ?? { state: 'new' };
    },
    settle(key: string, outcome: Either<ToolFailure, Json>): void {
      entries.set(key, { state: 'settled', outcome });
    },
    forget(key: string): void {
      entries.delete(key);
    },
  };
}

/**
 * A part of a journal: one store for many answers, each in a scope of its own.
 *
 * @param journal - The store.
 * @param scope - What tells answers apart, e.g. the id of the user's message.
 *
 * @example
 * ```ts
 * import { memoryJournal, scopedJournal } from 'toolstream';
 *
 * const store = memoryJournal();
 * scopedJournal(store, 'message 7').begin('pay 1', { type: 'tool-call', callId: 'c', index: 0, name: 'pay', argumentsText: '{}', arguments: { _tag: 'Right', right: {} } });
 * console.log(store.begin('message 7/pay 1').state); // started
 * ```
 */
export function scopedJournal(journal: ToolJournal, scope: string): ToolJournal {
  return {
    begin: (key, call) => journal.begin(`${scope}/${key}`, call),
    settle: (key, outcome) => journal.settle(`${scope}/${key}`, outcome),
    forget: (key) => journal.forget(`${scope}/${key}`),
  };
}

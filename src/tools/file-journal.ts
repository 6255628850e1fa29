import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ToolFailure } from '../events.ts';
import type { Either, Json } from '../values.ts';
import type { JournalEntry, ToolJournal } from './tool-journal.ts';

/** A {@link ToolJournal} in a file. */
export interface FileJournal extends ToolJournal {
  /** See {@link ToolJournal.begin}. */
  begin(key: string): Promise<JournalEntry>;
  /** See {@link ToolJournal.settle}. */
  settle(key: string, outcome: Either<ToolFailure, Json>): Promise<void>;
  /** See {@link ToolJournal.forget}. */
  forget(key: string): Promise<void>;
  /** Closes the file once all is written. */
  close(): Promise<void>;
}

/** A line of the file. */
type Line =
  | { readonly key: string; readonly state: 'new' | 'started' }
  | ({ readonly key: string } & Extract<JournalEntry, { state: 'settled' }>);

/**
 * A journal in a file, one JSON line an entry: what tools ran survives the process, also when it is killed.
 *
 * Each line is on the disk (`fdatasync`) before a tool starts and before its result goes out; a last line that was torn counts for nothing.
 * Holds the entries of the file in memory, so give each answer, or each conversation, a file of its own. One process at a time: a second
 * one that writes the same file is not noticed.
 *
 * @param path - Created where it does not exist, with its folder.
 *
 * @example
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { fileJournal } from 'toolstream/node';
 *
 * const path = join(tmpdir(), `answer-${process.pid}.jsonl`);
 * const journal = fileJournal(path);
 * console.log((await journal.begin('1#1 pay {}')).state); // new
 * await journal.settle('1#1 pay {}', { _tag: 'Right', right: 'paid' });
 * await journal.close();
 *
 * const again = fileJournal(path); // another process, say
 * console.log((await again.begin('1#1 pay {}')).state); // settled
 * await again.close();
 * ```
 *
 * @see {@link ToolJournal}
 */
export function fileJournal(path: string): FileJournal {
  const opened = openJournal(path);
  // Whoever asks first is told what went wrong; until then it is nobody's unhandled rejection.
  opened.catch(() => undefined);
  /** One line after the other. */
  let last: Promise<unknown> = opened;
  const inTurn = <T>(step: (file: OpenJournal) => Promise<T>): Promise<T> => {
    const done = last.then(
      () => opened.then(step),
      () => opened.then(step),
    );
    last = done.catch(() => undefined);
    return done;
  };
  return {
    begin: (key) =>
      inTurn(async ({ entries, handle }) => {
        const known = entries.get(key);
        if (known) return known;
        await write(handle, { key, state: 'started' });
        entries.set(key, { state: 'started' });
        return { state: 'new' };
      }),
    settle: (key, outcome) =>
      inTurn(async ({ entries, handle }) => {
        await write(handle, { key, state: 'settled', outcome });
        entries.set(key, { state: 'settled', outcome });
      }),
    forget: (key) =>
      inTurn(async ({ entries, handle }) => {
        await write(handle, { key, state: 'new' });
        entries.delete(key);
      }),
    close: () => inTurn(({ handle }) => handle.close()),
  };
}

interface OpenJournal {
  readonly handle: FileHandle;
  readonly entries: Map<string, JournalEntry>;
}

async function openJournal(path: string): Promise<OpenJournal> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'a');
  const text = await readFile(path, 'utf8');
  const entries = new Map<string, JournalEntry>();
  for (const line of text.split('\n')) {
    const entry = parsed(line);
    if (entry?.state === 'new') entries.delete(entry.key);
    else if (entry) entries.set(entry.key, entry.state === 'settled' ? { state: 'settled', outcome: entry.outcome } : { state: 'started' });
  }
  // What follows a torn line must not become part of it.
  if (text !== '' && !text.endsWith('\n')) await handle.appendFile('\n');
  return { handle, entries };
}

async function write(handle: FileHandle, line: Line): Promise<void> {
  await handle.appendFile(`${JSON.stringify(line)}\n`);
  await handle.datasync();
}

function parsed(line: string): Line | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as Line);
  } catch {
    return undefined;
  }
}

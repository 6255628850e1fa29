import type { ToolDeclaration } from '../messages.ts';
import type { Either } from '../values.ts';
import type { ArgumentIssue } from './issues.ts';

/**
 * What a tool does to the world, in MCP's words. All are hints of the tool's author, absent means `false` here.
 *
 * @see https://modelcontextprotocol.io/specification/2025-06-18/schema#toolannotations
 */
export interface ToolAnnotations {
  /** A title for people. */
  readonly title?: string;
  /** Changes nothing. Such a tool may start while the model is still writing, and may be retried. */
  readonly readOnlyHint?: boolean;
  /** May destroy something. For `approve` to look at; nothing here depends on it. */
  readonly destructiveHint?: boolean;
  /** Calling it again with the same arguments changes nothing more. Such a tool may be retried. */
  readonly idempotentHint?: boolean;
  /** Talks to the outside world. For `approve` to look at; nothing here depends on it. */
  readonly openWorldHint?: boolean;
}

/** When a tool starts: when its call is `confirmed`, or when the round has `finished` (at `round-end`). */
export type StartWhen = 'confirmed' | 'finished';

/** What `execute` is told about its call. */
export interface ToolContext {
  /** Aborts when nobody wants the result any more: unsubscribed, timed out, or failed. Not after a success. */
  readonly signal: AbortSignal;
  readonly callId: string;
  readonly name: string;
}

/**
 * A tool the model may call. `defineTool` makes one; `name`, `description` and `inputSchema` are what goes on the wire.
 *
 * @typeParam Args what `execute` is given: the checked arguments.
 */
export interface Tool<Args = unknown> extends ToolDeclaration {
  readonly annotations: ToolAnnotations;
  /** Absent: as the options of `executeTools` say. */
  readonly startWhen?: StartWhen;
  /** Milliseconds for the whole of `execute`, retries included. Absent: as the options of `executeTools` say. */
  readonly timeoutMs?: number;
  /** How often `execute` is tried again after it failed. */
  readonly retries: number;
  /** Checks arguments and gives them in the form `execute` wants. */
  validate(value: unknown): Validated<Args> | PromiseLike<Validated<Args>>;
  /**
   * Does the work. Absent: the caller settles the call, and the answer ends with `awaiting-results`.
   *
   * Returns a value, a Promise, an async iterable (or a generator) or an Observable. What an iterable or Observable yields is
   * `tool-progress` at once; the result is a generator's return value, or else the last value that was yielded.
   */
  execute?(args: Args, context: ToolContext): unknown;
}

/** Checked arguments, or what is wrong with them. */
export type Validated<Args> = Either<readonly ArgumentIssue[], Args>;

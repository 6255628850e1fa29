import type { ToolCall, ToolResult, Usage } from './events.ts';
import type { AssistantMessage, Message } from './messages.ts';
import type { Json } from './values.ts';

/** What there was of an answer when it broke: nothing that arrived is lost with the error. */
export interface PartialAnswer {
  /** The visible text of choice 0, of all rounds so far. */
  readonly text: string;
  readonly reasoning: string;
  /** The calls of the broken round that had begun, with the arguments' text so far. */
  readonly calls: ReadonlyArray<{ readonly callId: string; readonly name: string; readonly argumentsText: string }>;
  /** Calls that had been assembled, of all rounds; a cut one is a `Left`. */
  readonly toolCalls: readonly ToolCall[];
  /** Results that were there, of all rounds. */
  readonly results: readonly ToolResult[];
  readonly usage?: Usage;
  /** The broken round's assistant message as far as it came. */
  readonly message?: AssistantMessage;
  /** What to append to the history, every call with a result: rounds that were whole, then the broken one. */
  readonly messages: readonly Message[];
}

/** Nothing arrived. */
export const noPartial: PartialAnswer = { text: '', reasoning: '', calls: [], toolCalls: [], results: [], messages: [] };

/** Where in its input an error was found. */
export interface ErrorPlace {
  /** Bytes from the start of the body. */
  readonly byteOffset?: number;
  /** The n-th frame of the body, from 0. */
  readonly frame?: number;
  readonly callId?: string;
  /** The response that broke, and the newest event of it, where the wire numbers its events: what asking for the rest takes. */
  readonly responseId?: string;
  readonly sequence?: number;
}

interface ErrorOptions {
  readonly cause?: unknown;
  readonly place?: ErrorPlace;
  /** What came; capped to {@link EXCERPT_LIMIT}. */
  readonly excerpt?: string;
  readonly partial?: PartialAnswer;
}

/** How much of bad input an error quotes, in UTF-16 code units. */
export const EXCERPT_LIMIT = 200;

/** Cuts text for an error message; says how much it left out. */
export function excerptOf(text: string, limit = EXCERPT_LIMIT): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} more)`;
}

abstract class StreamError extends Error {
  abstract readonly code: string;
  /** Written out in each class: a minifier renames the classes themselves. */
  abstract override readonly name: string;
  readonly place: ErrorPlace;
  readonly excerpt: string | undefined;
  /** What there was of the answer; each operator on the way adds what it knows. */
  readonly partial: PartialAnswer;
  /** Why the models failed that `fallback` had asked before, the first one first; absent where there were none. */
  declare readonly earlier?: readonly unknown[];

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.place = options.place ?? {};
    this.excerpt = options.excerpt === undefined ? undefined : excerptOf(options.excerpt);
    this.partial = options.partial ?? noPartial;
  }
}

/** The stream ended before the answer did: connection lost, server gone, or silence. `partial` has what came. */
export class InterruptedError extends StreamError {
  override readonly name = 'InterruptedError';
  readonly code = 'interrupted';
}

/** The provider reported an error inside the stream, HTTP status 200 notwithstanding. */
export class ProviderError extends StreamError {
  override readonly name = 'ProviderError';
  readonly code = 'provider';
  /** The provider's own code or type, e.g. `rate_limit_exceeded`. */
  readonly providerCode: string | undefined;
  /** The HTTP status it stands for, where the payload says so. */
  readonly status: number | undefined;
  /** Whether asking again may help: overload, rate limit, server fault. */
  readonly retryable: boolean;
  /** The payload as it came. */
  readonly raw: Json;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly providerCode?: string | undefined;
      readonly status?: number | undefined;
      readonly retryable: boolean;
      readonly raw: Json;
    },
  ) {
    super(message, options);
    this.providerCode = options.providerCode;
    this.status = options.status;
    this.retryable = options.retryable;
    this.raw = options.raw;
  }
}

/** The server answered with an HTTP error, or with something that is not the stream that was asked for. */
export class HttpError extends StreamError {
  override readonly name = 'HttpError';
  readonly code = 'http';
  readonly status: number;
  readonly retryable: boolean;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The content type that came. */
  readonly contentType: string | undefined;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly status: number;
      readonly retryable: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly contentType?: string | undefined;
    },
  ) {
    super(message, options);
    this.status = options.status;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.contentType = options.contentType;
  }
}

/** No response came: refused, unreachable, name not found, TLS. */
export class ConnectionError extends StreamError {
  override readonly name = 'ConnectionError';
  readonly code = 'connection';
  readonly retryable = true;
}

/** A time limit ran out. */
export class TimeoutError extends StreamError {
  override readonly name = 'TimeoutError';
  readonly code = 'timeout';
  /** Which clock: `connect` until the response's head, `first-event`, `idle` between events, `total` of the request. */
  readonly kind: 'connect' | 'first-event' | 'idle' | 'total';
  readonly limitMs: number;

  constructor(kind: TimeoutError['kind'], limitMs: number, options: ErrorOptions = {}) {
    super(`No ${TIMEOUT_WORDS[kind]} within ${limitMs} ms. Raise \`${TIMEOUT_OPTION[kind]}\` if the server is just slow.`, options);
    this.kind = kind;
    this.limitMs = limitMs;
  }
}

const TIMEOUT_WORDS = { connect: 'response', 'first-event': 'first event', idle: 'further event', total: 'end of the response' } as const;
const TIMEOUT_OPTION = {
  connect: 'timeouts.connectMs',
  'first-event': 'timeouts.firstEventMs',
  idle: 'timeouts.idleMs',
  total: 'timeouts.totalMs',
} as const;

/** A frame is not what the dialect speaks. */
export class MalformedFrameError extends StreamError {
  override readonly name = 'MalformedFrameError';
  readonly code = 'malformed-frame';
}

/** Input went beyond a stated bound. */
export class LimitError extends StreamError {
  override readonly name = 'LimitError';
  readonly code = 'limit';
  /** Which bound, by the name of its option. */
  readonly limit: string;
  readonly max: number;

  constructor(limit: string, max: number, unit: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(`More than ${max} ${unit}. ${options.hint ?? `Raise \`${limit}\` if that is expected.`}`, options);
    this.limit = limit;
    this.max = max;
  }
}

/**
 * A process that died had started this call, and the journal does not know what came of it; the tool is not marked as repeatable. Find out,
 * `settle` it in the journal, and ask again.
 */
export class UncertainCallError extends StreamError {
  override readonly name = 'UncertainCallError';
  readonly code = 'uncertain-call';
  readonly toolName: string;

  constructor(toolName: string, options: ErrorOptions = {}) {
    super(
      `An earlier process started the call of ${JSON.stringify(excerptOf(toolName, 80))} and never settled it: it may have had its effect. ` +
        'Find out, `settle` it in the journal, and ask again; a tool that may run twice says so by `idempotentHint`.',
      options,
    );
    this.toolName = toolName;
  }
}

/** Every error a toolstream Observable raises by itself. */
export type ToolstreamError =
  | InterruptedError
  | ProviderError
  | HttpError
  | ConnectionError
  | TimeoutError
  | MalformedFrameError
  | LimitError
  | UncertainCallError;

/** Whether an error is one of this library's own. */
export function isToolstreamError(error: unknown): error is ToolstreamError {
  return error instanceof StreamError;
}

/**
 * Adds what an operator knows to the error that passes through it. The error itself stays the one that was raised:
 * its `partial` is replaced, its stack and identity are kept.
 */
export function withPartial<E>(error: E, add: (partial: PartialAnswer) => PartialAnswer): E {
  if (error instanceof StreamError) (error as { partial: PartialAnswer }).partial = add(error.partial);
  return error;
}

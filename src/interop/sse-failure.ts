import {
  ConnectionError,
  HttpError,
  InterruptedError,
  isToolstreamError,
  LimitError,
  MalformedFrameError,
  ProviderError,
  TimeoutError,
  type ToolstreamError,
} from '../errors.ts';
import type { Json } from '../values.ts';

/** An error as it goes to a browser: what may be shown, and no more. */
export interface SseFailure {
  /** The error's own code (`interrupted`, `provider`, `timeout` …); `internal` for what is not this library's. */
  readonly code: string;
  readonly message: string;
  /** The error's own fields that say when to ask again: `status`, `retryable`, `kind` and the like. */
  readonly [detail: string]: Json;
}

/** The fields that go with the code. Never `cause`, `excerpt`, `partial` or `raw`: they quote what was sent and what came. */
const DETAILS = ['providerCode', 'status', 'retryable', 'retryAfterMs', 'kind', 'limitMs', 'limit', 'max'];

/** What of an error may leave the server. The message of a foreign error is not sent: nobody knows what it quotes. */
export function failureOf(error: unknown, message?: string): SseFailure {
  if (!isToolstreamError(error)) return { code: 'internal', message: message ?? 'The answer failed.' };
  const details = Object.entries(error).filter(([key, value]) => DETAILS.includes(key) && value !== undefined);
  return { ...(Object.fromEntries(details) as Record<string, Json>), code: error.code, message: message ?? error.message };
}

/** The error again, of the class it was. What a foreign error was is not known: it comes back as a {@link ProviderError}. */
export function errorFrom(failure: SseFailure): ToolstreamError {
  const { code, message } = failure;
  const number = (key: string) => (typeof failure[key] === 'number' ? failure[key] : undefined);
  const word = (key: string) => (typeof failure[key] === 'string' ? failure[key] : undefined);
  const retryable = failure.retryable === true;
  switch (code) {
    case 'interrupted':
      return new InterruptedError(message);
    case 'connection':
      return new ConnectionError(message);
    case 'malformed-frame':
      return new MalformedFrameError(message);
    case 'http':
      return new HttpError(message, { status: number('status') ?? 0, retryable, retryAfterMs: number('retryAfterMs') });
    case 'timeout':
      return saying(message, new TimeoutError((word('kind') ?? 'total') as TimeoutError['kind'], number('limitMs') ?? 0));
    case 'limit':
      return saying(message, new LimitError(word('limit') ?? '', number('max') ?? 0, ''));
    default: {
      const providerCode = code === 'provider' ? word('providerCode') : code;
      return new ProviderError(message, { providerCode, status: number('status'), retryable, raw: failure });
    }
  }
}

/** These two word their message themselves; what the server said holds. */
function saying<E extends ToolstreamError>(message: string, error: E): E {
  error.message = message;
  return error;
}

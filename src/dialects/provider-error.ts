import { ProviderError } from '../errors.ts';
import { isRecord, type Json } from '../values.ts';

const PREFIX = 'The provider reported an error inside the stream: ';
const HINT = ' (asking again may help)';

const FINAL_WORDS = /insufficient.?quota|billing|credit|spend.?limit/i;
const RETRYABLE_WORDS =
  /overloaded|rate.?limit|too.?many|server.?error|internal|timeout|timed.?out|unavailable|try.?again|asking again|capacity|throttl/i;

/** What words of providers stand for, by their documentation; the last ones are this library's own, as its encoders write them. */
const STATUS_OF: ReadonlyMap<string, number> = new Map([
  // Anthropic
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['conflict_error', 409],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
  // OpenAI
  ['context_length_exceeded', 400],
  ['invalid_prompt', 400],
  ['content_policy_violation', 400],
  ['invalid_api_key', 401],
  ['model_not_found', 404],
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['server_error', 500],
  // Google
  ['INVALID_ARGUMENT', 400],
  ['FAILED_PRECONDITION', 400],
  ['UNAUTHENTICATED', 401],
  ['PERMISSION_DENIED', 403],
  ['NOT_FOUND', 404],
  ['ABORTED', 409],
  ['RESOURCE_EXHAUSTED', 429],
  ['CANCELLED', 499],
  ['INTERNAL', 500],
  ['UNIMPLEMENTED', 501],
  ['UNAVAILABLE', 503],
  ['DEADLINE_EXCEEDED', 504],
]);

/** Codes of this library's own errors, and whether asking again may help: a gateway's encoder wrote them. */
const OWN_CODES: ReadonlyMap<string, boolean> = new Map([
  ['interrupted', true],
  ['connection', true],
  ['timeout', true],
  ['malformed-frame', false],
  ['limit', false],
]);

/**
 * Whether a payload is an error in place of an answer, in the shapes that are around. A `message` or `detail` alone is one too, unless the
 * payload says what else it is: by its type, or by fields that answers have.
 *
 * @param typed - whether the answer's own payloads all have a `type`.
 */
export function isError(payload: unknown, typed: boolean): boolean {
  if (!isRecord(payload)) return Array.isArray(payload) && payload.some((item) => isRecord(item) && isError(item, typed));
  const { type, error } = payload;
  if (error !== undefined && error !== null && error !== '' && error !== false) return true;
  if (type === 'error' || type === 'response.error' || payload.object === 'error') return true;
  if (typeof payload.detail !== 'string' && typeof payload.message !== 'string') return false;
  return typed ? type === undefined : payload.choices === undefined && payload.usage === undefined && payload.id === undefined;
}

/**
 * Reads the error a provider put into a stream with HTTP status 200, whatever its shape:
 * `{ error: { message, type, code } }`, `{ error: '…' }`, `{ message }`, `{ detail }`, plain text, or one of these in an array.
 */
export function providerErrorFrom(given: Json): ProviderError {
  const payload: Json = Array.isArray(given) ? ((given as readonly Json[]).find((item) => isError(item, false)) ?? given) : given;
  const outer = record(payload);
  const inner = record(outer?.error) ?? outer;
  const metadata = record(inner?.metadata);
  const said = text(inner?.message) ?? text(outer?.error) ?? text(outer?.detail) ?? text(outer?.message) ?? text(payload) ?? 'no message';
  const message = withoutFrame(said);
  // Google's `code` is the HTTP status, and its `status` the word.
  const statusWord = typeof inner?.status === 'string' && Number.isNaN(Number(inner.status)) ? text(inner.status) : undefined;
  // `error` is the name of the event, not of what went wrong.
  const type = inner?.type === 'error' ? undefined : text(inner?.type);
  const providerCode =
    (typeof inner?.code === 'number' ? statusWord : undefined) ?? word(inner?.code) ?? type ?? text(metadata?.error_type) ?? statusWord;
  const status =
    httpStatus(inner?.status) ??
    httpStatus(inner?.status_code) ??
    httpStatus(inner?.code) ??
    httpStatus(outer?.status) ??
    httpStatus(outer?.status_code) ??
    STATUS_OF.get(providerCode ?? '') ??
    STATUS_OF.get(type ?? '');
  const retryable = mayHelp(status, providerCode, `${providerCode ?? ''} ${type ?? ''} ${message}`, said);
  return new ProviderError(`${PREFIX}${message}${retryable ? HINT : ''}`, {
    providerCode,
    status,
    retryable,
    raw: payload,
    excerpt: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
}

/** Whether asking again may help: by the status, else by a code that is known, else by the words. */
function mayHelp(status: number | undefined, code: string | undefined, words: string, said: string): boolean {
  if (FINAL_WORDS.test(words)) return false;
  if (status !== undefined) return isRetryableStatus(status);
  return OWN_CODES.get(code ?? '') ?? (said.endsWith(HINT) || RETRYABLE_WORDS.test(words));
}

/** Whether asking again may help, by HTTP status: timeouts, conflicts, rate limits, server faults. */
export function isRetryableStatus(status: number): boolean {
  return [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505);
}

/** What another toolstream wrote about an error is not wrapped once more. */
function withoutFrame(message: string): string {
  const inner = message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
  return inner.endsWith(HINT) ? inner.slice(0, -HINT.length) : inner;
}

function record(value: Json | undefined): { readonly [key: string]: Json | undefined } | undefined {
  return isRecord(value) ? value : undefined;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function word(value: Json | undefined): string | undefined {
  return typeof value === 'number' ? String(value) : text(value);
}

function httpStatus(value: Json | undefined): number | undefined {
  const status = typeof value === 'string' ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

import { ProviderError } from '../errors.ts';
import type { Json } from '../values.ts';

const RETRYABLE_WORDS = /overloaded|rate.?limit|too.?many|server.?error|internal|timeout|timed.?out|unavailable|try.?again|capacity/i;
const FINAL_WORDS = /insufficient.?quota|billing|credit/i;

/**
 * Reads the error a provider put into a stream with HTTP status 200, whatever its shape:
 * `{ error: { message, type, code } }`, `{ error: '…' }`, `{ message }`, `{ detail }`, or plain text.
 */
export function providerErrorFrom(payload: Json): ProviderError {
  const outer = record(payload);
  const inner = record(outer?.error) ?? outer;
  const metadata = record(inner?.metadata);
  const message =
    text(inner?.message) ?? text(outer?.error) ?? text(outer?.detail) ?? text(outer?.message) ?? text(payload) ?? 'no message';
  const status = httpStatus(inner?.status) ?? httpStatus(inner?.status_code) ?? httpStatus(inner?.code) ?? httpStatus(outer?.status_code);
  // Google's `code` is the HTTP status, and its `status` the word.
  const statusWord = typeof inner?.code === 'number' && Number.isNaN(Number(inner.status)) ? text(inner.status) : undefined;
  const providerCode = statusWord ?? word(inner?.code) ?? text(inner?.type) ?? text(metadata?.error_type);
  const words = `${providerCode ?? ''} ${text(inner?.type) ?? ''} ${message}`;
  const retryable =
    !FINAL_WORDS.test(words) &&
    (status === undefined
      ? RETRYABLE_WORDS.test(words)
      : status === 408 || status === 409 || status === 425 || status === 429 || status >= 500);
  return new ProviderError(`The provider reported an error inside the stream: ${message}${retryable ? ' (asking again may help)' : ''}`, {
    providerCode,
    status,
    retryable,
    raw: payload,
    excerpt: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
}

function record(value: Json | undefined): { readonly [key: string]: Json } | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [key: string]: Json }) : undefined;
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

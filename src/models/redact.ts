import { isToolstreamError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Json } from '../values.ts';

/** Blanks out what nobody may read. */
export type Redact = (text: string) => string;

/** Shorter words are no secrets, and blanking them out would make nonsense of a message. */
const SHORTEST = 6;

/** Headers that hold no secret. */
export const HARMLESS_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'user-agent']);

/** Servers quote the key they refuse, and errors are logged: blanks out the values of a request's headers and of its URL's query. */
export function redactor(url: string, headers: Readonly<Record<string, string>>): Redact {
  const sent = Object.entries(headers).filter(([name]) => !HARMLESS_HEADERS.has(name));
  const words = [...sent.flatMap(([, value]) => value.split(/\s+/)), ...new URL(url).searchParams.values(), ...rawValues(url)];
  const secrets = words.filter((word) => word.length >= SHORTEST && word.toLowerCase() !== 'bearer');
  const forms = new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]));
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) =>
    withoutTorn(
      longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text),
      longestFirst,
    );
}

/** Where an excerpt was cut: what stands before it may be the beginning of a secret. */
const CUT = /\u2026 \(\d+ more\)/g;

/** The same, without what a cut left of a secret. */
function withoutTorn(text: string, secrets: readonly string[]): string {
  let clean = '';
  let from = 0;
  for (const { index } of text.matchAll(CUT)) {
    const before = text.slice(from, index);
    const torn = Math.max(0, ...secrets.map((secret) => tornLength(before, secret)));
    clean += torn === 0 ? before : `${before.slice(0, before.length - torn)}[redacted]`;
    from = index;
  }
  return clean + text.slice(from);
}

/** How much of a secret's beginning a text ends with; a few letters are none. */
function tornLength(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length >= 4; length--)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
}

/** A query's values as the URL writes them. */
function rawValues(url: string): string[] {
  return new URL(url).search.split(/[?&]/).map((pair) => pair.slice(pair.indexOf('=') + 1));
}

/** A copy in which every text is redacted: the parsed form of what escapes a secret in a way of its own. */
export function redactJson(value: Json, redact: Redact): Json {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) => (typeof item === 'string' ? redact(item) : item)) as Json;
}

/** Redacts what an error of this library says, and what caused it; it stays the same error. */
export function redactError<E>(error: E, redact: Redact): E {
  if (!isToolstreamError(error)) return error;
  const fields = error as unknown as Record<string, unknown>;
  for (const key of Object.getOwnPropertyNames(error)) {
    const value = fields[key];
    if (typeof value === 'string') fields[key] = redact(value);
    else if (key === 'raw') fields[key] = redactJson(value as Json, redact);
    else if (key === 'cause') fields[key] = isToolstreamError(value) ? redactError(value, redact) : redactedCause(value, redact);
  }
  return error;
}

/** Redacts what a diagnostic quotes; every other event is the server's own word, and passes. */
export function redactDiagnostic(event: ModelEvent, redact: Redact): ModelEvent {
  if (event.type !== 'diagnostic') return event;
  const message = redact(event.message);
  return message === event.message ? event : { ...event, message };
}

/** How many causes deep is looked. */
const CAUSES = 5;

/** A copy of somebody else's error, of the same class: name, code and redacted words. Clients hang whole requests on their errors, the key among their headers. */
export function redactedCause(cause: unknown, redact: Redact, depth = 0): unknown {
  if (typeof cause === 'string') return redact(cause);
  if (!(cause instanceof Error)) return typeof cause === 'object' && cause !== null ? undefined : cause;
  const next = cause.cause !== undefined && depth < CAUSES ? { cause: redactedCause(cause.cause, redact, depth + 1) } : undefined;
  const copy: Error = Object.setPrototypeOf(new Error(redact(cause.message), next), Object.getPrototypeOf(cause));
  const code = 'code' in cause && typeof cause.code === 'string' ? { code: cause.code } : {};
  const hidden = (value: string) => ({ value, configurable: true, writable: true });
  Object.defineProperties(copy, { name: hidden(cause.name), ...(cause.stack && { stack: hidden(redact(cause.stack)) }) });
  return Object.assign(copy, code);
}

import { isToolstreamError } from '../errors.ts';
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
  return (text) => longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);
}

/** A query's values as the URL writes them. */
function rawValues(url: string): string[] {
  return new URL(url).search.split(/[?&]/).map((pair) => pair.slice(pair.indexOf('=') + 1));
}

/** A copy in which every text is redacted: the parsed form of what escapes a secret in a way of its own. */
export function redactJson(value: Json, redact: Redact): Json {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) => (typeof item === 'string' ? redact(item) : item)) as Json;
}

/** Redacts what an error of this library says; it stays the same error. */
export function redactError<E>(error: E, redact: Redact): E {
  if (!isToolstreamError(error)) return error;
  const fields = error as unknown as Record<string, unknown>;
  for (const key of Object.getOwnPropertyNames(error)) {
    const value = fields[key];
    if (typeof value === 'string') fields[key] = redact(value);
    else if (key === 'raw') fields[key] = redactJson(value as Json, redact);
  }
  return error;
}

export { isRetryableStatus } from '../dialects/provider-error.ts';

/** What a provider's error body says. */
export interface ProviderProblem {
  readonly message: string;
  /** The provider's own code or type, e.g. `insufficient_quota`. */
  readonly code: string | undefined;
}

/**
 * Reads an error body in the forms there are: `{error: {message, type, code}}`, `{error: "…"}`, `{errors: [{message}]}`, `{message}`,
 * `{detail}` as text or as a list of `{loc, msg}`, each also inside an array. Of a list only place and message are taken: its
 * `input` is the request, and with it the prompt.
 */
export function providerProblem(body: unknown): ProviderProblem | undefined {
  const outer = recordOf(Array.isArray(body) ? body[0] : body);
  if (outer === undefined) return undefined;
  const inner = recordOf(outer.error) ?? recordOf(firstOf(outer.errors)) ?? outer;
  const message = textOf(outer.error) ?? textOf(inner.message) ?? textOf(inner.detail) ?? textOf(inner.msg);
  if (message === undefined) return undefined;
  return {
    message,
    code: wordOf(inner.code) ?? wordOf(inner.type) ?? wordOf(inner.status),
  };
}

/** A used-up quota or balance comes with the status of a rate limit, but waiting does not refill it. */
export function isUsedUp(code: string | undefined): boolean {
  return code !== undefined && /insufficient_(quota|balance|credits?|funds)|billing|quota_exceeded/i.test(code);
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function wordOf(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  if (Array.isArray(value)) return value.map(textOfIssue).filter(Boolean).join('; ') || undefined;
  const nested = recordOf(value);
  return nested && (textOf(nested.message) ?? textOf(nested.detail));
}

function textOfIssue(value: unknown): string | undefined {
  const issue = recordOf(value);
  if (issue === undefined) return textOf(value);
  const place = Array.isArray(issue.loc) ? `${issue.loc.join('.')}: ` : '';
  const message = textOf(issue.msg) ?? textOf(issue.message);
  return message && place + message;
}

import { HttpError, isToolstreamError, ProviderError, TimeoutError } from 'toolstream';
import { ZodError } from 'zod';

/** An error as an OpenAI client expects it. */
export interface Refused {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string | null };
  };
}

/** What is wrong with the client's request, not with the gateway's: passed on. The gateway's own key (401, 403) is none of the client's. */
const OF_THE_CLIENT = new Set([400, 404, 408, 409, 413, 422, 429]);

/** Words an error, with a status that fits. Nothing of it is told but message and code. */
export function refusedBy(error: unknown): Refused {
  if (error instanceof ZodError) {
    const [issue] = error.issues;
    const where = issue?.path.join('.') ?? '';
    return refused(
      400,
      `${where === '' ? 'The body' : `\`${where}\``}: ${issue?.message ?? 'not a chat request'}.`,
      'invalid_request_error',
      null,
      where,
    );
  }
  if (error instanceof SyntaxError) return refused(400, 'The body is no JSON.', 'invalid_request_error', null);
  if (!isToolstreamError(error)) return refused(500, 'The gateway failed.', 'server_error', null);
  const code = error instanceof ProviderError ? (error.providerCode ?? error.code) : error.code;
  const { status, body } = refused(statusOf(error), error.message, 'upstream_error', code);
  const wait = error instanceof HttpError ? error.retryAfterMs : undefined;
  return { status, body, headers: wait === undefined ? {} : { 'retry-after': String(Math.ceil(wait / 1000)) } };
}

/** Words a refusal of the gateway's own. */
export function refused(status: number, message: string, type: string, code: string | null, param = ''): Refused {
  return { status, headers: {}, body: { error: { message, type, param: param || null, code } } };
}

function statusOf(error: Error): number {
  if (error instanceof TimeoutError) return 504;
  if (!(error instanceof HttpError || error instanceof ProviderError)) return 502;
  if (error.status !== undefined && OF_THE_CLIENT.has(error.status)) return error.status;
  return error.retryable ? 503 : 502;
}

import { isToolstreamError, ProviderError, type ToolstreamError } from '../errors.ts';
import type { Json } from '../values.ts';
import { providerErrorFrom } from './provider-error.ts';

/** An error as an encoder may tell it: a message and codes; excerpts, causes and partial answers stay here. */
export interface WrittenError {
  readonly message: string;
  /** The provider's code where it has one, else this library's; `null` for an error that is not the library's own. */
  readonly code: string | null;
  readonly status: number | undefined;
  /** Whether asking again may help. */
  readonly retryable: boolean;
}

/** What may be told of an error. One that is not the library's own may quote anything, so it is not quoted: a fault of the server, no more. */
export function writtenError(error: unknown): WrittenError {
  if (!isToolstreamError(error)) return { message: 'The answer failed.', code: null, status: 500, retryable: true };
  const code = error instanceof ProviderError ? (error.providerCode ?? error.code) : error.code;
  return { message: error.message, code, status: 'status' in error ? error.status : undefined, retryable: mayHelp(error) };
}

/** Silence and lost connections pass; what is malformed or too long comes again. */
function mayHelp(error: ToolstreamError): boolean {
  if ('retryable' in error) return error.retryable;
  return error.code === 'interrupted' || error.code === 'timeout';
}

/**
 * The status that has to stand beside an error so that whoever reads it knows whether asking again may help: its own, or the nearest
 * where the words alone would be misread, or none.
 *
 * @param payload the error as it is written without a status
 */
export function neededStatus({ status, retryable }: WrittenError, payload: Json): number | undefined {
  if (status !== undefined) return status;
  if (providerErrorFrom(payload).retryable === retryable) return undefined;
  return retryable ? 503 : 400;
}

/** An error as OpenAI words it, with its status beside it where it has one. */
export function chatError(error: unknown): { readonly [key: string]: Json } {
  const written = writtenError(error);
  const { message, code } = written;
  const said = { message, type: code === null ? 'server_error' : 'upstream_error', code };
  const status = neededStatus(written, { error: said });
  return { ...said, ...(status !== undefined && code !== null && { status }) };
}

import { isToolstreamError } from '../errors.ts';
import type { FailureSummary } from './report.ts';

/** Which error it was, without what it says: a message may quote the input. Foreign errors have a code or a name, or neither. */
export function failureOf(error: unknown): FailureSummary {
  if (isToolstreamError(error)) {
    if (error.code === 'timeout') return { code: error.code, kind: error.kind };
    if (error.code === 'http' || error.code === 'provider')
      return { code: error.code, ...(error.status === undefined ? {} : { status: error.status }) };
    return { code: error.code };
  }
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return { code };
  return { code: typeof name === 'string' ? name : 'unknown' };
}

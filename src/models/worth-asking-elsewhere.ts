import { ConnectionError, HttpError, InterruptedError, MalformedFrameError, ProviderError, TimeoutError } from '../errors.ts';
import { isUsedUp } from './provider-problem.ts';

/** The request is at fault: too long, malformed, or refused for what it says. Another endpoint would say the same, or be billed for it. */
const REQUEST_AT_FAULT: ReadonlySet<number> = new Set([400, 413, 414, 415, 422, 431]);

/** Anthropic says with status 400 and `invalid_request_error` that nothing is left to pay with. */
const USED_UP = /credit balance|insufficient.?(quota|balance|credits?|funds)|quota or balance is used up/i;

/**
 * Whether another endpoint may answer where this one failed before its first event: it was out of reach, silent, busy or broken, spoke
 * something else, did not know the key or the model, or its quota is used up. Not where the request itself was refused (400, 413, 422 …), nor for
 * errors that are not of this library: those are bugs until somebody says otherwise.
 *
 * The default of {@link FallbackOptions.when}, exported so that a rule of one's own can begin with it.
 *
 * @param error - What a model failed with before its first event.
 *
 * @example
 * ```ts
 * import { HttpError, isWorthAskingElsewhere } from 'toolstream';
 *
 * console.log(isWorthAskingElsewhere(new HttpError('busy', { status: 503, retryable: true }))); // true
 * console.log(isWorthAskingElsewhere(new HttpError('too long', { status: 413, retryable: false }))); // false
 * ```
 */
export function isWorthAskingElsewhere(error: unknown): boolean {
  if (error instanceof HttpError || error instanceof ProviderError) {
    if (error.retryable || USED_UP.test(error.message)) return true;
    if (error instanceof ProviderError && isUsedUp(error.providerCode)) return true;
    return error.status !== undefined && !REQUEST_AT_FAULT.has(error.status);
  }
  return (
    error instanceof ConnectionError ||
    error instanceof TimeoutError ||
    error instanceof InterruptedError ||
    error instanceof MalformedFrameError
  );
}

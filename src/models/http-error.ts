import { asyncScheduler } from 'rxjs';
import { providerErrorFrom } from '../dialects/provider-error.ts';
import { excerptOf, HttpError, type ProviderError } from '../errors.ts';
import type { Json } from '../values.ts';
import { shownUrl } from './join-url.ts';
import { isRetryableStatus, isUsedUp, type ProviderProblem, providerProblem } from './provider-problem.ts';
import { type Redact, redactJson, redactor } from './redact.ts';
import { type FetchResponse, isRedirect } from './redirects.ts';
import { retryAfterMs } from './retry-after.ts';

/** What an answer that is no stream came in. */
export interface Refusal {
  readonly response: FetchResponse;
  /** The body as far as it was read. */
  readonly text: string;
  readonly url: string;
  /** Where the request was sent on to, or would have been. */
  readonly redirectedTo?: string | undefined;
  /** The headers that were sent: their values are blanked out wherever the server repeats them. */
  readonly sent: Readonly<Record<string, string>>;
}

/** How much of a provider's own message is quoted, in UTF-16 code units. */
const MESSAGE_LIMIT = 500;

/** A response whose status is not 2xx, as an error that says what to do about it. */
export function httpErrorOf(refusal: Refusal): HttpError {
  const { status, headers } = refusal.response;
  const { text, json } = redacted(refusal);
  const problem = providerProblem(json);
  const wait = retryAfterMs(headers, asyncScheduler.now());
  const usedUp = status === 402 || isUsedUp(problem?.code);
  const said = problem ? `: ${quoted(problem)}` : '.';
  return new HttpError(`${shownUrl(refusal.url)} answered ${status}${said} ${advice(refusal, text, usedUp, wait)}`, {
    status,
    retryable: isRetryableStatus(status) && !usedUp,
    retryAfterMs: wait,
    ...seen(refusal, problem ? undefined : text),
  });
}

/** A 2xx response that is one JSON document or an HTML page where a stream was asked for. An error in it is the provider's own. */
export function notAStream(refusal: Refusal): HttpError | ProviderError {
  const { status } = refusal.response;
  const { text, json } = redacted(refusal);
  const where = shownUrl(refusal.url);
  const first = Array.isArray(json) ? json[0] : json;
  if (hasError(first)) return providerErrorFrom(first);
  const message = isHtml(text)
    ? `${where} answered ${status} with an HTML page where a stream was asked for. ${HTML_ADVICE}`
    : `${where} answered ${status} with one JSON document where a stream was asked for: it ignored \`stream: true\`. ` +
      'Check that the model and every proxy on the way support streaming, and that `url` is the base URL of the API.';
  return new HttpError(message, { status, retryable: false, ...seen(refusal, text) });
}

/** Whether text is a web page. */
export function isHtml(text: string): boolean {
  return /^\s*<(!doctype|html|head|body|\?xml|!--)/i.test(text);
}

const HTML_ADVICE =
  'Check that `url` is the base URL of the API (it mostly ends in `/v1`), and that no login page, proxy or firewall stands in between.';

function advice({ response, sent, redirectedTo }: Refusal, text: string, usedUp: boolean, wait: number | undefined): string {
  const { status } = response;
  const redirected =
    redirectedTo === undefined ? '' : ` The request was redirected to ${shownUrl(redirectedTo)}: use the base URL of that.`;
  if (isRedirect(response)) return `${REDIRECT_ADVICE}${redirected || ' Set `url` to where the API is.'}`;
  if (isHtml(text) && status !== 429 && status < 500) return HTML_ADVICE + redirected;
  if (usedUp) return 'The quota or balance is used up: check plan and billing. Asking again will not help.';
  if (status === 401 || status === 403) {
    const noKey = !('authorization' in sent) && !Object.keys(sent).some((name) => name.includes('key'));
    if (noKey) return `No key was sent: set \`apiKey\`.${redirected}`;
    return `The key is wrong, or belongs to another provider than the base URL: check \`apiKey\` and \`url\`.${redirected}`;
  }
  if (status === 404 || status === 405)
    return `Nothing answers there: check the base URL in \`url\` and the name in \`model\`.${redirected}`;
  if (status === 408 || status === 425 || status === 409) return 'Ask again.';
  if (status === 413) return 'The request is too large: shorten the messages.';
  if (status === 429) {
    const when = wait === undefined ? 'Ask again later' : `Ask again in ${Math.ceil(wait / 1000)} s`;
    return `Too many requests or tokens: ${when.charAt(0).toLowerCase()}${when.slice(1)}, or ask less at once.`;
  }
  if (status >= 500) return 'The server or a proxy before it failed: ask again later, or see the status page of the provider.';
  return `The server did not accept the request: check \`model\` and what it names; fields only some APIs know are set in \`body\`.${redirected}`;
}

const REDIRECT_ADVICE = 'A redirect that drops the body or the encryption, leads to no web address, or goes on and on is not followed.';

function quoted({ message, code }: ProviderProblem): string {
  return `"${excerptOf(message, MESSAGE_LIMIT)}"${code && !message.includes(code) ? ` (${code})` : ''}.`;
}

function seen({ response }: Refusal, excerpt: string | undefined) {
  return {
    contentType: response.headers.get('content-type') ?? undefined,
    ...(excerpt === undefined || excerpt === '' ? {} : { excerpt }),
  };
}

/** The body as it may be shown. JSON is written anew: servers have ways of their own to escape what they repeat. */
function redacted({ url, sent, text }: Refusal): { readonly text: string; readonly json: Json | undefined } {
  const redact = redactor(url, sent);
  const json = parsed(text, redact);
  return { text: redact(json === undefined ? text : JSON.stringify(json)), json };
}

function parsed(text: string, redact: Redact): Json | undefined {
  try {
    return redactJson(JSON.parse(text), redact);
  } catch {
    return undefined;
  }
}

function hasError(json: Json | undefined): json is Json {
  return typeof json === 'object' && json !== null && 'error' in json && json.error !== null;
}

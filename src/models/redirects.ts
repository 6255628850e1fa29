import { HARMLESS_HEADERS } from './redact.ts';

/** The part of `fetch` that is used: the global one fits, and so does one that does no more. */
export type Fetch = (url: string, init: RequestInit) => Promise<FetchResponse>;

/** What is used of a `Response`. */
export interface FetchResponse extends Pick<Response, 'ok' | 'status' | 'type' | 'redirected' | 'url'> {
  readonly headers: Pick<Headers, 'get'>;
  readonly body: FetchBody | null;
}

/** What is used of a response's body. */
export interface FetchBody {
  /** Takes the body: it has one reader. */
  getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>;
  /** Lets go of the body, and of the connection where more would come. */
  cancel(): Promise<void>;
}

/** How many redirects in a row are followed: as many as `fetch` itself follows. */
const MAX_REDIRECTS = 20;

/** A response, and where it came from when that is another place than was asked. */
export interface Reached {
  readonly response: FetchResponse;
  readonly redirectedTo?: string | undefined;
}

/**
 * Sends a request and follows redirects. `fetch` could do that itself, but it makes a GET of a redirected POST, and of all headers with a
 * key in them it withholds only `authorization` from another origin.
 *
 * A POST goes on where method and body stay the same (307, 308), a GET always; to another origin it goes without any header that may be a secret.
 * Never from https to http.
 * A redirect that is not followed is given as it came. In a page, redirects cannot be seen: there `fetch` follows them where no key can be lost.
 *
 * @see https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
export async function followingRedirects(
  fetch: Fetch,
  url: string,
  init: RequestInit & { headers: Record<string, string> },
): Promise<Reached> {
  let { headers } = init;
  let at = url;
  for (let hops = 0; ; hops++) {
    const response = await fetch(at, { ...init, headers, redirect: 'manual' });
    if (response.type === 'opaqueredirect') return inPage(fetch, at, { ...init, headers }, response);
    const target = targetOf(response, at);
    const isFollowed =
      target !== undefined && hops < MAX_REDIRECTS && (keepsMethod(response) || init.method === 'GET') && !bares(at, target);
    // A fetch of the caller's own may follow redirects whatever it is told.
    if (!isFollowed) return { response, redirectedTo: target ?? (response.redirected ? response.url : at === url ? undefined : at) };
    response.body?.cancel().catch(() => {});
    if (init.signal?.aborted) throw init.signal.reason;
    if (new URL(target).origin !== new URL(at).origin) headers = withoutSecrets(headers);
    at = target;
  }
}

/** Whether a response sends the request elsewhere. */
export function isRedirect({ status, type }: FetchResponse): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status);
}

/** What a page is not told may lead to another origin, which `fetch` would send every header but `authorization`. */
async function inPage(
  fetch: Fetch,
  url: string,
  init: RequestInit & { headers: Record<string, string> },
  opaque: FetchResponse,
): Promise<Reached> {
  const { authorization, ...others } = init.headers;
  if (Object.keys(withoutSecrets(others)).length < Object.keys(others).length) return { response: opaque };
  const response = await fetch(url, { ...init, redirect: 'follow' });
  return { response, ...(response.redirected && { redirectedTo: response.url }) };
}

/** Whether a redirect would take a request that was encrypted over a line that is not. */
const bares = (from: string, to: string) => from.startsWith('https:') && to.startsWith('http:');

const keepsMethod = ({ status }: FetchResponse) => status === 307 || status === 308;

function targetOf(response: FetchResponse, base: string): string | undefined {
  const location = isRedirect(response) ? response.headers.get('location') : null;
  if (location === null) return undefined;
  try {
    const { href, protocol } = new URL(location, base);
    return /^https?:$/.test(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}

function withoutSecrets(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS_HEADERS.has(name)));
}

/**
 * Joins an endpoint's base URL and a dialect's path. A slash at the end of the base does not matter, the query strings of both are kept,
 * and a base that already ends with the path stays as it is. In a browser the base may be relative to the page.
 *
 * @throws TypeError when `base` is no http(s) URL, or carries a user and password. The message never quotes it: a URL may hold a key.
 */
export function joinUrl(base: string, path: string): string {
  const url = parse(base);
  const [pathname = '', query = ''] = path.split('?', 2);
  const trunk = withoutSlashes(url.pathname);
  const branch = `/${pathname.replace(/^\/+/, '')}`;
  url.pathname = trunk.endsWith(branch) ? trunk : trunk + branch;
  if (query !== '') for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
  if (base.includes('#')) url.hash = '';
  return url.href;
}

/** A URL as an error message may show it: without query, user and password, any of which may be a key. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function parse(base: string): URL {
  const url = tryUrl(base) ?? relativeToPage(base);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      "An endpoint's `url` is the API's base URL with its scheme, e.g. 'https://api.openai.com/v1'; this one is no http(s) URL.",
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      "An endpoint's `url` holds no user or password: fetch refuses it. Send an `authorization` header through `headers`.",
    );
  }
  return url;
}

function tryUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** Only where there is a page, and only for what is clearly a path: `api.openai.com/v1` is a forgotten scheme. */
function relativeToPage(path: string): URL | undefined {
  if (!/^\.{0,2}\//.test(path) || typeof location === 'undefined') return undefined;
  return tryUrl(path, location.href);
}

/** By hand: the pattern for it takes the square of the slashes. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 0x2f /* / */) end--;
  return path.slice(0, end);
}

import type { Dialect, EncodeOptions, Framing } from '../dialects/dialect.ts';
import { checkedRequest, type RequestInput } from '../messages.ts';
import { framingsOf } from './framing.ts';
import { joinUrl, shownUrl } from './join-url.ts';

/** Where a model is reached, and how it is spoken to. */
export interface Endpoint extends EncodeOptions {
  /** How the API speaks, e.g. `openAiChat`. */
  readonly dialect: Dialect;
  /**
   * The API's base URL, e.g. `https://api.openai.com/v1`. The dialect's path is appended where the URL does not already end with it; a query
   * string is kept.
   */
  readonly url: string;
  /** The model's name in the provider's words. */
  readonly model: string;
  /** The key, or a function that is called once for each try of each request (key rotation). None: no key is sent. */
  readonly apiKey?: string | undefined | (() => string | undefined | Promise<string | undefined>);
  /** Sent with each request; these win over the library's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields merged into each request's body; the request's own `extra` wins. `undefined` takes a field out. */
  readonly body?: { readonly [key: string]: unknown };
  /** The last word on each request's body, for an API that names or refuses fields its own way. */
  readonly adaptBody?: (body: { readonly [key: string]: unknown }) => { readonly [key: string]: unknown };
}

/** A request as {@link fetchBytes} sends it. Printing it, as JSON too, shows neither key nor prompt; printing a copy by spread (`{ ...request }`) does. */
export interface HttpRequest {
  readonly url: string;
  /** Default: `POST`. `GET` goes without the body. */
  readonly method?: 'GET' | 'POST';
  /** JSON. */
  readonly body: string;
  /** Called once for each try; asks `apiKey`. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** How the response may be framed, so that something else can be told from it. */
  readonly framings: readonly Framing[];
}

/**
 * Encodes a request for an endpoint. Nothing is sent and no key is asked for before the result is handed to {@link fetchBytes}
 * and that is subscribed.
 *
 * @throws TypeError when the endpoint lacks a dialect, a model or a usable `url`, a message is none, or the body is not JSON.
 *
 * @example
 * ```ts
 * import { httpRequest, openAiChat } from 'toolstream';
 *
 * const endpoint = { dialect: openAiChat, url: 'https://api.openai.com/v1/', model: 'gpt-4.1', apiKey: 'sk-…' };
 * console.log(httpRequest(endpoint, { messages: [] }).url); // https://api.openai.com/v1/chat/completions
 * ```
 *
 * @see https://fetch.spec.whatwg.org/#requests
 */
export function httpRequest(endpoint: Endpoint, input: RequestInput): HttpRequest {
  checkFields(endpoint);
  return encodedFor(endpoint, input);
}

/** The same for an endpoint that was checked. */
export function encodedFor(endpoint: Endpoint, input: RequestInput): HttpRequest {
  const request = checkedRequest(input);
  const { dialect, model, legacyFunctions, streamUsage, maxTokensField, customTools } = endpoint;
  const extra = { ...endpoint.body, ...request.extra };
  const { path, headers, body } = dialect.encodeRequest(
    { ...request, extra },
    { model, legacyFunctions, streamUsage, maxTokensField, customTools },
  );
  return {
    __proto__: discreet(),
    url: joinedUrl(endpoint, path),
    body: JSON.stringify(endpoint.adaptBody ? endpoint.adaptBody(body) : body),
    headers: () => resolveHeaders(endpoint, headers),
    framings: framingsOf(dialect),
  } as HttpRequest;
}

/** What an endpoint's URL came to: joining it parses it, and an endpoint asks at one place. */
const joinedUrls = new WeakMap<Endpoint, { readonly base: string; readonly path: string; readonly url: string }>();

function joinedUrl(endpoint: Endpoint, path: string): string {
  const base = endpoint.url;
  const known = joinedUrls.get(endpoint);
  if (known?.base === base && known.path === path) return known.url;
  const url = joinUrl(base, path);
  // Any other is relative to the page, which changes.
  if (/^https?:/i.test(base)) joinedUrls.set(endpoint, { base, path, url });
  return url;
}

/** A URL may hold a key, a body holds the prompt, and requests end up in logs. */
const shown = {
  value(this: HttpRequest) {
    // The prototype itself, which tools that walk up ask too.
    if (this.body === undefined) return {};
    return { url: shownUrl(this.url), body: `${this.body.length} characters`, framings: this.framings };
  },
};

let hiding: object | undefined;

/** What requests inherit from, made on first need: a bundle in which nobody asks for it need not keep it. */
function discreet(): object {
  hiding ??= Object.defineProperties({}, { toJSON: shown, [Symbol.for('nodejs.util.inspect.custom')]: shown });
  return hiding;
}

/**
 * Throws where an endpoint cannot work.
 *
 * @throws TypeError that names the field and says what belongs there.
 */
export function checkEndpoint(endpoint: Endpoint): void {
  checkFields(endpoint);
  joinUrl(endpoint.url, '');
}

/** All but whether the `url` is one, which joining it says. */
function checkFields(endpoint: Endpoint): void {
  const { dialect, model, url, apiKey } = endpoint;
  if (typeof dialect?.encodeRequest !== 'function') {
    throw new TypeError('An endpoint needs a `dialect`: how its API speaks, e.g. `dialect: openAiChat`.');
  }
  if (typeof model !== 'string' || model === '') {
    throw new TypeError("An endpoint needs a `model`: its name in the provider's words, e.g. `model: 'gpt-4.1'`.");
  }
  if (typeof url !== 'string' || url === '') {
    throw new TypeError("An endpoint needs a `url`: the API's base URL, e.g. `url: 'https://api.openai.com/v1'`.");
  }
  if (apiKey !== undefined && typeof apiKey !== 'string' && typeof apiKey !== 'function') {
    throw new TypeError("An endpoint's `apiKey` is a string or a function that returns one (or a Promise of one).");
  }
}

/** Asks for the key: once for each try. */
export async function resolveKey({ apiKey }: Pick<Endpoint, 'apiKey'>): Promise<string | undefined> {
  const key = typeof apiKey === 'function' ? await apiKey() : apiKey;
  if (key !== undefined && typeof key !== 'string') throw new TypeError('The `apiKey` function must return a string or a Promise of one.');
  return key?.trim() || undefined;
}

async function resolveHeaders(endpoint: Endpoint, encoded: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const key = await resolveKey(endpoint);
  const layers = [
    { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
    encoded,
    key ? endpoint.dialect.authHeaders(key) : {},
    endpoint.headers ?? {},
  ];
  return mergeHeaders(layers);
}

/** Later layers win; names in lower case. */
export function mergeHeaders(layers: ReadonlyArray<Readonly<Record<string, string>>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const layer of layers) for (const [name, value] of Object.entries(layer)) headers[name.toLowerCase()] = checkedHeader(name, value);
  return headers;
}

/** `fetch` itself would quote the value, that is the key, in its error. */
function checkedHeader(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what HTTP refuses are exactly control characters, and what is not Latin-1.
  if (!/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(value)) return value;
  throw new TypeError(
    `The value of the header \`${name}\` has a character HTTP does not allow (a line break, a quote from a web page …). Check the key.`,
  );
}

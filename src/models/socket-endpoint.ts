import type { EncodeOptions } from '../dialects/dialect.ts';
import type { SocketProtocol } from '../dialects/socket-protocol.ts';
import { checkedRequest, type ModelRequest, type RequestInput } from '../messages.ts';
import { type Endpoint, mergeHeaders, resolveKey } from './endpoint.ts';
import { type Redact, redactor } from './redact.ts';
import { checkSocketClass, sendsHeaders, type WebSocketClass } from './socket-like.ts';

/** Where a model is reached over a WebSocket, and how it is spoken to. */
export interface SocketEndpoint extends EncodeOptions, Pick<Endpoint, 'apiKey' | 'headers' | 'body' | 'adaptBody'> {
  /** How the API speaks: `responsesSession`, `chatChunks` or `duplexSession`. */
  readonly protocol: SocketProtocol;
  /** The whole URL, e.g. `wss://api.example/v1/chat/stream`. */
  readonly url: string;
  /** The class that connects: `WebSocket` of the package `ws`. Default: the runtime's own, which can ping on Bun alone. */
  readonly webSocket?: WebSocketClass | undefined;
  /**
   * Where the key goes: a `header`; a `subprotocol` (the protocol's name and `bearer.` with the key in base64url); or a `message`, the first
   * one. Default: `header` where the runtime can send one, `subprotocol` in a browser. `responsesSession` knows `header` alone.
   */
  readonly authorization?: 'header' | 'subprotocol' | 'message';
  /** Subprotocols to offer besides. */
  readonly subprotocols?: readonly string[];
}

/** What opens one connection. */
export interface Opening {
  readonly subprotocols: string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Sent before anything else. */
  readonly messages: readonly string[];
  readonly redact: Redact;
}

/**
 * Throws where an endpoint cannot work.
 *
 * @throws TypeError that names the field and says what belongs there.
 */
export function checkSocketEndpoint(endpoint: SocketEndpoint): void {
  const { protocol, model, apiKey, authorization, webSocket, headers } = endpoint;
  if (protocol?.framing !== 'messages') {
    throw new TypeError('socketModel needs a `protocol`: how its API speaks over a WebSocket, e.g. `protocol: duplexSession`.');
  }
  if (typeof model !== 'string' || model === '') {
    throw new TypeError("socketModel needs a `model`: its name in the provider's words, e.g. `model: 'gpt-4.1'`.");
  }
  if (apiKey !== undefined && typeof apiKey !== 'string' && typeof apiKey !== 'function') {
    throw new TypeError("An endpoint's `apiKey` is a string or a function that returns one (or a Promise of one).");
  }
  checkSocketClass(webSocket);
  if (authorization !== undefined && !['header', 'subprotocol', 'message'].includes(authorization)) {
    throw new TypeError(`\`authorization\` is ${JSON.stringify(authorization)}: use 'header', 'subprotocol' or 'message'.`);
  }
  if (!sendsHeaders(webSocket) && (authorization === 'header' || (headers && Object.keys(headers).length > 0))) {
    throw new TypeError(
      "A browser's WebSocket sends no headers: leave `headers` out, and set `authorization` to 'subprotocol' or 'message'.",
    );
  }
  const place = keyPlace(endpoint);
  if (apiKey && ((place === 'subprotocol' && !protocol.subprotocol) || (place === 'message' && !protocol.authMessage))) {
    throw new TypeError(
      `\`${protocol.name}\` takes its key as a header, not as a ${place}: set \`authorization\` to 'header'; in a browser let a server of yours hold the key.`,
    );
  }
  socketUrl(endpoint.url);
}

function keyPlace({ authorization, webSocket }: SocketEndpoint): 'header' | 'subprotocol' | 'message' {
  return authorization ?? (sendsHeaders(webSocket) ? 'header' : 'subprotocol');
}

/** `http` and `https` become `ws` and `wss`. The message never quotes the URL: it may hold a key. */
export function socketUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^(wss?|https?):$/.test(url.protocol)) {
    throw new TypeError(
      "socketModel needs a `url` with its scheme, e.g. `url: 'wss://api.example/v1/chat/stream'`; this one is no ws(s) URL.",
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError("An endpoint's `url` holds no user or password: send an `authorization` header through `headers`.");
  }
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.hash = '';
  return url.href;
}

/** The message that asks, with the whole history. */
export function askingBody(endpoint: SocketEndpoint, input: RequestInput): { readonly [key: string]: unknown } {
  const request: ModelRequest = checkedRequest(input);
  const { protocol, model, legacyFunctions, streamUsage, maxTokensField, customTools } = endpoint;
  const extra = { ...endpoint.body, ...request.extra };
  const options = { model, legacyFunctions, streamUsage, maxTokensField, customTools } as EncodeOptions;
  const { body } = protocol.encodeRequest({ ...request, extra }, options);
  return endpoint.adaptBody ? endpoint.adaptBody(body) : body;
}

/** Asks for the key and puts it where it belongs. */
export async function openingOf(endpoint: SocketEndpoint): Promise<Opening> {
  const { protocol, url } = endpoint;
  const key = await resolveKey(endpoint);
  const where = keyPlace(endpoint);
  const auth = key ? protocol.authHeaders(key) : {};
  const headers = mergeHeaders([where === 'header' ? auth : {}, endpoint.headers ?? {}]);
  const token = key && where === 'subprotocol' ? `bearer.${base64Url(key)}` : undefined;
  return {
    headers,
    subprotocols: [
      ...(token && protocol.subprotocol ? [protocol.subprotocol] : []),
      ...(endpoint.subprotocols ?? []),
      ...(token ? [token] : []),
    ],
    messages: key && where === 'message' && protocol.authMessage ? [JSON.stringify(protocol.authMessage(key))] : [],
    redact: redactor(socketUrl(url), { ...auth, ...headers, ...(token && { token: `${token} ${token.slice(7)}` }) }),
  };
}

/** The alphabet of subprotocols has neither `+` nor `/` nor `=`. */
function base64Url(text: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

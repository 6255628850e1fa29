import {
  catchError,
  defer,
  finalize,
  map,
  merge,
  type Observable,
  startWith,
  switchMap,
  takeUntil,
  takeWhile,
  tap,
  throwError,
} from 'rxjs';
import { checkDecoderOptions, type DecoderOptions } from '../dialects/dialect.ts';
import { ConnectionError, ProviderError } from '../errors.ts';
import type { Diagnostic, ModelEvent } from '../events.ts';
import type { ModelRequest } from '../messages.ts';
import { checkParseSseOptions } from '../sse/parser.ts';
import { through } from '../through.ts';
import { abortionOf } from './abortion.ts';
import { EndAfterFinish } from './end-after-finish.ts';
import type { Gate } from './gate.ts';
import { checkKeepAlive, type KeepAliveTimes } from './keep-alive.ts';
import type { Model } from './model.ts';
import { redactDiagnostic, redactError } from './redact.ts';
import { beforeFirstEvent, cancellationBy, checkedRetry, type RetryOptions, retrying } from './retry.ts';
import type { SocketConnection } from './socket-connection.ts';
import { messageDecoder } from './socket-decoder.ts';
import { refusalOf } from './socket-end.ts';
import { askingBody, checkSocketEndpoint, type SocketEndpoint } from './socket-endpoint.ts';
import { canPing } from './socket-like.ts';
import { connect } from './socket-opening.ts';
import { endWith, SocketSessions } from './socket-sessions.ts';
import { checkedTimeouts, type Timeouts, TryClock } from './try-clock.ts';

/** An endpoint behind a WebSocket, and how to get along with it. */
export interface SocketModelOptions extends SocketEndpoint, Omit<DecoderOptions, 'callIdSeed'> {
  /** The limits of each try of each round, in milliseconds; `connectMs` counts from making the socket until it is open. */
  readonly timeouts?: Timeouts;
  /** When a round that has yielded nothing yet is asked again, on a new connection. */
  readonly retry?: RetryOptions;
  /** Pings, where the socket's class has them (`ws`, Bun's own). */
  readonly keepAlive?: KeepAliveTimes;
  /** Bytes of one message. Default: 16 MiB. */
  readonly maxFrameBytes?: number;
  /** Bytes of messages that wait for their reader: while the `gate` is closed, or between two rounds. Default: 16 MiB. */
  readonly maxQueuedBytes?: number;
  /** Holds reading back while it is closed; down to the network with `ws` and on Bun, else what comes is queued. Default: none. */
  readonly gate?: Gate;
  /** With `chatChunks`: how long after the finish reason token counts or the end mark are waited for, in milliseconds. Default: 500; `Infinity` for ever. */
  readonly graceMs?: number;
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/**
 * A model behind a WebSocket: each call is one round as model events.
 *
 * ```text
 * try 1    --#                        (connection refused)
 * try 2          s-t-c-e|             (round start, text, call, round end)
 * model    --r---s-t-c-e|             (r: a diagnostic with the code `retried`)
 * round 2                 t-e|        (sessions: on the same connection)
 * ```
 *
 * Cold: each subscription asks anew. Emits what the protocol decodes, and a binary message as a `provider-event` named `binary` with its bytes in
 * base64; completes at `round-end`. Where the runtime's sockets cannot ping, a `diagnostic` says so (`no-keep-alive`).
 *
 * With `chatChunks` each round has a connection. With `responsesSession` and `duplexSession` one connection carries all rounds of an answer, if
 * the model is given the `answer` signal: a request that adds nothing but the last reply and a result for each of its calls goes there, as
 * results alone. The connection closes when a round has no calls, when the answer is over, and when a round is unsubscribed or fails. If it was lost
 * while the tools ran, or says that it can go on no more, the round is asked on a new one, with the whole history.
 *
 * Tries are repeated as with `httpModel`: only while there is no event. After the first event a lost connection, a keep-alive ping without an
 * answer, or silence is an {@link InterruptedError}; a message beyond `maxFrameBytes` is a {@link LimitError}.
 *
 * Buffers at most `maxQueuedBytes`. The WebSockets of browsers, Node and Deno cannot be held back: with a slow reader behind a `gate` they end at that bound.
 *
 * Unsubscribing closes the connection at any moment, a pending key or backoff included; so does the `answer` signal, with an {@link InterruptedError}.
 *
 * @param options - See {@link SocketModelOptions}.
 * @throws TypeError or RangeError at the call where the endpoint or a number cannot work, or where there is no WebSocket (Node 20).
 *
 * @example
 * ```ts
 * import { once } from 'node:events';
 * import { duplexSession, socketModel, streamAnswer, textOnly } from 'toolstream';
 * import { WebSocket, WebSocketServer } from 'ws';
 *
 * const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
 * server.on('connection', (socket) => {
 *   socket.on('message', () => {
 *     socket.send('{"type":"content_block","text":"Hello"}');
 *     socket.send('{"type":"done","finish_reason":"stop"}');
 *   });
 * });
 * await once(server, 'listening');
 *
 * const address = server.address();
 * const url = `ws://127.0.0.1:${typeof address === 'object' && address?.port}`;
 * const model = socketModel({ protocol: duplexSession, url, model: 'm', webSocket: WebSocket });
 * const answer$ = streamAnswer({ model, request: { messages: [{ role: 'user', content: 'Hi' }] } });
 * answer$.pipe(textOnly()).subscribe({ next: (text) => console.log(text), complete: () => server.close() }); // Hello
 * ```
 *
 * @see https://websockets.spec.whatwg.org/
 */
export function socketModel(options: SocketModelOptions): Model {
  checkSocketEndpoint(options);
  checkDecoderOptions(options);
  const { maxFrameBytes = DEFAULT_MAX_BYTES, maxQueuedBytes = DEFAULT_MAX_BYTES, graceMs = 500 } = options;
  checkParseSseOptions({ maxFrameBytes });
  checkKeepAlive(options.keepAlive);
  checkNumbers({ maxQueuedBytes, graceMs });
  const timeouts = checkedTimeouts(options.timeouts);
  const retry = checkedRetry(options.retry);
  const settings: Settings = { ...options, timeouts, maxFrameBytes, maxQueuedBytes, graceMs };
  const sessions = new SocketSessions();
  return (request, answer) => {
    const ask = () => defer(() => askRound({ settings, sessions, request, answer }));
    return retrying(ask, { ...retry, retryIf: beforeFirstEvent }, cancellationBy(answer));
  };
}

type Settings = SocketModelOptions &
  Required<Pick<SocketModelOptions, 'maxFrameBytes' | 'maxQueuedBytes' | 'graceMs'>> & {
    readonly timeouts: Required<Timeouts>;
  };

interface Asked {
  readonly settings: Settings;
  readonly sessions: SocketSessions;
  readonly request: ModelRequest;
  readonly answer: AbortSignal | undefined;
}

/** One try of one round. */
function askRound({ settings, sessions, request, answer }: Asked): Observable<ModelEvent> {
  const { protocol, gate, graceMs } = settings;
  const clock = new TryClock(settings.timeouts);
  const end = new EndAfterFinish(request.choices ?? 1, graceMs);
  const callIdSeed = String(request.messages.filter(({ role }) => role === 'assistant').length);
  let connection: SocketConnection | undefined;
  let responseId: string | undefined;
  let kept = false;
  let begun = false;

  const goOn = (given: SocketConnection, messages: readonly string[]) => {
    connection = given;
    connection.send(messages);
    return connection.frames(gate && clock.watch(gate));
  };
  const claimed = sessions.claim(answer, request);
  const session = claimed?.session.connection.usable ? claimed : undefined;
  let redact = session ? session.session.redact : (text: string) => text;
  const next = {
    responseId: session?.session.responseId,
    get body() {
      return askingBody(settings, request);
    },
  };
  const asking = (session && protocol.encodeResults?.(session.results, next)) ?? [next.body];
  const messages = asking.map((message) => JSON.stringify(message));
  const frames$ = session
    ? defer(() => goOn(session.session.connection, messages))
    : connect(settings, (opening) => (redact = opening.redact)).pipe(
        tap(({ connection: opened }) => answer && protocol.encodeResults && endWith(answer, opened)),
        switchMap(({ connection: opened, messages: first }) => goOn(opened, [...first, ...messages])),
      );

  const keep = (event: ModelEvent) => {
    if (event.type !== 'round-end' || !answer || !protocol.encodeResults || !event.message.toolCalls || !connection) return;
    kept = true;
    sessions.keep(answer, { connection, request, reply: event.message, responseId, redact });
  };
  const asRaised = (error: unknown) => {
    if (begun) return error;
    const spent = session && error instanceof ProviderError && protocol.isSpent?.(error);
    return spent
      ? new ConnectionError(`The connection can go on no more. ${error.message}`, { cause: redactError(error, redact) })
      : (refusalOf(error) ?? error);
  };
  const events$ = frames$.pipe(
    // Before the decoder, which knows what there was of the answer.
    takeUntil(merge(clock.limits$, abortionOf(answer))),
    protocol.endsWith === 'finish' ? takeUntil(end.over$) : (frames) => frames,
    through(() => messageDecoder(protocol.decoder({ ...settings, callIdSeed }))),
    tap((event) => {
      begun ||= event.type !== 'diagnostic';
      if (event.type === 'round-start') responseId = event.responseId;
      clock.saw(event);
      if (protocol.endsWith === 'finish') end.saw(event);
      // Before the event goes out: it may be what asks for the next round.
      keep(event);
    }),
    takeWhile(({ type }) => type !== 'round-end', true),
    // What quotes the server may quote the key, and the decoder does not know it.
    map((event) => redactDiagnostic(event, redact)),
    catchError((error) => throwError(() => redactError(asRaised(error), redact))),
    finalize(() => kept || connection?.close()),
  );
  return session || canPing(settings.webSocket) ? events$ : events$.pipe(startWith(NO_KEEP_ALIVE));
}

const NO_KEEP_ALIVE: Diagnostic = {
  type: 'diagnostic',
  code: 'no-keep-alive',
  message:
    "This runtime's WebSocket sends no pings: a connection that died in silence is noticed by the time limits alone. Hand in `ws` where it runs.",
};

function checkNumbers(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!(typeof value === 'number' && value > 0)) throw new RangeError(`\`${name}\` is ${value}: give a number above 0, or leave it out.`);
  }
}

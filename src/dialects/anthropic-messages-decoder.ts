import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import { MessageReader } from './anthropic-messages-reader.ts';
import { describeMessageProblem, KNOWN_EVENTS, looksLikeMessageEvent, type MessageEvent } from './anthropic-messages-wire.ts';
import type { DecoderOptions } from './dialect.ts';
import { isRecord } from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';

/** Events that only keep the connection open. */
const HEARTBEAT = /^(ping|heartbeat|keep-?alive)$/i;
/** How much of a body that is no event stream is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;

/** Reads the frames of a response: its events, its errors, and what servers send in their place. */
export class MessagesDecoder implements Stage<Frame, ModelEvent> {
  private readonly round: Round;
  private readonly reader: MessageReader;
  private readonly skipMalformed: boolean;
  private stray = '';

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('anthropic-messages', options, () => this.reader.build());
    this.reader = new MessageReader(this.round);
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
    if (frame?.event !== undefined && HEARTBEAT.test(frame.event)) return;
    if (!this.round.receive(frame, out)) return;
    try {
      this.read(frame, out);
    } catch (error) {
      out.error(this.round.broken(error, out));
    }
  }

  flush(out: Output<ModelEvent>): void {
    const error = this.round.ended ? undefined : this.strayBody();
    if (error) out.error(this.round.broken(error, out));
    else this.round.endOfBody(out);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    const stray = this.round.ended ? undefined : this.strayBody();
    return stray ? this.round.broken(stray, out) : this.round.fail(error, out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    if (frame.stray) {
      this.readStray(frame);
      return;
    }
    const payload = withType(parse(frame.data), frame.event);
    if (looksLikeMessageEvent(payload) && payload.type !== 'error' && payload.type !== 'ping') this.reader.read(payload, out);
    else this.readOdd(frame, payload, out);
  }

  /** What is no event of a message: nothing, an end mark of another API, an error, a cut, or not this dialect. */
  private readOdd(frame: Frame, payload: unknown, out: Output<ModelEvent>): void {
    const data = frame.data.trim();
    if (isRecord(payload) && payload.type === 'ping') return;
    if (data === '[DONE]') {
      this.reader.settle(out);
      this.round.end(out);
      return;
    }
    if (data === '' || (payload === null && frame.event !== 'error')) return;
    // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so.
    if (frame.unterminated && payload === undefined && (frame.event !== 'error' || data.startsWith('{'))) return;
    if (frame.event === 'error' || isError(payload)) throw providerErrorFrom(payload === undefined ? frame.data : (payload as Json));
    const problem = payload === undefined ? 'no JSON' : this.problemOf(payload);
    if (problem === undefined) this.reader.read(payload as MessageEvent, out);
    else this.reject(problem, frame.data, out);
  }

  /** Events of types that are not read may have any fields. */
  private problemOf(payload: unknown): string | undefined {
    if (isRecord(payload) && typeof payload.type === 'string' && !KNOWN_EVENTS.has(payload.type)) return undefined;
    return describeMessageProblem(payload);
  }

  /** A line that is no SSE field: an error in JSON, or a body that is no event stream. */
  private readStray({ data }: Frame): void {
    const body = data.startsWith('{') ? parse(data) : undefined;
    if (isError(body)) throw providerErrorFrom(body as Json);
    if (this.stray.length + data.length < MAX_STRAY) this.stray += `${data}\n`;
  }

  /** What the lines that were no SSE fields are together: one JSON document in place of the stream, perhaps. */
  private strayBody(): Error | undefined {
    const text = this.stray.trim();
    const body = text.startsWith('{') ? parse(text) : undefined;
    if (!isRecord(body)) return undefined;
    if (isError(body)) return providerErrorFrom(body as Json);
    return this.round.started ? undefined : this.malformed('one JSON document: did the server ignore `stream: true`?', text);
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const error = this.malformed(problem, data);
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }

  private malformed(problem: string, data: string): MalformedFrameError {
    return new MalformedFrameError(
      `Frame ${this.round.frame} is no event of a message: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame: this.round.frame }, excerpt: data },
    );
  }
}

/** An error in place of an event. */
function isError(payload: unknown): boolean {
  if (!isRecord(payload)) return false;
  if (payload.type === 'error') return true;
  if (typeof payload.type === 'string' && KNOWN_EVENTS.has(payload.type)) return false;
  return isRecord(payload.error) || (typeof payload.error === 'string' && payload.error !== '');
}

/** The type stands in the payload; where a relay left it out, in the name of the SSE event. */
function withType(payload: unknown, event: string | undefined): unknown {
  if (event === undefined || !isRecord(payload) || payload.type !== undefined) return payload;
  return KNOWN_EVENTS.has(event) ? { ...payload, type: event } : payload;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { isRecord } from './openai-chat-wire.ts';
import { ResponseReader } from './openai-responses-reader.ts';
import { describeEventProblem, looksLikeResponseEvent } from './openai-responses-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';

/** Events that only keep the connection open. */
const HEARTBEAT = /^(ping|heartbeat|keep-?alive)$/i;
/** A line that is an error written as plain text, once it says something. */
const PLAIN_ERROR = /^\s*error\s*:\s*\S/i;
/** How much of a body that is no event stream is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;

/** Reads the frames of a response: its events, the end mark, and all that servers send in their place. */
export class ResponsesDecoder implements Stage<Frame, ModelEvent> {
  private readonly round: Round;
  private readonly reader: ResponseReader;
  private readonly skipMalformed: boolean;
  private stray = '';

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('openai-responses', options, () => this.reader.items.build());
    this.reader = new ResponseReader(this.round);
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
    // After the last event some relays still write what chat completions end with.
    if (this.round.ended && frame.data === '[DONE]') return;
    if (!this.round.receive(frame, out)) return;
    try {
      if (frame.stray) this.readStray(frame);
      else this.read(frame, out);
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
    const { data, event } = frame;
    if (event !== undefined && HEARTBEAT.test(event)) return;
    const parsed = data === '[DONE]' ? undefined : parse(data);
    // The type may stand in the event's name alone.
    const payload = isRecord(parsed) && parsed.type === undefined && event !== undefined ? { ...parsed, type: event } : parsed;
    if (isError(payload) || event === 'error') this.readError(frame, payload);
    else if (looksLikeResponseEvent(payload)) {
      if (!HEARTBEAT.test(payload.type)) this.reader.read(payload, out);
    } else this.readOdd(frame, payload, out);
  }

  private readError(frame: Frame, payload: unknown): void {
    if (frame.unterminated && payload === undefined && frame.data.trimStart().startsWith('{')) return;
    if (isRecord(payload) && typeof payload.sequence_number === 'number') this.round.sequence = payload.sequence_number;
    throw providerErrorFrom(payload === undefined ? frame.data : (payload as Json));
  }

  /** What is no event: nothing, a cut, or not this dialect. */
  private readOdd(frame: Frame, payload: unknown, out: Output<ModelEvent>): void {
    const { data } = frame;
    if (data.trim() === '[DONE]') this.round.end(out);
    if (data.trim() === '' || data.trim() === '[DONE]' || payload === null || payload === '') return;
    if (isRecord(payload) && Object.keys(payload).length === 0) return;
    // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so.
    if (frame.unterminated && payload === undefined) return;
    const problem = payload === undefined ? 'no JSON' : (describeEventProblem(payload) ?? 'another shape');
    const error = this.malformed(problem, data);
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }

  /** A line that is no SSE field: an error written as plain text, or a body that is no event stream. */
  private readStray(frame: Frame): void {
    const line = frame.data;
    if (PLAIN_ERROR.test(line)) {
      const rest = line.slice(line.indexOf(':') + 1).trim();
      const payload = parse(rest) as Json | undefined;
      if (payload === undefined && frame.unterminated && rest.startsWith('{')) return;
      throw providerErrorFrom(payload ?? rest);
    }
    if (this.stray.length + line.length < MAX_STRAY) this.stray += `${line}\n`;
  }

  /** What the lines that were no SSE fields are together: one JSON document in place of the stream, perhaps. */
  private strayBody(): Error | undefined {
    const text = this.stray.trim();
    const body = text.startsWith('{') ? parse(text) : undefined;
    if (!isRecord(body)) return undefined;
    if (isError(body)) return providerErrorFrom(body as Json);
    return this.round.started ? undefined : this.malformed('one JSON document: did the server ignore `stream: true`?', text);
  }

  private malformed(problem: string, data: string): MalformedFrameError {
    return new MalformedFrameError(
      `Frame ${this.round.frame} is no event of a response: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame: this.round.frame }, excerpt: data },
    );
  }
}

/** An error in place of an event, in the shapes that are around. */
function isError(payload: unknown): boolean {
  if (!isRecord(payload)) return false;
  if (payload.type === 'error' || payload.object === 'error' || payload.type === 'response.error') return true;
  const said = payload.error;
  if (said !== null && said !== undefined && said !== '' && said !== false) return true;
  return payload.type === undefined && (typeof payload.detail === 'string' || typeof payload.message === 'string');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

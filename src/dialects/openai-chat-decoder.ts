import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { ChatMessageBuilder } from './openai-chat-message.ts';
import { ChatChunkReader } from './openai-chat-reader.ts';
import { type ChatChunk, describeChunkProblem, isRecord, looksLikeChunk } from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';

/** Events that only keep the connection open. */
const HEARTBEAT = /^(ping|heartbeat|keep-?alive)$/i;
/** A line that is an error written as plain text, once it says something. */
const PLAIN_ERROR = /^\s*error\s*:\s*\S/i;
/** How much of a body that is no event stream is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;

/** Reads the frames of a response: chunks, the end mark, and all that servers send in their place. */
export class ChatDecoder implements Stage<Frame, ModelEvent> {
  private readonly round: Round;
  private readonly reader: ChatChunkReader;
  private readonly skipMalformed: boolean;
  private stray = '';

  constructor(options: DecoderOptions = {}) {
    const message = new ChatMessageBuilder();
    this.round = new Round('openai-chat', options, (calls) => message.build(calls));
    this.reader = new ChatChunkReader(this.round, message);
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
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
    const { data, event } = frame;
    if (event !== undefined && HEARTBEAT.test(event)) return;
    const payload = data === '[DONE]' ? undefined : parse(data);
    if (looksLikeChunk(payload) && event !== 'error' && !isError(payload)) this.reader.read(payload, out);
    else if (data.trim() === '[DONE]') this.reader.end(out);
    else this.readOdd(frame, payload, out);
  }

  /** What is neither a chunk nor the end mark: nothing, an error, a cut, or not this dialect. */
  private readOdd(frame: Frame, payload: unknown, out: Output<ModelEvent>): void {
    const { data } = frame;
    if (data.trim() === '' || ((payload === null || payload === '') && frame.event !== 'error')) return;
    // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so. Plain text cannot be told
    // from torn plain text, and the error that a server writes before it hangs up says more than that it did.
    if (frame.unterminated && payload === undefined && (frame.event !== 'error' || data.trimStart().startsWith('{'))) return;
    if (frame.event === 'error' || (isRecord(payload) && isError(payload))) {
      // The error may share its chunk with the last words and the token counts.
      if (looksLikeChunk(payload) && (payload.choices || payload.usage)) this.reader.read(payload, out);
      throw providerErrorFrom(payload === undefined ? data : (payload as Json));
    }
    const problem = payload === undefined ? 'no JSON' : describeChunkProblem(payload);
    if (problem === undefined) this.reader.read(payload as ChatChunk, out);
    else this.reject(problem, data, out);
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
    const body = line.startsWith('{') ? parse(line) : undefined;
    if (isRecord(body) && isError(body)) throw providerErrorFrom(body as Json);
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

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const error = this.malformed(problem, data);
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }

  private malformed(problem: string, data: string): MalformedFrameError {
    return new MalformedFrameError(
      `Frame ${this.round.frame} is no chat.completion.chunk: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame: this.round.frame }, excerpt: data },
    );
  }
}

/** An error in place of a chunk, in the shapes that are around. */
function isError(payload: { readonly [key: string]: unknown }): boolean {
  if (payload.error !== null && payload.error !== undefined && payload.error !== '' && payload.error !== false) return true;
  if (payload.object === 'error' || payload.type === 'error') return true;
  return (
    payload.choices === undefined &&
    payload.usage === undefined &&
    payload.id === undefined &&
    (typeof payload.detail === 'string' || typeof payload.message === 'string')
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

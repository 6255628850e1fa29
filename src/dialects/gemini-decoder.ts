import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { GeminiMessageBuilder } from './gemini-message.ts';
import { GeminiReader } from './gemini-reader.ts';
import { describeResponseProblem, type GeminiResponse, looksLikeResponse } from './gemini-wire.ts';
import { isRecord } from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';

/** How much of a body that is no event stream is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;

/** Reads the frames of a response, SSE events or items of a JSON array. There is no end mark: after the finish reason the body ends. */
export class GeminiDecoder implements Stage<Frame, ModelEvent> {
  private readonly round: Round;
  private readonly reader: GeminiReader;
  private readonly skipMalformed: boolean;
  private stray = '';

  constructor(options: DecoderOptions = {}) {
    const message = new GeminiMessageBuilder();
    this.round = new Round('gemini', options, () => message.build());
    this.reader = new GeminiReader(this.round, message, options);
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
    if (error) {
      out.error(this.round.broken(error, out));
      return;
    }
    this.finish(out);
    this.round.endOfBody(out);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    const stray = this.round.ended ? undefined : this.strayBody();
    if (stray) return this.round.broken(stray, out);
    this.finish(out);
    return this.round.fail(error, out);
  }

  private finish(out: Output<ModelEvent>): void {
    if (!this.round.ended) this.reader.finish(out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    const { data } = frame;
    if (frame.stray) {
      if (this.stray.length + data.length < MAX_STRAY) this.stray += `${data}\n`;
      return;
    }
    const payload = parse(data);
    const error = errorIn(payload);
    if (error !== undefined) throw providerErrorFrom(error);
    if (looksLikeResponse(payload)) {
      this.reader.read(payload, out);
    } else if (data.trim() === '[DONE]') {
      // Not Google's, but gateways write it.
      this.finish(out);
      this.round.end(out);
    } else if (data.trim() !== '' && payload !== null && !(frame.unterminated && payload === undefined)) {
      const problem = payload === undefined ? 'no JSON' : describeResponseProblem(payload);
      if (problem === undefined) this.reader.read(payload as GeminiResponse, out);
      else this.reject(problem, data, out);
    }
  }

  /** What came outside the framing: an error document, or one JSON document in place of the stream. */
  private strayBody(): Error | undefined {
    const text = this.stray.trim();
    if (text === '') return undefined;
    const body = parse(text);
    const error = errorIn(body);
    if (error !== undefined) return providerErrorFrom(error);
    if (this.round.started) return undefined;
    if (isResponses(body)) return this.malformed('a JSON document and no event stream: read it with `parseJsonArray()`', text);
    return isRecord(body) ? this.malformed('one JSON document', text) : undefined;
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const error = this.malformed(problem, data);
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }

  private malformed(problem: string, data: string): MalformedFrameError {
    return new MalformedFrameError(
      `Frame ${this.round.frame} is no GenerateContentResponse: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame: this.round.frame }, excerpt: data },
    );
  }
}

/** `{ error }`, or the array around it that the form without `alt=sse` has. */
function errorIn(payload: unknown): Json | undefined {
  const candidate: unknown = Array.isArray(payload) ? payload.find((item) => errorIn(item) !== undefined) : payload;
  if (!isRecord(candidate)) return undefined;
  const { error } = candidate;
  return error === null || error === undefined || error === '' || error === false ? undefined : (candidate as Json);
}

function isResponses(body: unknown): boolean {
  return Array.isArray(body) && body.some((item) => isRecord(item) && item.candidates !== undefined);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { OllamaReader } from './ollama-reader.ts';
import { describeOllamaProblem, looksLikeTextChunk, type OllamaChunk } from './ollama-wire.ts';
import { isRecord } from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';

/** Reads the frames of a response: NDJSON lines, or the same objects as SSE events. */
export class OllamaDecoder implements Stage<Frame, ModelEvent> {
  private readonly reader: OllamaReader;
  private readonly skipMalformed: boolean;

  constructor(options: DecoderOptions = {}) {
    this.reader = new OllamaReader(options);
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
    const { round } = this.reader;
    // Relays that turn the lines into SSE add OpenAI's end mark. It is not Ollama's: that is `done: true`.
    if (frame?.data === '[DONE]') return;
    if (!round.receive(frame, out)) return;
    try {
      this.read(frame, out);
    } catch (error) {
      this.reader.release(out);
      out.error(round.broken(error, out));
    }
  }

  flush(out: Output<ModelEvent>): void {
    this.reader.release(out);
    this.reader.round.endOfBody(out);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    this.reader.release(out);
    return this.reader.round.fail(error, out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    const { data } = frame;
    const payload = parse(data);
    if (frame.event === 'error' || (isRecord(payload) && isError(payload))) {
      if (payload === undefined && frame.unterminated) return;
      throw providerErrorFrom(payload === undefined ? data : (payload as Json));
    }
    if (looksLikeTextChunk(payload)) {
      this.reader.read(payload, out);
      return;
    }
    // A line that the end of the body cut in two is an interruption, not bad data: the end of the body says so.
    if (data.trim() === '' || (payload === undefined && frame.unterminated)) return;
    const problem = payload === undefined ? 'no JSON' : describeOllamaProblem(payload);
    if (problem === undefined) this.reader.read(payload as OllamaChunk, out);
    else this.reject(problem, data, out);
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const { frame } = this.reader.round;
    const error = new MalformedFrameError(
      `Frame ${frame} is no object of an Ollama chat: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame }, excerpt: data },
    );
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }
}

function isError(payload: { readonly [key: string]: unknown }): boolean {
  const { error } = payload;
  return error !== null && error !== undefined && error !== '' && error !== false;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

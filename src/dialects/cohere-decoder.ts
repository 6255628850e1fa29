import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import { CohereReader } from './cohere-reader.ts';
import { type CohereEvent, describeCohereProblem, looksLikeContentDelta } from './cohere-wire.ts';
import type { DecoderOptions } from './dialect.ts';
import { isRecord } from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';

/** Reads the frames of a response. The round ends at `message-end`; the `[DONE]` that mostly follows says nothing more. */
export class CohereDecoder implements Stage<Frame, ModelEvent> {
  private readonly reader: CohereReader;
  private readonly skipMalformed: boolean;

  constructor(options: DecoderOptions = {}) {
    this.reader = new CohereReader(options);
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
    const { round } = this.reader;
    if (round.ended && frame?.data === '[DONE]') return;
    if (!round.receive(frame, out)) return;
    try {
      this.read(frame, out);
    } catch (error) {
      out.error(round.broken(error, out));
    }
  }

  flush(out: Output<ModelEvent>): void {
    this.reader.round.endOfBody(out);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    return this.reader.round.fail(error, out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    const { data } = frame;
    const payload = parse(data);
    if (looksLikeContentDelta(payload)) {
      this.reader.read(payload, out);
    } else if (data.trim() === '[DONE]') {
      this.reader.round.end(out);
    } else if (frame.event === 'error' || (isRecord(payload) && isError(payload))) {
      if (payload === undefined && frame.unterminated && data.trimStart().startsWith('{')) return;
      throw providerErrorFrom(payload === undefined ? data : (payload as Json));
    } else if (data.trim() !== '' && !(payload === undefined && (frame.unterminated || frame.event === 'ping'))) {
      // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so.
      const problem = payload === undefined ? 'no JSON' : describeCohereProblem(payload);
      if (problem === undefined) this.reader.read(payload as CohereEvent, out);
      else this.reject(problem, data, out);
    }
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const { frame } = this.reader.round;
    const error = new MalformedFrameError(
      `Frame ${frame} is no event of a Cohere chat: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame }, excerpt: data },
    );
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }
}

/** An error in place of an event: Cohere's own has a `message` and no type. */
function isError(payload: { readonly [key: string]: unknown }): boolean {
  if (payload.type === 'error') return true;
  const { error } = payload;
  if (error !== null && error !== undefined && error !== '' && error !== false) return true;
  return payload.type === undefined && (typeof payload.message === 'string' || typeof payload.detail === 'string');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

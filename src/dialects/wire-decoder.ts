import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { isDeeperThan, MAX_JSON_DEPTH } from '../json/parse.ts';
import { SimilarJson } from '../json/similar-json.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import { DiagnosticBound } from './diagnostic-bound.ts';
import type { DecoderOptions } from './dialect.ts';
import { isError, providerErrorFrom } from './provider-error.ts';
import type { Round } from './round.ts';
import { isHeartbeat, type Wire, type WireReader } from './wire.ts';

/** A line that is an error written as plain text, once it says something. */
const PLAIN_ERROR = /^\s*error\s*:\s*\S/i;
/** How much of a body that is no event stream is kept to explain it, in UTF-16 code units. */
const MAX_STRAY = 64 * 1024;
/** How many payloads of a response are learned from before one has to be found again. */
const MAX_SAMPLES = 32;

/**
 * Reads the frames of a response, the same for every dialect: payloads go to its reader; end marks, heartbeats, errors in any shape, cuts, and
 * what servers send in place of a stream are told apart here.
 *
 * It is the bound of its diagnostics itself: of many streams at once an event costs the objects that it touches.
 */
export class WireDecoder extends DiagnosticBound implements Stage<Frame, ModelEvent> {
  private readonly wire: Wire;
  private readonly reader: WireReader;
  private readonly round: Round;
  private readonly typed: boolean;
  private readonly skipMalformed: boolean;
  private readonly similar: SimilarJson;
  private stray = '';
  /** How many payloads may still be learned from; each that is then found gives one back, so that a stream in which none is alike costs little. */
  private samples = MAX_SAMPLES;

  constructor(wire: Wire, reader: WireReader, options: DecoderOptions = {}) {
    super(options.maxDiagnostics ?? 1000);
    this.wire = wire;
    this.reader = reader;
    this.similar = similarOf(wire);
    this.round = reader.round;
    this.typed = wire.typed === true;
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, target: Output<ModelEvent>): void {
    const { round } = this;
    const out = this.before(target);
    if (round.ended && saysNothing(frame)) return;
    if (!round.receive(frame, out)) return;
    try {
      if (frame.stray) this.readStray(frame, out);
      else if (frame.event === undefined || !isHeartbeat(frame.event)) this.read(frame, out);
    } catch (error) {
      this.reader.settle?.('error', out);
      out.error(round.broken(error, out));
    }
  }

  flush(target: Output<ModelEvent>): void {
    const out = this.before(target);
    if (this.round.ended) return;
    const error = this.strayBody();
    this.reader.settle?.(error ? 'error' : 'end-of-body', out);
    if (error) out.error(this.round.broken(error, out));
    else this.round.endOfBody(out);
  }

  fail(error: unknown, target: Output<ModelEvent>): unknown {
    const out = this.before(target);
    if (this.round.ended) return this.round.fail(error, out);
    const stray = this.strayBody();
    this.reader.settle?.(stray ? 'error' : 'end-of-body', out);
    return stray ? this.round.broken(stray, out) : this.round.fail(error, out);
  }

  private read(frame: Frame, out: Output<ModelEvent>): void {
    const { data } = frame;
    // Most payloads differ from one before in a few words: what was looked at then need not be looked at again.
    const similar = data.charCodeAt(0) === 0x7b /* { */ && frame.event !== 'error' ? this.similar.find(data) : undefined;
    if (similar !== undefined) {
      if (this.samples < MAX_SAMPLES) this.samples++;
      this.round.isLent = true;
      try {
        this.reader.read(similar.value as object, out, similar.note);
      } finally {
        this.round.isLent = false;
        this.similar.giveBack();
      }
      return;
    }
    const payload = parse(data);
    if (payload === TOO_DEEP) this.reject(`it is nested deeper than ${MAX_JSON_DEPTH} levels`, data, out);
    else if (typeof payload === 'object' && payload !== null) this.readPayload(payload, frame, out);
    else this.readOdd(payload, frame, out);
  }

  private readPayload(given: object, frame: Frame, out: Output<ModelEvent>): void {
    const { event } = frame;
    if (event !== 'error' && isBlank(given)) return;
    if (event === 'error' || isError(given, this.typed)) {
      if (this.wire.saysMore?.(given) && this.wire.problem(given) === undefined) this.reader.read(given, out, false);
      throw providerErrorFrom(given as Json);
    }
    const payload = this.typed && event !== undefined ? withType(given, event) : given;
    const problem = this.wire.problem(payload);
    if (problem !== undefined) {
      this.reject(problem, frame.data, out);
      return;
    }
    // One that got its type from the event's name does not say it itself.
    const plain = payload === given && this.wire.isPlain?.(payload) === true;
    if (this.samples > 0 && (plain || (payload === given && this.wire.isDelta?.(payload)))) {
      this.samples--;
      this.similar.learn(frame.data, plain);
    }
    this.reader.read(payload, out, plain);
  }

  /** What is no object: an end mark, nothing, an error as plain text, a cut, or not this dialect. */
  private readOdd(payload: unknown, frame: Frame, out: Output<ModelEvent>): void {
    const data = frame.data.trim();
    if (data === '[DONE]') {
      if (this.wire.done === 'ignored') return;
      this.reader.settle?.('end-mark', out);
      this.round.end(out);
      return;
    }
    const failed = frame.event === 'error';
    if (data === '' || (!failed && (payload === null || payload === ''))) return;
    // A frame that the end of the body cut in two is an interruption, not bad data: the end of the body says so. Plain text cannot be told
    // from torn plain text, and the error that a server writes before it hangs up says more than that it did.
    if (frame.unterminated && payload === undefined && (!failed || data.startsWith('{'))) return;
    if (failed) throw providerErrorFrom(payload === undefined ? frame.data : (payload as Json));
    this.reject(payload === undefined ? 'no JSON' : (this.wire.problem(payload) ?? 'no object'), frame.data, out);
  }

  /** A line that is no SSE field: an error written as plain text or as JSON, or a body that is no event stream. */
  private readStray(frame: Frame, out: Output<ModelEvent>): void {
    const line = frame.data;
    if (PLAIN_ERROR.test(line)) {
      const rest = line.slice(line.indexOf(':') + 1).trim();
      const payload = parseShallow(rest) as Json | undefined;
      if (payload === undefined && frame.unterminated && rest.startsWith('{')) return;
      throw providerErrorFrom(payload ?? rest);
    }
    const body = line.startsWith('{') ? parseShallow(line) : undefined;
    if (isError(body, this.typed)) throw providerErrorFrom(body as Json);
    if (this.wire.lines && body !== undefined) this.readPayload(body as object, frame, out);
    else if (this.stray.length + line.length < MAX_STRAY) this.stray += `${line}\n`;
  }

  /** What the lines that were no SSE fields are together: one JSON document in place of the stream, perhaps. */
  private strayBody(): Error | undefined {
    const text = this.stray.trim();
    const body = text.startsWith('{') || text.startsWith('[') ? parseShallow(text) : undefined;
    if (body === undefined) return undefined;
    if (isError(body, this.typed)) return providerErrorFrom(body as Json);
    if (this.round.started) return undefined;
    const what = this.wire.describeDocument?.(body as object) ?? 'one JSON document: did the server ignore `stream: true`?';
    return this.malformed(what, text);
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const error = this.malformed(problem, data);
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }

  private malformed(problem: string, data: string): MalformedFrameError {
    const { frame } = this.round;
    return new MalformedFrameError(
      `Frame ${frame} is no ${this.wire.expected}: ${problem}. If the server is known to send such frames, decode with \`onMalformed: 'skip'\`.`,
      { place: { frame }, excerpt: data },
    );
  }
}

/** Kinds of payloads that were met, by their wire: they outlive a response, so that the next one need not learn them. */
const met = new WeakMap<Wire, SimilarJson>();

function similarOf(wire: Wire): SimilarJson {
  const known = met.get(wire);
  if (known) return known;
  const similar = new SimilarJson(wire.unread);
  met.set(wire, similar);
  return similar;
}

/** After the end mark: pings, and what relays add that know another API's end mark. */
function saysNothing(frame: Frame): boolean {
  return frame?.data === '[DONE]' || (frame?.event !== undefined && isHeartbeat(frame.event));
}

function withType(payload: object, event: string): object {
  return (payload as { readonly type?: unknown }).type === undefined ? { ...payload, type: event } : payload;
}

/** `{}`. */
function isBlank(payload: object): boolean {
  for (const _ in payload) return false;
  return !Array.isArray(payload);
}

/** What {@link parse} gives where nobody could walk over the value. */
const TOO_DEEP = Symbol('too deep');

/** Of what is no frame: JSON that is too deep is none. */
function parseShallow(text: string): unknown {
  const payload = parse(text);
  return payload === TOO_DEEP ? undefined : payload;
}

/** The one place where a payload is parsed. */
function parse(data: string): unknown {
  // The end mark of most responses: an exception costs more than this look.
  if (data === '[DONE]') return undefined;
  if (isDeeperThan(data, MAX_JSON_DEPTH)) return TOO_DEEP;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}

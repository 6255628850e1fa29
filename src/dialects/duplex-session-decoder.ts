import * as E from 'fp-ts/Either';
import { MalformedFrameError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { type DuplexFunctionCall, type DuplexMessage, plainUsage, readDuplexMessage } from './duplex-session-wire.ts';
import { finishReason, usageOf } from './openai-chat-wire.ts';
import { providerErrorFrom } from './provider-error.ts';
import { Round } from './round.ts';

/** Messages that only keep the connection open. */
const HEARTBEAT = /^(ping|pong|heartbeat|keep-?alive)$/i;

/** Reads the messages of one round: what comes before `done`. */
export class DuplexDecoder implements Stage<Frame, ModelEvent> {
  private readonly round: Round;
  private readonly skipMalformed: boolean;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('duplex-session', options, () => undefined);
    this.skipMalformed = options.onMalformed === 'skip';
  }

  transform(frame: Frame, out: Output<ModelEvent>): void {
    if (!this.round.receive(frame, out) || frame.data.trim() === '') return;
    try {
      const payload = parse(frame.data);
      const message = readDuplexMessage(payload);
      if (E.isRight(message)) this.read(message.right, payload as Json, out);
      else this.reject(message.left, frame.data, out);
    } catch (error) {
      out.error(this.round.broken(error, out));
    }
  }

  flush(out: Output<ModelEvent>): void {
    this.round.endOfBody(out);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    return this.round.fail(error, out);
  }

  private read(message: DuplexMessage, payload: Json, out: Output<ModelEvent>): void {
    if (message.type === 'error') throw providerErrorFrom(payload);
    if (message.type === 'unknown' && HEARTBEAT.test(message.name)) return;
    const started = message.type === 'start' ? message : undefined;
    this.round.start(started?.id ?? undefined, started?.model ?? undefined, out);
    switch (message.type) {
      case 'content_block':
        this.round.text(0, message.text, out);
        break;
      case 'reasoning':
        this.round.reasoning(0, message.text, out);
        break;
      case 'refusal':
        this.round.refusal(0, message.text, out);
        break;
      case 'function_call':
        this.readCall(message, out);
        break;
      case 'usage':
        this.usage(message.usage, out);
        break;
      case 'done':
        if (message.finish_reason) this.round.finish(0, finishReason(message.finish_reason), message.finish_reason, out);
        if (message.usage) this.usage(message.usage, out);
        this.round.end(out);
        break;
      case 'unknown':
        this.round.provider(0, message.name, payload, out);
        break;
    }
  }

  private readCall(message: DuplexFunctionCall, out: Output<ModelEvent>): void {
    const { id, index, name, arguments: given, done } = message;
    const whole = typeof given === 'object' && given !== null;
    const text = whole ? JSON.stringify(given) : given;
    const call = this.round.call(0, { id, index: index ?? undefined, name, text, nameIsWhole: true }, out);
    if (call && (whole || done)) this.round.endCall(0, call, out);
  }

  private usage(raw: { readonly [key: string]: unknown }, out: Output<ModelEvent>): void {
    this.round.usageSoFar(usageOf(plainUsage(raw)), raw as Json, out);
  }

  private reject(problem: string, data: string, out: Output<ModelEvent>): void {
    const error = new MalformedFrameError(
      `Message ${this.round.frame} is not of the duplex session protocol: ${problem}. If the server is known to send such messages, set \`onMalformed: 'skip'\`.`,
      { place: { frame: this.round.frame }, excerpt: data },
    );
    if (!this.skipMalformed) throw error;
    out.enqueue({ type: 'diagnostic', code: 'frame-skipped', message: error.message });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { type DuplexFunctionCall, type DuplexMessage, isKnown, plainUsage } from './duplex-session-wire.ts';
import { finishReason, usageOf } from './openai-chat-wire.ts';
import { Round } from './round.ts';
import { isHeartbeat, type WireReader } from './wire.ts';

/** Reads the messages of one round: what comes before `done`. */
export class DuplexReader implements WireReader {
  readonly round: Round;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('duplex-session', options, () => undefined);
  }

  /** Reads one message: any other than {@link DuplexMessage} is handed on as it is. */
  read(payload: DuplexMessage | { readonly type: string }, out: Output<ModelEvent>): void {
    if (isKnownMessage(payload)) {
      this.readKnown(payload, out);
    } else if (!isHeartbeat(payload.type)) {
      this.round.start(undefined, undefined, out);
      this.round.provider(0, payload.type, payload as Json, out);
    }
  }

  private readKnown(message: DuplexMessage, out: Output<ModelEvent>): void {
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
}

function isKnownMessage(payload: DuplexMessage | { readonly type: string }): payload is DuplexMessage {
  return isKnown(payload.type);
}

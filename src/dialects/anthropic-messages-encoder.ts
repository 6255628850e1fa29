import type { FinishReason, ModelEvent, ProviderEvent, RoundStart, Usage } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import { BlockWriter, send } from './anthropic-messages-block-writer.ts';
import { messageFinish, stopReason, writtenUsage } from './anthropic-messages-wire.ts';
import type { EncoderOptions } from './dialect.ts';
import { type Fields, setOwn } from './join-json.ts';
import { type WrittenError, writtenError } from './written-error.ts';

/** What the last `message_delta` says beside the stop reason. */
const OF_DELTA = new Set(['stop_sequence', 'stop_details', 'container']);
const OF_EVENT = new Set(['context_management']);

/**
 * Writes model events as the events of a message: each as it comes, in blocks that begin and stop. The stop reason waits for the token
 * counts, which share its event. A refusal goes as text. Diagnostics and other choices have no word here. What comes after `round-end` is ignored;
 * a source that ends without one gets no end mark, so that the client can tell.
 *
 * @see https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
export class MessagesEncoder implements Stage<ModelEvent, Frame> {
  private readonly options: EncoderOptions;
  private readonly blocks = new BlockWriter();
  private start: RoundStart = { type: 'round-start' };
  private begun = false;
  private ended = false;
  private stop: string | undefined;
  private stopWritten = false;
  private usage: Json | undefined;
  private readonly ofDelta: Fields = {};
  private readonly ofEvent: Fields = {};

  constructor(options: EncoderOptions = {}) {
    this.options = options;
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended || event.choice) return;
    switch (event.type) {
      case 'round-start':
        if (!this.begun) this.start = event;
        return;
      case 'usage':
        this.count(event.usage, event.raw, out);
        return;
      case 'finish-reason':
        this.begin(out);
        this.stop ??= stopReason(event.reason, event.raw);
        return;
      case 'provider-event':
        this.provided(event, out);
        return;
      case 'round-end':
        this.end(event.reason, event.usage, out);
        return;
      case 'refusal-delta':
        this.begin(out);
        this.blocks.write({ type: 'text-delta', text: event.text }, out);
        return;
      case 'diagnostic':
      case 'round-restarted':
        return;
      default:
        this.begin(out);
        this.blocks.write(event, out);
    }
  }

  /** The head is long gone with status 200, so the error goes into the stream as the event that Anthropic's clients raise, and the stream ends. */
  fail(error: unknown, out: Output<Frame>): unknown {
    const written = writtenError(error);
    if (!this.ended) send('error', { error: { type: errorType(written), message: written.message } }, out);
    this.ended = true;
    out.terminate();
    return error;
  }

  /** Counts that come before anything else stand in the message's start. */
  private begin(out: Output<Frame>): void {
    if (this.begun) return;
    this.begun = true;
    const { responseId = this.options.responseId ?? 'msg_0', model = this.options.model ?? 'unknown' } = this.start;
    const usage = this.usage ?? { input_tokens: 0, output_tokens: 0 };
    const head = { id: responseId, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage };
    send('message_start', { message: head }, out);
  }

  private count(usage: Usage, raw: Json, out: Output<Frame>): void {
    this.usage = writtenUsage(usage, raw);
    if (this.begun) this.writeDelta(out);
  }

  private provided({ name, data }: ProviderEvent, out: Output<Frame>): void {
    if (OF_DELTA.has(name)) setOwn(this.ofDelta, name, data);
    else if (OF_EVENT.has(name)) setOwn(this.ofEvent, name, data);
    else if (this.blocks.canWrite(name, data)) {
      this.begin(out);
      this.blocks.writeProvided(name, data, out);
    }
  }

  private end(reason: FinishReason, total: Usage | undefined, out: Output<Frame>): void {
    this.begin(out);
    if (this.usage === undefined && total) this.usage = writtenUsage(total, null);
    this.stop ??= stopReason(reason, '');
    if (!this.stopWritten) this.writeDelta(out);
    this.blocks.stopAll(reason, out);
    send('message_stop', {}, out);
    this.ended = true;
  }

  private writeDelta(out: Output<Frame>): void {
    if (this.stop !== undefined) {
      this.blocks.stopAll(messageFinish(this.stop), out);
      this.stopWritten = true;
    }
    const delta = { stop_reason: this.stop ?? null, stop_sequence: null, ...(this.stop !== undefined && this.ofDelta) };
    const rest = this.stop === undefined ? {} : this.ofEvent;
    send('message_delta', { delta, usage: this.usage ?? { output_tokens: 0 }, ...rest }, out);
  }
}

const ERROR_TYPES: { readonly [status: number]: string } = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};
/** Anthropic's type stands for a status, and says whether asking again may help. */
function errorType({ code, status, retryable }: WrittenError): string {
  if (code !== null && Object.values(ERROR_TYPES).includes(code)) return code;
  const known = status === undefined ? undefined : ERROR_TYPES[status];
  if (known !== undefined) return known;
  if (!retryable) return 'invalid_request_error';
  if (code === 'timeout') return 'timeout_error';
  return code === 'interrupted' || code === 'connection' || status === 502 ? 'api_error' : 'overloaded_error';
}

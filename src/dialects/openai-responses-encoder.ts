import type { FinishReason, ModelEvent, RoundStart, Usage, UsageEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { isJsonSpace } from '../json/characters.ts';
import type { Output, Stage } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import { CustomCallText } from './custom-call-text.ts';
import type { EncoderOptions } from './dialect.ts';
import { type Fields, WrittenCall, type WrittenItem, WrittenMessage, WrittenReasoning } from './openai-responses-output.ts';
import { responseUsage } from './openai-responses-wire.ts';
import { areSameCounts } from './token-count.ts';
import { chatError } from './written-error.ts';

/** A call as the events have it; it is written when its first character tells which kind it is. */
interface OpenCall {
  readonly callId: string;
  readonly name: string;
  written?: WrittenCall;
  /** Of a custom tool's call: its input is plain text here. */
  text?: CustomCallText;
  blank: string;
  /** It was marked as over. */
  ended: boolean;
}

/**
 * Writes model events as the events of a response: one message, one reasoning item and each call, in the order in which they began.
 * The finish reason and the token counts go with the last event. Diagnostics, provider events and other choices have no word here. What comes
 * after `round-end` is ignored; a source that ends without one gets no last event, so that the client can tell.
 *
 * A call whose arguments are a JSON string goes out as a custom tool's, with that string as its input: a function's are an object here. So does
 * every call of a tool in `customTools`.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponsesEncoder implements Stage<ModelEvent, Frame> {
  private readonly options: EncoderOptions;
  private head: Fields | undefined;
  private sequence = 0;
  private readonly items: WrittenItem[] = [];
  private readonly calls = new Map<string, OpenCall>();
  /** The call that has just begun, until its first argument or anything else comes. */
  private held: OpenCall | undefined;
  private message: WrittenMessage | undefined;
  private reasoning: WrittenReasoning | undefined;
  private finish: { readonly reason: FinishReason; readonly raw: string } | undefined;
  private usage: UsageEvent | undefined;
  private ended = false;
  private out: Output<Frame> | undefined;

  constructor(options: EncoderOptions = {}) {
    this.options = options;
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended || event.choice || ('text' in event && event.text === '')) return;
    this.out = out;
    if (this.held && !(event.type === 'tool-call-delta' && event.callId === this.held.callId)) this.flushHeld();
    switch (event.type) {
      case 'round-start':
        this.begin(event);
        return;
      case 'text-delta':
        this.speak().say('text', event.text);
        return;
      case 'refusal-delta':
        this.speak().say('refusal', event.text);
        return;
      case 'reasoning-delta':
        this.reason().say(event.text);
        return;
      case 'tool-call-start':
        this.held = { callId: event.callId, name: event.name, blank: '', ended: false };
        this.calls.set(event.callId, this.held);
        return;
      case 'tool-call-delta':
        this.argue(this.calls.get(event.callId), event.text);
        return;
      case 'tool-call-end':
        this.endCall(this.calls.get(event.callId));
        return;
      case 'finish-reason':
        this.finish ??= { reason: event.reason, raw: event.raw };
        return;
      case 'usage':
        this.usage = event;
        return;
      case 'round-end':
        this.end(event.reason, event.usage);
        return;
      default:
    }
  }

  /** The head is long gone with status 200, so the error goes into the stream, in the form OpenAI's clients raise, and the stream ends. */
  fail(error: unknown, out: Output<Frame>): unknown {
    this.out = out;
    const said = chatError(error);
    if (!this.ended) this.write('error', { code: said.code ?? null, message: said.message ?? '', param: null, error: said });
    this.ended = true;
    out.terminate();
    return error;
  }

  private readonly write = (type: string, fields: Fields): void => {
    this.out?.enqueue({ event: type, data: JSON.stringify({ type, sequence_number: this.sequence++, ...fields }) });
  };

  private begin(start?: RoundStart): Fields {
    if (this.head) return this.head;
    const { responseId = 'resp_0', model = 'unknown', created = 0 } = this.options;
    const head = { id: start?.responseId ?? responseId, object: 'response', created_at: created, model: start?.model ?? model };
    this.head = head;
    for (const type of ['response.created', 'response.in_progress']) this.write(type, { response: this.response('in_progress') });
    return head;
  }

  private response(status: string, rest: Fields = {}): Fields {
    return { ...this.head, status, error: null, incomplete_details: null, output: [], usage: null, ...rest };
  }

  /** Puts one more item into the output. */
  private add<T extends WrittenItem>(prefix: string, make: (id: string, index: number) => T): T {
    const { id } = this.begin();
    const index = this.items.length;
    const item = make(`${prefix}_${id}_${index}`, index);
    this.items.push(item);
    item.announce();
    return item;
  }

  private speak(): WrittenMessage {
    this.message ??= this.add('msg', (id, index) => new WrittenMessage(id, index, this.write));
    return this.message;
  }

  private reason(): WrittenReasoning {
    this.reasoning ??= this.add('rs', (id, index) => new WrittenReasoning(id, index, this.write));
    return this.reasoning;
  }

  private argue(call: OpenCall | undefined, text: string): void {
    if (!call) return;
    if (!call.written) {
      call.blank += text;
      if (call.blank.trimStart() !== '') this.flushHeld();
      return;
    }
    // White space may come after the end, and says nothing.
    if (call.ended && isJsonSpace(text)) return;
    call.written.say(call.text ? call.text.read(text) : text);
  }

  private flushHeld(): void {
    const call = this.held;
    if (!call) return;
    this.held = undefined;
    const custom = call.blank.trimStart().startsWith('"') || (this.options.customTools?.includes(call.name) ?? false);
    if (custom) call.text = new CustomCallText();
    call.written = this.add(custom ? 'ctc' : 'fc', (id, index) => new WrittenCall(id, index, this.write, { ...call, custom }));
    this.argue(call, call.blank);
  }

  private endCall(call: OpenCall | undefined): void {
    if (!call) return;
    call.ended = true;
    call.written?.finish(call.text && !call.text.closed ? 'incomplete' : 'completed');
  }

  private end(reason: FinishReason, total: Usage | undefined): void {
    this.begin();
    const finish = this.finish ?? { reason, raw: '' };
    const details = incompleteReason(finish.reason, finish.raw);
    for (const call of this.calls.values()) if (!details) this.endCall(call);
    for (const item of this.items) item.finish(details ? 'incomplete' : 'completed');
    const status = details ? 'incomplete' : 'completed';
    const usage = total ?? this.usage?.usage;
    const rest = {
      output: this.items.map((item) => item.item(status)),
      ...(details && { incomplete_details: { reason: details } }),
      ...(usage && (this.options.includeUsage ?? true) && { usage: writtenUsage(usage, this.usage?.raw) }),
    };
    this.write(`response.${status}`, { response: this.response(status, rest) });
    this.ended = true;
  }
}

/** Why a response is not whole, in OpenAI's words where it has one. It does not pause: what another model paused ends here. */
function incompleteReason(reason: FinishReason, raw: string): string | undefined {
  if (reason === 'length') return 'max_output_tokens';
  if (reason === 'content-filter') return 'content_filter';
  if (reason === 'error') return 'error';
  return reason === 'other' ? raw || 'other' : undefined;
}

/** Token counts in OpenAI's words: as they came, if they came in these, else made anew. */
function writtenUsage(usage: Usage, raw: Json | undefined): Json {
  const own = isRecord(raw) ? responseUsage(raw) : {};
  if (isRecord(raw) && own.inputTokens !== undefined && areSameCounts(own, usage)) return raw as Json;
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      ...(usage.cacheWriteInputTokens !== undefined && { cache_write_tokens: usage.cacheWriteInputTokens }),
    },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: totalTokens,
  };
}

import type { FinishReason, ModelEvent, RoundStart, Usage } from '../events.ts';
import type { Frame } from '../frame.ts';
import { isJsonSpace } from '../json/characters.ts';
import type { Output, Stage } from '../stage.ts';
import { isRecord } from '../values.ts';
import { finishWord, writtenUsage } from './cohere-wire.ts';
import type { EncoderOptions } from './dialect.ts';
import { FunctionCalls } from './function-arguments.ts';
import { neededStatus, writtenError } from './written-error.ts';

type Fields = { readonly [key: string]: unknown };

/** Provider events that are Cohere's own, and go out as they came. */
const OWN_EVENTS = new Set(['citation-start', 'citation-end']);

/**
 * Writes model events as the events of a Cohere chat: text and reasoning as blocks of content, calls in pieces, the reason and the counts
 * in `message-end`. A refusal goes as text. Other choices have no word here; of provider events only Cohere's citations. What comes after `round-end`
 * is ignored; a source that ends without one gets no `message-end`, so that the client can tell.
 *
 * @see https://docs.cohere.com/v2/docs/streaming
 */
export class CohereEncoder implements Stage<ModelEvent, Frame> {
  private readonly options: EncoderOptions;
  private begun = false;
  private block: 'text' | 'thinking' | undefined;
  private blocks = 0;
  /** Indexes of calls whose end was not marked. */
  private readonly openCalls = new Set<number>();
  private readonly functions = new FunctionCalls();
  private finish: { readonly reason: FinishReason; readonly raw: string } | undefined;
  private usage: Usage | undefined;
  private ended = false;

  constructor(options: EncoderOptions = {}) {
    this.options = options;
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended || event.type === 'diagnostic' || (event.choice ?? 0) > 0) return;
    this.begin(event.type === 'round-start' ? event : undefined, out);
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
        this.say('text', event.text, out);
        return;
      case 'reasoning-delta':
        this.say('thinking', event.text, out);
        return;
      case 'tool-call-start': {
        const { callId: id, index, name } = event;
        this.closeBlock(out);
        this.openCalls.add(index);
        this.send(
          'tool-call-start',
          { index, ...message({ tool_calls: { id, type: 'function', function: { name, arguments: '' } } }) },
          out,
        );
        return;
      }
      case 'tool-call-delta': {
        // White space may come after the end, and says nothing.
        if (!this.openCalls.has(event.index) && isJsonSpace(event.text)) return;
        const called = { function: { arguments: this.functions.read(event) } };
        this.send('tool-call-delta', { index: event.index, ...message({ tool_calls: called }) }, out);
        return;
      }
      case 'tool-call-end':
        this.endCall(event.index, out);
        return;
      case 'provider-event':
        if (OWN_EVENTS.has(event.name) && isRecord(event.data) && event.data.type === event.name) this.send(event.name, event.data, out);
        return;
      case 'finish-reason':
        this.finish ??= event;
        return;
      case 'usage':
        this.usage = event.usage;
        return;
      case 'round-end':
        this.end(this.finish ?? { reason: event.reason, raw: '' }, event.usage ?? this.usage, out);
        return;
      default:
    }
  }

  /** The head is long gone with status 200, so the error goes into the stream, as Cohere does it, and the stream ends. */
  fail(error: unknown, out: Output<Frame>): unknown {
    const written = writtenError(error);
    const status = neededStatus(written, { error: written.message });
    const delta = { finish_reason: 'ERROR', error: written.message, ...(status !== undefined && { status_code: status }) };
    if (!this.ended) this.send('message-end', { delta }, out);
    this.ended = true;
    out.terminate();
    return error;
  }

  private begin(start: RoundStart | undefined, out: Output<Frame>): void {
    if (this.begun) return;
    this.begun = true;
    const id = start?.responseId ?? this.options.responseId ?? 'message-0';
    this.send('message-start', { id, ...message({ role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }) }, out);
  }

  private say(kind: 'text' | 'thinking', text: string, out: Output<Frame>): void {
    if (text === '') return;
    if (this.block !== kind) {
      this.closeBlock(out);
      this.block = kind;
      this.send('content-start', { index: this.blocks, ...message({ content: { type: kind, [kind]: '' } }) }, out);
    }
    this.send('content-delta', { index: this.blocks, ...message({ content: { [kind]: text } }) }, out);
  }

  private closeBlock(out: Output<Frame>): void {
    if (this.block === undefined) return;
    this.block = undefined;
    this.send('content-end', { index: this.blocks++ }, out);
  }

  private endCall(index: number, out: Output<Frame>): void {
    if (this.openCalls.delete(index)) this.send('tool-call-end', { index }, out);
  }

  private end(
    { reason, raw }: { readonly reason: FinishReason; readonly raw: string },
    usage: Usage | undefined,
    out: Output<Frame>,
  ): void {
    this.closeBlock(out);
    for (const index of this.openCalls) this.endCall(index, out);
    this.ended = true;
    this.send('message-end', { delta: { finish_reason: finishWord(reason, raw), ...(usage && { usage: writtenUsage(usage) }) } }, out);
    out.enqueue({ data: '[DONE]' });
  }

  private send(event: string, fields: Fields, out: Output<Frame>): void {
    out.enqueue({ event, data: JSON.stringify({ type: event, ...fields }) });
  }
}

function message(fields: Fields): Fields {
  return { delta: { message: fields } };
}

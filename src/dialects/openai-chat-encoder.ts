import type { FinishReason, ModelEvent, ToolCallStart, Usage, UsageEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import { CustomCallText } from './custom-call-text.ts';
import type { EncoderOptions } from './dialect.ts';
import { FunctionCalls } from './function-arguments.ts';
import { finishWord, usageDetails, usageOf } from './openai-chat-wire.ts';
import { areSameCounts } from './token-count.ts';
import { chatError } from './written-error.ts';

type Fields = { readonly [key: string]: Json };

/**
 * Writes model events as `chat.completion.chunk`s: each event as it comes, token counts once, before the end mark. Diagnostics, provider
 * events and ends of calls have no word here. What comes after `round-end` is ignored; a source that ends without one gets no end mark,
 * so that the client can tell. Calls of tools in `customTools` go out as a custom tool's, in plain text; one whose text does not come whole makes
 * the finish reason `length`.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export class ChatEncoder implements Stage<ModelEvent, Frame> {
  private readonly options: EncoderOptions;
  /** The same on every chunk. */
  private head: Fields;
  /** Choices whose role was said. */
  private readonly begun = new Set<number>();
  private finished = false;
  /** Of calls of custom tools, by choice and id. */
  private readonly texts = new Map<string, CustomCallText>();
  /** Of the others. */
  private readonly functions = new FunctionCalls();
  private usage: UsageEvent | undefined;
  private ended = false;

  constructor(options: EncoderOptions = {}) {
    this.options = options;
    this.head = this.headOf();
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended) return;
    const choice = event.choice ?? 0;
    switch (event.type) {
      case 'round-start':
        if (this.begun.size === 0) this.head = this.headOf(event);
        this.begin(choice, out);
        return;
      case 'text-delta':
        this.delta(choice, { content: event.text }, out);
        return;
      case 'reasoning-delta':
        this.delta(choice, { reasoning_content: event.text }, out);
        return;
      case 'refusal-delta':
        this.delta(choice, { refusal: event.text }, out);
        return;
      case 'tool-call-start':
        if (this.isCustom(event.name)) this.startText(choice, event, out);
        else this.call(choice, event.index, { id: event.callId, type: 'function' }, { name: event.name, arguments: '' }, out);
        return;
      case 'tool-call-delta': {
        const text = this.texts.get(`${choice} ${event.callId}`);
        if (!text) this.call(choice, event.index, {}, { arguments: this.functions.read(event) }, out);
        else this.sayText(choice, event.index, text.read(event.text), out);
        return;
      }
      case 'finish-reason':
        this.finish(choice, event.reason, event.raw, out);
        return;
      case 'usage':
        this.usage = event;
        return;
      case 'round-end':
        this.end(event.reason, event.usage, out);
        return;
      default:
    }
  }

  /** The head is long gone with status 200, so the error goes into the stream, in the form OpenAI's clients raise, and the stream ends. */
  fail(error: unknown, out: Output<Frame>): unknown {
    if (!this.ended) out.enqueue({ data: JSON.stringify({ error: chatError(error) }) });
    this.ended = true;
    out.terminate();
    return error;
  }

  private headOf(start: { readonly responseId?: string; readonly model?: string } = {}): Fields {
    const { responseId = 'chatcmpl-0', model = 'unknown', created = 0 } = this.options;
    return { id: start.responseId ?? responseId, object: 'chat.completion.chunk', created, model: start.model ?? model };
  }

  private begin(choice: number, out: Output<Frame>): void {
    if (this.begun.has(choice)) return;
    this.begun.add(choice);
    this.choice(choice, { role: 'assistant', content: '' }, null, out);
  }

  private delta(choice: number, delta: Fields, out: Output<Frame>): void {
    this.begin(choice, out);
    this.choice(choice, delta, null, out);
  }

  /** The old form has no ids and one call; where there are more, an index tells them apart. */
  private call(choice: number, index: number, marks: Fields, called: Fields, out: Output<Frame>): void {
    if (this.options.legacyFunctions) this.delta(choice, { function_call: { ...(index > 0 && { index }), ...called } }, out);
    else this.delta(choice, { tool_calls: [{ index, ...marks, function: called }] }, out);
  }

  private isCustom(name: string): boolean {
    return !this.options.legacyFunctions && (this.options.customTools?.includes(name) ?? false);
  }

  private startText(choice: number, { callId, index, name }: ToolCallStart, out: Output<Frame>): void {
    this.texts.set(`${choice} ${callId}`, new CustomCallText());
    this.delta(choice, { tool_calls: [{ index, id: callId, type: 'custom', custom: { name, input: '' } }] }, out);
  }

  private sayText(choice: number, index: number, input: string, out: Output<Frame>): void {
    if (input !== '') this.delta(choice, { tool_calls: [{ index, custom: { input } }] }, out);
  }

  private finish(choice: number, reason: FinishReason, raw: string, out: Output<Frame>): void {
    this.begin(choice, out);
    if (choice === 0) this.finished = true;
    this.choice(choice, {}, this.lacksText(choice) ? 'length' : this.word(reason, raw), out);
  }

  /** Whether a text is not whole. The wire marks no ends of calls, so only the finish reason can keep the client from running it. */
  private lacksText(choice: number): boolean {
    return [...this.texts].some(([key, text]) => key.startsWith(`${choice} `) && !text.closed);
  }

  private word(reason: FinishReason, raw: string): string {
    return reason === 'tool-calls' && this.options.legacyFunctions ? 'function_call' : finishWord(reason, raw);
  }

  private end(reason: FinishReason, total: Usage | undefined, out: Output<Frame>): void {
    if (!this.finished) this.finish(0, reason, '', out);
    const usage = total ?? this.usage?.usage;
    if (usage && (this.options.includeUsage ?? true)) this.chunk({ choices: [], usage: writtenUsage(usage, this.usage?.raw) }, out);
    out.enqueue({ data: '[DONE]' });
    this.ended = true;
  }

  private choice(index: number, delta: Fields, finish: string | null, out: Output<Frame>): void {
    this.chunk({ choices: [{ index, delta, finish_reason: finish }] }, out);
  }

  private chunk(rest: Fields, out: Output<Frame>): void {
    out.enqueue({ data: JSON.stringify({ ...this.head, ...rest }) });
  }
}

/** Token counts in OpenAI's words: as they came, if they came in these, else made anew. Clients rely on the first three. */
function writtenUsage(usage: Usage, raw: Json | undefined): Json {
  const own = isRecord(raw) ? usageOf(raw) : {};
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = usage;
  if (own.inputTokens !== undefined && own.outputTokens !== undefined && areSameCounts(own, usage)) {
    return { ...(raw as Fields), total_tokens: totalTokens };
  }
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: totalTokens, ...usageDetails(usage) };
}

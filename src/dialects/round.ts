import { CallAssembler, type CallFragment } from '../calls/assembler.ts';
import type { AssembledCall } from '../calls/call.ts';
import {
  type ErrorPlace,
  InterruptedError,
  LimitError,
  MalformedFrameError,
  type PartialAnswer,
  ProviderError,
  withPartial,
} from '../errors.ts';
import type { FinishReason, ModelEvent, Usage } from '../events.ts';
import type { Frame } from '../frame.ts';
import { JoinedText } from '../joined-text.ts';
import type { AssistantMessage } from '../messages.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';

/** How much a response may go on after its end mark before the connection is given up, in UTF-16 code units. */
const MAX_AFTER_END = 64 * 1024;

interface Choice {
  readonly text: JoinedText;
  /** Text came last: what comes of a call joins it, since most answers have no text after that. */
  speaks: boolean;
  reasoning: JoinedText | undefined;
  refusal: JoinedText | undefined;
  finish: FinishReason | undefined;
  readonly calls: CallAssembler;
}

/**
 * One response as it builds up: what every dialect's decoder has in common. The dialect says what it read; the round emits the events,
 * keeps what the next request needs, and decides how the response ended.
 */
export class Round {
  /** Whether the dialect's own end mark was seen. */
  ended = false;
  /** Whether anything was said, or the end mark came. */
  started = false;
  /** The payload that is read now will have other values soon: what is handed on is copied. */
  isLent = false;
  /** The number of the newest event, where the wire numbers them: from there a response that the server keeps can be asked for again. */
  sequence: number | undefined;
  private responseId: string | undefined;
  private usage: Usage | undefined;
  private usageText = '';
  private frames = 0;
  private afterEnd = 0;
  private length = 0;
  private textLength = 0;
  private readonly maxResponseLength: number;
  private readonly maxTextLength: number;
  private readonly maxChoices: number;
  /** Most responses have one choice. */
  private first: Choice | undefined;
  private others: Map<number, Choice> | undefined;
  private readonly dialect: string;
  private readonly options: DecoderOptions;
  /** Makes the provider's own form of the assistant's message. */
  private readonly native: (calls: readonly AssembledCall[]) => Json | undefined;

  constructor(dialect: string, options: DecoderOptions, native: (calls: readonly AssembledCall[]) => Json | undefined) {
    this.dialect = dialect;
    this.options = options;
    this.maxResponseLength = options.maxResponseLength ?? 256 * 1024 * 1024;
    this.maxTextLength = options.maxTextLength ?? 64 * 1024 * 1024;
    this.maxChoices = options.maxChoices ?? 128;
    this.native = native;
  }

  /** The n-th frame of the response, from 0: counted by {@link receive}. */
  get frame(): number {
    return this.frames - 1;
  }

  /** Counts a frame. @returns whether it is to be read: after the end mark nothing is. */
  receive(frame: Frame, out: Output<ModelEvent>): boolean {
    if (typeof frame?.data !== 'string')
      throw new TypeError('A decoder takes frames: put `parseSse()` before `decode`, which makes them of bytes or text.');
    this.frames++;
    this.length += frame.data.length;
    if (this.length > this.maxResponseLength) {
      const place = { frame: this.frame };
      const error = new LimitError('maxResponseLength', this.maxResponseLength, 'UTF-16 code units in one response', { place });
      out.error(this.broken(error, out));
      return false;
    }
    if (!this.ended) return true;
    if (this.afterEnd === 0) {
      out.enqueue({ type: 'diagnostic', code: 'data-after-end', message: 'The response went on after its end mark. The rest is ignored.' });
    }
    this.afterEnd += frame.data.length + 1;
    if (this.afterEnd > MAX_AFTER_END) out.terminate();
    return false;
  }

  /** The response began. Emitted once; an id that comes later still seeds synthesised call ids. */
  start(responseId: string | undefined, model: string | undefined, out: Output<ModelEvent>): void {
    this.responseId ||= responseId;
    if (this.started) return;
    this.started = true;
    out.enqueue({ type: 'round-start', ...(responseId && { responseId }), ...(model && { model }) });
  }

  text(choice: number, text: string, out: Output<ModelEvent>): void {
    if (text === '') return;
    this.count(text);
    const said = this.choice(choice);
    if (!said.speaks) said.calls.release(out);
    said.speaks = true;
    said.text.append(text);
    out.enqueue(choice === 0 ? { type: 'text-delta', text } : { type: 'text-delta', text, choice });
  }

  reasoning(choice: number, text: string, out: Output<ModelEvent>): void {
    this.aside('reasoning', choice, text, out);
  }

  refusal(choice: number, text: string, out: Output<ModelEvent>): void {
    this.aside('refusal', choice, text, out);
  }

  /** What a choice has said so far. */
  said(choice: number): { readonly text: string; readonly reasoning: string; readonly refusal: string } {
    const said = choice === 0 ? this.first : this.others?.get(choice);
    return { text: String(said?.text ?? ''), reasoning: String(said?.reasoning ?? ''), refusal: String(said?.refusal ?? '') };
  }

  call(choice: number, fragment: CallFragment, out: Output<ModelEvent>): AssembledCall | undefined {
    const said = this.choice(choice);
    if (said.speaks) {
      said.speaks = false;
      said.text.join();
    }
    return said.calls.add(fragment, out);
  }

  /** More arguments of a call, where the wire itself says which one it is. */
  appendToCall(choice: number, call: AssembledCall, text: string, out: Output<ModelEvent>): void {
    this.choice(choice).calls.append(call, text, out);
  }

  endCall(choice: number, call: AssembledCall, out: Output<ModelEvent>): void {
    this.choice(choice).calls.end(call, out);
  }

  /** Something the vocabulary has no word for. */
  provider(choice: number, name: string, given: Json, out: Output<ModelEvent>): void {
    const data = this.own(given);
    out.enqueue(choice === 0 ? { type: 'provider-event', name, data } : { type: 'provider-event', name, data, choice });
  }

  /** Token counts so far; a repeat of the same counts is not emitted again. */
  usageSoFar(usage: Usage, raw: Json, out: Output<ModelEvent>): void {
    const text = JSON.stringify(usage);
    if (text === this.usageText) return;
    this.usageText = text;
    this.usage = usage;
    out.enqueue({ type: 'usage', usage, raw: this.own(raw) });
  }

  private aside(kind: 'reasoning' | 'refusal', choice: number, text: string, out: Output<ModelEvent>): void {
    if (text === '') return;
    this.count(text);
    const said = this.choice(choice);
    said.calls.release(out);
    said[kind] ??= new JoinedText();
    said[kind].append(text);
    const type = `${kind}-delta` as const;
    out.enqueue(choice === 0 ? { type, text } : { type, text, choice });
  }

  private own(data: Json): Json {
    return this.isLent ? structuredClone(data) : data;
  }

  /** The model said why it stopped. The first word of a choice counts. */
  finish(choice: number, reason: FinishReason, raw: string, out: Output<ModelEvent>): void {
    const of = this.choice(choice);
    if (of.finish !== undefined) return;
    of.finish = reason;
    of.calls.settle(out, 'wait');
    out.enqueue(choice === 0 ? { type: 'finish-reason', reason, raw } : { type: 'finish-reason', reason, raw, choice });
  }

  /** The dialect's end mark came. */
  end(out: Output<ModelEvent>): void {
    if (this.ended) return;
    this.close(false, out);
  }

  /** The body ended: regular after the end mark or the finish reasons, else an interruption. */
  endOfBody(out: Output<ModelEvent>): void {
    if (this.ended) return;
    if (this.finished) this.close(false, out);
    else out.error(this.interrupted(this.describeEnd(), undefined, out));
  }

  /** The source failed. After the finish reason a lost connection is survived; @returns the error otherwise. */
  fail(error: unknown, out: Output<ModelEvent>): unknown {
    if (this.ended) {
      out.terminate();
      return error;
    }
    if (!this.started && this.choices === 0) return error;
    if (
      error instanceof ProviderError ||
      error instanceof LimitError ||
      error instanceof MalformedFrameError ||
      error instanceof InterruptedError
    ) {
      return this.broken(error, out);
    }
    if (this.finished) {
      const message = `The connection broke after the model was done: ${messageOf(error)}`;
      out.enqueue({ type: 'diagnostic', code: 'cut-after-finish', message });
      this.close(true, out);
      out.terminate();
      return error;
    }
    return this.interrupted(messageOf(error), error, out);
  }

  /** Settles what is open and puts what there was on an error that ends the response. */
  broken<E>(error: E, out: Output<ModelEvent>): E {
    for (const choice of this.all()) choice.calls.settle(out);
    return withPartial(error, (partial) => ({ ...partial, ...this.partial() }));
  }

  private get finished(): boolean {
    return this.choices > 0 && this.all().every((choice) => choice.finish !== undefined);
  }

  private interrupted(what: string, cause: unknown, out: Output<ModelEvent>): InterruptedError {
    const error = new InterruptedError(
      `The response broke off before the model was done: ${what} What came is in \`partial\`; asking again may help.`,
      { cause, place: { frame: this.frames, ...this.resumption() } },
    );
    return this.broken(error, out);
  }

  private resumption(): ErrorPlace {
    if (this.sequence === undefined) return {};
    return { ...(this.responseId && { responseId: this.responseId }), sequence: this.sequence };
  }

  private describeEnd(): string {
    if (this.frames === 0) return 'the body was empty.';
    return `the body ended after ${this.frames} frames without a finish reason or an end mark.`;
  }

  private close(cut: boolean, out: Output<ModelEvent>): void {
    this.start(undefined, undefined, out);
    for (const choice of this.all()) choice.calls.settle(out);
    this.ended = true;
    const { first } = this;
    const calls = first?.calls.assembled.length ?? 0;
    // Some servers send their end mark and no reason: what came decides.
    const reason = first?.finish ?? (calls > 0 ? 'tool-calls' : 'stop');
    out.enqueue({ type: 'round-end', reason, ...(cut && { cut }), ...(this.usage && { usage: this.usage }), message: this.message() });
  }

  private message(): AssistantMessage {
    const calls = this.first?.calls.assembled ?? [];
    const native = this.native(calls);
    const { text, reasoning, refusal } = this.said(0);
    return {
      role: 'assistant',
      content: text,
      ...(reasoning && { reasoning }),
      ...(refusal && { refusal }),
      ...(calls.length > 0 && { toolCalls: calls.map(({ callId, name, argumentsText }) => ({ id: callId, name, argumentsText })) }),
      ...(native !== undefined && { native: { dialect: this.dialect, message: native } }),
    };
  }

  private partial(): Partial<PartialAnswer> {
    const message = this.message();
    const calls = (message.toolCalls ?? []).map(({ id, name, argumentsText }) => ({ callId: id, name, argumentsText }));
    return { text: message.content, reasoning: message.reasoning ?? '', calls, message, ...(this.usage && { usage: this.usage }) };
  }

  private count(text: string): void {
    this.textLength += text.length;
    if (this.textLength <= this.maxTextLength) return;
    throw new LimitError('maxTextLength', this.maxTextLength, 'UTF-16 code units of text in one response', {
      place: { frame: this.frame },
    });
  }

  private choice(index: number): Choice {
    const known = index === 0 ? this.first : this.others?.get(index);
    if (known) return known;
    if (this.choices >= this.maxChoices) throw new LimitError('maxChoices', this.maxChoices, 'choices in one response');
    const seed = () => this.options.callIdSeed ?? this.responseId ?? '';
    const calls = new CallAssembler(index, seed, this.options);
    const choice: Choice = { text: new JoinedText(), speaks: false, reasoning: undefined, refusal: undefined, finish: undefined, calls };
    if (index === 0) this.first = choice;
    else {
      this.others ??= new Map();
      this.others.set(index, choice);
    }
    return choice;
  }

  private get choices(): number {
    return (this.first ? 1 : 0) + (this.others?.size ?? 0);
  }

  private all(): Choice[] {
    return [...(this.first ? [this.first] : []), ...(this.others?.values() ?? [])];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

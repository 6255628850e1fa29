import { shortHash } from '../calls/assembler.ts';
import { isCutShort } from '../calls/open-call.ts';
import type { AnyEvent, ModelEvent, TextDelta, ToolCallDelta, ToolCallEnd, ToolCallStart } from '../events.ts';
import { checkBounds } from '../json/bounds.ts';
import type { Output, Stage } from '../stage.ts';
import { amendedError, amendedMessage } from './amended.ts';
import { callFormats, type TextCallFormat } from './call-formats.ts';
import { CallScanner, type ScannerSink } from './call-scanner.ts';
import { type CallableTool, ToolNames } from './tool-names.ts';

/** Settings of `extractTextToolCalls`. */
export interface ExtractTextToolCallsOptions {
  /** How the model writes its calls; `auto` knows every format with a marker. Default `auto`. */
  readonly format?: TextCallFormat | 'auto';
  /** What may be called: only these names become calls. The schemas tell the types of arguments where the format does not (`qwen-coder`, `glm`). */
  readonly tools: readonly CallableTool[];
  /** Text that may be held back while it can still become a call, in UTF-16 code units; beyond it, it is text. Default 1 Mi. */
  readonly maxHeldLength?: number;
  /** Made part of the calls' ids; give each round of an answer its own. Default: the response's id. */
  readonly callIdSeed?: string;
}

/** Throws where the caller was mistaken. */
export function checkTextCallOptions(options: ExtractTextToolCallsOptions): void {
  const { format = 'auto', tools } = options ?? {};
  if (!Array.isArray(tools)) throw new TypeError('`tools` is missing: give the tools that may be called, e.g. those of the request.');
  if (!Object.hasOwn(callFormats, format)) {
    throw new RangeError(`format is ${JSON.stringify(format)}: use one of ${Object.keys(callFormats).join(', ')}.`);
  }
  checkBounds(options, 'maxHeldLength');
}

/** Turns calls written into choice 0's text into events. */
export function textCallExtractor<E extends AnyEvent>(
  options: ExtractTextToolCallsOptions,
): Stage<E, E | ToolCallStart | ToolCallDelta | ToolCallEnd> {
  return new Extractor(options) as Stage<AnyEvent, AnyEvent> as Stage<E, E | ToolCallStart | ToolCallDelta | ToolCallEnd>;
}

interface Extracted {
  readonly id: string;
  readonly index: number;
  readonly name: string;
  argumentsText: string;
}

class Extractor implements Stage<ModelEvent, ModelEvent>, ScannerSink {
  private readonly options: ExtractTextToolCallsOptions;
  private readonly names: ToolNames;
  private scanner: CallScanner;
  private out: Output<ModelEvent> | undefined;
  /** The event whose text is being read: what it carries besides (its round) goes on the events made of it. */
  private stamp: { readonly round?: number } = {};
  private current: TextDelta | undefined;
  private kept = '';
  private calls: Extracted[] = [];
  /** Index of each of the provider's own calls: extracted ones before it move it on. */
  private indexes = new Map<string, number>();
  private responseId = '';
  private rounds = 0;

  constructor(options: ExtractTextToolCallsOptions) {
    this.options = options;
    this.names = new ToolNames(options.tools);
    this.scanner = this.newScanner();
  }

  transform(event: ModelEvent, out: Output<ModelEvent>): void {
    this.out = out;
    if (event.choice) {
      out.enqueue(event);
      return;
    }
    switch (event.type) {
      case 'text-delta':
        if (event.text === '') out.enqueue(event);
        this.current = event;
        this.stamp = event.round === undefined ? {} : { round: event.round };
        this.scanner.push(event.text);
        return;
      case 'tool-call-start':
        this.scanner.settle(false);
        this.indexes.set(event.callId, event.index + this.calls.length);
        out.enqueue(this.moved(event));
        return;
      case 'tool-call-delta':
      case 'tool-call-end':
        out.enqueue(this.moved(event));
        return;
      case 'reasoning-delta':
      case 'refusal-delta':
        if (event.text !== '') this.scanner.settle(false);
        out.enqueue(event);
        return;
      case 'finish-reason':
        this.scanner.settle(!isCutShort(event.reason));
        out.enqueue(event);
        return;
      case 'round-end':
        this.scanner.settle(!event.cut && !isCutShort(event.reason));
        out.enqueue(this.calls.length === 0 ? event : { ...event, message: amendedMessage(event.message, this.found()) });
        this.forget();
        return;
      case 'round-start':
        this.responseId = event.responseId ?? this.responseId;
        out.enqueue(event);
        return;
      case 'round-restarted':
        this.forget();
        out.enqueue(event);
        return;
      default:
        out.enqueue(event);
    }
  }

  flush(out: Output<ModelEvent>): void {
    this.out = out;
    this.scanner.settle(true);
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    this.out = out;
    this.scanner.giveUp();
    return this.calls.length === 0 ? error : amendedError(error, this.found());
  }

  text(text: string): void {
    this.kept += text;
    const { current } = this;
    if (current) this.out?.enqueue(current.text === text ? current : { ...current, text });
  }

  begin(name: string): void {
    const index = this.indexes.size + this.calls.length;
    const call: Extracted = { id: this.idFor(index), index, name, argumentsText: '' };
    this.calls.push(call);
    this.out?.enqueue({ type: 'tool-call-start', callId: call.id, index, name, ...this.stamp });
  }

  delta(text: string): void {
    const call = this.calls.at(-1);
    if (!call || text === '') return;
    call.argumentsText += text;
    this.out?.enqueue({ type: 'tool-call-delta', callId: call.id, index: call.index, text, ...this.stamp });
  }

  end(): void {
    const call = this.calls.at(-1);
    if (call) this.out?.enqueue({ type: 'tool-call-end', callId: call.id, index: call.index, ...this.stamp });
  }

  private moved<T extends ToolCallStart | ToolCallDelta | ToolCallEnd>(event: T): T {
    const index = this.indexes.get(event.callId) ?? event.index;
    return index === event.index ? event : { ...event, index };
  }

  private idFor(index: number): string {
    const seed = this.options.callIdSeed ?? this.responseId;
    let id = `call_${shortHash(`${seed}/text/${this.rounds}`)}_${index}`;
    while (this.indexes.has(id)) id += '_';
    return id;
  }

  private found() {
    return { text: this.kept, calls: this.calls.map(({ id, name, argumentsText }) => ({ id, name, argumentsText })) };
  }

  private forget(): void {
    this.scanner = this.newScanner();
    this.kept = '';
    this.calls = [];
    this.indexes = new Map();
    this.responseId = '';
    this.rounds++;
  }

  private newScanner(): CallScanner {
    return new CallScanner(this.options.format ?? 'auto', this.names, this, this.options.maxHeldLength ?? 1024 * 1024);
  }
}

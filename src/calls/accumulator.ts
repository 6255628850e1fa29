import { LimitError, withPartial } from '../errors.ts';
import type { AnyEvent, ArgumentsError, Diagnostic, FinishReason, ModelEvent, ToolCall, ToolCallDelta, ToolCallStart } from '../events.ts';
import { quoteBigNumbers } from '../json/big-numbers.ts';
import { isDeeperThan } from '../json/parse.ts';
import type { Output, Stage } from '../stage.ts';
import type { Either, Json } from '../values.ts';
import { ArgumentsSoFar } from './arguments-so-far.ts';

/** Bounds of `accumulateToolCalls`. */
export interface AccumulateToolCallsOptions {
  /** Arguments of one call, in UTF-16 code units; a longer call is a `Left` with code `too-long`. Default 16 Mi. */
  readonly maxArgumentLength?: number;
  /** Nesting of a call's arguments; a deeper call is a `Left` with code `too-deep`. Default 512. */
  readonly maxDepth?: number;
  /** Calls of one round; one more is a `LimitError`. Default 1,024. */
  readonly maxCalls?: number;
  /**
   * Numbers that a double cannot hold (integers beyond 2^53 - 1, and what would be infinite) in `arguments`: `number` is what `JSON.parse` makes
   * of them, `text` a string of the same digits, for ids and amounts; the tool's schema has to allow it. `argumentsText` is exact either way.
   * Default `number`.
   */
  readonly bigNumbers?: 'number' | 'text';
}

/** How a round ended for the calls that are still open. */
type Ending = 'regular' | 'cut-short' | 'interrupted';

interface OpenCall {
  readonly emitted: false;
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  readonly text: ArgumentsSoFar;
  tooLong: boolean;
  /** It is among those that went on. */
  wentOn: boolean;
  /** The dialect marked its end. */
  ended: boolean;
  /** Whether it was parsed to see if it is whole; after that what comes is scanned, so that it costs the same however often one asks. */
  parsed: boolean;
  /** Its arguments, if that made sense of them. */
  value: Json | undefined;
}

/** What is left of a call that was emitted. */
interface EmittedCall {
  readonly emitted: true;
  readonly event: ToolCall;
  /** It went on after it was emitted, and that was said. */
  wentOn: boolean;
}

/**
 * Joins the fragments of choice 0's calls, closes and confirms them, and adds one `tool-call` for each.
 *
 * A call is *closed* when its arguments are one whole JSON value, and *confirmed* when more than its own arguments says that it is over:
 * its end mark, text, reasoning or another call after it, a finish reason, or the end of the round. Only then is it emitted.
 */
export function toolCallAccumulator<E extends AnyEvent>(options: AccumulateToolCallsOptions = {}): Stage<E, E | ToolCall | Diagnostic> {
  return new Accumulator(options) as Stage<AnyEvent, AnyEvent> as Stage<E, E | ToolCall | Diagnostic>;
}

class Accumulator implements Stage<ModelEvent, ModelEvent | ToolCall> {
  private calls = new Map<string, OpenCall | EmittedCall>();
  /** The open call that began last: mostly the next fragment is for it, and needs no look-up. */
  private newest: OpenCall | undefined;
  /** Open calls that went on since they were last looked at: any of them may be closed now. All that most events have to look at, and mostly one. */
  private goingOn: OpenCall[] = [];
  private finish: FinishReason | undefined;
  private readonly maxArgumentLength: number;
  private readonly maxDepth: number;
  private readonly maxCalls: number;
  private readonly bigNumbers: 'number' | 'text';

  constructor(options: AccumulateToolCallsOptions) {
    this.maxArgumentLength = options.maxArgumentLength ?? 16 * 1024 * 1024;
    this.maxDepth = options.maxDepth ?? 512;
    this.maxCalls = options.maxCalls ?? 1024;
    this.bigNumbers = options.bigNumbers ?? 'number';
  }

  transform(event: ModelEvent, out: Output<ModelEvent | ToolCall>): void {
    if (event.choice) {
      out.enqueue(event);
      return;
    }
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
        out.enqueue(event);
        if (event.text !== '') this.confirm(undefined, out);
        return;
      case 'tool-call-start':
        this.begin(event, out);
        return;
      case 'tool-call-delta':
        this.join(event, out);
        return;
      case 'tool-call-end': {
        out.enqueue(event);
        const call = this.calls.get(event.callId);
        if (!call || call.emitted) return;
        call.ended = true;
        this.wentOn(call);
        if (this.finish) this.confirm(undefined, out);
        else if (this.isWhole(call)) this.release([call], out);
        return;
      }
      case 'finish-reason':
        out.enqueue(event);
        this.finish = event.reason;
        this.confirm(undefined, out);
        return;
      case 'round-end':
        this.settle(event.cut ? 'interrupted' : isCutShort(event.reason) ? 'cut-short' : 'regular', out);
        this.forget();
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

  flush(out: Output<ModelEvent | ToolCall>): void {
    this.settle('interrupted', out);
  }

  fail(error: unknown, out: Output<ModelEvent | ToolCall>): unknown {
    this.settle('interrupted', out);
    return withPartial(error, (partial) => ({ ...partial, toolCalls: [...this.emitted(), ...partial.toolCalls] }));
  }

  private begin(event: ToolCallStart, out: Output<ModelEvent | ToolCall>): void {
    out.enqueue(event);
    if (this.calls.has(event.callId)) return;
    if (this.calls.size >= this.maxCalls) throw new LimitError('maxCalls', this.maxCalls, 'tool calls in one round');
    const call: OpenCall = {
      emitted: false,
      callId: event.callId,
      index: event.index,
      name: event.name,
      text: new ArgumentsSoFar(this.maxDepth),
      tooLong: false,
      wentOn: false,
      ended: false,
      parsed: false,
      value: undefined,
    };
    this.calls.set(event.callId, call);
    this.newest = call;
    this.confirm(call, out);
  }

  private join(event: ToolCallDelta, out: Output<ModelEvent | ToolCall>): void {
    out.enqueue(event);
    const { newest } = this;
    const call = newest?.callId === event.callId ? newest : this.calls.get(event.callId);
    if (!call) return;
    if (call.emitted) {
      if (!call.wentOn && event.text.trim() !== '') {
        call.wentOn = true;
        const message = `Arguments of ${quote(call.event.name)} went on after the call was complete. They were left out.`;
        out.enqueue({ type: 'diagnostic', code: 'arguments-after-call', message, callId: event.callId });
      }
      return;
    }
    if (call.text.length + event.text.length > this.maxArgumentLength) call.tooLong = true;
    if (!call.tooLong) call.text.append(event.text);
    this.wentOn(call);
    this.confirm(this.finish ? undefined : call, out);
  }

  private wentOn(call: OpenCall): void {
    if (call.wentOn) return;
    call.wentOn = true;
    // Not pushed: a list that grows by that has room for seventeen, and mostly there is one.
    this.goingOn = this.goingOn.concat(call);
  }

  /** Emits the closed calls, all but the one that is being written. */
  private confirm(writing: OpenCall | undefined, out: Output<ModelEvent | ToolCall>): void {
    if (this.goingOn.length === 0 || (this.goingOn.length === 1 && this.goingOn[0] === writing)) return;
    this.release(
      this.goingOn.filter((call) => call !== writing),
      out,
    );
  }

  /** Looks at calls and emits those that are closed. The others are looked at again once they went on. */
  private release(calls: readonly OpenCall[], out: Output<ModelEvent | ToolCall>): void {
    this.goingOn = this.goingOn.filter((call) => !calls.includes(call));
    for (const call of calls) {
      call.wentOn = false;
      // Nothing or a bare number may have lost its end when the model was cut off: that is decided at the round's end.
      if (this.isWhole(call) || (endsBare(call) && !isCutShort(this.finish))) this.emit(call, 'regular', out);
    }
  }

  /** Whether a call's arguments are one whole JSON value. */
  private isWhole(call: OpenCall): boolean {
    if (call.tooLong) return false;
    if (!call.parsed) {
      call.parsed = true;
      call.value = this.valueOf(call.text);
    }
    return call.value !== undefined || call.text.state === 'closed';
  }

  /** Of arguments that are one object, as nearly all are: parsing them says so, and scanning them first would take as long again. */
  private valueOf(text: ArgumentsSoFar): Json | undefined {
    // From now on one flat string, for whoever asks.
    text.join();
    const json = text.toString();
    if (!json.endsWith('}') || this.bigNumbers === 'text' || isDeeperThan(json, this.maxDepth)) return undefined;
    try {
      return JSON.parse(json) as Json;
    } catch {
      return undefined;
    }
  }

  /** The round is over, one way or the other: every call that is left gets its `tool-call`. */
  private settle(ending: Ending, out: Output<ModelEvent | ToolCall>): void {
    this.goingOn = [];
    for (const call of this.calls.values()) {
      if (!call.emitted) this.emit(call, ending, out);
    }
  }

  private resolve(call: OpenCall, text: string, ending: Ending): Either<ArgumentsError, Json> {
    if (call.value !== undefined) return { _tag: 'Right', right: call.value };
    const { state, problem } = call.text;
    if (call.tooLong) {
      return refuse('too-long', `The arguments of ${quote(call.name)} are longer than ${this.maxArgumentLength} UTF-16 code units.`);
    }
    if (problem) return refuse(problem.code, `The arguments of ${quote(call.name)} are no JSON: ${problem.message}`, problem.position);
    if (ending === 'interrupted') {
      return refuse('interrupted', `The stream was cut before the call of ${quote(call.name)} was complete.`, call.text.length);
    }
    if (state === 'closed') return { _tag: 'Right', right: this.parse(text) };
    if (ending === 'regular') {
      if (state === 'blank') return { _tag: 'Right', right: {} };
      if (state === 'number') return { _tag: 'Right', right: this.parse(text) };
    }
    return refuse(
      'incomplete',
      `The arguments of ${quote(call.name)} end in the middle, after ${call.text.length} UTF-16 code units.`,
      call.text.length,
    );
  }

  private parse(text: string): Json {
    return JSON.parse(this.bigNumbers === 'text' ? quoteBigNumbers(text) : text) as Json;
  }

  private emit(call: OpenCall, ending: Ending, out: Output<ModelEvent | ToolCall>): void {
    const { callId, index, name } = call;
    // One string for both: parsing it makes it flat, and it is kept.
    const argumentsText = call.text.toString();
    const args = this.resolve(call, argumentsText, ending);
    const event: ToolCall = { type: 'tool-call', callId, index, name, argumentsText, arguments: args };
    this.calls.set(callId, { emitted: true, event, wentOn: false });
    if (call === this.newest) this.newest = undefined;
    out.enqueue(event);
  }

  /** The round's calls, in the order in which they began. */
  private emitted(): ToolCall[] {
    return [...this.calls.values()].flatMap((call) => (call.emitted ? [call.event] : []));
  }

  private forget(): void {
    this.calls = new Map();
    this.newest = undefined;
    this.goingOn = [];
    this.finish = undefined;
  }
}

/** Whether a call's arguments are nothing or a bare number, and the dialect marked their end. */
function endsBare({ text, ended, tooLong }: OpenCall): boolean {
  return ended && !tooLong && (text.state === 'blank' || text.state === 'number');
}

/** Whether the model's last words may be missing. */
export function isCutShort(reason: FinishReason | undefined): boolean {
  return reason === 'length' || reason === 'content-filter' || reason === 'error';
}

function refuse(code: ArgumentsError['code'], message: string, position?: number): Either<ArgumentsError, Json> {
  return { _tag: 'Left', left: position === undefined ? { code, message } : { code, message, position } };
}

function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

import { LimitError, withPartial } from '../errors.ts';
import type { AnyEvent, Diagnostic, FinishReason, ModelEvent, ToolCall, ToolCallDelta, ToolCallStart } from '../events.ts';
import { checkBounds } from '../json/bounds.ts';
import { isJsonSpace } from '../json/characters.ts';
import type { Output, Stage } from '../stage.ts';
import { type ArgumentsRules, type Ending, isCutShort, OpenCall, wentOnAfterEnd } from './open-call.ts';
import { withItem } from './short-list.ts';

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

/** What is left of a call that was emitted. */
interface EmittedCall {
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
  private pending: OpenCall[] = [];
  private finish: FinishReason | undefined;
  private readonly rules: ArgumentsRules;
  private readonly maxCalls: number;

  constructor(options: AccumulateToolCallsOptions) {
    checkBounds(options, 'maxArgumentLength', 'maxDepth', 'maxCalls');
    this.rules = {
      maxArgumentLength: options.maxArgumentLength ?? 16 * 1024 * 1024,
      maxDepth: options.maxDepth ?? 512,
      bigNumbers: options.bigNumbers ?? 'number',
    };
    this.maxCalls = options.maxCalls ?? 1024;
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
        if (!(call instanceof OpenCall)) return;
        call.ended = true;
        this.lookLater(call);
        if (this.finish) this.confirm(undefined, out);
        else if (call.isWhole) this.release([call], out);
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
    const call = new OpenCall(event, this.rules);
    this.calls.set(event.callId, call);
    this.newest = call;
    this.confirm(call, out);
  }

  private join(event: ToolCallDelta, out: Output<ModelEvent | ToolCall>): void {
    out.enqueue(event);
    const { newest } = this;
    const call = newest?.callId === event.callId ? newest : this.calls.get(event.callId);
    if (!call) return;
    if (!(call instanceof OpenCall)) {
      if (!call.wentOn && !isJsonSpace(event.text)) {
        call.wentOn = true;
        out.enqueue(wentOnAfterEnd(call.event));
      }
      return;
    }
    call.append(event.text);
    this.lookLater(call);
    this.confirm(this.finish ? undefined : call, out);
  }

  private lookLater(call: OpenCall): void {
    if (call.isPending) return;
    call.isPending = true;
    this.pending = withItem(this.pending, call);
  }

  /** Emits the closed calls, all but the one that is being written. */
  private confirm(writing: OpenCall | undefined, out: Output<ModelEvent | ToolCall>): void {
    if (this.pending.length === 0 || (this.pending.length === 1 && this.pending[0] === writing)) return;
    this.release(
      this.pending.filter((call) => call !== writing),
      out,
    );
  }

  /** Looks at calls and emits those that are closed. The others are looked at again once they went on. */
  private release(calls: readonly OpenCall[], out: Output<ModelEvent | ToolCall>): void {
    for (const call of calls) call.isPending = false;
    this.pending = this.pending.filter((call) => call.isPending);
    for (const call of calls) {
      // Nothing or a bare number may have lost its end when the model was cut off: that is decided at the round's end.
      if (call.isWhole || (call.endsBare && !isCutShort(this.finish))) this.emit(call, 'regular', out);
    }
  }

  /** The round is over, one way or the other: every call that is left gets its `tool-call`. */
  private settle(ending: Ending, out: Output<ModelEvent | ToolCall>): void {
    this.pending = [];
    for (const call of this.calls.values()) {
      if (call instanceof OpenCall) this.emit(call, ending, out);
    }
  }

  private emit(call: OpenCall, ending: Ending, out: Output<ModelEvent | ToolCall>): void {
    const event = call.settled(ending);
    // Behind those that were emitted before.
    this.calls.delete(event.callId);
    this.calls.set(event.callId, { event, wentOn: false });
    if (call === this.newest) this.newest = undefined;
    out.enqueue(event);
  }

  /** The round's calls so far, in the order in which they were emitted. */
  private emitted(): ToolCall[] {
    return [...this.calls.values()].flatMap((call) => (call instanceof OpenCall ? [] : [call.event]));
  }

  private forget(): void {
    this.calls = new Map();
    this.newest = undefined;
    this.pending = [];
    this.finish = undefined;
  }
}

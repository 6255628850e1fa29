import type { ArgumentsError, Diagnostic, FinishReason, ToolCall, ToolCallStart } from '../events.ts';
import { quoteBigNumbers } from '../json/big-numbers.ts';
import { isDeeperThan } from '../json/parse.ts';
import type { Either, Json } from '../values.ts';
import { ArgumentsSoFar } from './arguments-so-far.ts';
import { quoted } from './quoted.ts';

/** Bounds of one call's arguments, and what becomes of their numbers. */
export interface ArgumentsRules {
  readonly maxArgumentLength: number;
  readonly maxDepth: number;
  readonly bigNumbers: 'number' | 'text';
}

/** How a round ended for the calls that are still open. */
export type Ending = 'regular' | 'cut-short' | 'interrupted';

/** A call whose `tool-call` is still to come. */
export class OpenCall extends ArgumentsSoFar {
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  /** It went on since it was last looked at. */
  isPending = false;
  /** The dialect marked its end. */
  ended = false;
  private tooLong = false;
  private readonly rules: ArgumentsRules;
  /** Whether it was parsed to see if it is whole. After that what comes is scanned, so that it costs the same however often one asks. */
  private parsed = false;
  /** Its arguments, if that made sense of them. */
  private value: Json | undefined;

  constructor({ callId, index, name }: ToolCallStart, rules: ArgumentsRules) {
    super(rules.maxDepth);
    this.callId = callId;
    this.index = index;
    this.name = name;
    this.rules = rules;
  }

  override append(text: string): void {
    if (this.length + text.length > this.rules.maxArgumentLength) this.tooLong = true;
    if (!this.tooLong) super.append(text);
  }

  /** Whether the arguments are one whole JSON value. */
  get isWhole(): boolean {
    if (this.tooLong) return false;
    if (!this.parsed) {
      this.parsed = true;
      this.value = this.parsedAtOnce();
    }
    return this.value !== undefined || this.state === 'closed';
  }

  /** Whether the arguments are nothing or a bare number, and the dialect marked their end. */
  get endsBare(): boolean {
    return this.ended && !this.tooLong && (this.state === 'blank' || this.state === 'number');
  }

  /** The call as it is now: nothing more is expected of it. */
  settled(ending: Ending): ToolCall {
    const { callId, index, name } = this;
    // One string for both: parsing it makes it flat, and it is kept.
    const argumentsText = this.toString();
    return { type: 'tool-call', callId, index, name, argumentsText, arguments: this.resolve(argumentsText, ending) };
  }

  /** Of arguments that are one object, as nearly all are: parsing them says so, and scanning them first would take as long again. */
  private parsedAtOnce(): Json | undefined {
    const { maxDepth, bigNumbers } = this.rules;
    // From now on one string, for whoever asks.
    this.join();
    const json = this.toString();
    if (!json.endsWith('}') || bigNumbers === 'text' || isDeeperThan(json, maxDepth)) return undefined;
    try {
      return JSON.parse(json) as Json;
    } catch {
      return undefined;
    }
  }

  private resolve(text: string, ending: Ending): Either<ArgumentsError, Json> {
    if (this.value !== undefined) return { _tag: 'Right', right: this.value };
    const name = quoted(this.name);
    const { maxArgumentLength, bigNumbers } = this.rules;
    if (this.tooLong) return refuse('too-long', `The arguments of ${name} are longer than ${maxArgumentLength} UTF-16 code units.`);
    const { state, problem } = this;
    if (problem) return refuse(problem.code, `The arguments of ${name} are no JSON: ${problem.message}`, problem.position);
    if (ending === 'interrupted') {
      return refuse('interrupted', `The stream was cut before the call of ${name} was complete.`, text.length);
    }
    const isNumber = state === 'number' && ending === 'regular';
    if (state === 'closed' || isNumber) {
      return { _tag: 'Right', right: JSON.parse(bigNumbers === 'text' ? quoteBigNumbers(text) : text) as Json };
    }
    if (state === 'blank' && ending === 'regular') return { _tag: 'Right', right: {} };
    return refuse('incomplete', `The arguments of ${name} end in the middle, after ${text.length} UTF-16 code units.`, text.length);
  }
}

/** Whether the model's last words may be missing. */
export function isCutShort(reason: FinishReason | undefined): boolean {
  return reason === 'length' || reason === 'content-filter' || reason === 'error';
}

function refuse(code: ArgumentsError['code'], message: string, position?: number): Either<ArgumentsError, Json> {
  return { _tag: 'Left', left: position === undefined ? { code, message } : { code, message, position } };
}

/** What came after a call's end is told once. */
export function wentOnAfterEnd({ callId, name }: { readonly callId: string; readonly name: string }): Diagnostic {
  const message = `Arguments of ${quoted(name)} went on after the call was complete. They were left out.`;
  return { type: 'diagnostic', code: 'arguments-after-call', message, callId };
}

import type { FinishReason, RoundEnd, ToolCall, ToolResult, Usage } from '../events.ts';
import { parseJson } from '../json/parse.ts';
import type { AssistantMessage, Message, MessageToolCall } from '../messages.ts';
import { failed } from '../tools/failure.ts';
import { resultOf } from '../tools/tool-events.ts';
import { type ResultBounds, toolMessage } from '../tools/tool-message.ts';
import type { Json } from '../values.ts';
import type { CallState } from './answer-state.ts';
import { Said } from './said.ts';

/** A call as a record keeps it: the live state that `answerState` shows, and whether the history must answer it. */
export interface CallRecord {
  readonly state: { -readonly [Key in keyof CallState]: CallState[Key] };
  /** It was assembled, or the assistant's message lists it: it must have a result before the next round. */
  counts: boolean;
}

/** What came of one round. */
export class RoundRecord {
  readonly number: number;
  said = new Said();
  usage: Usage | undefined;
  finishReason: FinishReason | undefined;
  end: RoundEnd | undefined;
  /** In the order in which they began. */
  calls = new Map<string, CallRecord>();
  /** Calls that count and have no result. */
  unanswered = 0;
  /** Ids of calls that a restart dropped: their results may still come and belong to nothing. */
  readonly dropped = new Set<string>();
  /** The messages of a settled round, made once: every later round sends them again. */
  private whole: readonly Message[] | undefined;
  private readonly bounds: ResultBounds;

  constructor(number: number, bounds: ResultBounds = {}) {
    this.number = number;
    this.bounds = bounds;
  }

  /** Whether nothing more can come of it: its end was seen, and each call has its result. */
  get settled(): boolean {
    return this.end !== undefined && this.unanswered === 0;
  }

  get hasCalls(): boolean {
    return [...this.calls.values()].some((call) => call.counts);
  }

  /** The call of this id; a new one if there is none. */
  callOf(callId: string, index: number, name: string): CallRecord {
    const known = this.calls.get(callId);
    if (known) return known;
    const call: CallRecord = { state: { round: this.number, callId, index, name, status: 'writing', argumentsText: '' }, counts: false };
    this.calls.set(callId, call);
    return call;
  }

  /** From now on the call must have a result. */
  count(call: CallRecord): void {
    if (call.counts) return;
    call.counts = true;
    if (!call.state.result) this.unanswered++;
  }

  answer(call: CallRecord, result: ToolResult): void {
    if (call.counts) this.unanswered--;
    call.counts = true;
    call.state.result = result;
  }

  /** The round is asked again. */
  restart(): void {
    for (const callId of this.calls.keys()) this.dropped.add(callId);
    this.calls = new Map();
    this.unanswered = 0;
    this.said = new Said();
    this.usage = this.finishReason = this.end = this.whole = undefined;
  }

  /**
   * The assistant's message: the decoder's, with the calls it does not list (an operator may have made some); where the round
   * was cut, `partial` or what the events say. `undefined` while there is nothing to say.
   */
  message(partial?: AssistantMessage): AssistantMessage | undefined {
    const said = this.end?.message ?? partial ?? this.saidSoFar();
    const listed = new Set(said.toolCalls?.map((call) => call.id));
    const missing = [...this.calls.values()].filter((call) => (call.counts || !this.end) && !listed.has(call.state.callId));
    if (missing.length === 0) return this.end || isSomething(said) ? said : undefined;
    // The provider's own form lists other calls than the history answers: without it, the neutral one is sent.
    const { native: _, ...neutral } = said;
    return { ...neutral, toolCalls: [...(said.toolCalls ?? []), ...missing.map(listedCall)] };
  }

  /**
   * What the round adds to a history: the assistant's message, and the results in the order in which it lists the calls.
   * A call without a result is left open, or settled as one that was cancelled or never run.
   */
  messages(unanswered: 'open' | 'settled', partial?: AssistantMessage): readonly Message[] {
    this.whole ??= this.settled ? this.messagesNow(unanswered) : undefined;
    return this.whole ?? this.messagesNow(unanswered, partial);
  }

  private messagesNow(unanswered: 'open' | 'settled', partial?: AssistantMessage): readonly Message[] {
    const message = this.message(partial);
    if (message === undefined) return [];
    const messages: Message[] = [message];
    const answered = new Set<string>();
    for (const { id, name } of message.toolCalls ?? []) {
      const call = this.calls.get(id)?.state;
      const result = call?.result ?? (unanswered === 'settled' ? unansweredResult(id, name, call?.status === 'running') : undefined);
      if (result !== undefined && !answered.has(id)) messages.push(toolMessage(result, this.bounds));
      answered.add(id);
    }
    return messages;
  }

  /** Whether the call's tool has begun and not come to a result. */
  isRunning(callId: string): boolean {
    return this.calls.get(callId)?.state.status === 'running';
  }

  /** The calls that count and have no result. */
  pending(): ToolCall[] {
    return [...this.calls.values()]
      .filter((call) => call.counts && !call.state.result)
      .map((call) => call.state.call ?? assembled(call.state));
  }

  private saidSoFar(): AssistantMessage {
    const reasoning = this.said.of('reasoning');
    const refusal = this.said.of('refusal');
    return { role: 'assistant', content: this.said.of('text'), ...(reasoning && { reasoning }), ...(refusal && { refusal }) };
  }
}

/** The result, for the history, of a call that got none: whether its tool had begun makes the difference for a side effect. */
export function unansweredResult(callId: string, name: string, started: boolean): ToolResult {
  const message = started
    ? 'The answer was stopped while the tool ran: it may or may not have had its effect.'
    : 'The answer ended before the tool was run: it had no effect.';
  return resultOf({ callId, name }, failed(started ? 'cancelled' : 'not-run', message, started));
}

/** Providers refuse a message that says nothing; reasoning alone is nothing to them. */
function isSomething(message: AssistantMessage): boolean {
  return message.content !== '' || (message.refusal ?? '') !== '' || (message.toolCalls ?? []).length > 0;
}

function listedCall({ state: { callId, name, argumentsText } }: CallRecord): MessageToolCall {
  return { id: callId, name, argumentsText };
}

/** A call that no `accumulateToolCalls` assembled; its round ended regularly, so its text is all there is. */
function assembled({ round, callId, index, name, argumentsText }: CallState): ToolCall {
  return { type: 'tool-call', round, callId, index, name, argumentsText, arguments: parsed(argumentsText) };
}

function parsed(text: string): ToolCall['arguments'] {
  try {
    return { _tag: 'Right', right: text.trim() === '' ? {} : (parseJson(text) as Json) };
  } catch (cause) {
    return { _tag: 'Left', left: { code: 'invalid-json', message: cause instanceof Error ? cause.message : 'The arguments are no JSON.' } };
  }
}

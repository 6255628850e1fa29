import type { PartialAnswer } from '../errors.ts';
import type { AnswerEnd, AnswerEvent, AnyEvent, EventBase, ToolCall, ToolResult, Usage } from '../events.ts';
import type { AssistantMessage, Message } from '../messages.ts';
import type { ResultBounds } from '../tools/tool-message.ts';
import { addUsage } from '../usage.ts';
import type { AnswerState, CallState } from './answer-state.ts';
import { duplicateCall, duplicateResult, type Oddity, resultWithoutCall } from './oddity.ts';
import { type CallRecord, RoundRecord } from './round-record.ts';
import { Said, type SaidKind } from './said.ts';

/** Where the answer stood when a round began: what a restart goes back to. */
interface Mark {
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly calls: number;
  readonly results: number;
}

/**
 * Keeps what came of an answer while its events go by: the live state for whoever shows it, and at any moment a history in
 * which each call has one result. Constant work for each event; only choice 0 counts.
 */
export class AnswerRecord {
  private readonly live: { -readonly [Key in keyof AnswerState]: AnswerState[Key] } & { calls: CallState[]; results: ToolResult[] } = {
    text: '',
    reasoning: '',
    refusal: '',
    calls: [],
    results: [],
    rounds: 0,
    usage: {},
  };
  /** What the live state shows, as it is joined. */
  private said = new Said();
  private readonly rounds = new Map<number, { readonly record: RoundRecord; readonly mark: Mark }>();
  private last: { readonly record: RoundRecord; readonly mark: Mark } | undefined;
  private end: AnswerEnd | undefined;
  /** What attempts cost that were cut and asked again. */
  private wasted: Usage = {};

  private readonly bounds: ResultBounds;

  /** @param bounds of results in the history. */
  constructor(bounds: ResultBounds = {}) {
    this.bounds = bounds;
  }

  /** One object, mutated by {@link take}. */
  get state(): AnswerState {
    return this.live;
  }

  /** How the answer ended, once it has. */
  get answerEnd(): AnswerEnd | undefined {
    return this.end;
  }

  /** The round of that number; a new one if there is none. */
  round(number: number): RoundRecord {
    return this.entry(number).record;
  }

  /** The live state of a call. */
  call(number: number, callId: string): CallRecord['state'] | undefined {
    return this.rounds.get(number)?.record.calls.get(callId)?.state;
  }

  /** Takes one event of the stream, whatever it is. */
  take(event: AnyEvent): Oddity | undefined {
    const { choice, round = 1 } = event as EventBase;
    return choice ? undefined : this.takeKnown(event as AnswerEvent, round);
  }

  /** What the whole answer adds to a history. Calls of the last round may be left open, for the caller to settle. */
  messages(unanswered: 'open' | 'settled', partial?: AssistantMessage): Message[] {
    return [...this.rounds.values()].flatMap(({ record }) =>
      record === this.last?.record ? record.messages(unanswered, partial) : record.messages('settled'),
    );
  }

  /**
   * What the answer adds to a history now that its stream is over, and the calls it leaves open: those of a whole round that nobody
   * answered. Where it was cut, nothing is left open; `partial` is the broken round's message as its decoder has it.
   */
  outcome(cut = false, partial?: AssistantMessage): { readonly messages: readonly Message[]; readonly pending?: readonly ToolCall[] } {
    if (this.end) return this.end;
    const last = this.last?.record;
    if (cut || !last?.end || last.settled) return { messages: this.messages('settled', partial) };
    return { messages: this.messages('open'), pending: last.pending() };
  }

  /** What an error of the last round tells of the answer; `inner` is what the operators before this one know. */
  partial(inner: PartialAnswer): PartialAnswer {
    const { text, reasoning, calls, results, usage } = this.live;
    const broken = this.last?.record;
    const message = broken?.end ? undefined : broken ? broken.message(inner.message) : inner.message;
    return {
      text,
      reasoning,
      calls: broken && !broken.end && inner.calls.length === 0 ? begunCalls(broken) : inner.calls,
      toolCalls: calls.flatMap(({ call }): ToolCall[] => (call ? [call] : [])),
      results: [...results],
      ...(Object.keys(usage).length > 0 && { usage }),
      ...(message && { message }),
      messages: this.messages('settled', message),
    };
  }

  private takeKnown(event: AnswerEvent, number: number): Oddity | undefined {
    const { live } = this;
    if (event.type === 'answer-end') {
      this.end = event;
      live.finishReason = event.reason;
      live.usage = event.usage;
      return undefined;
    }
    const { record, mark } = this.entry(number);
    switch (event.type) {
      case 'text-delta':
        this.say(record, 'text', event.text);
        return undefined;
      case 'reasoning-delta':
        this.say(record, 'reasoning', event.text);
        return undefined;
      case 'refusal-delta':
        this.say(record, 'refusal', event.text);
        return undefined;
      case 'tool-call-start':
        this.begin(record, event);
        return undefined;
      case 'tool-call-delta': {
        const call = record.calls.get(event.callId);
        if (call && !call.state.call) call.state.argumentsText += event.text;
        return undefined;
      }
      case 'finish-reason':
        record.finishReason = event.reason;
        live.finishReason = event.reason;
        return undefined;
      case 'usage':
        this.spend(record, event.usage);
        return undefined;
      case 'round-end':
        record.end = event;
        live.finishReason = event.reason;
        if (event.usage) this.spend(record, event.usage);
        for (const { id, name, argumentsText } of event.message.toolCalls ?? []) {
          const call = this.begin(record, { callId: id, index: record.calls.size, name });
          if (!call.state.call) call.state.argumentsText = argumentsText;
          record.count(call);
        }
        return undefined;
      case 'round-restarted':
        this.restart(record, mark);
        return undefined;
      case 'tool-call':
        return this.assemble(record, event);
      case 'tool-started':
      case 'tool-progress': {
        const call = record.calls.get(event.callId);
        if (!call || call.state.result) return undefined;
        call.state.status = 'running';
        if (event.type === 'tool-progress') call.state.progress = event.value;
        return undefined;
      }
      case 'tool-result':
        return this.answer(record, event);
      default:
        return undefined;
    }
  }

  private say(round: RoundRecord, kind: SaidKind, piece: string): void {
    round.said.add(kind, piece);
    this.live[kind] = this.said.add(kind, piece);
  }

  private entry(number: number): { readonly record: RoundRecord; readonly mark: Mark } {
    if (this.last?.record.number === number) return this.last;
    const known = this.rounds.get(number);
    if (known) return known;
    const { text, reasoning, refusal, calls, results } = this.live;
    const mark = { text, reasoning, refusal, calls: calls.length, results: results.length };
    const entry = { record: new RoundRecord(number, this.bounds), mark };
    this.rounds.set(number, entry);
    this.last = entry;
    this.live.rounds = this.rounds.size;
    return entry;
  }

  private begin(round: RoundRecord, { callId, index, name }: Pick<ToolCall, 'callId' | 'index' | 'name'>): CallRecord {
    const before = round.calls.size;
    const call = round.callOf(callId, index, name);
    if (round.calls.size > before) this.live.calls.push(call.state);
    return call;
  }

  /** Summed anew: a round that drains may still report while the next one does. */
  private spend(round: RoundRecord, usage: Usage): void {
    round.usage = usage;
    this.live.usage = [...this.rounds.values()].reduce((sum, { record }) => addUsage(sum, record.usage ?? {}), this.wasted);
  }

  private assemble(round: RoundRecord, event: ToolCall): Oddity | undefined {
    const call = this.begin(round, event);
    if (call.state.call) return duplicateCall(event.callId);
    call.state.call = event;
    call.state.argumentsText = event.argumentsText;
    if (call.state.status === 'writing') call.state.status = event.arguments._tag === 'Right' ? 'ready' : 'failed';
    round.count(call);
    return undefined;
  }

  private answer(round: RoundRecord, event: ToolResult): Oddity | undefined {
    const call = round.calls.get(event.callId);
    if (!call) return round.dropped.has(event.callId) ? undefined : resultWithoutCall(event.callId);
    if (call.state.result) return duplicateResult(event.callId);
    round.answer(call, event);
    call.state.status = event.outcome._tag === 'Right' ? 'done' : 'failed';
    this.live.results.push(event);
    return undefined;
  }

  /** Rounds come one after the other, so what the cut attempt added is at the end of everything. */
  private restart(round: RoundRecord, mark: Mark): void {
    const { live } = this;
    this.wasted = addUsage(this.wasted, round.usage ?? {});
    round.restart();
    this.said = new Said();
    for (const kind of ['text', 'reasoning', 'refusal'] as const) live[kind] = this.said.add(kind, mark[kind]);
    live.calls.length = mark.calls;
    live.results.length = mark.results;
    delete live.finishReason;
  }
}

function begunCalls(round: RoundRecord): PartialAnswer['calls'] {
  return [...round.calls.values()].map(({ state: { callId, name, argumentsText } }) => ({ callId, name, argumentsText }));
}

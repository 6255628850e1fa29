import type { FinishReason, ModelEvent, Usage } from '../events.ts';
import type { AssistantMessage } from '../messages.ts';
import type { Json } from '../values.ts';

/** A call in a script. */
export interface ScriptedCall {
  /** The name of the tool. */
  readonly call: string;
  /** Written as JSON; a string is the arguments' text itself, so that it may be invalid. Default `{}`. */
  readonly arguments?: Json;
  /** Default `call_1`, `call_2` …, counted over all rounds. */
  readonly id?: string;
  /** Length of the fragments in which the arguments arrive, in UTF-16 code units. Default: all in one. */
  readonly fragmentLength?: number;
}

/**
 * One step of a scripted round: text as a string, a pause as a number of milliseconds, a call, any event as it is, or an error,
 * which ends the round as a broken connection does.
 */
export type ScriptedStep = string | number | ScriptedCall | ModelEvent | Error;

/** What a model says in one round. What a round needs besides (`round-start`, `finish-reason`, `round-end`) is added where it is missing. */
export type ScriptedRound = readonly ScriptedStep[];

/** A script with every step spelled out. */
export type SpelledStep = number | ModelEvent | Error;

/** Spells a round out: events, pauses and an error. `nextCall` counts the calls of all rounds. */
export function spellOut(round: ScriptedRound, nextCall: () => number): SpelledStep[] {
  const steps: SpelledStep[] = [];
  const told = new Telling();
  const add = (step: SpelledStep) => {
    told.hear(step);
    steps.push(step);
  };
  if (!round.some((step) => isEvent(step) && step.type === 'round-start')) add({ type: 'round-start' });
  for (const step of round) {
    if (typeof step === 'string') add({ type: 'text-delta', text: step });
    else if (typeof step === 'number' || step instanceof Error || isEvent(step)) add(step);
    else for (const event of callEvents(step, told.calls.size, nextCall)) add(event);
  }
  if (round.some((step) => step instanceof Error)) return steps;
  if (!told.ended && told.reason === undefined) {
    const reason = told.calls.size > 0 ? 'tool-calls' : 'stop';
    add({ type: 'finish-reason', reason, raw: reason === 'stop' ? 'stop' : 'tool_calls' });
  }
  if (!told.ended) add(told.end());
  return steps;
}

/** What was said so far, as the round's end has to tell it. */
class Telling {
  readonly calls = new Map<string, { id: string; name: string; argumentsText: string }>();
  reason: FinishReason | undefined;
  ended = false;
  private text = '';
  private reasoning = '';
  private usage: Usage | undefined;

  hear(step: SpelledStep): void {
    if (!isEvent(step) || step.choice) return;
    if (step.type === 'text-delta') this.text += step.text;
    else if (step.type === 'reasoning-delta') this.reasoning += step.text;
    else if (step.type === 'usage') this.usage = step.usage;
    else if (step.type === 'finish-reason') this.reason ??= step.reason;
    else if (step.type === 'round-end') this.ended = true;
    else if (step.type === 'tool-call-start') this.calls.set(step.callId, { id: step.callId, name: step.name, argumentsText: '' });
    else if (step.type === 'tool-call-delta') {
      const call = this.calls.get(step.callId);
      if (call) call.argumentsText += step.text;
    }
  }

  end(): ModelEvent {
    const message: AssistantMessage = {
      role: 'assistant',
      content: this.text,
      ...(this.reasoning && { reasoning: this.reasoning }),
      ...(this.calls.size > 0 && { toolCalls: [...this.calls.values()] }),
    };
    return { type: 'round-end', reason: this.reason ?? 'stop', ...(this.usage && { usage: this.usage }), message };
  }
}

function callEvents(call: ScriptedCall, index: number, nextCall: () => number): ModelEvent[] {
  const number = nextCall();
  const callId = call.id ?? `call_${number}`;
  const text = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments ?? {});
  const length = call.fragmentLength ?? Math.max(text.length, 1);
  if (!(length >= 1)) throw new RangeError(`scriptedModel: fragmentLength is ${length}; give 1 UTF-16 code unit or more.`);
  const events: ModelEvent[] = [{ type: 'tool-call-start', callId, index, name: call.call }];
  for (let from = 0; from < text.length; from += length) {
    events.push({ type: 'tool-call-delta', callId, index, text: text.slice(from, from + length) });
  }
  return events;
}

function isEvent(step: ScriptedStep): step is ModelEvent {
  return typeof step === 'object' && 'type' in step;
}

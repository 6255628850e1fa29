import type { AnyEvent, ToolCallDelta } from '../events.ts';
import { PartialJson } from '../json/partial-json.ts';
import type { Stage } from '../stage.ts';
import { AnswerRecord } from './answer-record.ts';
import type { AnswerState, CallState } from './answer-state.ts';

/** An event with the whole answer so far, a live object that later events mutate. */
export type WithAnswer<E> = E & { readonly answer: AnswerState };

/** Beyond this, in UTF-16 code units, arguments are no longer shown: the bound of `accumulateToolCalls`. */
const MAX_SHOWN = 16 * 1024 * 1024;

/** The stage of `answerState`. */
export function answerView<E extends AnyEvent>(): Stage<E, WithAnswer<E>> {
  let record = new AnswerRecord();
  const views = new WeakMap<CallState, PartialJson>();

  function show(event: ToolCallDelta & { readonly partial?: CallState['partial'] }): void {
    const call = event.choice ? undefined : record.call(event.round ?? 1, event.callId);
    if (!call || call.argumentsText.length > MAX_SHOWN) return;
    const shown = 'partial' in event ? event.partial : extended(call, event.text);
    if (shown !== undefined) call.partial = shown;
  }

  function extended(call: CallState, text: string): CallState['partial'] {
    const view = views.get(call) ?? new PartialJson();
    views.set(call, view);
    view.push(text);
    return view.value;
  }

  return {
    transform(event, out) {
      // In a chat each turn has an answer of its own.
      if (event.type === 'turn-start') record = new AnswerRecord();
      record.take(event);
      if (event.type === 'tool-call-delta') show(event as AnyEvent as ToolCallDelta);
      // A spread with one field more takes ten times as long.
      const shown: E & { answer?: AnswerState } = Object.assign({}, event);
      shown.answer = record.state;
      out.enqueue(shown as WithAnswer<E>);
    },
  };
}

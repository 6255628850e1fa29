import type { AnswerEvent } from 'toolstream';

/** An event, and when it came: milliseconds since the question was asked. */
export interface Timed<Event = AnswerEvent> {
  readonly at: number;
  readonly event: Event;
}

/** From when to when, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One call: while the model wrote it, while its tool ran, when the tool reported progress. */
export interface CallSpans {
  readonly name: string;
  writing: Span;
  running?: Span;
  readonly progress: number[];
}

/** When each thing of an answer began and ended. */
export interface Spans {
  /** A round from its request to its `round-end`. */
  readonly rounds: readonly Span[];
  readonly calls: readonly CallSpans[];
  /** When each piece of text arrived. */
  readonly text: readonly number[];
  readonly end: number;
}

/** One pass over the events of an answer. */
export function spansOf(events: readonly Timed[]): Spans {
  const rounds: Span[] = [];
  let newest = 0;
  let before = 0;
  const calls = new Map<string, CallSpans>();
  const text: number[] = [];
  const end = events.at(-1)?.at ?? 0;
  for (const { at, event } of events) {
    const call = 'callId' in event ? calls.get(`${event.round} ${event.callId}`) : undefined;
    switch (event.type) {
      case 'text-delta':
        text.push(at);
        break;
      case 'tool-call-start':
        calls.set(`${event.round} ${event.callId}`, { name: event.name, writing: { from: at, to: at }, progress: [] });
        break;
      case 'tool-call-delta':
        if (call) call.writing = { from: call.writing.from, to: at };
        break;
      case 'tool-started':
        if (call) call.running = { from: at, to: end };
        break;
      case 'tool-progress':
        call?.progress.push(at);
        break;
      case 'tool-result':
        if (call?.running) call.running = { from: call.running.from, to: at };
        break;
    }
    if ('round' in event && event.round !== undefined && event.round > newest) {
      // The first event of a round: what came just before it is what the round waited for, so its request went out then.
      rounds.push({ from: before, to: end });
      newest = event.round;
    }
    if (event.type === 'round-end') rounds.push({ from: rounds.pop()?.from ?? 0, to: at });
    before = at;
  }
  return { rounds, calls: [...calls.values()], text, end };
}

/** How many pieces of text arrived while a call's tool ran. */
export function textDuring(call: CallSpans, text: readonly number[]): number {
  const { running } = call;
  return running ? text.filter((at) => at >= running.from && at <= running.to).length : 0;
}

/** Milliseconds as a reader says them. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

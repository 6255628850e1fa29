import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { AnyEvent, ModelEvent, ToolCall } from '../../src/events.ts';
import { runStage, type Stage } from '../../src/stage.ts';
import { type ExtractTextToolCallsOptions, textCallExtractor } from '../../src/text/text-calls.ts';

export const tools = [{ name: 'get_weather' }, { name: 'f' }, { name: 'get' }, { name: 'send-mail' }];

export const textDelta = (text: string): ModelEvent => ({ type: 'text-delta', text });

/** A round that says these pieces. */
export function round(pieces: readonly string[], reason: 'stop' | 'length' = 'stop'): ModelEvent[] {
  return [
    { type: 'round-start', responseId: 'r1' },
    ...pieces.map(textDelta),
    { type: 'finish-reason', reason, raw: reason },
    { type: 'round-end', reason, message: { role: 'assistant', content: pieces.join(''), native: { dialect: 'x', message: {} } } },
  ];
}

/** Events with neighbouring deltas of one kind joined, and those of no text left out. */
export function joined(events: readonly AnyEvent[]): AnyEvent[] {
  const result: (AnyEvent & { text?: string; callId?: string })[] = [];
  for (const event of events as (AnyEvent & { text?: string; callId?: string })[]) {
    const last = result.at(-1);
    if (event.text === '') continue;
    if (last && event.text !== undefined && last.type === event.type && last.callId === event.callId) {
      result[result.length - 1] = { ...last, text: (last.text ?? '') + event.text };
    } else result.push(event);
  }
  return result;
}

export const run = (stage: Stage<ModelEvent, ModelEvent>, events: Iterable<ModelEvent>) => runStage(stage, events);

export const extract = (
  pieces: readonly string[],
  options: Partial<ExtractTextToolCallsOptions> = {},
  reason: 'stop' | 'length' = 'stop',
) => run(textCallExtractor({ tools, ...options }) as Stage<ModelEvent, ModelEvent>, round(pieces, reason)).values;

/** What comes out, short: the text, and each call as `name` and its arguments, or the code that says why it must not run. */
export function seen(events: readonly ModelEvent[]): { text: string; calls: unknown[] } {
  const out = runStage(toolCallAccumulator<ModelEvent>(), events).values;
  const text = out.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
  const calls = out
    .filter((event): event is ToolCall => event.type === 'tool-call')
    .map((call) => [call.name, call.arguments._tag === 'Right' ? call.arguments.right : call.arguments.left.code]);
  return { text, calls };
}

export const singles = (text: string): string[] => text.split('');

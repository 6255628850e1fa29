import { type AccumulateToolCallsOptions, toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { DecoderOptions } from '../../src/dialects/dialect.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';

export type Event = ModelEvent | ToolCall;

/** A chunk with one delta for choice 0. */
export function delta(fields: object, finish: string | null = null): object {
  return { id: 'r1', model: 'm', choices: [{ index: 0, delta: fields, finish_reason: finish }] };
}

/** A chunk with entries of `tool_calls`. */
export function calls(...entries: object[]): object {
  return delta({ tool_calls: entries });
}

/** An entry of `tool_calls`. */
export function entry(
  index: number | undefined,
  id: string | null | undefined,
  name: string | null | undefined,
  args?: string | null,
): object {
  return { index, id, type: 'function', function: { name, arguments: args } };
}

export const finish = (reason = 'tool_calls') => delta({}, reason);

export const done = '[DONE]';

/** Frames of chunks, as the SSE parser would give them. */
export function frames(chunks: readonly (object | string)[]): Frame[] {
  return chunks.map((chunk) => ({ data: typeof chunk === 'string' ? chunk : JSON.stringify(chunk) }));
}

/** Chunks → events and calls, in plain loops. */
export function read(
  chunks: readonly (object | string)[],
  options?: DecoderOptions & AccumulateToolCallsOptions,
): { events: Event[]; calls: ToolCall[]; error: unknown; codes: string[] } {
  const decoded = runStage(openAiChat.decoder(options), frames(chunks));
  const gathered = decoded.error
    ? { values: failing(decoded.values, decoded.error, options), error: decoded.error }
    : runStage<ModelEvent, Event>(toolCallAccumulator<ModelEvent>(options), decoded.values);
  const events = gathered.values;
  return {
    events,
    calls: events.filter((event) => event.type === 'tool-call'),
    error: decoded.error ?? gathered.error,
    codes: events.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : [])),
  };
}

/** What the accumulator makes of events that end with an error. */
function failing(events: readonly ModelEvent[], error: unknown, options?: AccumulateToolCallsOptions): Event[] {
  const values: Event[] = [];
  const stage = toolCallAccumulator<ModelEvent>(options);
  const out = { enqueue: (event: Event) => void values.push(event), error: () => undefined, terminate: () => undefined };
  for (const event of events) stage.transform(event, out);
  stage.fail?.(error, out);
  return values;
}

/** Name and parsed arguments of each call; `null` where they must not run. */
export function summary(found: readonly ToolCall[]): unknown[] {
  return found.map((call) => [call.name, call.arguments._tag === 'Right' ? call.arguments.right : call.arguments.left.code]);
}

import type { Dialect } from '../../src/dialects/dialect.ts';
import type { AnyEvent, ModelEvent } from '../../src/events.ts';
import { defineTool } from '../../src/index.ts';
import { runStage } from '../../src/stage.ts';
import { type ScriptedRound, spellOut } from '../../src/testing/script.ts';
import type { Tool } from '../../src/tools/tool.ts';
import type { Json } from '../../src/values.ts';
import { recordedBytes, recordings } from './shared.ts';

/** A recorded response with calls, and what there is in it by the manifest's word. */
export interface RecordedAnswer {
  readonly dialect: Dialect;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly calls: ReadonlyArray<{ readonly name: string; readonly arguments: Json }>;
  /** Where each of its events ends, its blank line included. */
  readonly ends: readonly number[];
}

/** Reads one recording of SSE with text or calls. */
export function recordedAnswer(dialect: Dialect, file: string): RecordedAnswer {
  const recording = recordings(file.split('/')[0] ?? '').find((each) => each.file === file);
  if (!recording) throw new Error(`No recording ${file} of ${dialect.name}.`);
  const bytes = recordedBytes(recording);
  const ends: number[] = [];
  for (let at = 1; at < bytes.length; at++) if (bytes[at] === 10 && bytes[at - 1] === 10) ends.push(at + 1);
  return { dialect, bytes, text: recording.expect.text, calls: recording.expect.toolCalls, ends };
}

/** The text in the events that are whole in the first `length` bytes, found without the library. */
export function textWithin({ bytes, ends }: RecordedAnswer, length: number): string {
  const whole = new TextDecoder().decode(bytes.subarray(0, ends.findLast((end) => end <= length) ?? 0));
  const datas = whole.split('\n').filter((line) => line.startsWith('data: {'));
  return datas
    .map((line) => JSON.parse(line.slice(6)))
    .map(({ delta, choices }) => delta?.text ?? choices?.[0]?.delta?.content ?? '')
    .join('');
}

/** A response that says something short, in the same dialect. */
export function response(dialect: Dialect, round: ScriptedRound): Uint8Array {
  let calls = 0;
  const events = spellOut(round, () => calls++) as ModelEvent[];
  const frames = runStage(dialect.encoder({ responseId: 'second' }), events).values;
  const lines = frames.map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`);
  return new TextEncoder().encode(lines.join(''));
}

/** What became of the tools of one answer. */
export class Effects {
  /** `name arguments` of each effect, in the order in which they happened. */
  readonly seen: string[] = [];
  readonly tools: readonly Tool[];
  /** How many of the recorded calls there are of each kind. */
  private readonly expected = new Map<string, number>();

  /** One tool for each name; not repeatable, and started as soon as its call is confirmed. */
  constructor({ calls }: Pick<RecordedAnswer, 'calls'>) {
    for (const call of calls) this.expected.set(keyOf(call), (this.expected.get(keyOf(call)) ?? 0) + 1);
    this.tools = [...new Map(calls.map((call) => [call.name, call.arguments]))].map(([name, args]) =>
      defineTool({
        name,
        description: name,
        parameters: { type: 'object', required: Object.keys(args as object) },
        startWhen: 'confirmed',
        execute: async (given: unknown) => {
          this.seen.push(keyOf({ name, arguments: given as Json }));
          await new Promise(setImmediate);
          return 'done';
        },
      }),
    ) as unknown as Tool[];
  }

  /** Effects that no recorded call asked for, or asked for fewer times. */
  get unwanted(): string[] {
    const left = new Map(this.expected);
    return this.seen.filter((key) => {
      const count = left.get(key) ?? 0;
      left.set(key, count - 1);
      return count < 1;
    });
  }

  /** Whether each recorded call has had its effect, once. */
  get complete(): boolean {
    const total = [...this.expected.values()].reduce((sum, count) => sum + count, 0);
    return this.unwanted.length === 0 && this.seen.length === total;
  }
}

const keyOf = (call: { readonly name: string; readonly arguments: Json }) => `${call.name} ${JSON.stringify(call.arguments)}`;

/** Calls without a result or with several, of the last try of each round. */
export function unsettled(events: readonly AnyEvent[]): string[] {
  const counts = new Map<string, number>();
  for (const event of events as ReadonlyArray<AnyEvent & { readonly round?: number; readonly callId?: string }>) {
    const { type, round, callId } = event;
    const key = `${round ?? 1}/${callId}`;
    if (type === 'round-restarted') for (const each of [...counts.keys()]) if (each.startsWith(`${round ?? 1}/`)) counts.delete(each);
    if (type === 'tool-call') counts.set(key, counts.get(key) ?? 0);
    if (type === 'tool-result') counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count !== 1).map(([key, count]) => `${key}: ${count} results`);
}

/** What the last try of each round said. */
export function textThatStands(events: readonly AnyEvent[]): string {
  const texts = new Map<number, string>();
  for (const event of events as ReadonlyArray<AnyEvent & { readonly round?: number; readonly text?: string }>) {
    const { type, round = 1, text = '' } = event;
    if (type === 'round-restarted') texts.delete(round);
    if (type === 'text-delta') texts.set(round, (texts.get(round) ?? '') + text);
  }
  return [...texts.values()].join('');
}

import fc from 'fast-check';
import { concat, from, type Observable, throwError } from 'rxjs';
import { afterAll, expect } from 'vitest';
import { accumulateToolCalls } from '../../operators/accumulateToolCalls.ts';
import { type DecodeOptions, decode } from '../../operators/decode.ts';
import { parseSse } from '../../operators/parseSse.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import type { AnyEvent, ModelEvent, ToolCall } from '../../src/events.ts';
import { type Arbitraries, arbitraries, type OpenAiChatStyle, openAiChatBytes, type RoundShape } from '../../src/testing/index.ts';
import { figure } from '../support/figures.ts';
import { moreThan } from '../support/reach.ts';

export const draw: Arbitraries = arbitraries(fc);

/** More runs where there is time for them. */
export const runs = (base: number) => ({ numRuns: process.env.CI ? base * 4 : base });

export interface DrawnAnswer {
  readonly round: readonly ModelEvent[];
  readonly style: OpenAiChatStyle;
}

/** A round, and a way of writing it. The bytes are made where they are needed: a counterexample reads better without them. */
export const drawnAnswer = (shape?: RoundShape): fc.Arbitrary<DrawnAnswer> =>
  draw.round(shape).chain((round) => draw.openAiChatStyle(round).map((style) => ({ round, style })));

export const bytesOf = ({ round, style }: DrawnAnswer): Uint8Array => openAiChatBytes(round, style);

/** From bytes to `tool-call`s: the part of the pipeline that is the same under every split. */
export function read(
  chunks: readonly Uint8Array[],
  options: DecodeOptions & { readonly thenError?: Error } = {},
): Outcome<ModelEvent | ToolCall> {
  const { thenError, ...decodeOptions } = options;
  const source$ = thenError
    ? concat(
        from(chunks),
        throwError(() => thenError),
      )
    : from(chunks);
  return outcomeOf(source$.pipe(parseSse(), decode(openAiChat, decodeOptions), accumulateToolCalls<ModelEvent>()));
}

export interface Outcome<E> {
  readonly events: E[];
  readonly error: unknown;
  readonly completed: boolean;
}

/** What a synchronous stream gives. */
export function outcomeOf<E>(stream$: Observable<E>): Outcome<E> {
  const events: E[] = [];
  let error: unknown;
  let completed = false;
  stream$.subscribe({
    next: (event) => events.push(event),
    error: (raised) => {
      error = raised;
    },
    complete: () => {
      completed = true;
    },
  });
  return { events, error, completed };
}

/** An error as data, so that two can be compared in everything but their stacks. */
export function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, ...rest } = error;
  return { name: error.name || name, message: error.message || message, ...rest };
}

/** Counts which events a law has met, says so, and fails where one it is about never came. */
export function coverage(
  law: string,
  ...wanted: ReadonlyArray<ModelEvent['type'] | 'tool-call' | 'tool-started' | 'tool-progress' | 'tool-result'>
) {
  const met = new Map<string, number>();
  let streams = 0;
  afterAll(() => {
    figure(`law-${law}`, { streams, met: Object.fromEntries([...met].sort(([a], [b]) => a.localeCompare(b))) });
    for (const type of wanted) expect(met.get(type) ?? 0, `${law}: events of type ${type} met`).toBeGreaterThan(moreThan(0));
  });
  return (events: Iterable<AnyEvent>): void => {
    streams++;
    for (const { type } of events) met.set(type, (met.get(type) ?? 0) + 1);
  };
}

/** What a round says, whatever the sizes of its pieces: adjacent pieces of one kind joined. */
export function said(events: Iterable<AnyEvent | ModelEvent>): string[][] {
  const pieces: string[][] = [];
  for (const event of events as Iterable<ModelEvent>) {
    const kind =
      event.type === 'text-delta' || event.type === 'reasoning-delta'
        ? event.type
        : event.type === 'tool-call-delta'
          ? `arguments ${event.index}`
          : undefined;
    if (kind === undefined) continue;
    const text = (event as { readonly text: string }).text;
    const last = pieces.at(-1);
    if (last && last[0] === kind) last[1] += text;
    else pieces.push([kind, text]);
  }
  return pieces;
}

/** The visible text. */
export function textOf(events: Iterable<AnyEvent | ModelEvent>): string {
  return said(events)
    .filter(([kind]) => kind === 'text-delta')
    .map(([, text]) => text)
    .join('');
}

import fc from 'fast-check';
import { Observable, of, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { streamAnswer } from '../../src/answer.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { InterruptedError, isToolstreamError } from '../../src/errors.ts';
import type { AnswerEvent } from '../../src/events.ts';
import type { Message } from '../../src/messages.ts';
import { httpModel } from '../../src/models/http-model.ts';
import type { Fetch } from '../../src/models/redirects.ts';
import { splitBytes } from '../../src/testing/index.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import type { Tool, ToolContext } from '../../src/tools/tool.ts';
import { faults } from '../rounds/events.ts';
import { moreThan } from '../support/reach.ts';
import { settled } from '../support/settled.ts';
import { bytesOf, type DrawnAnswer, drawnAnswer, runs, textOf } from './support.ts';

/** A conversation as a server has it: rounds with calls, then one without; and how the tools behave. */
interface Conversation {
  readonly rounds: readonly DrawnAnswer[];
  readonly durations: readonly number[];
  readonly throwing: readonly boolean[];
  readonly readOnly: readonly boolean[];
  readonly concurrency: number;
}

const conversations: fc.Arbitrary<Conversation> = fc.record({
  rounds: fc
    .tuple(fc.array(drawnAnswer({ minCalls: 1, maxCalls: 3 }), { minLength: 1, maxLength: 2 }), drawnAnswer({ minCalls: 0, maxCalls: 0 }))
    .map(([calling, last]) => [...calling, last]),
  durations: fc.array(fc.constantFrom(0, 0, 1, 3), { minLength: 1, maxLength: 4 }),
  throwing: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  readOnly: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
});

/** Bytes cut into pieces: where they are cut is no matter of these laws. */
const PIECE = 97;

/** A server of the rounds' bytes, and tools that note what they do. `cut` breaks a round's body at a byte. */
class World {
  /** Every side effect, by round. */
  readonly effects: string[] = [];
  readonly signals: AbortSignal[] = [];
  requests = 0;
  /** Bodies that are being read, and tools that run. */
  open = 0;
  running = 0;
  private count = 0;
  private readonly drawn: Conversation;
  private readonly cut: { readonly round: number; readonly at: number } | undefined;

  constructor(drawn: Conversation, cut?: { readonly round: number; readonly at: number }) {
    this.drawn = drawn;
    this.cut = cut;
  }

  answer(): Observable<AnswerEvent> {
    const { concurrency } = this.drawn;
    const model = httpModel({ dialect: openAiChat, url: 'https://api.example/v1', model: 'm', fetch: this.fetch, retry: { maxTries: 1 } });
    return streamAnswer({ model, request: { messages: [{ role: 'user', content: 'go' }] }, tools: this.tools(), concurrency });
  }

  private readonly fetch: Fetch = async (_url, { signal }) => {
    const nth = this.requests++;
    const drawn = this.drawn.rounds[nth];
    if (!drawn) throw new Error('more rounds were asked than there are');
    const bytes = bytesOf(drawn);
    const cutAt = this.cut?.round === nth ? this.cut.at % bytes.length : undefined;
    const chunks = splitBytes(cutAt === undefined ? bytes : bytes.slice(0, cutAt), { at: pieces(bytes.length) });
    if (signal) this.signals.push(signal);
    this.open++;
    const end = () => {
      this.open--;
    };
    return new Response(bodyOf(chunks, cutAt !== undefined, end), { headers: { 'content-type': 'text/event-stream' } });
  };

  private tools(): Tool[] {
    return ['get_weather', 'search', 'add', 'find-flights'].map((name, i) =>
      defineTool({
        name,
        description: name,
        parameters: { type: 'object' },
        annotations: { readOnlyHint: this.drawn.readOnly[i] ?? false },
        execute: (args, context) => this.act(name, args, context),
      }),
    ) as Tool[];
  }

  private act(name: string, args: unknown, { signal, callId }: ToolContext): Observable<string> {
    const { durations, throwing } = this.drawn;
    const nth = this.count++;
    this.effects.push(`${this.requests} ${callId} ${name} ${JSON.stringify(args)}`);
    this.signals.push(signal);
    const duration = durations[nth % durations.length] ?? 0;
    return new Observable((subscriber) => {
      this.running++;
      subscriber.add(() => {
        this.running--;
      });
      if (throwing[nth % throwing.length]) subscriber.error(new Error('tool threw'));
      else subscriber.add((duration === 0 ? of(0) : timer(duration)).subscribe({ complete: () => finish(subscriber) }));
    });
  }
}

function finish(subscriber: { next(value: string): void; complete(): void }): void {
  subscriber.next('done');
  subscriber.complete();
}

function pieces(length: number): number[] {
  return Array.from({ length: Math.floor(length / PIECE) }, (_, i) => (i + 1) * PIECE);
}

/** A body that gives a chunk whenever it is asked for one; `end` is called once, however it ends. */
function bodyOf(chunks: readonly Uint8Array[], broken: boolean, end: () => void): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        const chunk = chunks[at++];
        if (chunk) return controller.enqueue(chunk);
        end();
        if (broken) controller.error(new Error('connection lost'));
        else controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

const identities = (events: readonly AnswerEvent[], type: 'tool-call' | 'tool-result') =>
  events.flatMap((event) => (event.type === type ? [`${event.round} ${event.callId}`] : [])).sort();

const allOnce = (items: readonly string[]) => expect(new Set(items).size, items.join(', ')).toBe(items.length);

describe('laws of whole answers, from the bytes', () => {
  it('law: within each round the text is the same whatever the tools do and however long they take', async () => {
    await fc.assert(
      fc.asyncProperty(conversations, async (drawn) => {
        const { events, error } = await settled(new World(drawn).answer());
        expect(error).toBeUndefined();
        drawn.rounds.forEach(({ round }, i) => {
          expect(textOf(events.filter((event) => event.round === i + 1))).toBe(textOf(round));
        });
        expect(faults(messagesOf(events))).toEqual([]);
      }),
      runs(60),
    );
  });

  it('law: under a cut at any byte of any round each call has one result, each side effect happens once, and nothing is lost', async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(conversations, fc.nat(2), fc.nat(), async (drawn, round, at) => {
        const world = new World(drawn, { round: round % drawn.rounds.length, at });
        const { events, error } = await settled(world.answer());
        const results = events.filter((event) => event.type === 'tool-result');
        expect(identities(events, 'tool-result')).toEqual(identities(events, 'tool-call'));
        allOnce(identities(events, 'tool-result'));
        allOnce(world.effects);
        expect(world.effects.length).toBe(events.filter(({ type }) => type === 'tool-started').length);
        expect([world.open, world.running]).toEqual([0, 0]);
        const outcome = error === undefined ? 'survived' : error instanceof InterruptedError ? 'cut' : 'cut before the first event';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (error === undefined) return;
        expect(isToolstreamError(error)).toBe(true);
        const { partial } = error as InterruptedError;
        expect(partial.text).toBe(textOf(events));
        expect(identities(partial.toolCalls, 'tool-call')).toEqual(identities(events, 'tool-call'));
        expect(partial.results).toEqual(results);
        expect(faults(partial.messages)).toEqual([]);
      }),
      runs(150),
    );
    expect([...outcomes.keys()].sort()).toEqual(['cut', 'cut before the first event', 'survived']);
  });

  it('law: unsubscribing at any event leaves nothing that runs, is read, is asked or is emitted, and no timer', async () => {
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(conversations, fc.nat(60), async (drawn, at) => {
        const timersBefore = timers();
        const world = new World(drawn);
        const seen: AnswerEvent[] = [];
        await new Promise<void>((resolve) => {
          const answer$ = world.answer();
          const subscription = answer$.subscribe({
            next: (event) => {
              seen.push(event);
              if (seen.length !== at + 1) return;
              cuts++;
              subscription.unsubscribe();
              resolve();
            },
            complete: resolve,
          });
        });
        const [length, requests, effects] = [seen.length, world.requests, world.effects.length];
        expect(world.running, 'tools that run').toBe(0);
        // Cancelling a body takes a turn of the promises.
        for (let turn = 0; turn < 20; turn++) await undefined;
        expect(world.open, 'bodies that are read').toBe(0);
        expect(timers(), 'timers').toBeLessThanOrEqual(timersBefore);
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect([seen.length, world.requests, world.effects.length]).toEqual([length, requests, effects]);
      }),
      runs(60),
    );
    expect(cuts).toBeGreaterThan(moreThan(20));
  });
});

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

function messagesOf(events: readonly AnswerEvent[]): readonly Message[] {
  const end = events.at(-1);
  expect(end?.type).toBe('answer-end');
  return end?.type === 'answer-end' ? end.messages : [];
}

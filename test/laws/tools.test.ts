import fc from 'fast-check';
import * as t from 'io-ts';
import { concat, delay, map, NEVER, Observable, of, type Subscription, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { accumulateToolCalls } from '../../operators/accumulateToolCalls.ts';
import { decode } from '../../operators/decode.ts';
import { executeTools } from '../../operators/executeTools.ts';
import { parseSse } from '../../operators/parseSse.ts';
import { resumeAfterTools } from '../../operators/resumeAfterTools.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { InterruptedError } from '../../src/errors.ts';
import type { AnyEvent, ModelEvent, ToolCall, ToolEvent } from '../../src/events.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import type { Tool, ToolContext } from '../../src/tools/tool.ts';
import { moreThan } from '../support/reach.ts';
import { bytesOf, coverage, draw, drawnAnswer, outcomeOf, runs, textOf } from './support.ts';

/** How the tools of one run behave. */
interface ToolHabits {
  /** Virtual milliseconds a tool takes, by the call's number; 0 answers at once. */
  readonly durations: readonly number[];
  readonly outcome: ReadonlyArray<'value' | 'throws' | 'progress'>;
  readonly readOnly: readonly boolean[];
  readonly concurrency: number;
}

const habits: fc.Arbitrary<ToolHabits> = fc.record({
  durations: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }),
  outcome: fc.array(fc.constantFrom('value' as const, 'throws' as const, 'progress' as const), { minLength: 1, maxLength: 5 }),
  readOnly: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
});

/** Tools that note what they do to the world. */
class World {
  /** Every side effect: name and arguments. */
  readonly effects: string[] = [];
  running = 0;
  private count = 0;
  readonly tools: Tool[];
  private readonly habits: ToolHabits;

  constructor(how: ToolHabits) {
    this.habits = how;
    this.tools = ['get_weather', 'search', 'add', 'find-flights'].map((name, i) =>
      defineTool({
        name,
        description: name,
        parameters: t.UnknownRecord,
        inputSchema: { type: 'object' },
        annotations: { readOnlyHint: how.readOnly[i] ?? false },
        execute: (args, context) => this.act(name, args, context),
      }),
    ) as Tool[];
  }

  private act(name: string, args: unknown, { signal }: ToolContext): Observable<unknown> {
    const nth = this.count++;
    const { durations, outcome } = this.habits;
    this.effects.push(effectOf(name, args));
    const result$ = outcome[nth % outcome.length] === 'throws' ? throwError(() => new Error('tool threw')) : of(nth);
    const duration = durations[nth % durations.length] ?? 0;
    const begun$ = outcome[nth % outcome.length] === 'progress' ? of('on the way') : of<string>();
    return new Observable((subscriber) => {
      this.running++;
      expect(signal.aborted, 'a tool is started though its signal is aborted').toBe(false);
      subscriber.add(() => {
        this.running--;
      });
      subscriber.add(
        concat(
          begun$,
          duration === 0
            ? result$
            : timer(duration).pipe(
                map(() => nth),
                delay(0),
              ),
        ).subscribe(subscriber),
      );
    });
  }
}

const effectOf = (name: string, args: unknown) => `${name} ${JSON.stringify(args)}`;

/** Emits events a virtual millisecond apart, from `count` of them on nothing more. */
function paced(events: readonly ModelEvent[], end: 'complete' | 'never' | Error): Observable<ModelEvent> {
  const events$ = concat(...events.map((event) => timer(1).pipe(map(() => event))));
  return end === 'complete' ? events$ : concat(events$, end === 'never' ? NEVER : throwError(() => end));
}

/** Runs something to its end in virtual time. */
function inVirtualTime(run: (flush: () => void) => void): void {
  new TestScheduler(() => {}).run(({ flush }) => run(flush));
}

type LawEvent = ModelEvent | ToolCall | ToolEvent;

function runTools(
  source$: Observable<ModelEvent>,
  world: World,
  concurrency: number,
): { events: LawEvent[]; error: unknown; ended: boolean } {
  const events: LawEvent[] = [];
  let error: unknown;
  let ended = false;
  inVirtualTime((flush) => {
    source$.pipe(accumulateToolCalls<ModelEvent>(), executeTools<ModelEvent | ToolCall>(world.tools, { concurrency })).subscribe({
      next: (event) => events.push(event),
      error: (raised) => {
        error = raised;
        ended = true;
      },
      complete: () => {
        ended = true;
      },
    });
    flush();
  });
  return { events, error, ended };
}

const ofType = <T extends LawEvent['type']>(events: readonly LawEvent[], type: T) =>
  events.filter((event): event is Extract<LawEvent, { type: T }> => event.type === type);

const idsOf = (events: ReadonlyArray<{ readonly callId: string }>) => events.map((event) => event.callId).sort();

/** What `decode` makes of bytes, cut ones too. */
const decoded = (bytes: Uint8Array) => outcomeOf(of(bytes).pipe(parseSse(), decode(openAiChat))).events;

describe('law: within a round the text is the same whatever the tools do and however long they take', () => {
  const met = coverage('text beside tools', 'text-delta', 'tool-call', 'tool-started', 'tool-progress', 'tool-result');

  it('and it comes at the same times', () => {
    fc.assert(
      fc.property(draw.round(), habits, (round, how) => {
        const { events, ended } = runTools(paced(round, 'complete'), new World(how), how.concurrency);
        expect(ended).toBe(true);
        expect(textOf(events)).toBe(textOf(round));
        const own = events.filter((event) => !['tool-call', 'tool-started', 'tool-progress', 'tool-result'].includes(event.type));
        expect(own).toEqual(round);
        met(events);
      }),
      runs(100),
    );
  });
});

describe('law: one result per call, and each side effect at most once', () => {
  const met = coverage('one result per call', 'tool-call', 'tool-result', 'tool-started');

  it('when the round is whole', () => {
    fc.assert(
      fc.property(draw.round(), habits, (round, how) => {
        const world = new World(how);
        const { events } = runTools(paced(round, 'complete'), world, how.concurrency);
        const calls = idsOf(ofType(events, 'tool-call'));
        expect(idsOf(ofType(events, 'tool-result'))).toEqual(calls);
        expect(world.effects.length).toBe(calls.length);
        expect(world.running).toBe(0);
      }),
      runs(100),
    );
  });

  it('under a cut at any event', () => {
    fc.assert(
      fc.property(draw.round(), habits, fc.nat(), (round, how, at) => {
        const world = new World(how);
        const cut = new InterruptedError('cut');
        const { events, error } = runTools(paced(round.slice(0, at % round.length), cut), world, how.concurrency);
        expect(error).toBe(cut);
        const calls = idsOf(ofType(events, 'tool-call'));
        expect(idsOf(ofType(events, 'tool-result'))).toEqual(calls);
        expect(cut.partial.results).toEqual(ofType(events, 'tool-result'));
        for (const result of ofType(events, 'tool-result')) {
          const started = ofType(events, 'tool-started').some((event) => event.callId === result.callId);
          if (result.outcome._tag === 'Left') expect(result.outcome.left.started).toBe(started);
        }
        expect(world.effects.length).toBe(ofType(events, 'tool-started').length);
        expect(world.running).toBe(0);
        met(events);
      }),
      runs(100),
    );
  });

  it('under a cut at any byte and a restart', () => {
    let taken = 0;
    fc.assert(
      fc.property(drawnAnswer(), habits, fc.nat(), (answer, how, at) => {
        const world = new World(how);
        const bytes = bytesOf(answer);
        const again: ModelEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
        const before = decoded(bytes.slice(0, at % bytes.length)).filter((event) => event.type !== 'round-end');
        const { events } = runTools(paced([...before, again, ...decoded(bytes)], 'complete'), world, how.concurrency);
        const restart = events.findIndex((event) => event.type === 'round-restarted');
        const since = events.slice(restart);
        const calls = ofType(since, 'tool-call');
        expect(idsOf(ofType(since, 'tool-result'))).toEqual(idsOf(calls));
        for (const [effect, times] of countOf(world.effects)) {
          const wanted = calls.filter((call) => call.arguments._tag === 'Right' && effectOf(call.name, call.arguments.right) === effect);
          expect(times, effect).toBeLessThanOrEqual(wanted.length);
        }
        expect(world.running).toBe(0);
        if (ofType(events.slice(0, restart), 'tool-started').length > 0) taken++;
      }),
      runs(100),
    );
    expect(taken, 'runs in which a tool had started before the restart').toBeGreaterThan(moreThan(0));
  });
});

describe('law: unsubscribing at any event leaves nothing running that heeds its signal', () => {
  const met = coverage('unsubscribing', 'text-delta', 'tool-call', 'tool-started', 'tool-result');

  it('no tool, no round, no timer that emits', () => {
    fc.assert(
      fc.property(draw.round(), habits, fc.nat(80), (round, how, at) => {
        const world = new World(how);
        const seen: AnyEvent[] = [];
        let open = 0;
        let leftRunning = 0;
        const ask = () =>
          new Observable<LawEvent>((subscriber) => {
            open++;
            subscriber.add(() => {
              open--;
            });
            subscriber.add(
              paced(round, 'complete')
                .pipe(accumulateToolCalls<ModelEvent>(), executeTools<ModelEvent | ToolCall>(world.tools, { concurrency: how.concurrency }))
                .subscribe(subscriber),
            );
          });
        const request = { messages: [] };
        inVirtualTime((flush) => {
          let subscription: Subscription | undefined;
          subscription = ask()
            .pipe(resumeAfterTools({ request, ask, maxRounds: 2 }))
            .subscribe((event) => {
              seen.push(event);
              if (seen.length !== at + 1) return;
              subscription?.unsubscribe();
              // At the same moment, once whatever ran synchronously has returned.
              timer(0).subscribe(() => {
                leftRunning = open + world.running;
              });
            });
          flush();
        });
        expect(seen.length, 'nothing is emitted after it').toBeLessThanOrEqual(at + 1);
        expect(leftRunning, 'rounds and tools that went on').toBe(0);
        expect(open + world.running, 'rounds and tools that began afterwards').toBe(0);
        met(seen);
      }),
      runs(100),
    );
  });
});

function countOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

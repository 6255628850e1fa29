import { type } from 'arktype';
import * as t from 'io-ts';
import { EMPTY, type Observable, type OperatorFunction } from 'rxjs';
import {
  type AnswerEvent,
  type AnswerState,
  accumulateToolCalls,
  answerState,
  type CollectedAnswer,
  collectAnswer,
  type Diagnostic,
  decode,
  defineTool,
  executeTools,
  fetchBytes,
  httpModel,
  httpRequest,
  type LatencyEvent,
  type Message,
  type ModelEvent,
  measureLatency,
  openAiChat,
  parseSse,
  partialArguments,
  type RequestInput,
  resumeAfterTools,
  streamAnswer,
  type TextDelta,
  type ToolCall,
  type ToolContext,
  type ToolEvent,
  throttleText,
} from 'toolstream';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const named = { name: 'n', description: 'd' } as const;

describe("types: a tool's arguments", () => {
  it('are those of an io-ts codec', () => {
    const parameters = t.intersection([t.type({ city: t.string }), t.partial({ days: t.number })]);
    defineTool({
      ...named,
      parameters,
      execute: (args, context) => {
        expectTypeOf(args.city).toEqualTypeOf<string>();
        expectTypeOf(args.days).toEqualTypeOf<number | undefined>();
        expectTypeOf(context).toEqualTypeOf<ToolContext>();
        // @ts-expect-error: the codec has no such key.
        return args.country;
      },
    });
  });

  it('are what a zod schema gives', () => {
    const parameters = z.object({ city: z.string(), days: z.coerce.number().default(3) });
    defineTool({ ...named, parameters, execute: (args) => expectTypeOf(args).toEqualTypeOf<{ city: string; days: number }>() });
  });

  it('are what a valibot schema gives', () => {
    const parameters = v.object({ city: v.string(), days: v.optional(v.number()) });
    defineTool({
      ...named,
      parameters,
      inputSchema: { type: 'object' },
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ city: string; days?: number | undefined }>(),
    });
  });

  it('are what an arktype schema gives', () => {
    const parameters = type({ city: 'string', 'days?': 'number' });
    defineTool({ ...named, parameters, execute: (args) => expectTypeOf(args).toEqualTypeOf<{ city: string; days?: number }>() });
  });

  it('are what a literal JSON Schema describes', () => {
    defineTool({
      ...named,
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string' },
          days: { type: 'array', items: { type: 'integer' } },
          unit: { enum: ['C', 'F'] },
          at: { type: ['string', 'null'] },
        },
        required: ['city', 'at'],
      },
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ city: string; at: string | null; days?: number[]; unit?: 'C' | 'F' }>(),
    });
  });
});

describe('types: operators', () => {
  interface Mine {
    readonly type: 'mine';
    readonly answer: 42;
  }
  const mine$: Observable<TextDelta | Mine> = EMPTY;

  it('pass events they do not know through, in the type too, and add their own', () => {
    expectTypeOf(mine$.pipe(accumulateToolCalls())).toEqualTypeOf<Observable<TextDelta | Mine | ToolCall | Diagnostic>>();
    expectTypeOf(mine$.pipe(executeTools([]))).toEqualTypeOf<Observable<TextDelta | Mine | ToolEvent | Diagnostic>>();
    expectTypeOf(mine$.pipe(measureLatency())).toEqualTypeOf<Observable<TextDelta | Mine | LatencyEvent>>();
    expectTypeOf(mine$.pipe(throttleText({ intervalMs: 1 }))).toEqualTypeOf<Observable<TextDelta | Mine>>();
    expectTypeOf(mine$.pipe(collectAnswer())).toEqualTypeOf<Observable<CollectedAnswer>>();
    const stated$ = mine$.pipe(answerState());
    expectTypeOf<Extract<Emitted<typeof stated$>, { type: 'mine' }>>().toExtend<Mine & { readonly answer: AnswerState }>();
    const partial$ = mine$.pipe(partialArguments());
    expectTypeOf<Extract<Emitted<typeof partial$>, { type: 'mine' }>>().toEqualTypeOf<Mine>();
    const resumed$ = mine$.pipe(resumeAfterTools({ request: { messages: [] }, ask: () => mine$ }));
    expectTypeOf<Extract<Emitted<typeof resumed$>, { type: 'mine' }>>().toEqualTypeOf<Mine>();
  });

  it('fit together in one pipe', () => {
    const bytes$: Observable<Uint8Array> = EMPTY;
    const events$ = bytes$.pipe(parseSse(), decode(openAiChat), accumulateToolCalls(), executeTools([]));
    expectTypeOf(events$).toEqualTypeOf<Observable<ModelEvent | ToolCall | ToolEvent | Diagnostic>>();
    expectTypeOf(collectAnswer()).toExtend<OperatorFunction<AnswerEvent, CollectedAnswer>>();
  });
});

type Emitted<O> = O extends Observable<infer Event> ? Event : never;

/** Compiles only where nothing is left. */
function assertNever(event: never): string {
  return JSON.stringify(event);
}

function describeEvent(event: AnswerEvent): string {
  switch (event.type) {
    case 'round-start':
      return event.model ?? '';
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
    case 'tool-call-delta':
      return event.text;
    case 'tool-call-start':
    case 'tool-started':
      return event.name;
    case 'tool-call-end':
      return event.callId;
    case 'finish-reason':
      return event.raw;
    case 'usage':
      return String(event.usage.totalTokens);
    case 'provider-event':
      return event.name;
    case 'round-end':
      return event.message.content;
    case 'round-restarted':
    case 'diagnostic':
      return event.message;
    case 'tool-call':
      return event.arguments._tag === 'Right' ? JSON.stringify(event.arguments.right) : event.arguments.left.message;
    case 'tool-progress':
      return JSON.stringify(event.value);
    case 'tool-result':
      return event.outcome._tag === 'Right' ? JSON.stringify(event.outcome.right) : event.outcome.left.code;
    case 'answer-end':
      return event.reason;
    default:
      return assertNever(event);
  }
}

function forgetsAnEvent(event: Extract<AnswerEvent, { type: 'text-delta' | 'tool-result' | 'answer-end' }>): string {
  switch (event.type) {
    case 'text-delta':
      return event.text;
    case 'answer-end':
      return event.reason;
    default:
      // @ts-expect-error: `tool-result` is left.
      return assertNever(event);
  }
}

describe('types: a handler over event.type', () => {
  it('is complete with every event of the vocabulary, and does not compile without one of them', () => {
    expect(describeEvent({ type: 'text-delta', text: 'Hi' })).toBe('Hi');
    expect(forgetsAnEvent({ type: 'text-delta', text: 'Hi' })).toBe('Hi');
  });
});

describe('types: the face of the library', () => {
  it('takes requests as plain objects in variables, and conversations as they come back', () => {
    const request = { messages: [{ role: 'user', content: '…' }] };
    expectTypeOf(request).toExtend<RequestInput>();
    expectTypeOf<{ messages: readonly Message[] }>().toExtend<RequestInput>();
  });

  it('compiles as it is told, and asks nothing before it is subscribed', () => {
    let asked = 0;
    const key = 'key';
    const fetch = async () => {
      asked++;
      return new Response('data: [DONE]\n\n');
    };
    const lookUp = async (location: string, _signal: AbortSignal) => ({ location, celsius: 21 });

    const weather = defineTool({
      name: 'get_weather',
      description: 'Current weather',
      parameters: t.type({ location: t.string }),
      annotations: { readOnlyHint: true },
      execute: ({ location }, { signal }) => lookUp(location, signal),
    });
    const endpoint = { dialect: openAiChat, url: 'https://api.example/v1', apiKey: () => key, model: 'gpt-4.1' };
    const request = { messages: [{ role: 'user', content: '…' }] };

    const all$ = streamAnswer({ model: httpModel({ ...endpoint, fetch }), request, tools: [weather], maxRounds: 8 });

    const ask = (r: RequestInput) =>
      fetchBytes(httpRequest(endpoint, r), { fetch }).pipe(parseSse(), decode(openAiChat), accumulateToolCalls(), executeTools([weather]));
    const first = { ...request, tools: [weather] };
    const byHand$ = ask(first).pipe(resumeAfterTools({ request: first, ask, maxRounds: 8 }), measureLatency());

    expectTypeOf(all$).toEqualTypeOf<Observable<AnswerEvent>>();
    expectTypeOf(byHand$).toEqualTypeOf<Observable<AnswerEvent | LatencyEvent>>();
    expect(asked).toBe(0);
  });
});

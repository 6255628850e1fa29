import fc from 'fast-check';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { accumulateToolCalls } from '../../operators/accumulateToolCalls.ts';
import { partialArguments } from '../../operators/partialArguments.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Json } from '../../src/values.ts';
import { figure } from '../support/figures.ts';
import { moreThan } from '../support/reach.ts';
import { coverage, draw, drawnAnswer, outcomeOf, runs } from './support.ts';

/** JSON texts, and texts that are nearly JSON: a piece left out, doubled or put in. */
const nearlyJson = fc.oneof(
  { weight: 3, arbitrary: draw.jsonText() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '\n\t',
      '{}',
      '[]',
      '0',
      '-',
      '1e5',
      '"',
      'nul',
      '{}{}',
      '{"a":1,}',
      "{'a':1}",
      '\ufeff{}',
      '\u00a0{}',
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(draw.jsonText(), fc.nat(), fc.nat(3), fc.constantFrom('', ',', '"', '\\', '}', '{', '0', ' ', '\u0000'))
      .map(([text, at, length, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + length)),
  },
);

/** A round with one call of these fragments, which ends regularly. */
function roundOf(fragments: readonly string[]): ModelEvent[] {
  const call = { callId: 'c', index: 0 };
  return [
    { type: 'round-start' },
    { type: 'tool-call-start', ...call, name: 'tool' },
    ...fragments.map((text): ModelEvent => ({ type: 'tool-call-delta', ...call, text })),
    { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
    { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } },
  ];
}

function callOf(fragments: readonly string[]) {
  const calls = outcomeOf(from(roundOf(fragments)).pipe(accumulateToolCalls<ModelEvent>())).events.filter(
    (event) => event.type === 'tool-call',
  );
  if (!calls[0] || calls.length > 1) throw new Error(`${calls.length} calls, expected one`);
  return calls[0];
}

describe('law: tool-call.arguments equals JSON.parse of the joined fragments', () => {
  const cut = nearlyJson.chain((text) => draw.fragments(text).map((fragments) => ({ text, fragments })));

  it('blank gives {}, and what JSON.parse refuses is a Left', () => {
    const met = { Right: 0, Left: 0, blank: 0 };
    fc.assert(
      fc.property(cut, ({ text, fragments }) => {
        const call = callOf(fragments);
        const expected = parsed(/^[ \n\r\t]*$/.test(text) ? '{}' : text);
        expect(call.argumentsText).toBe(text);
        expect(call.arguments._tag).toBe(expected._tag);
        if (expected._tag === 'Right') expect(call.arguments).toEqual(expected);
        met[call.arguments._tag]++;
        if (text.trim() === '') met.blank++;
      }),
      runs(500),
    );
    figure('law-arguments', met);
    for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(moreThan(0));
  });

  it('depth beyond the bound is a Left, and 512 is not beyond it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 524 }), fc.boolean(), (depth, objects) => {
        const text = objects ? `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}` : `${'['.repeat(depth)}${']'.repeat(depth)}`;
        const { arguments: outcome } = callOf([text]);
        expect(outcome._tag).toBe(depth <= 512 ? 'Right' : 'Left');
        if (outcome._tag === 'Left') expect(outcome.left.code).toBe('too-deep');
      }),
      // The bound itself is always tried.
      {
        ...runs(40),
        examples: [512, 513].flatMap((depth): [number, boolean][] => [
          [depth, true],
          [depth, false],
        ]),
      },
    );
  });
});

describe('law: partial views only grow, and end as JSON.parse of the whole', () => {
  const met = coverage('partial views', 'tool-call-delta');

  it('strings extend, arrays append, keys appear, an atomic value never changes', () => {
    fc.assert(
      fc.property(drawnAnswer(), ({ round }) => {
        const views = new Map<string, Json | undefined>();
        const texts = new Map<string, string>();
        const { events } = outcomeOf(from(round).pipe(partialArguments<ModelEvent>()));
        met(events);
        // The view is live: each is looked at when it comes.
        from(round)
          .pipe(partialArguments<ModelEvent>())
          .subscribe((event) => {
            if (event.type !== 'tool-call-delta') return;
            const text = `${texts.get(event.callId) ?? ''}${event.text}`;
            texts.set(event.callId, text);
            const view = event.partial === undefined ? undefined : (structuredClone(event.partial) as Json);
            // Drawn objects are made of entries: no key is written twice.
            expectGrown(views.get(event.callId), view);
            views.set(event.callId, view);
          });
        for (const [callId, text] of texts) expect(JSON.stringify(views.get(callId))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      runs(150),
    );
  });

  function expectGrown(before: Json | undefined, after: Json | undefined): void {
    if (before === undefined) return;
    if (typeof before === 'string') {
      expect(typeof after === 'string' && after.startsWith(before), `${JSON.stringify(before)} became ${JSON.stringify(after)}`).toBe(true);
      expect(
        /[\ud800-\udbff]$/.test(before) && after !== before && /^[\udc00-\udfff]/.test((after as string).slice(before.length)),
        'a torn pair',
      ).toBe(false);
    } else if (Array.isArray(before)) {
      if (!Array.isArray(after)) throw new Error('an array became something else');
      expect(after.length).toBeGreaterThanOrEqual(before.length);
      for (const [i, item] of before.entries()) expectGrown(item as Json, after[i] as Json);
    } else if (typeof before === 'object' && before !== null) {
      if (typeof after !== 'object' || after === null || Array.isArray(after)) throw new Error('an object became something else');
      for (const key of Object.keys(before)) {
        expect(Object.hasOwn(after, key), `the key ${JSON.stringify(key)} went away`).toBe(true);
        expectGrown((before as Record<string, Json>)[key], (after as Record<string, Json>)[key]);
      }
    } else {
      expect(after).toBe(before);
    }
  }
});

function parsed(text: string): { _tag: 'Right'; right: Json } | { _tag: 'Left' } {
  try {
    return { _tag: 'Right', right: JSON.parse(text) as Json };
  } catch {
    return { _tag: 'Left' };
  }
}

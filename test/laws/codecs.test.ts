import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { splitBytes } from '../../src/testing/index.ts';
import {
  codecRuns,
  common,
  drawnConversation,
  drawnSplit,
  eventCoverage,
  expectMessageAsSaid,
  expressible,
  inAnyOrder,
  normalise,
  readBack,
  wireOf,
  written,
} from '../support/codecs.ts';

it('law: each conversation drawn has at least two calls, and escapes and characters beyond ASCII in each of them', () => {
  fc.assert(
    fc.property(drawnConversation(new Set(['call-ids'])), (events) => {
      const end = events.at(-1);
      const calls = (end?.type === 'round-end' && end.message.toolCalls) || [];
      expect(calls.length).toBeGreaterThanOrEqual(2);
      for (const { argumentsText } of calls) {
        expect(argumentsText).toMatch(/\\./);
        expect(JSON.stringify(JSON.parse(argumentsText))).toMatch(/[^ -~]/);
      }
    }),
    codecRuns(200),
  );
});

/** Every dialect that is written as well as read. Each one's own law is in its own test. */
const dialects: readonly Dialect[] = [openAiChat, openAiResponses, anthropicMessages, gemini, ollama, cohere, duplexSession];

describe('law: A → events → B → events: the same answer', () => {
  const count = eventCoverage(`${dialects.length} dialects, each into each`, expressible(common(...dialects)));

  for (const first of dialects) {
    for (const second of dialects) {
      it(`${first.name} → ${second.name}, however the bytes of both are split`, () => {
        const both = common(first, second);
        fc.assert(
          fc.property(drawnConversation(both), drawnSplit, drawnSplit, (events, splitFirst, splitSecond) => {
            const once = readBack(first, wireOf(first), splitBytes(written(first, wireOf(first), events), splitFirst));
            const twice = readBack(second, wireOf(second), splitBytes(written(second, wireOf(second), once), splitSecond));
            expect(inAnyOrder(normalise(twice, both))).toEqual(inAnyOrder(normalise(events, both)));
            expectMessageAsSaid(twice);
            count(twice);
          }),
          codecRuns(25),
        );
      });
    }
  }
});

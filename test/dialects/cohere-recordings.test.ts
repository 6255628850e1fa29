import { describe, expect, it } from 'vitest';
import { cohere } from '../../src/dialects/cohere.ts';
import { describeRecordings, readAnswer, textOf } from '../support/recordings.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

const all = recordings('cohere');
const named = (part: string) =>
  all.filter(({ file }) => file.includes(part)).map((recording) => readAnswer(cohere, [recordedBytes(recording)]).events);

describeRecordings(cohere, {
  atLeast: 4,
  check: ({ events, error }, { expect: expected }) => {
    expect(error).toBeUndefined();
    expect(textOf(events, 'text-delta')).toBe(expected.text);
    // The manifest keeps the plan apart from the reasoning; here both are reasoning.
    expect(textOf(events, 'reasoning-delta')).toBe(`${expected.toolPlan ?? ''}${expected.reasoning}`);
    const calls = events.filter((event) => event.type === 'tool-call');
    expect(
      calls.map((call) => ({
        id: call.callId,
        name: call.name,
        arguments: call.arguments._tag === 'Right' ? call.arguments.right : null,
        argumentsText: call.argumentsText,
      })),
    ).toEqual(expected.toolCalls);
    expect(events.filter((event) => event.type === 'tool-call-end')).toHaveLength(calls.length);
    const finish = events.filter((event) => event.type === 'finish-reason');
    expect(finish.map(({ raw }) => raw)).toEqual([expected.finishReason]);
    const usage = events.findLast((event) => event.type === 'usage');
    expect(usage?.usage).toMatchObject(expected.usage);
    expect(usage?.raw).toEqual(expected.usageRaw);
    expect(events.filter((event) => event.type === 'diagnostic')).toEqual([]);
    expect(events.at(-1)?.type).toBe('round-end');
  },
});

describe('recorded cohere streams', () => {
  it.runIf(all.length > 0)(
    'can-use-tools-without-parameters: a citation comes between two pieces of text, and is passed on and kept',
    () => {
      const [events = []] = named('without-parameters');
      const citations = events.filter((event) => event.type === 'provider-event');
      expect(citations.map(({ name }) => name)).toEqual(['citation-start', 'citation-end']);
      expect(events.find((event) => event.type === 'round-end')?.message.native?.message).toMatchObject({
        content: [{ type: 'text', text: 'Ruby is the best language to learn.' }],
        citations: [{ start: 0, end: 4, text: 'Ruby' }],
      });
      expect(events.find((event) => event.type === 'usage')?.usage).toEqual({
        inputTokens: 1563,
        outputTokens: 22,
        cachedInputTokens: 1376,
      });
    },
  );

  it.runIf(all.length > 0)('with-tool-calls-and-streaming: the plan before the calls is reasoning, and goes back as the plan', () => {
    const [events = []] = named('with-tool-calls');
    expect(events.find((event) => event.type === 'round-end')?.message).toMatchObject({
      content: '',
      reasoning: 'I will search for the current time and weather in Tokyo.',
      native: { dialect: 'cohere', message: { tool_plan: 'I will search for the current time and weather in Tokyo.' } },
    });
  });

  it.runIf(all.length > 0)('reasoning: there are no event names and no [DONE], and nothing depends on them', () => {
    const [events = []] = named('cohere-reasoning');
    expect(events.find((event) => event.type === 'round-end')?.message.native?.message).toMatchObject({
      content: [{ type: 'thinking' }, { type: 'text', text: 'The answer to 2 + 2 is 4.' }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { ollama } from '../../src/dialects/ollama.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { describeRecordings, readAnswer, textOf } from '../support/recordings.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

const all = recordings('ollama');
const named = (part: string) =>
  all.filter(({ file }) => file.includes(part)).map((recording) => readAnswer(ollama, [recordedBytes(recording)]).events);

describeRecordings(ollama, {
  atLeast: 9,
  check: ({ events, error }, { expect: expected }) => {
    expect(error).toBeUndefined();
    expect(textOf(events, 'text-delta')).toBe(expected.text);
    expect(textOf(events, 'reasoning-delta')).toBe(expected.reasoning);
    const calls = events.filter((event) => event.type === 'tool-call');
    expect(
      calls.map((call) => ({
        id: call.callId,
        name: call.name,
        arguments: call.arguments._tag === 'Right' ? call.arguments.right : null,
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

describe('recorded ollama streams', () => {
  for (const recording of all) {
    const bytes = recordedBytes(recording);

    it(`${recording.file} gives the same events over SSE`, () => {
      const lines = new TextDecoder().decode(bytes).trimEnd().split('\n');
      const body = new TextEncoder().encode(
        lines
          .map((line) => `data: ${line}\n\n`)
          .concat('data: [DONE]\n\n')
          .join(''),
      );
      expect(readAnswer(ollama, [body], sseParser)).toEqual(readAnswer(ollama, [bytes]));
    });
  }

  it.runIf(all.length > 0)(
    'streaming-grammar-same-tool-twice: equal calls with ids of their own are different calls, and `stop` after calls means calls',
    () => {
      const [events = []] = named('same-tool-twice');
      expect(events.flatMap((event) => (event.type === 'tool-call' ? [event.argumentsText] : []))).toEqual([
        '{"x":2,"y":3}',
        '{"x":10,"y":20}',
        '{"x":2,"y":3}',
        '{"x":10,"y":20}',
      ]);
      expect(events.find((event) => event.type === 'finish-reason')).toMatchObject({ reason: 'tool-calls', raw: 'stop' });
    },
  );

  it.runIf(all.length > 0)('raw-exposes-terminal-durations: nanoseconds become milliseconds', () => {
    const [events = []] = named('terminal-durations');
    expect(events.find((event) => event.type === 'usage')?.usage).toEqual({
      inputTokens: 18,
      outputTokens: 64,
      durationsMs: { total: 978.44525, load: 58.436917, prompt: 17.853083, output: 810.82967 },
    });
  });

  it.runIf(all.length > 0)('cloud-simple-stream: what the server does not report is left out', () => {
    const [events = []] = named('cloud-simple');
    expect(events.find((event) => event.type === 'usage')?.usage).toEqual({
      inputTokens: 21,
      outputTokens: 40,
      durationsMs: { total: 499.049129 },
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelEvent } from '../../src/events.ts';
import { arbitraries, type FastCheck, openAiChatBytes } from '../../src/testing/index.ts';

const draw = arbitraries(fc);

const callTexts = (events: readonly ModelEvent[]) => {
  const texts = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'tool-call-start') texts.set(event.callId, '');
    else if (event.type === 'tool-call-delta') texts.set(event.callId, `${texts.get(event.callId)}${event.text}`);
  }
  return texts;
};

describe('arbitraries', () => {
  it('says what to do when fast-check is not handed in', () => {
    expect(() => arbitraries(undefined as unknown as FastCheck)).toThrow(/hand in fast-check/);
  });

  it('law: JSON texts parse to their value', () => {
    const valueAndText = draw.json().chain((value) => draw.jsonText(fc.constant(value)).map((text) => ({ value, text })));
    fc.assert(
      fc.property(valueAndText, ({ value, text }) => {
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('law: fragments and chunks joined are the whole', () => {
    const cut = fc
      .string({ unit: 'binary' })
      .chain((text) => fc.tuple(fc.constant(text), draw.fragments(text), draw.chunks(new TextEncoder().encode(text))));
    fc.assert(
      fc.property(cut, ([text, fragments, chunks]) => {
        expect(fragments.join('')).toBe(text);
        expect(fragments.every((fragment) => fragment !== '')).toBe(true);
        expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])))).toBe(text);
      }),
    );
  });

  it('law: a round is well-formed', () => {
    const reached = { interleaved: 0, textWithinCall: 0, usage: 0, oneCharacterFragment: 0 };
    fc.assert(
      fc.property(draw.round(), (events) => {
        const types = events.map((event) => event.type);
        expect(types[0]).toBe('round-start');
        expect(types.at(-1)).toBe('round-end');
        expect(types.filter((type) => type === 'finish-reason')).toHaveLength(1);
        const end = events.at(-1);
        const texts = callTexts(events);
        expect(texts.size).toBeGreaterThanOrEqual(2);
        for (const text of texts.values()) expect(JSON.parse(text)).toBeTypeOf('object');
        expect(end?.type === 'round-end' && end.message.toolCalls?.map((call) => call.argumentsText)).toEqual([...texts.values()]);
        const starts = events.filter((event) => event.type === 'tool-call-start').map((event) => event.index);
        expect(starts).toEqual(starts.map((_, i) => i));

        let newest = -1;
        for (const [i, event] of events.entries()) {
          if (event.type === 'tool-call-start') newest = event.index;
          if (event.type === 'tool-call-delta' && event.index < newest) reached.interleaved++;
          if (event.type === 'tool-call-delta' && event.text.length === 1) reached.oneCharacterFragment++;
          if (event.type === 'text-delta' && events[i + 1]?.type === 'tool-call-delta') reached.textWithinCall++;
          if (event.type === 'usage') reached.usage++;
        }
      }),
      { numRuns: 200 },
    );
    for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(0);
  });

  it('keeps to the shape asked for', () => {
    fc.assert(
      fc.property(draw.round({ minCalls: 0, maxCalls: 1, arguments: fc.constant({ a: 1 }) }), (events) => {
        const texts = [...callTexts(events).values()];
        expect(texts.length).toBeLessThanOrEqual(1);
        for (const text of texts) expect(JSON.parse(text)).toEqual({ a: 1 });
      }),
    );
  });

  it('law: the wire is OpenAI chat: every data line is JSON or [DONE], whatever the style', () => {
    const drawn = draw.round().chain((events) => fc.tuple(fc.constant(events), draw.openAiChatStyle(events)));
    fc.assert(
      fc.property(drawn, ([events, style]) => {
        const lines = new TextDecoder().decode(openAiChatBytes(events, style)).split(/\r\n|\n|\r/);
        const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
        expect(data.at(-1) === '[DONE]').toBe(style.ending === 'done');
        for (const chunk of data) if (chunk !== '[DONE]') expect(JSON.parse(chunk)).toHaveProperty('choices');
        expect(lines.every((line) => line === '' || line === ': keep-alive' || line.startsWith('data: '))).toBe(true);
      }),
    );
  });
});

describe('openAiChatBytes', () => {
  it('writes a round as OpenAI does', () => {
    const events: ModelEvent[] = [
      { type: 'round-start', responseId: 'r', model: 'm' },
      { type: 'text-delta', text: 'Hi' },
      { type: 'tool-call-start', callId: 'c', index: 0, name: 'add' },
      { type: 'tool-call-delta', callId: 'c', index: 0, text: '{}' },
      { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
      { type: 'usage', usage: {}, raw: { total_tokens: 3 } },
      { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: 'Hi' } },
    ];
    const head = '"id":"r","object":"chat.completion.chunk","created":0,"model":"m"';
    const choice = (delta: string, reason = 'null') =>
      `data: {${head},"choices":[{"index":0,"delta":${delta},"finish_reason":${reason}}]}\n\n`;
    expect(new TextDecoder().decode(openAiChatBytes(events))).toBe(
      [
        choice('{"role":"assistant","content":""}'),
        choice('{"content":"Hi"}'),
        choice('{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"add","arguments":""}}]}'),
        choice('{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}'),
        choice('{}', '"tool_calls"'),
        `data: {${head},"choices":[],"usage":{"total_tokens":3}}\n\n`,
        'data: [DONE]\n\n',
      ].join(''),
    );
  });

  it.each([
    { names: 'get_weather', pieces: ['get_we', 'ather'] },
    { names: 'aa', pieces: ['aa'] },
    { names: 'x', pieces: ['x'] },
  ])('sends the name $names in pieces that cannot be taken for a repeat', ({ names, pieces }) => {
    const events: ModelEvent[] = [{ type: 'tool-call-start', callId: 'c', index: 0, name: names }];
    const body = new TextDecoder().decode(openAiChatBytes(events, { names: 'pieces' }));
    expect([...body.matchAll(/"name":"([^"]*)"/g)].map((match) => match[1])).toEqual(pieces);
  });
});

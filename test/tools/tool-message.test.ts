import fc from 'fast-check';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { streamAnswer } from '../../src/answer.ts';
import type { ToolResult } from '../../src/events.ts';
import type { ModelRequest } from '../../src/messages.ts';
import type { Model } from '../../src/models/model.ts';
import { scriptedModel } from '../../src/testing/index.ts';
import { canonicalJson } from '../../src/tools/canonical-json.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { resultBoundsOf, toolMessage } from '../../src/tools/tool-message.ts';
import type { Json } from '../../src/values.ts';

const resultWith = (outcome: ToolResult['outcome']): ToolResult => ({
  type: 'tool-result',
  callId: '1',
  name: 'look',
  outcome,
  durationMs: 3,
});

describe('toolMessage', () => {
  const values: ReadonlyArray<[Json, string]> = [
    ['as it is: "quoted"', 'as it is: "quoted"'],
    ['', ''],
    [42, '42'],
    [null, 'null'],
    [[1, 'a'], '[1,"a"]'],
    [{ a: { b: true } }, '{"a":{"b":true}}'],
  ];
  for (const [value, content] of values) {
    it(`writes ${JSON.stringify(value)}`, () =>
      expect(toolMessage(resultWith({ _tag: 'Right', right: value }))).toEqual({ role: 'tool', toolCallId: '1', name: 'look', content }));
  }

  it('writes a failure as an object that the model can act on, and tells one that may have had an effect', () => {
    const left = { code: 'timed-out', message: 'too slow', started: true } as const;
    expect(toolMessage(resultWith({ _tag: 'Left', left }))).toEqual({
      role: 'tool',
      toolCallId: '1',
      name: 'look',
      content: '{"error":"timed-out","message":"too slow","started":true}',
      isError: true,
    });
    const notStarted = toolMessage(resultWith({ _tag: 'Left', left: { code: 'rejected', message: 'no', started: false } }));
    expect(notStarted.content).toBe('{"error":"rejected","message":"no"}');
  });
});

describe('canonicalJson', () => {
  it('sorts keys at every depth, and keeps arrays', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 'x'], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},"x"]}');
  });

  it('law: parses to the same value, and is the same in any order of keys', () => {
    const shuffled = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, item]) => [key, shuffled(item)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (drawn) => {
        // -0 has no JSON of its own.
        const value = JSON.parse(JSON.stringify(drawn)) as Json;
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });
});

describe('a result that is long', () => {
  const result = (right: string): ToolResult => ({
    type: 'tool-result',
    callId: '1',
    name: 'look',
    outcome: { _tag: 'Right', right },
    durationMs: 1,
  });

  it('is cut with a note that the model can read, never within a character', () => {
    expect(toolMessage(result('abcdef'), { maxResultLength: 6 }).content).toBe('abcdef');
    expect(toolMessage(result('abcdef'), { maxResultLength: 4 })).toMatchObject({
      content: expect.stringMatching(/^abcd\n\[The result was cut here: 2 of its 6 characters are missing/),
    });
    expect(toolMessage(result('abc😀'), { maxResultLength: 4 }).content).toMatch(/^abc\n\[.*: 2 of its 5/);
    expect(toolMessage(result('x'.repeat(1024 * 1024 + 1))).content).toMatch(/: 1 of its 1048577 characters/);
  });

  it('is bounded by a whole number from 0, or by none', () => {
    expect(toolMessage(result('😀'), { maxResultLength: 0 }).content).toMatch(/^\n\[.*: 2 of its 2/);
    expect(() => resultBoundsOf({ maxResultLength: Number.POSITIVE_INFINITY })).not.toThrow();
    expect(() => resultBoundsOf({ maxResultLength: 0 })).not.toThrow();
    for (const maxResultLength of [-1, 1.5, Number.NaN]) expect(() => resultBoundsOf({ maxResultLength })).toThrow(RangeError);
  });

  it('is an error result where that is asked for', () => {
    const { content, isError } = toolMessage(result('abcdef'), { maxResultLength: 4, longResults: 'refuse' });
    expect(isError).toBe(true);
    expect(JSON.parse(content)).toMatchObject({
      error: 'result-too-long',
      started: true,
      message: expect.stringMatching(/6 characters, and at most 4/),
    });
  });

  it('is whole in its event, and cut in the history and in what the next round is asked', async () => {
    const tool = defineTool({ name: 'look', description: '', parameters: { type: 'object' }, execute: () => 'x'.repeat(50) });
    const asked: ModelRequest[] = [];
    const scripted = scriptedModel([[{ call: 'look' }], ['ok']]);
    const model: Model = (request, answer) => {
      asked.push(request);
      return scripted(request, answer);
    };
    const answer$ = streamAnswer({ model, request: { messages: [] }, tools: [tool], maxResultLength: 10 });
    const events = await lastValueFrom(answer$.pipe(toArray()));
    expect(events.find(({ type }) => type === 'tool-result')).toMatchObject({ outcome: { right: 'x'.repeat(50) } });
    expect(asked[1]?.messages.at(-1)?.content).toMatch(/^x{10}\n\[The result was cut/);
    expect(events.at(-1)).toMatchObject({ type: 'answer-end', messages: [{}, { content: expect.stringMatching(/40 of its 50/) }, {}] });
    expect(() => streamAnswer({ model, request: { messages: [] }, maxResultLength: Number.NaN })).toThrow(RangeError);
  });
});

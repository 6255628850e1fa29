import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolResult } from '../../src/events.ts';
import { canonicalJson } from '../../src/tools/canonical-json.ts';
import { toolMessage } from '../../src/tools/tool-message.ts';
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

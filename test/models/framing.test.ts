import { describe, expect, it } from 'vitest';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import type { Frame } from '../../src/frame.ts';
import { frameReader } from '../../src/models/framing.ts';
import { runStage } from '../../src/stage.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const dataOf = (dialect: Dialect, chunks: readonly string[]) =>
  runStage<Uint8Array | string, Frame>(frameReader(dialect), chunks.map(encode))
    .values.filter(({ stray }) => !stray)
    .map(({ data }) => data);

describe('frameReader', () => {
  it('reads each framing a dialect may come in, whatever the first chunks are', () => {
    for (const before of ['', ' \r\n', '\ufeff', '\ufeff \n']) {
      for (const cut of [(text: string) => [text], (text: string) => [...text]]) {
        expect(dataOf(gemini, cut(`${before}data: {"a":1}\n\n`))).toEqual(['{"a":1}']);
        expect(dataOf(gemini, cut(`${before}[{"a":1},\n{"a":2}]`))).toEqual(['{"a":1}', '{"a":2}']);
        expect(dataOf(ollama, cut(`${before}{"a":1}\n{"a":2}\n`))).toEqual(['{"a":1}', '{"a":2}']);
        expect(dataOf(ollama, cut(`${before}data: {"a":1}\n\n`))).toEqual(['{"a":1}']);
      }
    }
  });

  it('reads lines where a dialect has them only as its second framing', () => {
    expect(dataOf({ ...ollama, framing: 'sse', alsoFramed: ['ndjson'] }, ['{"a":1}\n{"a":2}\n'])).toEqual(['{"a":1}', '{"a":2}']);
  });

  it('reads text that begins with a byte order mark', () => {
    const { values } = runStage<Uint8Array | string, Frame>(frameReader(gemini), ['\ufeff', '[{"a":1}]']);
    expect(values.map(({ data }) => data)).toEqual(['{"a":1}']);
  });

  it('gives an event stream with a comment or an event name first to the SSE parser', () => {
    expect(dataOf(ollama, [': hello\n\ndata: 1\n\n'])).toEqual(['1']);
    expect(dataOf(gemini, ['event: x\ndata: 1\n\n'])).toEqual(['1']);
  });

  it('hands the end and the error of a body on', () => {
    expect(dataOf(ollama, ['{"a":1}'])).toEqual(['{"a":1}']);
    expect(dataOf(ollama, [])).toEqual([]);
    const stage = frameReader(gemini);
    const failure = new Error('reset');
    const out = { enqueue: () => undefined, error: () => undefined, terminate: () => undefined };
    expect(stage.fail?.(failure, out)).toBe(failure);
  });

  it('is bounded in each framing', () => {
    for (const body of ['data: 123456789\n\n', '["123456789"]', '{"a":"123456789"}\n']) {
      const dialect = body.startsWith('{') ? ollama : gemini;
      expect(runStage(frameReader(dialect, 8), [encode(body)]).error).toMatchObject({ code: 'limit' });
    }
  });

  it('refuses framings that HTTP bodies do not have', () => {
    expect(() => frameReader(chatChunks)).toThrow('not as messages');
  });

  it('refuses a dialect that does not bring what reads its framing', () => {
    const { parsers: _, alsoFramed: __, ...own } = ollama;
    expect(() => frameReader(own)).toThrow('HTTP bodies are framed as sse, not as ndjson. What reads a body framed in another way');
  });
});

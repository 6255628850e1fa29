import { createParser } from 'eventsource-parser';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';

/**
 * How many characters were looked at or copied while `work` ran: what the string methods a parser is built on went over.
 * A count, not a time, so that it is the same on every machine.
 */
function charactersTouched(work: () => void): number {
  let touched = 0;
  const { indexOf, slice, replace, charCodeAt, includes } = String.prototype;
  const { join } = Array.prototype;
  const call = Reflect.apply;
  vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, search, from = 0) {
    const found = call(indexOf, this, [search, from]);
    touched += (found === -1 ? this.length : found + 1) - from;
    return found;
  });
  vi.spyOn(String.prototype, 'includes').mockImplementation(function (this: string, search, from) {
    touched += this.length;
    return call(includes, this, [search, from]);
  });
  vi.spyOn(String.prototype, 'slice').mockImplementation(function (this: string, from, to) {
    const part = call(slice, this, [from, to]);
    touched += part.length;
    return part;
  });
  vi.spyOn(String.prototype, 'replace').mockImplementation(function (this: string, pattern: string | RegExp, by: unknown) {
    touched += this.length;
    return call(replace, this, [pattern, by]);
  } as typeof replace);
  vi.spyOn(String.prototype, 'charCodeAt').mockImplementation(function (this: string, at) {
    touched++;
    return call(charCodeAt, this, [at]);
  });
  vi.spyOn(Array.prototype, 'join').mockImplementation(function (this: unknown[], by) {
    const joined = call(join, this, [by]);
    touched += joined.length;
    return joined;
  });
  try {
    work();
  } finally {
    vi.restoreAllMocks();
  }
  return touched;
}

const chunked = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

const bodies: Array<[string, (n: number) => string[]]> = [
  ['one huge line in tiny chunks', (n) => chunked(`data: ${'x'.repeat(n * 8)}\n\n`, 3)],
  ['one huge line in tiny chunks, never ended', (n) => chunked(`data: ${'x'.repeat(n * 8)}`, 3)],
  ['one event of many lines', (n) => chunked('data: x\n'.repeat(n), 5)],
  ['one chunk of many events', (n) => ['data: x\n\n'.repeat(n)]],
  ['one chunk of many events with a CR at its end', (n) => [`${'data: x\n\n'.repeat(n)}\r`]],
  ['one chunk of many lines that end in CR', (n) => ['data: x\r\r'.repeat(n)]],
  ['line ends that are cut', (n) => chunked('data: x\r\n\r\n'.repeat(n), 1)],
  ['many lines that are no SSE field', (n) => ['{"a":1}\n'.repeat(n)]],
];

describe('the work grows as the body does (issue vercel/ai#17113)', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each(bodies)('%s', (_name, make) => {
    const cost = (n: number) => {
      const chunks = make(n);
      return charactersTouched(() => void runStage(sseParser(), chunks));
    };
    const once = cost(500);
    expect(once).toBeGreaterThan(500 * 7);
    expect(cost(2000) / once).toBeLessThan(4.5);
  });

  it('is measured by a count that shows the trap: the parser alone, given CRs, goes over a chunk once a line', () => {
    const cost = (n: number) => {
      const chunk = 'data: x\r\r'.repeat(n);
      return charactersTouched(() => createParser({}).feed(chunk));
    };
    expect(cost(2000) / cost(500)).toBeGreaterThan(10);
  });
});

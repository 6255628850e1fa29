import { describe, expect, it } from 'vitest';
import { stopReason } from '../../src/dialects/anthropic-messages-wire.ts';
import * as cohere from '../../src/dialects/cohere-wire.ts';
import { DiagnosticBound } from '../../src/dialects/diagnostic-bound.ts';
import { argumentsObject as geminiArguments, parsedArguments } from '../../src/dialects/gemini-message.ts';
import * as gemini from '../../src/dialects/gemini-words.ts';
import { argumentsObject as ollamaArguments } from '../../src/dialects/ollama-message.ts';
import * as ollama from '../../src/dialects/ollama-wire.ts';
import { resumeResponse } from '../../src/dialects/openai-responses-resume.ts';
import { word } from '../../src/dialects/openai-responses-wire.ts';
import { providerErrorFrom } from '../../src/dialects/provider-error.ts';
import type { ModelEvent } from '../../src/events.ts';

describe('the word for a reason', () => {
  it.each([
    ['Anthropic', stopReason, 'compaction', 'pause', 'end_turn'],
    ['Cohere', cohere.finishWord, 'ERROR_LIMIT', 'length', 'COMPLETE'],
    ['Gemini', gemini.finishWord, 'RECITATION', 'content-filter', 'STOP'],
  ] as const)('is the one of %s that came, if it means the same', (_, wordOf, raw, reason, stop) => {
    expect(wordOf(reason, raw)).toBe(raw);
    expect(wordOf('stop', raw)).toBe(stop);
    expect(wordOf(reason, 'elsewhere')).not.toBe('elsewhere');
  });

  it('is another provider’s where it means none of the common ones', () => {
    expect(cohere.finishWord('other', 'weird')).toBe('weird');
    expect(cohere.finishWord('other', 'COMPLETE')).toBe('OTHER');
    expect(cohere.finishWord('other', '')).toBe('OTHER');
    expect(ollama.doneReason('other', 'unload')).toBe('unload');
    expect(ollama.doneReason('other', 'stop')).toBe('other');
    expect(ollama.doneReason('other', '')).toBe('other');
  });

  it('means calls to Ollama only where it says `stop` after calls', () => {
    expect(ollama.finishReason('stop', true)).toBe('tool-calls');
    expect(ollama.finishReason('stop', false)).toBe('stop');
    expect(ollama.finishReason('length', true)).toBe('length');
  });
});

describe('token counts', () => {
  it('of Ollama have no field that was not counted', () => {
    expect(ollama.usageOf({ eval_count: 1 })).toStrictEqual({ outputTokens: 1 });
    expect(ollama.usageOf({ prompt_eval_count: 1 })).toStrictEqual({ inputTokens: 1 });
  });

  it('of Gemini are made anew where they differ from what came', () => {
    expect(gemini.writtenUsage({ inputTokens: 6 }, { promptTokenCount: 5 })).toEqual({ promptTokenCount: 6, totalTokenCount: 6 });
    expect(gemini.writtenUsage({ inputTokens: 5 }, { promptTokenCount: 5, own: 1 })).toEqual({ promptTokenCount: 5, own: 1 });
  });
});

it.each([
  [429, 'RESOURCE_EXHAUSTED'],
  [503, 'UNAVAILABLE'],
  [500, 'INTERNAL'],
  [418, 'FAILED_PRECONDITION'],
])('the word of Google for %d is %s', (status, expected) => {
  expect(gemini.statusWord(status)).toBe(expected);
});

it('a word is a text that says something', () => {
  expect(['a', '', 7, null].map(word)).toEqual(['a', undefined, undefined, undefined]);
});

it.each([
  [400, 400],
  [599, 599],
  ['503', 503],
  [399, undefined],
  [600, undefined],
  [400.5, undefined],
  [true, undefined],
  [null, undefined],
])('%j is the status %s of an error', (given, status) => {
  expect(providerErrorFrom({ error: { message: 'No luck.', status_code: given } }).status).toBe(status);
});

it('only so many diagnostics go out, and one that says so', () => {
  const events: ModelEvent[] = [];
  const bound = new DiagnosticBound(2).before({ enqueue: (event) => void events.push(event), error: () => {}, terminate: () => {} });
  for (let n = 0; n < 5; n++) {
    bound.enqueue({ type: 'diagnostic', code: `n${n}`, message: '' });
    bound.enqueue({ type: 'text-delta', text: 'x' });
  }
  const codes = events.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : []));
  expect(codes).toEqual(['n0', 'n1', 'diagnostics-cut']);
  expect(events).toHaveLength(8);
});

describe('the rest of a background response', () => {
  const asked = (first: string, last: string, body = '{"background":true}') =>
    resumeResponse({ request: { url: 'http://h/v1/responses/', body }, first: { data: first }, last: { data: last } } as never);
  const first = '{"response":{"id":"r 1"}}';
  const last = '{"sequence_number":7}';

  it('is what comes after the newest event', () => {
    const rest = asked(first, last);
    expect(rest).toMatchObject({ url: 'http://h/v1/responses/r%201?stream=true&starting_after=7', method: 'GET' });
    const known = ['{"sequence_number":7}', '{"sequence_number":8}', '{}', 'no JSON'].map((data) => rest?.compare?.({ data }));
    expect(known).toEqual(['known', 'new', 'new', 'new']);
  });

  it.each([
    ['no id', '{"response":{}}', last],
    ['an empty id', '{"response":{"id":""}}', last],
    ['an id that is no text', '{"response":{"id":7}}', last],
    ['no response', 'null', last],
    ['no number', first, '{}'],
    ['a number that is none', first, '{"sequence_number":"7"}'],
  ])('cannot be had with %s', (_, begun, newest) => {
    expect(asked(begun, newest)).toBeUndefined();
    expect(asked(first, last, '{}')).toBeUndefined();
    expect(asked(first, last, 'no JSON')).toBeUndefined();
  });
});

describe('arguments for a wire that takes objects alone', () => {
  it.each(['[1]', 'null', '7', '"x"', 'true', 'no JSON', '{"a":'])('are empty where they are %s', (text) => {
    expect([ollamaArguments(text), geminiArguments(text), parsedArguments(text)]).toEqual([{}, {}, undefined]);
  });

  it('are the object that they are, and an empty one where they are blank', () => {
    expect([ollamaArguments, geminiArguments, parsedArguments].map((read) => read('{"a":1}'))).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }]);
    expect([ollamaArguments, geminiArguments, parsedArguments].map((read) => read(' \n'))).toEqual([{}, {}, {}]);
  });
});

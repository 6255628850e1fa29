import { describe, expect, it } from 'vitest';
import { messagesWire } from '../../src/dialects/anthropic-messages-wire.ts';
import { cohereWire } from '../../src/dialects/cohere-wire.ts';
import { duplexWire } from '../../src/dialects/duplex-session-wire.ts';
import { geminiWire } from '../../src/dialects/gemini-wire.ts';
import { ollamaWire } from '../../src/dialects/ollama-wire.ts';
import { chatWire } from '../../src/dialects/openai-chat-wire.ts';
import { responsesWire } from '../../src/dialects/openai-responses-wire.ts';
import type { Wire } from '../../src/dialects/wire.ts';

interface Case {
  readonly name: string;
  readonly wire: Wire;
  /** Deltas and nothing but that. */
  readonly plain: readonly object[];
  /** Payloads that say something else, or more. */
  readonly more: readonly object[];
  /** The objects in which any field may stand: nothing of them is read or kept. */
  readonly free?: RegExp;
}

const chat = (...deltas: unknown[]) => ({ id: 'r1', model: 'm', choices: deltas.map((delta, index) => ({ index, delta })) });
const call = (called: unknown, more = {}) => ({ index: 0, id: 'c1', type: 'function', function: called, ...more });
const words = { type: 'response.output_text.delta', item_id: 'i1', output_index: 0, sequence_number: 3, delta: 'Hi' };
const block = (delta: unknown, type = 'content_block_delta') => ({ type, index: 0, delta });
const answer = (...parts: unknown[]) => ({ candidates: [{ index: 0, content: { role: 'model', parts } }], modelVersion: 'm' });
const chunk = { model: 'm', created_at: 'now', message: { role: 'assistant', content: 'Hi', thinking: 'so' }, done: false };
const event = (message: unknown, type = 'content-delta') => ({ type, index: 0, delta: { message } });

const cases: readonly Case[] = [
  {
    name: 'openai-chat',
    wire: chatWire,
    plain: [
      chat({ role: 'assistant', content: 'Hi', refusal: 'no', reasoning: 'so' }, { content: null }),
      chat({ content: '' }, null, undefined),
      chat({ tool_calls: [call({ name: 'f', arguments: '{' }), call({ name: 'f' }), call({ arguments: '' }), call(null), null] }),
      chat({ tool_calls: [], function_call: null }),
      chat({ function_call: { name: 'f', arguments: '{' } }),
      chat({ reasoning_details: [{ text: 'so' }, { summary: 'so' }] }),
      chat({ reasoning_details: [] }),
      chat(),
    ],
    more: [
      { id: 'r1' },
      { id: 'r1', choices: null },
      chat({ content: [{ type: 'text', text: 'Hi' }] }),
      chat({ content: [] }),
      chat({ content: 'Hi' }, { content: [{}] }),
      chat({ tool_calls: [call({ name: 'f', arguments: {} })] }),
      chat({ tool_calls: [call({ arguments: '{' }), call({ arguments: {} })] }),
      chat({ tool_calls: [call(null, { custom: { name: 'f' } })] }),
      chat({ function_call: { arguments: {} } }),
      chat({ reasoning_details: [{ text: 'so' }, { data: 'x' }] }),
      { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] },
      { ...chat({ content: 'Hi' }), usage: {} },
    ],
    free: /reasoning_details\.\d$/,
  },
  {
    name: 'openai-responses',
    wire: responsesWire,
    plain: [
      words,
      { ...words, content_index: 0, summary_index: 0, response_id: 'r1', call_id: 'c1', obfuscation: 'x' },
      ...[undefined, null, []].map((logprobs) => ({ ...words, logprobs })),
      ...['refusal', 'reasoning_text', 'reasoning_summary_text', 'function_call_arguments', 'custom_tool_call_input'].map((what) => ({
        ...words,
        type: `response.${what}.delta`,
      })),
    ],
    more: [
      ...[[{}], { length: 0 }, '', 0].map((logprobs) => ({ ...words, logprobs })),
      ...['response.output_text.done', 'response.audio.delta', 'response.output_item.added'].map((type) => ({ ...words, type })),
      { type: 'response.created', response: {} },
    ],
  },
  {
    name: 'anthropic-messages',
    wire: messagesWire,
    plain: [
      block({ type: 'text_delta', text: 'Hi' }),
      block({ type: 'thinking_delta', thinking: 'so' }),
      block({ type: 'input_json_delta', partial_json: '{' }),
      { type: 'content_block_stop', index: 0 },
      block(null, 'content_block_stop'),
    ],
    more: [
      block({ type: 'signature_delta', signature: 's' }),
      block({ type: 'citations_delta', citation: {} }),
      block({ type: 'text_delta', text: 'Hi', thinking: 'so' }),
      block({ type: 'text_delta', text: 'Hi' }, 'message_delta'),
      block({ type: 'text_delta', text: 'Hi' }, 'content_block_stop'),
      block({}, 'content_block_stop'),
      block({}),
      block(null),
      { type: 'message_stop' },
    ],
  },
  {
    name: 'gemini',
    wire: geminiWire,
    plain: [
      answer({ text: 'Hi' }, { text: 'so', thought: true }),
      { ...answer({ text: 'Hi' }), usageMetadata: {}, responseId: 'r1', createTime: 'now' },
      { candidates: [...answer({ text: 'Hi' }).candidates, { ...answer({ text: 'Ho' }).candidates[0], finishReason: 'STOP' }] },
      answer(),
      { candidates: [] },
    ],
    more: [
      { modelVersion: 'm' },
      { candidates: null },
      { candidates: [{ index: 0 }] },
      { candidates: [...answer({ text: 'Hi' }).candidates, { index: 1, content: {} }] },
      answer({ text: 'Hi' }, { functionCall: { name: 'f' } }),
      answer({ text: 'Hi' }, { text: 'Hi', functionCall: { name: 'f' } }),
      answer({ text: 'Hi' }, {}),
      { ...answer({ text: 'Hi' }), promptFeedback: {} },
    ],
    free: /usageMetadata$/,
  },
  {
    name: 'ollama',
    wire: ollamaWire,
    plain: [chunk, { message: { reasoning_content: 'so' }, done: false }],
    more: [
      { ...chunk, done: true },
      { ...chunk, done: undefined },
      { ...chunk, done: true, message: null },
      { ...chunk, message: { content: '', tool_calls: [] } },
      { ...chunk, eval_count: 1 },
    ],
  },
  {
    name: 'cohere',
    wire: cohereWire,
    plain: [
      { ...event({ content: { type: 'text', text: 'Hi' } }), id: 'm1' },
      event({ content: { thinking: 'so' } }),
      event({ tool_plan: 'so', content: null, tool_calls: null }, 'tool-plan-delta'),
      event({ tool_calls: { function: { arguments: '{' } } }, 'tool-call-delta'),
    ],
    more: [
      event({ content: { text: 'Hi' } }, 'content-start'),
      event({ content: 'Hi' }),
      event({ content: [{ text: 'Hi' }] }),
      event({ content: [] }),
      event(null),
      { type: 'content-delta', index: 0 },
      { type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hi' } }, finish_reason: 'COMPLETE' } },
      event({ citations: {} }),
      ...[[{ function: { arguments: '{' } }], {}, { function: null }, { function: {} }, { function: { arguments: {} } }].map((calls) =>
        event({ tool_calls: calls }, 'tool-call-delta'),
      ),
      event({ tool_calls: { id: 'c1', function: { arguments: '{' } } }, 'tool-call-delta'),
      event({ tool_calls: { function: { name: 'f', arguments: '{' } } }, 'tool-call-delta'),
    ],
  },
  {
    name: 'duplex-session',
    wire: duplexWire,
    plain: [
      ...['content_block', 'reasoning', 'refusal'].map((type) => ({ type, text: 'Hi' })),
      { type: 'function_call', id: 'c1', name: 'f', arguments: '{' },
    ],
    more: [
      { type: 'function_call', name: 'f' },
      { type: 'function_call', name: 'f', arguments: {} },
      { type: 'done', arguments: '{' },
      { type: 'start', id: 'r1' },
      { type: 'something', text: 'Hi', arguments: '{' },
    ],
    free: /^$/,
  },
];

/** Deltas that say more: kinds of them are known all the same. */
const laden: ReadonlyArray<readonly [string, Wire, object, boolean]> = [
  [
    'chat, rated',
    chatWire,
    { choices: [{ index: 0, delta: { content: 'Hi' }, content_filter_results: { hate: { severity: 'safe' } } }] },
    true,
  ],
  ['chat, counted', chatWire, { ...chat({ content: 'Hi' }), usage: { prompt_tokens: 3 } }, true],
  ['chat, in parts', chatWire, chat({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'so' }] }] }), true],
  ['chat, twice', chatWire, { choices: [{ delta: { content: 'Hi' }, message: { content: 'Hi' } }] }, true],
  ['chat, a call', chatWire, { choices: [{ delta: { tool_calls: [call({ arguments: '{' })] }, content_filter_results: {} }] }, true],
  ['chat, with nothing', chatWire, { choices: [{ delta: { content: '' }, content_filter_results: {} }] }, false],
  ['chat, with no call', chatWire, { choices: [{ delta: { tool_calls: [] }, content_filter_results: {} }] }, false],
  ['chat, its end', chatWire, { choices: [{ delta: { content: 'Hi' }, finish_reason: 'stop' }] }, false],
  [
    'chat, one of two ends',
    chatWire,
    { choices: [{ delta: { content: 'Hi' } }, { delta: { content: 'Hi' }, finish_reason: 'stop' }] },
    false,
  ],
  ['chat, with probabilities', chatWire, { choices: [{ delta: { content: 'Hi' }, logprobs: { content: [] } }] }, false],
  ['chat, with room for an error', chatWire, { choices: [{ delta: { content: 'Hi' } }], error: '' }, false],
  ['chat, no choice', chatWire, { choices: [], usage: {} }, false],
  ['gemini, rated', geminiWire, { candidates: [{ content: { parts: [{ text: 'Hi' }] }, safetyRatings: [{ probability: 'LOW' }] }] }, true],
  ['gemini, blocked', geminiWire, { ...answer({ text: 'Hi' }), promptFeedback: { blockReason: 'SAFETY' } }, false],
  ['gemini, a call', geminiWire, answer({ functionCall: { name: 'f' } }), false],
  ['gemini, signed', geminiWire, answer({ text: 'Hi', thoughtSignature: 'x' }), false],
  ['gemini, with room for an error', geminiWire, { ...answer({ text: 'Hi' }), error: '' }, false],
  ['gemini, nothing', geminiWire, { candidates: [] }, false],
];

describe('a delta that says more', () => {
  it.each(laden)('%s', (_, wire, payload, isDelta) => {
    expect(wire.problem(payload)).toBeUndefined();
    expect(wire.isDelta?.(payload)).toBe(isDelta);
  });
});

/** The places of all objects: the payload’s own is empty. */
function objectsIn(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, one]) => objectsIn(one, at === '' ? key : `${at}.${key}`));
  return Array.isArray(value) ? inner : [at, ...inner];
}

function withField(payload: object, place: string, value: unknown): object {
  const copy = structuredClone(payload);
  const holder = place
    .split('.')
    .reduce<object>((found, key) => (key === '' ? found : (found as Record<string, object>)[key]) as object, copy);
  return Object.assign(holder, { odd: value }) && copy;
}

describe.each(cases)('law: a delta of $name', ({ wire, plain, more, free }) => {
  const isPlain = (payload: object): boolean => wire.problem(payload) === undefined && wire.isPlain?.(payload) === true;
  const places = plain.flatMap((payload) => objectsIn(payload).map((place) => ({ payload, place })));

  it('is plain where it says a piece of text, of thinking or of arguments', () => {
    for (const payload of plain) expect(isPlain(payload), JSON.stringify(payload)).toBe(true);
  });

  it('is not plain where it says something else, or more', () => {
    for (const payload of more) {
      expect(wire.problem(payload), JSON.stringify(payload)).toBeUndefined();
      expect(isPlain(payload), JSON.stringify(payload)).toBe(false);
    }
  });

  it.each([[0], [''], [false], [[]], [{ a: 1 }]])('is not plain with %j in a field that nobody knows, however deep', (value) => {
    for (const { payload, place } of places) {
      expect(isPlain(withField(payload, place, value)), `${JSON.stringify(payload)} at ${place}`).toBe(free?.test(place) === true);
    }
  });

  it('stays plain with null in such a field', () => {
    for (const { payload, place } of places) expect(isPlain(withField(payload, place, null)), place).toBe(true);
  });
});

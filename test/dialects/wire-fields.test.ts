import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import * as dialects from '../../src/dialects/index.ts';
import { isToolstreamError, MalformedFrameError } from '../../src/errors.ts';
import { runStage } from '../../src/stage.ts';

interface Case {
  readonly dialect: Dialect;
  /** Payloads with each field that is read. */
  readonly payloads: readonly object[];
  /** Which fields may not be null. */
  readonly needed: RegExp;
}

const chatDelta = {
  content: 'Hi',
  refusal: 'no',
  reasoning: 'so',
  reasoning_content: 'so',
  reasoning_text: 'so',
  reasoning_details: [{}],
  tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '{}' }, custom: { name: 'g', input: 'x' } }],
  function_call: { index: 0, name: 'f', arguments: '{}' },
};
const block = { type: 'text', text: 'Hi', thinking: 'so', signature: 's', id: 'b1', name: 'f' };

const cases: readonly Case[] = [
  {
    dialect: dialects.openAiChat,
    payloads: [
      { id: 'r1', model: 'm', usage: {}, choices: [{ index: 0, delta: chatDelta, finish_reason: 'stop', usage: {} }] },
      { choices: [{ index: 0, message: { ...chatDelta, content: [{}] } }] },
    ],
    needed: /(choices|reasoning_details|content)\.0$/,
  },
  {
    dialect: dialects.openAiResponses,
    payloads: ['response.custom_tool_call_input.done', 'response.output_item.added'].map((type) => ({
      type,
      response: {},
      item: {},
      item_id: 'i1',
      call_id: 'c1',
      output_index: 0,
      content_index: 0,
      summary_index: 0,
      sequence_number: 1,
      ...(type.endsWith('done') && { delta: 'x', text: 'x', refusal: 'x', input: 'x', arguments: '{}' }),
    })),
    needed: /^type$/,
  },
  {
    dialect: dialects.anthropicMessages,
    payloads: [
      { type: 'message_start', message: { id: 'm1', model: 'm', content: [block], stop_reason: 'end_turn', usage: {} } },
      { type: 'content_block_start', index: 0, content_block: block },
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: 'Hi', thinking: 'so', signature: 's', partial_json: '{', citation: {} },
      },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} },
    ],
    needed: /^type$|content\.0$|content\.0\.type$|content_block\.type$/,
  },
  {
    dialect: dialects.gemini,
    payloads: [
      {
        candidates: [
          {
            index: 0,
            content: {
              parts: [
                { text: 'Hi', thought: true },
                {
                  functionCall: {
                    id: 'c1',
                    name: 'f',
                    args: {},
                    partialArgs: [{ jsonPath: '$.a', stringValue: 'x', numberValue: 1, boolValue: true, willContinue: true }],
                    willContinue: true,
                  },
                },
              ],
            },
            finishReason: 'STOP',
          },
        ],
        promptFeedback: { blockReason: 'SAFETY' },
        usageMetadata: {},
        modelVersion: 'm',
        responseId: 'r1',
      },
    ],
    needed: /\.\d$|jsonPath$/,
  },
  {
    dialect: dialects.ollama,
    payloads: [
      { model: 'm', message: { content: 'Hi', thinking: 'so', reasoning_content: 'so' }, done: true },
      {
        message: { tool_calls: [{ id: 'c1', index: 0, function: { index: 0, name: 'f', arguments: {} } }] },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 1,
        eval_count: 1,
        total_duration: 1,
        load_duration: 1,
        prompt_eval_duration: 1,
        eval_duration: 1,
      },
    ],
    needed: /tool_calls\.0$|function$/,
  },
  {
    dialect: dialects.cohere,
    payloads: [
      { type: 'content-delta', id: 'm1', index: 0, delta: { message: { content: { type: 'text', text: 'Hi', thinking: 'so' } } } },
      { type: 'message-start', delta: { message: { content: [{ text: 'Hi' }], tool_plan: 'so', citations: {} } } },
      { type: 'tool-call-start', index: 0, delta: { message: { tool_calls: { id: 'c1', function: { name: 'f', arguments: '{}' } } } } },
      { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: {} } },
    ],
    needed: /^type$|content\.0$/,
  },
  {
    dialect: dialects.duplexSession,
    payloads: [
      { type: 'start', id: 'r1', model: 'm' },
      { type: 'content_block', text: 'Hi' },
      { type: 'function_call', id: 'c1', index: 0, name: 'f', arguments: '{}', done: true },
      { type: 'done', finish_reason: 'stop', usage: {} },
    ],
    needed: /^(type|text)$/,
  },
];

type Path = readonly string[];

/** The places of all fields and items. */
function placesOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...at, key], ...placesOf(inner, [...at, key])]);
}

function withValue(payload: object, path: Path, value: unknown): object {
  const copy = structuredClone(payload) as { [key: string]: unknown };
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as { [key: string]: unknown };
  holder[path.at(-1) as string] = value;
  return copy;
}

const valueAt = (payload: object, path: Path) => path.reduce<unknown>((value, key) => (value as { [key: string]: unknown })[key], payload);

describe.each(cases)('law: the decoder of $dialect.name looks at each field that it reads', ({ dialect, payloads, needed }) => {
  const errorOf = (payload: object) => runStage(dialect.decoder(), [{ data: JSON.stringify(payload) }]).error;
  const places = payloads.flatMap((payload) => placesOf(payload).map((path) => ({ payload, path, place: path.join('.') })));

  it('takes the payloads as they are', () => {
    for (const payload of payloads) expect(errorOf(payload)).not.toBeInstanceOf(MalformedFrameError);
  });

  it.each(places)('names $place where it is of another type', ({ payload, path }) => {
    const value = valueAt(payload, path);
    const error = errorOf(withValue(payload, path, typeof value === 'number' || typeof value === 'boolean' ? 'x' : 7));
    expect(error).toBeInstanceOf(MalformedFrameError);
    const field = path.findLast((key) => !/^\d+$/.test(key)) as string;
    expect(String(error)).toMatch(new RegExp(`at \`[^\`]*\\b${field}\\b`));
    expect(String(error)).toContain(`got ${typeof value === 'number' || typeof value === 'boolean' ? 'string "x"' : 'number 7'}`);
  });

  it.each(places)('takes null for $place as if it were absent, unless it is needed', ({ payload, path, place }) => {
    const error = errorOf(withValue(payload, path, null));
    if (error !== undefined) expect(isToolstreamError(error), String(error)).toBe(true);
    expect(error instanceof MalformedFrameError, String(error)).toBe(needed.test(place));
  });
});

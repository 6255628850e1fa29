import { describe, expect, it } from 'vitest';
import type { Dialect, EncoderOptions } from '../../src/dialects/dialect.ts';
import { FunctionArguments } from '../../src/dialects/function-arguments.ts';
import * as dialects from '../../src/dialects/index.ts';
import { joinFields } from '../../src/dialects/join-json.ts';
import { providerErrorFrom } from '../../src/dialects/provider-error.ts';
import type { FinishReason, ModelEvent } from '../../src/events.ts';
import { runStage, type Stage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';

const { anthropicMessages, cohere, duplexSession, gemini, ollama, openAiChat, openAiResponses } = dialects;
const every: Dialect[] = Object.values(dialects);

const start: ModelEvent = { type: 'round-start' };
const text = (said: string): ModelEvent => ({ type: 'text-delta', text: said });
const thought = (said: string): ModelEvent => ({ type: 'reasoning-delta', text: said });
const provided = (name: string, data: Json): ModelEvent => ({ type: 'provider-event', name, data });
const begins = (callId = 'c1', index = 0): ModelEvent => ({ type: 'tool-call-start', callId, index, name: 'f' });
const argues = (said: string, callId = 'c1', index = 0): ModelEvent => ({ type: 'tool-call-delta', callId, index, text: said });
const ends = (reason: FinishReason = 'stop'): ModelEvent => ({ type: 'round-end', reason, message: { role: 'assistant', content: '' } });

const written = (dialect: Dialect, events: readonly ModelEvent[], options?: EncoderOptions) =>
  runStage(dialect.encoder(options), events).values.map(({ data }) => data);
/** What is at a place of the payloads that have it. */
const at = (payloads: readonly string[], ...path: Array<string | number>): unknown[] =>
  payloads
    .filter((data) => data !== '[DONE]')
    .map((data) => path.reduce<unknown>((value, key) => (value as { [key: string]: unknown } | undefined)?.[key], JSON.parse(data)))
    .filter((value) => value !== undefined);

describe.each(every)('the encoder of $name', (dialect) => {
  const answer: ModelEvent[] = [{ ...start, responseId: 'r9', model: 'm9' }, text('Hi'), ends()];

  it('begins with what the start says, whatever diagnostic comes before it', () => {
    expect(written(dialect, [{ type: 'diagnostic', code: 'x', message: 'x' }, ...answer])).toEqual(written(dialect, answer));
  });

  it('says who answers: the start, or else the options', () => {
    const options = { responseId: 'r8', model: 'm8' };
    const unnamed = written(dialect, [start, text('Hi'), ends()], options).join('\n');
    expect(unnamed).not.toMatch(/unknown|[rm]9/);
    if (dialect.name !== 'cohere') expect(unnamed).toContain('"m8"');
    if (dialect.name !== 'ollama') expect(unnamed).toContain('"r8"');
    expect(written(dialect, answer, options).join('\n')).toBe(unnamed.replaceAll('r8', 'r9').replaceAll('m8', 'm9'));
  });

  it('writes nothing after an error', () => {
    const encoder: Stage<ModelEvent, { readonly data: string }> = dialect.encoder();
    const frames: string[] = [];
    const out = { enqueue: ({ data }: { readonly data: string }) => void frames.push(data), error: () => {}, terminate: () => {} };
    encoder.transform(start, out);
    encoder.fail?.(new Error('broken'), out);
    const before = [...frames];
    for (const event of [text('Hi'), begins(), argues('{}'), ends()]) encoder.transform(event, out);
    encoder.fail?.(new Error('broken'), out);
    expect(frames).toEqual(before);
  });
});

it.each([
  [openAiChat.name, openAiChat, ['choices', 0, 'finish_reason'], 'other'],
  [cohere.name, cohere, ['delta', 'finish_reason'], 'OTHER'],
  [ollama.name, ollama, ['done_reason'], 'other'],
  [openAiResponses.name, openAiResponses, ['response', 'incomplete_details', 'reason'], 'other'],
  [gemini.name, gemini, ['candidates', 0, 'finishReason'], 'OTHER'],
] as const)('%s has a word for a reason that nobody gave', (_, dialect, path, word) => {
  expect(at(written(dialect, [start, text('Hi'), ends('other')]), ...path).at(-1)).toBe(word);
});

it('chunks have the name of the start that came first', () => {
  const chunks = written(openAiChat, [{ ...start, responseId: 'a' }, { ...start, responseId: 'b' }, text('Hi'), ends()]);
  expect(new Set(at(chunks, 'id'))).toEqual(new Set(['a']));
});

describe('blocks for clients of Anthropic', () => {
  const types = (...events: ModelEvent[]) => at(written(anthropicMessages, [start, ...events]), 'content_block', 'type');
  const deltas = (...events: ModelEvent[]) => at(written(anthropicMessages, [start, ...events]), 'delta', 'partial_json');

  it('are new where thinking goes on after its signature', () => {
    expect(types(thought('a'), thought('b'), provided('signature', { signature: 's' }), thought('c'))).toEqual(['thinking', 'thinking']);
  });

  it('have no empty arguments, and none of a call that never began', () => {
    expect(deltas(begins(), argues(''), argues('{}'), argues('{}', 'other'))).toEqual(['{}']);
    expect(deltas(begins(), argues('{}'), { type: 'tool-call-end', callId: 'c1', index: 0 }, argues(' '), argues('x'))).toEqual([
      '{}',
      'x',
    ]);
  });

  it.each([
    ['stop', 1],
    ['tool-calls', 1],
    ['length', 0],
    ['content-filter', 0],
    ['error', 0],
  ] as const)('of calls that have no arguments yet are stopped, or not, where the reason is %s', (reason, stops) => {
    const events = written(anthropicMessages, [start, begins(), ends(reason)]);
    expect(at(events, 'type').filter((type) => type === 'content_block_stop')).toHaveLength(stops);
  });

  it('end with a count of what was written, if nobody counted', () => {
    expect(at(written(anthropicMessages, [start, text('Hi'), ends()]), 'usage')).toEqual([{ output_tokens: 0 }]);
  });
});

describe('parts for clients of Gemini', () => {
  const parts = (...events: ModelEvent[]) => at(written(gemini, [start, ...events]), 'candidates', 0, 'content', 'parts', 0);
  const sign = (data: Json) => provided('thoughtSignature', data);

  it('are signed where the signature came before them, and stand alone where nothing came', () => {
    expect(parts(sign({ thoughtSignature: 's', on: 'text' }), text('a'), text('b'))).toEqual([
      { text: 'a', thoughtSignature: 's' },
      { text: 'b' },
    ]);
    expect(parts(sign({ thoughtSignature: 's' }), sign({ thoughtSignature: 't' }), text('a'))).toEqual([
      { text: '', thoughtSignature: 's' },
      { text: 'a', thoughtSignature: 't' },
    ]);
    expect(parts(sign({ thoughtSignature: 's', on: 'nothing' }), text('a'))).toEqual([{ text: '', thoughtSignature: 's' }, { text: 'a' }]);
    expect(parts(sign({ thoughtSignature: 7 }), sign('s'), sign(null), text('a'))).toEqual([{ text: 'a' }]);
  });

  it('hand on what was said of the prompt', () => {
    expect(at(written(gemini, [start, provided('promptFeedback', { blockReason: 'SAFETY' })]), 'promptFeedback')).toEqual([
      { blockReason: 'SAFETY' },
    ]);
  });

  it.each([
    ['tool-calls', 'MALFORMED_FUNCTION_CALL'],
    ['stop', 'MALFORMED_FUNCTION_CALL'],
    ['length', 'MAX_TOKENS'],
  ] as const)('lack a call whose arguments are no object, and the reason %s becomes %s', (reason, word) => {
    const events = written(gemini, [start, begins(), argues('[1'), ends(reason)]);
    expect(at(events, 'candidates', 0, 'finishReason')).toEqual([word]);
    expect(events.join('')).not.toContain('functionCall');
  });
});

describe('streamed arguments of Gemini', () => {
  const read = (partialArgs: object[], options = {}) => {
    const functionCall = { id: 'c1', name: 'f', partialArgs };
    const data = JSON.stringify({ candidates: [{ content: { parts: [{ functionCall }] }, finishReason: 'STOP' }] });
    const { values, error } = runStage(gemini.decoder(options), [{ data }]);
    const said = values.flatMap((event) => (event.type === 'tool-call-delta' ? [event.text] : [])).join('');
    return { said, error, codes: values.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : [])) };
  };

  it('fill lists longer than ten', () => {
    const items = Array.from({ length: 12 }, (_, n) => ({ jsonPath: `$.a[${n}]`, numberValue: n }));
    expect(JSON.parse(read(items).said)).toEqual({ a: items.map(({ numberValue }) => numberValue) });
  });

  it('go on with a text that is open, and with nothing that is whole', () => {
    const open = { jsonPath: '$.a', stringValue: 'x', willContinue: true };
    const last = { jsonPath: '$.a', stringValue: 'y' };
    expect(read([open, last])).toMatchObject({ said: '{"a":"xy"}', codes: [] });
    expect(read([open, last, { jsonPath: '$.a' }])).toMatchObject({ said: '{"a":"xy"}', codes: [] });
    for (const whole of [{ jsonPath: '$.a', numberValue: 1 }, last])
      expect(read([whole, last]).codes).toEqual(['partial-argument-unplaced']);
  });

  it('have no place beside or within what is no object', () => {
    const number = { jsonPath: '$.a', numberValue: 1 };
    expect(read([number, { jsonPath: '$.a.b', numberValue: 2 }]).codes).toEqual(['partial-argument-unplaced']);
    expect(read([{ jsonPath: '$.a.b', numberValue: 2 }, number]).codes).toEqual(['partial-argument-unplaced']);
  });

  it('are bounded', () => {
    const long = [{ jsonPath: '$.a', stringValue: 'x'.repeat(100) }];
    expect(read(long, { maxArgumentLength: 50 }).error).toMatchObject({ name: 'LimitError', limit: 'maxArgumentLength' });
    expect(read(long, { maxArgumentLength: 200 }).error).not.toMatchObject({ name: 'LimitError' });
    const held = { id: 'c1', name: 'f', willContinue: true, partialArgs: [{ jsonPath: '$.b.c', numberValue: 1 }, ...long] };
    const data = JSON.stringify({ candidates: [{ content: { parts: [{ functionCall: held }] } }] });
    expect(runStage(gemini.decoder({ maxArgumentLength: 50 }), [{ data }]).error).toMatchObject({ name: 'LimitError' });
  });
});

describe('arguments for a wire that wants an object', () => {
  const read = (...pieces: string[]) => {
    const args = new FunctionArguments();
    return pieces.map((piece) => args.read(piece)).join('');
  };

  it('become one where they are plain text, however it is cut', () => {
    for (const pieces of [['"a\\"b"'], ['"', 'a\\', '"b', '"'], [' ', '"a\\"b', '" ']]) {
      expect(Object.values(JSON.parse(read(...pieces)))).toEqual(['a"b']);
    }
  });

  it('stay as they are where they are one', () => {
    expect(read('{', '"a":"b"', '}')).toBe('{"a":"b"}');
    expect(read('{', '"a', '":1}')).toBe('{"a":1}');
  });
});

describe('fields that come in pieces', () => {
  it('are joined where both are texts, and replaced where one is not', () => {
    expect(joinFields({ a: 'x', b: 'x', c: 1 }, { a: 'y', b: 7, c: 'z' })).toEqual({ a: 'xy', b: 7, c: 'z' });
  });

  it('are joined in a list of parts where both have a text', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'text', more: 1 },
    ];
    const frames = [{ id: 'r', choices: [{ index: 0, delta: { content: parts } }] }].map((chunk) => ({ data: JSON.stringify(chunk) }));
    const last = runStage(openAiChat.decoder(), [...frames, { data: '[DONE]' }]).values.at(-1);
    expect(last?.type === 'round-end' && last.message.native?.message).toMatchObject({
      content: [
        { type: 'text', text: 'ab' },
        { type: 'text', more: 1 },
      ],
    });
  });
});

it('an error may help to ask again by the word of its type, beside a code that says nothing', () => {
  expect(providerErrorFrom({ error: { type: 'overloaded', code: 'weird', message: 'No luck.' } }).retryable).toBe(true);
  expect(providerErrorFrom({ error: { type: 'odd', code: 'weird', message: 'No luck.' } }).retryable).toBe(false);
});

describe('the message of Cohere that goes back', () => {
  const native = (...payloads: object[]) => {
    const end = { type: 'message-end', delta: { finish_reason: 'COMPLETE' } };
    const last = runStage(
      cohere.decoder(),
      [...payloads, end].map((payload) => ({ data: JSON.stringify(payload) })),
    ).values.at(-1);
    return last?.type === 'round-end' ? last.message.native?.message : undefined;
  };

  it('has a content where it has no calls, and arguments where a call has none', () => {
    expect(native({ type: 'message-start', id: 'm' })).toEqual({ role: 'assistant', content: '' });
    const call = (args: string) => ({
      type: 'tool-call-start',
      index: 0,
      delta: { message: { tool_calls: { id: 'c1', function: { name: 'f', arguments: args } } } },
    });
    for (const blank of ['', ' ']) {
      expect(native(call(blank))).toEqual({
        role: 'assistant',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      });
    }
  });
});

it.each([
  [gemini, 'json-array', '[{"a":"0123456789"}]'],
  [ollama, 'ndjson', '{"a":"0123456789"}\n'],
] as const)('the parser of $name takes as much as it is told to', (dialect, framing, body) => {
  const parse = (bound?: number) =>
    runStage(dialect.parsers?.[framing]?.(bound) as Stage<Uint8Array, unknown>, [new TextEncoder().encode(body)]);
  expect(parse().values).toHaveLength(1);
  expect(parse(100).values).toHaveLength(1);
  expect(parse(10).error).toMatchObject({ name: 'LimitError' });
});

it('messages of a duplex session name the answer and the model where they are known', () => {
  const [first] = written(duplexSession, [{ ...start, responseId: 'r1', model: 'm' }]);
  expect(JSON.parse(first ?? '')).toEqual({ type: 'start', id: 'r1', model: 'm' });
});

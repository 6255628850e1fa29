import { describe, expect, it } from 'vitest';
import type { DecoderOptions, Dialect } from '../../src/dialects/dialect.ts';
import * as dialects from '../../src/dialects/index.ts';
import type { ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';

const { anthropicMessages, cohere, duplexSession, gemini, ollama, openAiChat, openAiResponses } = dialects;

const read = (dialect: Dialect, payloads: readonly unknown[], options: DecoderOptions = {}) =>
  runStage(
    dialect.decoder({ callIdSeed: 's', ...options }),
    payloads.map((payload) => ({ data: typeof payload === 'string' ? payload : JSON.stringify(payload) })),
  );
const eventsOf = (dialect: Dialect, ...payloads: readonly unknown[]) => read(dialect, payloads).values;
/** Of one type, without it. */
const only = (events: readonly ModelEvent[], type: ModelEvent['type']) =>
  events.flatMap((event) => (event.type === type ? [event as ModelEvent & { readonly text?: string; readonly name?: string }] : []));
const texts = (events: readonly ModelEvent[], type: ModelEvent['type'] = 'text-delta') => only(events, type).map(({ text }) => text);
const names = (events: readonly ModelEvent[]) => only(events, 'provider-event').map(({ name }) => name);
const messageOf = (events: readonly ModelEvent[]) => events.flatMap((event) => (event.type === 'round-end' ? [event.message] : []))[0];

const chunk = (delta: object, more = {}, whole = {}) => ({ id: 'r', choices: [{ index: 0, delta, ...more }], ...whole });
const finish = (finish_reason: string, index = 0) => ({ id: 'r', choices: [{ index, delta: {}, finish_reason }] });
const calls = (...tool_calls: object[]) => chunk({ tool_calls });

describe('a field that says nothing is not handed on', () => {
  const nothing = { n: null, s: '', l: [], o: {} };
  const { n, s, l, o } = nothing;
  it.each([
    ['a chunk', openAiChat, (more: object) => chunk({ content: 'Hi' }, {}, more), nothing],
    ['a choice', openAiChat, (more: object) => chunk({ content: 'Hi' }, more), nothing],
    ['a delta of a choice', openAiChat, (more: object) => chunk({ content: 'Hi', ...more }), nothing],
    ['the delta of a message', anthropicMessages, (more: object) => ({ type: 'message_delta', delta: more }), { n, l, o }],
    [
      'the start of a message',
      anthropicMessages,
      (more: object) => ({ type: 'message_start', message: { id: 'm', ...more } }),
      { n, l, o },
    ],
    ['an event of Cohere', cohere, (more: object) => ({ type: 'content-delta', delta: { message: { content: 'Hi' } }, ...more }), { n, s }],
    ['an object of Ollama', ollama, (more: object) => ({ message: { content: 'Hi' }, ...more }), { n, s }],
    ['a message of Ollama', ollama, (more: object) => ({ message: { content: 'Hi', ...more } }), { n, s }],
    ['a response of Gemini', gemini, (more: object) => ({ candidates: [], ...more }), nothing],
    ['a candidate', gemini, (more: object) => ({ candidates: [{ content: { parts: [{ text: 'Hi' }] }, ...more }] }), nothing],
    ['a part', gemini, (more: object) => ({ candidates: [{ content: { parts: [{ text: 'Hi', ...more }] } }] }), nothing],
  ])('in %s, and one that says something is', (_, dialect, payload, fields) => {
    expect(eventsOf(dialect, payload(fields))).toEqual(eventsOf(dialect, payload({})));
    expect(names(eventsOf(dialect, payload({ odd: 1, ...fields })))).toEqual(['odd']);
  });
});

describe('a choice with a message beside its delta', () => {
  const both = (delta: object) => texts(eventsOf(openAiChat, chunk(delta, { message: { content: 'Hi' } })));

  it.each([{}, { role: 'assistant' }, { content: '' }, { content: null }, { tool_calls: [] }, { extra: {} }])(
    'says what is in the message where the delta is %j',
    (delta) => {
      expect(both(delta)).toEqual(['Hi']);
    },
  );

  it.each([{ content: 'Ho' }, { extra: 1 }, { extra: { a: 1 } }, { tool_calls: [{ index: 0 }] }])(
    'says what is in the delta where that is %j',
    (delta) => {
      expect(both(delta)).toEqual('content' in delta ? ['Ho'] : []);
    },
  );

  it('says no reasoning twice', () => {
    const message = { reasoning_details: [{ text: 'so' }] };
    const whole = { id: 'r', choices: [{ index: 0, message }] };
    expect(texts(eventsOf(openAiChat, whole), 'reasoning-delta')).toEqual(['so']);
    expect(texts(eventsOf(openAiChat, chunk({ reasoning: 'so' }), whole), 'reasoning-delta')).toEqual(['so']);
  });
});

describe('parts of a chat that are not known', () => {
  it.each([
    [{ type: 'other', text: 'no' }, 'other'],
    [{ type: 'text', other: 'no' }, 'text'],
    [{ type: 'thinking', thinking: { text: 'no' } }, 'thinking'],
    [{ type: 'other', thinking: [{ text: 'no' }] }, 'other'],
  ])('are handed on: %j', (part, name) => {
    const events = eventsOf(openAiChat, chunk({ content: [part] }));
    expect(names(events)).toEqual([name]);
    expect([...texts(events), ...texts(events, 'reasoning-delta')]).toEqual([]);
  });

  it('are handed on among details of the reasoning', () => {
    const details = [{ data: 'x' }, { summary: 7 }, { text: 'so' }, { summary: 'on' }];
    const events = eventsOf(openAiChat, chunk({ reasoning_details: details }));
    expect(names(events)).toEqual(['reasoning_details', 'reasoning_details']);
    expect(texts(events, 'reasoning-delta')).toEqual(['so', 'on']);
  });
});

describe('a call of a custom tool', () => {
  const piece = (custom: object, marks = {}) => calls({ index: 0, ...marks, custom });
  const start = piece({ name: 'g' }, { id: 'c1' });
  const input = (...payloads: unknown[]) => messageOf(eventsOf(openAiChat, ...payloads, '[DONE]'))?.toolCalls?.[0]?.argumentsText;

  it('may begin without its input', () => {
    expect(input(start, piece({ input: 'a' }), finish('tool_calls'))).toBe('"a"');
    expect(input(start, finish('tool_calls'))).toBe('""');
  });

  it('says the same piece as often as it comes, with or without an id', () => {
    expect(input(start, piece({ input: 'a' }), piece({ input: 'a' }), finish('tool_calls'))).toBe('"aa"');
    expect(input(start, piece({ input: 'a' }, { id: 'c1' }), piece({ input: 'a' }, { id: 'c1' }), finish('tool_calls'))).toBe('"aa"');
  });

  it('is not said again by a summary, and says no more after its finish reason', () => {
    expect(input(start, piece({ input: 'a' }), piece({ name: 'g', input: 'a' }, { id: 'c1' }), finish('tool_calls'))).toBe('"a"');
    expect(input(start, piece({ input: 'a' }), finish('tool_calls'), piece({ input: 'b' }))).toBe('"a"');
  });

  it('goes on after another choice has finished', () => {
    const other = (custom: object, marks = {}) => ({
      id: 'r',
      choices: [{ index: 1, delta: { tool_calls: [{ index: 0, ...marks, custom }] } }],
    });
    const events = eventsOf(
      openAiChat,
      other({ name: 'g', input: 'a' }, { id: 'c1' }),
      finish('stop'),
      other({ input: 'b' }),
      finish('stop', 1),
    );
    expect(texts(events, 'tool-call-delta').join('')).toBe('"ab"');
  });

  it('is none where an empty `custom` stands beside a function', () => {
    const called = calls({ index: 0, id: 'c1', function: { name: 'f', arguments: '' } });
    expect(input(called, piece({}), calls({ index: 0, function: { arguments: '{}' } }), finish('tool_calls'))).toBe('{}');
  });
});

describe('blocks of a message', () => {
  const begins = (content_block: object, index = 0) => ({ type: 'content_block_start', index, content_block });
  const stops = (index = 0) => ({ type: 'content_block_stop', index });
  const opens = (...content: object[]) => ({ type: 'message_start', message: { id: 'm', content } });
  const end = { type: 'message_stop' };
  const native = (...payloads: unknown[]) => messageOf(eventsOf(anthropicMessages, ...payloads, end))?.native?.message;

  it('say in their start what is of their kind', () => {
    const events = eventsOf(
      anthropicMessages,
      begins({ type: 'thinking', thinking: 'so', signature: 's' }, 0),
      begins({ type: 'text', text: 'Hi', thinking: 'no', signature: 'no', citations: [{ a: 1 }] }, 1),
    );
    expect([texts(events), texts(events, 'reasoning-delta'), names(events)]).toEqual([['Hi'], ['so'], ['signature', 'citation']]);
  });

  it('of a server’s tools say no text', () => {
    const events = eventsOf(anthropicMessages, begins({ type: 'server_tool_use', id: 't', name: 'f', text: 'no' }), stops());
    expect([texts(events), names(events)]).toEqual([[], ['server_tool_use']]);
  });

  it('end once, however often that is said', () => {
    const payloads = [begins({ type: 'tool_use', id: 'c1', name: 'f', input: { a: 1 } }), stops(), stops(), end];
    expect(only(eventsOf(anthropicMessages, ...payloads), 'tool-call-end')).toHaveLength(1);
  });

  it('that are announced blank begin once, and another kind at their place begins anew', () => {
    const call = { type: 'tool_use', name: 'f', input: {} };
    const again = eventsOf(anthropicMessages, opens(call), begins({ ...call, id: 'c1' }), stops(), end);
    expect(messageOf(again)?.toolCalls).toHaveLength(1);
    const other = eventsOf(anthropicMessages, opens({ type: 'text', text: '' }), begins({ ...call, id: 'c1' }), stops(), end);
    expect(messageOf(other)?.toolCalls).toEqual([{ id: 'c1', name: 'f', argumentsText: '' }]);
  });

  it('hand out arguments that wait where a gateway says that the answer is whole, not where it was cut', () => {
    const start = begins({ type: 'tool_use', id: 'c1', name: 'f', input: { a: 1 } });
    expect(texts(eventsOf(anthropicMessages, start, '[DONE]'), 'tool-call-delta')).toEqual(['{"a":1}']);
    expect(texts(eventsOf(anthropicMessages, start), 'tool-call-delta')).toEqual([]);
  });

  it('go back as they came; thinking that says nothing and is not signed stays here', () => {
    expect(native(begins({ type: 'thinking', thinking: '' }), stops(), begins({ type: 'text', text: 'Hi' }, 1))).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'Hi' }],
    });
    expect(native(begins({ type: 'thinking', thinking: 'so' }), stops())).toMatchObject({
      content: [{ type: 'thinking', thinking: 'so' }],
    });
    expect(native(begins({ type: 'thinking', thinking: 'so' }))).toMatchObject({ content: [] });
  });

  it('keep a count that a later event has as null', () => {
    const events = eventsOf(
      anthropicMessages,
      { type: 'message_start', message: { id: 'm', usage: { input_tokens: 5, output_tokens: 1, cache_read_input_tokens: 2 } } },
      { type: 'message_delta', usage: { output_tokens: 3, cache_read_input_tokens: null } },
      end,
    );
    expect(events.at(-1)).toMatchObject({ usage: { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2 } });
  });
});

describe('items of a response', () => {
  const added = (item: object, output_index?: number) => ({ type: 'response.output_item.added', item, output_index });
  const says = (delta: string, marks = {}, what = 'output_text') => ({ type: `response.${what}.delta`, delta, ...marks });
  const completed = (...output: object[]) => ({ type: 'response.completed', response: { output } });
  const native = (...payloads: unknown[]) => messageOf(eventsOf(openAiResponses, ...payloads))?.native?.message;
  const text = (said: string) => ({ type: 'output_text', text: said, annotations: [] });

  it('go back as they were said where the server does not say them whole', () => {
    expect(native(says('Hi'), says('no', { content_index: 1 }, 'refusal'), completed())).toEqual([
      { type: 'message', role: 'assistant', content: [text('Hi'), { type: 'refusal', refusal: 'no' }] },
    ]);
    expect(native(says('so', {}, 'reasoning_summary_text'), completed())).toStrictEqual([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'so' }] },
    ]);
    expect(native(says('so', {}, 'reasoning_text'), completed())).toEqual([
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'so' }] },
    ]);
    expect(native(added({ type: 'message', id: 'i1' }), completed())).toEqual([]);
  });

  it('are told apart by their places, and by their types where there are none', () => {
    const message = { type: 'message' };
    expect(
      native(
        added(message, 1),
        added(message, 2),
        says('a', { output_index: 1 }),
        says('b', { output_index: 2 }),
        says('c', { output_index: 1 }),
        completed(),
      ),
    ).toMatchObject([{ content: [text('ac')] }, { content: [text('b')] }]);
    expect(native(added(message), added({ type: 'reasoning' }), says('a'), completed())).toMatchObject([
      { type: 'message', content: [text('a')] },
      { type: 'reasoning', summary: [] },
    ]);
  });

  it('are found again in the last event, whatever it leaves out and in whatever order', () => {
    const message = { type: 'message', content: [text('Hi you')] };
    const events = eventsOf(
      openAiResponses,
      added({ type: 'reasoning' }, 0),
      added({ type: 'message' }, 1),
      says('Hi', { output_index: 1 }),
      completed(message),
    );
    expect([texts(events), texts(events, 'reasoning-delta')]).toEqual([['Hi', ' you'], []]);
    const [f, g] = [
      { type: 'function_call', name: 'f' },
      { type: 'function_call', id: 'i2', call_id: 'c2', name: 'g' },
    ];
    const last = completed({ ...g, arguments: '{"g":1}' }, { ...f, arguments: '{"f":1}' });
    const calls = messageOf(eventsOf(openAiResponses, added({ ...f, call_id: 'c1' }, 0), added(g, 1), last))?.toolCalls;
    expect(calls?.map(({ id, argumentsText }) => [id, argumentsText])).toEqual([
      ['c1', '{"f":1}'],
      ['c2', '{"g":1}'],
    ]);
  });

  it('begin once where one is announced again with its id', () => {
    const call = { type: 'function_call', id: 'i1', name: 'f' };
    const events = eventsOf(openAiResponses, added(call, 0), added({ ...call, call_id: 'c1' }, 0), completed());
    expect(messageOf(events)?.toolCalls).toHaveLength(1);
  });

  it('are done once', () => {
    const item = { type: 'custom_tool_call', id: 'i1', call_id: 'c1', name: 'g', input: 'a' };
    const done = { type: 'response.output_item.done', item, output_index: 0 };
    const events = eventsOf(openAiResponses, added({ ...item, input: '' }, 0), done, done, completed(item));
    expect(only(events, 'tool-call-end')).toHaveLength(1);
    expect(texts(events, 'tool-call-delta').join('')).toBe('"a"');
  });

  it('say what only the end of their text has', () => {
    const done = (what: string, fields: object) => ({ type: `response.${what}.done`, ...fields });
    const item = added({ type: 'custom_tool_call', id: 'i1', call_id: 'c1', name: 'g' }, 0);
    const events = eventsOf(openAiResponses, item, done('custom_tool_call_input', { item_id: 'i1', input: 'a' }), completed());
    expect(texts(events, 'tool-call-delta').join('')).toBe('"a"');
    expect(texts(eventsOf(openAiResponses, done('refusal', { refusal: 'no' })), 'refusal-delta')).toEqual(['no']);
    expect(texts(eventsOf(openAiResponses, says('no', {}, 'refusal')), 'refusal-delta')).toEqual(['no']);
  });

  it('that nobody here knows are handed on under the name of their event, if only the last event has them', () => {
    expect(names(eventsOf(openAiResponses, completed({ type: 'web_search_call', id: 'i1' })))).toEqual(['response.output_item.done']);
  });

  it('have each annotation handed on once', () => {
    const annotation = { type: 'url_citation', url: 'x' };
    const item = { type: 'message', id: 'i1', content: [{ ...text('Hi'), annotations: [annotation] }] };
    const events = eventsOf(
      openAiResponses,
      added({ type: 'message', id: 'i1' }, 0),
      { type: 'response.output_text.annotation.added', item_id: 'i1', annotation },
      completed(item),
    );
    expect(names(events)).toEqual(['response.output_text.annotation.added']);
  });

  it('end with an event of exactly that name', () => {
    const events = eventsOf(openAiResponses, says('Hi'), { type: 'x.response.completed' }, says(' you'));
    expect([texts(events), names(events)]).toEqual([['Hi', ' you'], ['x.response.completed']]);
  });
});

describe('candidates of Gemini', () => {
  it('are filtered where the prompt was refused, the first of them', () => {
    const { values } = read(gemini, [
      { candidates: [{ index: 1, content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] },
      { promptFeedback: { blockReason: 'OTHER' } },
    ]);
    expect(only(values, 'finish-reason')).toMatchObject([{ choice: 1, reason: 'stop' }, { reason: 'content-filter' }]);
  });

  it('have no signature that is empty', () => {
    expect(names(eventsOf(gemini, { candidates: [{ content: { parts: [{ text: 'Hi', thoughtSignature: '' }] } }] }))).toEqual([]);
  });

  it('may stream a call in one piece', () => {
    const functionCall = { name: 'f', partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }] };
    const events = eventsOf(gemini, { candidates: [{ content: { parts: [{ functionCall }] }, finishReason: 'STOP' }] });
    expect(texts(events, 'tool-call-delta').join('')).toBe('{"a":"x"}');
  });
});

describe('messages of a duplex session', () => {
  it('say who answers, and nothing by a ping', () => {
    expect(
      eventsOf(duplexSession, { type: 'ping' }, { type: 'start', id: 'r1', model: 'm' }, { type: 'ping' }, { type: 'odd' }),
    ).toMatchObject([
      { type: 'round-start', responseId: 'r1', model: 'm' },
      { type: 'provider-event', name: 'odd' },
    ]);
  });

  it('begin a call as soon as it has a name', () => {
    const events = eventsOf(duplexSession, { type: 'function_call', id: 'c1', index: 0, name: 'f' });
    expect(only(events, 'tool-call-start')).toMatchObject([{ callId: 'c1', name: 'f' }]);
  });
});

it('two calls of Ollama that come one after the other without ids are two', () => {
  const called = (a: number) => ({ message: { tool_calls: [{ function: { name: 'f', arguments: { a } } }] } });
  expect(messageOf(eventsOf(ollama, called(1), called(2), { done: true }))?.toolCalls?.map(({ argumentsText }) => argumentsText)).toEqual([
    '{"a":1}',
    '{"a":2}',
  ]);
});

it('a response with an end mark alone has said nothing', () => {
  expect(messageOf(eventsOf(openAiChat, '[DONE]'))).toMatchObject({ role: 'assistant', content: '' });
  for (const field of ['reasoning', 'refusal', 'toolCalls']) expect(messageOf(eventsOf(openAiChat, '[DONE]'))).not.toHaveProperty(field);
});

it('a response that goes on after its end says so once, however short the frames are', () => {
  expect(only(eventsOf(openAiChat, finish('stop'), '[DONE]', '1', '1', '1'), 'diagnostic')).toMatchObject([{ code: 'data-after-end' }]);
});

it('the counts of a response that broke off are with the error', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 1 };
  expect(read(openAiChat, [chunk({ content: 'Hi' }, {}, { usage })]).error).toMatchObject({
    partial: { text: 'Hi', usage: { inputTokens: 3, outputTokens: 1 } },
  });
});

describe('bounds of a response', () => {
  const says = (content: string) => chunk({ content });

  it('let through what is as long as they allow, and not a sign more', () => {
    const length = JSON.stringify(says('Hi')).length;
    expect(texts(read(openAiChat, [says('Hi')], { maxResponseLength: length }).values)).toEqual(['Hi']);
    const { values, error } = read(openAiChat, [says('Hi'), says('Ho')], { maxResponseLength: 2 * length - 1 });
    expect(texts(values)).toEqual(['Hi']);
    expect(error).toMatchObject({ name: 'LimitError', limit: 'maxResponseLength', place: { frame: 1 }, partial: { text: 'Hi' } });
    expect(texts(read(openAiChat, [says('Hi')], { maxTextLength: 2 }).values)).toEqual(['Hi']);
    expect(read(openAiChat, [says('Hi'), says('!')], { maxTextLength: 2 }).error).toMatchObject({
      limit: 'maxTextLength',
      place: { frame: 1 },
    });
  });

  it('count choices', () => {
    const choice = (index: number) => ({ id: 'r', choices: [{ index, delta: { content: 'Hi' } }] });
    expect(texts(read(openAiChat, [choice(0), choice(1), choice(0)], { maxChoices: 2 }).values)).toHaveLength(3);
    expect(read(openAiChat, [choice(0), choice(1), choice(2)], { maxChoices: 2 }).error).toMatchObject({ limit: 'maxChoices' });
  });

  it('leave with the error what was said so far', () => {
    const called = calls({ index: 0, id: 'c1', function: { name: 'f', arguments: '{}' } });
    expect(read(openAiChat, [says('Hi'), called]).error).toMatchObject({
      partial: { text: 'Hi', reasoning: '', calls: [{ callId: 'c1', name: 'f', argumentsText: '{}' }] },
    });
  });
});

describe('a chunk with an error', () => {
  const error = { message: 'No luck.' };

  it('is read first where it says more', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    expect(texts(eventsOf(openAiChat, chunk({ content: 'Hi' }, {}, { error })))).toEqual(['Hi']);
    expect(only(eventsOf(openAiChat, { id: 'r', usage, error }), 'usage')).toMatchObject([{ usage: { inputTokens: 1, outputTokens: 2 } }]);
  });

  it('begins no round where it says nothing else', () => {
    const { values, error: raised } = read(openAiChat, [{ id: 'r', error }]);
    expect(values).toEqual([]);
    expect(raised).toMatchObject({ name: 'ProviderError' });
  });
});

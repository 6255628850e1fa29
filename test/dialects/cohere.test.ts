import { describe, expect, it } from 'vitest';
import { cohere } from '../../src/dialects/cohere.ts';
import { InterruptedError, MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { ModelRequest } from '../../src/messages.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { describeCodecLaw } from '../support/codecs.ts';

const frames = (objects: readonly (object | string)[]): Frame[] =>
  objects.map((object) => ({ data: typeof object === 'string' ? object : JSON.stringify(object) }));
const decode = (objects: readonly (object | string)[], options = {}) => runStage(cohere.decoder(options), frames(objects));
const event = (type: string, index: number | undefined, message: object) => ({ type, index, delta: { message } });
const begin = { type: 'message-start', id: 'm1', delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [] } } };
const text = (piece: string, index = 0) => event('content-delta', index, { content: { text: piece } });
const callStart = (index: number | undefined, id: string, name: string, args = '') =>
  event('tool-call-start', index, { tool_calls: { id, type: 'function', function: { name, arguments: args } } });
const callDelta = (index: number | undefined, args: string) =>
  event('tool-call-delta', index, { tool_calls: { function: { arguments: args } } });
const callEnd = (index?: number) => ({ type: 'tool-call-end', index });
const end = (finish_reason = 'COMPLETE', rest: object = {}) => ({ type: 'message-end', delta: { finish_reason, ...rest } });
const types = (events: readonly ModelEvent[]) => events.map(({ type }) => type);
const callsOf = (events: readonly ModelEvent[]) =>
  events
    .flatMap((one) => (one.type === 'round-end' ? (one.message.toolCalls ?? []) : []))
    .map((call) => [call.id, call.name, call.argumentsText]);
const encoded = (request: ModelRequest) => cohere.encodeRequest(request, { model: 'm' }).body;

describe('a response', () => {
  it('gives round-start, plan and thinking, text, calls with their ends, the finish reason, usage and round-end', () => {
    const { values, error } = decode([
      begin,
      event('tool-plan-delta', undefined, { tool_plan: 'I look.' }),
      event('content-start', 0, { content: { type: 'thinking', thinking: 'Hm' } }),
      event('content-delta', 0, { content: { thinking: '.' } }),
      { type: 'content-end', index: 0 },
      event('content-start', 1, { content: { type: 'text', text: 'H' } }),
      text('i', 1),
      { type: 'content-end', index: 1 },
      callStart(0, 'a', 'add', '{'),
      callDelta(0, '}'),
      callEnd(0),
      end('TOOL_CALL', { usage: { tokens: { input_tokens: 3, output_tokens: 2 }, billed_units: { input_tokens: 1 } } }),
      '[DONE]',
    ]);
    expect(error).toBeUndefined();
    expect(types(values)).toEqual([
      'round-start',
      'reasoning-delta',
      'reasoning-delta',
      'reasoning-delta',
      'text-delta',
      'text-delta',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-delta',
      'tool-call-end',
      'finish-reason',
      'usage',
      'round-end',
    ]);
    expect(values[0]).toEqual({ type: 'round-start', responseId: 'm1' });
    expect(values.at(-1)).toMatchObject({
      reason: 'tool-calls',
      usage: { inputTokens: 3, outputTokens: 2 },
      message: {
        content: 'Hi',
        reasoning: 'I look.Hm.',
        native: {
          message: {
            tool_plan: 'I look.',
            content: [
              { type: 'thinking', thinking: 'Hm.' },
              { type: 'text', text: 'Hi' },
            ],
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'add', arguments: '{}' } }],
          },
        },
      },
    });
  });

  it('keeps fragments of interleaved calls apart by index, and ends each call of its own', () => {
    const { values } = decode([
      begin,
      callStart(1, 'a', 'add'),
      callStart(2, 'b', 'add'),
      callDelta(1, '{'),
      callDelta(2, '{"x":'),
      callDelta(1, '}'),
      callEnd(1),
      callDelta(2, '1}'),
      callEnd(2),
      end('TOOL_CALL'),
    ]);
    expect(callsOf(values)).toEqual([
      ['a', 'add', '{}'],
      ['b', 'add', '{"x":1}'],
    ]);
    expect(values.filter(({ type }) => type === 'tool-call-end')).toMatchObject([{ callId: 'a' }, { callId: 'b' }]);
  });

  it('does without indexes: what comes belongs to the newest call', () => {
    const { values } = decode([
      begin,
      callStart(undefined, 'a', 'add'),
      callDelta(undefined, '{}'),
      callEnd(),
      callStart(undefined, 'b', 'add'),
      callDelta(undefined, '{}'),
      callEnd(),
      end('TOOL_CALL'),
    ]);
    expect(callsOf(values).map(([id]) => id)).toEqual(['a', 'b']);
    expect(values.filter(({ type }) => type === 'tool-call-end')).toMatchObject([{ callId: 'a' }, { callId: 'b' }]);
  });

  it('does without indexes behind a list of calls, too', () => {
    const calls = [
      { id: 'a', function: { name: 'f', arguments: '{}' } },
      { id: 'b', function: { name: 'f', arguments: '{"x":' } },
    ];
    const list = event('tool-call-start', undefined, { tool_calls: calls });
    const { values } = decode([begin, list, callDelta(undefined, '1}'), callEnd(), end('TOOL_CALL')]);
    expect(callsOf(values)).toEqual([
      ['a', 'f', '{}'],
      ['b', 'f', '{"x":1}'],
    ]);
    expect(values.filter(({ type }) => type === 'tool-call-end')).toMatchObject([{ callId: 'b' }]);
  });

  it('begins another call with another id, though its name comes later and its index is in use', () => {
    const piece = (fields: object) => event('tool-call-delta', 0, { tool_calls: { id: 'b', function: fields } });
    const { values } = decode([begin, callStart(0, 'a', 'f', '{}'), piece({ arguments: '{}' }), piece({ name: 'g' }), end('TOOL_CALL')]);
    expect(callsOf(values)).toEqual([
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
    ]);
  });

  it('ends a call of which a replay was dropped', () => {
    const start = callStart(undefined, 'a', 'f', '{}');
    const { values } = decode([begin, start, start, callEnd(), end('TOOL_CALL')]);
    expect(types(values).filter((type) => /^(tool|diag)/.test(type))).toEqual([
      'tool-call-start',
      'tool-call-delta',
      'diagnostic',
      'tool-call-end',
    ]);
  });

  it.each([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop'],
    ['TOOL_CALL', 'tool-calls'],
    ['MAX_TOKENS', 'length'],
    ['ERROR', 'error'],
    ['TIMEOUT', 'error'],
    ['NEW_WORD', 'other'],
  ])('that ends with %s has the reason %s', (raw, reason) => {
    expect(decode([begin, text('x'), end(raw)]).values).toContainEqual({ type: 'finish-reason', reason, raw });
  });

  it('counts what is billed where nothing else is reported', () => {
    const { values } = decode([begin, text('x'), end('COMPLETE', { usage: { billed_units: { input_tokens: 1, output_tokens: 2 } } })]);
    expect(values.at(-1)).toMatchObject({ usage: { inputTokens: 1, outputTokens: 2 } });
  });

  it('passes on events and fields it does not know', () => {
    const { values } = decode([begin, { ...text('x'), logprobs: { token_ids: [1] } }, { type: 'new-event', delta: {} }, end()]);
    expect(values).toContainEqual({ type: 'provider-event', name: 'logprobs', data: { token_ids: [1] } });
    expect(values).toContainEqual({ type: 'provider-event', name: 'new-event', data: { type: 'new-event', delta: {} } });
  });

  it('may have content as a string, arguments as an object, and several calls in one list without indexes', () => {
    const calls = ['a', 'b'].map((name) => ({ id: name, function: { name, arguments: { x: 1 } } }));
    const { values, error } = decode([
      begin,
      event('content-delta', 0, { content: 'Hi' }),
      event('tool-call-start', undefined, { tool_calls: calls }),
      end('TOOL_CALL'),
    ]);
    expect(error).toBeUndefined();
    expect(values).toContainEqual({ type: 'text-delta', text: 'Hi' });
    expect(callsOf(values)).toEqual([
      ['a', 'a', '{"x":1}'],
      ['b', 'b', '{"x":1}'],
    ]);
  });

  it('is not changed by events and calls that say nothing', () => {
    const plain = [begin, text('x'), callStart(0, 'c1', 'f', '{}'), callEnd(0), end()];
    const nothing = [
      { type: 'message-start', id: 'm1' },
      { type: 'tool-call-delta', index: 0, delta: { message: { tool_calls: {} } } },
      { type: 'tool-call-delta', index: 7, delta: { message: { tool_calls: { function: {} } } } },
      { type: 'tool-call-end', index: 7 },
      { ...text(''), logprobs: null },
    ];
    expect(decode([...plain.slice(0, 3), ...nothing, ...plain.slice(3)])).toEqual(decode(plain));
  });

  it('that ends without a reason ends as what came says', () => {
    expect(decode([begin, text('x'), { type: 'message-end' }]).values.at(-1)).toMatchObject({ type: 'round-end', reason: 'stop' });
    expect(decode([begin, callStart(0, 'c1', 'f', '{}'), { type: 'message-end', delta: {} }]).values.at(-1)).toMatchObject({
      type: 'round-end',
      reason: 'tool-calls',
    });
  });

  it('that ends with an error has its counts all the same', () => {
    const { values, error } = decode([begin, text('x'), end('ERROR', { error: 'out', usage: { tokens: { input_tokens: 3 } } })]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(values).toContainEqual(expect.objectContaining({ type: 'usage', usage: { inputTokens: 3 } }));
    expect(decode([begin, end('COMPLETE', { usage: {} })]).values.at(-1)).toMatchObject({ usage: {} });
  });

  it('says where it went on after its end', () => {
    const { values, error } = decode([begin, text('x'), end(), text('y')]);
    expect(error).toBeUndefined();
    expect(values.at(-1)).toMatchObject({ type: 'diagnostic', code: 'data-after-end' });
  });
});

describe('a response that breaks', () => {
  it('without `message-end` is interrupted, with what there was', () => {
    const { values, error } = decode([begin, text('Hel'), text('lo')]);
    expect(types(values)).not.toContain('round-end');
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial.text).toBe('Hello');
  });

  it('within its last event is interrupted', () => {
    const body = `data: ${JSON.stringify(text('Hi'))}\n\ndata: ${JSON.stringify(end()).slice(0, -3)}`;
    const { error } = runStage(cohere.decoder(), runStage(sseParser(), [body]).values);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({ partial: { text: 'Hi' } });
  });

  it.each([
    ['an error at its end', end('ERROR', { error: 'out of service' }), 'out of service'],
    ["Cohere's error in place of an event", { id: 'x', message: 'invalid request' }, 'invalid request'],
    ['an error object', { type: 'error', error: { message: 'overloaded' } }, 'overloaded'],
  ])('with %s is a ProviderError with what there was', (_what, object, message) => {
    const { error } = decode([begin, text('Hi'), object]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ raw: 'delta' in object ? object.delta : object, partial: { text: 'Hi' } });
    expect(String(error)).toContain(message);
  });

  it.each([
    ['a page', '<html>', 'no JSON'],
    ['the first version of the API', { event_type: 'text-generation', text: 'Hi' }, 'expected string at `type`, got undefined'],
    ['a wrong type', callStart(0, 'a', 5 as unknown as string), 'got number 5'],
  ])('with %s says what is wrong', (_what, object, problem) => {
    const { error } = decode([object]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect(String(error)).toContain(problem);
  });

  it('goes on after a bad frame with `skip`', () => {
    const { values, error } = decode(['<html>', text('Hi'), end()], { onMalformed: 'skip' });
    expect(error).toBeUndefined();
    expect(values[0]).toMatchObject({ type: 'diagnostic', code: 'frame-skipped' });
  });
});

describe('a request', () => {
  const tools = [
    { name: 'add', description: 'Adds.', inputSchema: { type: 'object' } },
    { name: 'search', inputSchema: { type: 'object' } },
  ];
  const add = { type: 'function', function: { name: 'add', description: 'Adds.', parameters: { type: 'object' } } };

  it('is written as the body of /v2/chat', () => {
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image', url: 'https://example.org/a.png' },
    ] as const;
    const request = cohere.encodeRequest(
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content },
        ],
        tools: [tools[0] as (typeof tools)[0]],
        maxOutputTokens: 5,
        temperature: 0.1,
        topP: 0.9,
        stop: ['x'],
        seed: 7,
        extra: { thinking: { type: 'enabled' } },
      },
      { model: 'command-a' },
    );
    expect(request.path).toBe('/v2/chat');
    expect(request.body).toEqual({
      model: 'command-a',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
          ],
        },
      ],
      tools: [add],
      max_tokens: 5,
      temperature: 0.1,
      p: 0.9,
      stop_sequences: ['x'],
      seed: 7,
      thinking: { type: 'enabled' },
    });
  });

  it('chooses tools with REQUIRED and NONE; a name is REQUIRED with that tool alone', () => {
    const chosen = (toolChoice: ModelRequest['toolChoice']) => encoded({ messages: [], tools, toolChoice });
    expect(chosen('auto')).not.toHaveProperty('tool_choice');
    expect(chosen('none')).toMatchObject({ tool_choice: 'NONE' });
    expect(chosen('required')).toMatchObject({ tool_choice: 'REQUIRED' });
    expect(chosen({ name: 'add' })).toMatchObject({ tool_choice: 'REQUIRED', tools: [add] });
    expect(encoded({ messages: [], toolChoice: 'required' })).not.toHaveProperty('tool_choice');
  });

  it('after tools gives back the message as it came, raw arguments included, and each result as a document', () => {
    const { values } = decode([
      begin,
      event('tool-plan-delta', undefined, { tool_plan: 'I add.' }),
      callStart(0, 'a', 'add', '{"x":'),
      callEnd(0),
      end('TOOL_CALL'),
    ]);
    const last = values.at(-1);
    if (last?.type !== 'round-end') throw new Error('no round-end');
    const result = (content: string) => ({ role: 'tool', toolCallId: 'a', name: 'add', content }) as const;
    expect(encoded({ messages: [last.message, result('{"sum":3}'), result('3')] }).messages).toEqual([
      {
        role: 'assistant',
        tool_plan: 'I add.',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'add', arguments: '{"x":' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'document', document: { data: { sum: 3 } } }] },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'document', document: { data: { content: '3' } } }] },
    ]);
  });

  it('takes messages of another dialect: text beside calls is the plan, arguments that are no JSON are `{}`', () => {
    const toolCalls = [
      { id: 'a', name: 'add', argumentsText: '{"x":1}' },
      { id: 'b', name: 'add', argumentsText: '{"x":' },
      { id: 'c', name: 'add', argumentsText: '' },
    ];
    const called = (id: string, args: string) => ({ id, type: 'function', function: { name: 'add', arguments: args } });
    expect(
      encoded({
        messages: [
          { role: 'assistant', content: 'Hm', toolCalls, native: { dialect: 'x', message: {} } },
          { role: 'assistant', content: 'Done.' },
        ],
      }).messages,
    ).toEqual([
      { role: 'assistant', tool_plan: 'Hm', tool_calls: [called('a', '{"x":1}'), called('b', '{}'), called('c', '{}')] },
      { role: 'assistant', content: 'Done.' },
    ]);
  });

  it('carries its key as a bearer', () => {
    expect(cohere.authHeaders('k')).toEqual({ authorization: 'Bearer k' });
  });
});

describe('the encoder', () => {
  const write = (events: ModelEvent[], options = {}) => runStage(cohere.encoder(options), events).values;
  const kinds = (written: readonly Frame[]) => written.map(({ event: name, data }) => name ?? data);
  const roundEnd: ModelEvent = { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } };

  it('opens and closes a block for each run of text or thinking, and ends calls', () => {
    const written = write([
      { type: 'round-start', responseId: 'r' },
      { type: 'reasoning-delta', text: 'Hm' },
      { type: 'text-delta', text: 'H' },
      { type: 'text-delta', text: 'i' },
      { type: 'tool-call-start', callId: 'a', index: 0, name: 'add' },
      { type: 'tool-call-delta', callId: 'a', index: 0, text: '{}' },
      roundEnd,
    ]);
    expect(kinds(written)).toEqual([
      'message-start',
      'content-start',
      'content-delta',
      'content-end',
      'content-start',
      'content-delta',
      'content-delta',
      'content-end',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-end',
      'message-end',
      '[DONE]',
    ]);
    expect(JSON.parse(written[0]?.data ?? '')).toMatchObject({ type: 'message-start', id: 'r' });
  });

  it("passes Cohere's citations on", () => {
    const data = { type: 'citation-start', index: 0, delta: { message: { citations: { start: 0 } } } };
    const written = write([
      { type: 'provider-event', name: 'citation-start', data },
      { type: 'provider-event', name: 'other', data: 1 },
      roundEnd,
    ]);
    expect(kinds(written)).toEqual(['message-start', 'citation-start', 'message-end', '[DONE]']);
  });

  it.each(['stop', 'tool-calls', 'length', 'content-filter', 'pause', 'error', 'other'] as const)('keeps the reason %s', (reason) => {
    const { values } = runStage(cohere.decoder(), write([{ type: 'finish-reason', reason, raw: 'word' }, roundEnd]));
    expect(values).toContainEqual(expect.objectContaining({ type: 'finish-reason', reason }));
  });

  it('writes no `message-end` where the events end without round-end, and one with the error where they fail', () => {
    expect(kinds(write([{ type: 'text-delta', text: 'Hi' }]))).toEqual(['message-start', 'content-start', 'content-delta']);
    const failing = function* (): Generator<ModelEvent> {
      yield { type: 'text-delta', text: 'Hi' };
      throw new Error('secret prompt');
    };
    const { values, error } = runStage(cohere.encoder(), failing());
    expect(error).toBeUndefined();
    expect(runStage(cohere.decoder(), values).error).toMatchObject({ name: 'ProviderError', partial: { text: 'Hi' } });
    expect(JSON.stringify(values)).not.toContain('secret');
  });
});

describeCodecLaw(cohere);

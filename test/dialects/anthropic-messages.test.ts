import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { InterruptedError, MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { Message } from '../../src/messages.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { recordedBytes, recordings } from '../support/shared.ts';

type Fields = { readonly [key: string]: unknown };

const messageStart = (message: Fields = {}): Fields => ({
  type: 'message_start',
  message: { id: 'm1', model: 'claude', content: [], ...message },
});
const block = (index: number, content_block: Fields): Fields => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, fields: Fields): Fields => ({ type: 'content_block_delta', index, delta: fields });
const stop = (index: number): Fields => ({ type: 'content_block_stop', index });
const text = (index: number, said: string) => delta(index, { type: 'text_delta', text: said });
const json = (index: number, partial_json: string) => delta(index, { type: 'input_json_delta', partial_json });
const tool = (index: number, id: string, name: string, input: unknown = {}) => block(index, { type: 'tool_use', id, name, input });
const end = (stop_reason = 'end_turn', usage: Fields = { output_tokens: 5 }): Fields => ({
  type: 'message_delta',
  delta: { stop_reason },
  usage,
});
const messageStop: Fields = { type: 'message_stop' };

const frames = (events: ReadonlyArray<Fields | string>): Frame[] =>
  events.map((event) => (typeof event === 'string' ? { data: event } : { event: String(event.type), data: JSON.stringify(event) }));
const decodeFrames = (sent: readonly Frame[], options = {}) => runStage(anthropicMessages.decoder(options), sent);
const decode = (events: ReadonlyArray<Fields | string>, options = {}) => decodeFrames(frames(events), options);
const toolCalls = (events: readonly ModelEvent[]) =>
  runStage<ModelEvent, ModelEvent | ToolCall>(toolCallAccumulator<ModelEvent>(), events).values.filter(
    (event) => event.type === 'tool-call',
  );
const types = (events: readonly ModelEvent[]) => events.map((event) => event.type);
const codes = (events: readonly ModelEvent[]) => events.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : []));
const roundEnd = (events: readonly ModelEvent[]) => events.find((event) => event.type === 'round-end');
const textOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
const provided = (events: readonly ModelEvent[]) =>
  events.filter((event) => event.type === 'provider-event').map(({ name, data }) => [name, data]);

/** The messages of the request that follows, with a result for each call. */
function follow(events: ReadonlyArray<Fields | string>): Fields[] {
  const message = roundEnd(decode(events).values)?.message;
  if (!message) throw new Error('no round-end');
  const results = (message.toolCalls ?? []).map(
    ({ id, name }): Message => ({ role: 'tool', toolCallId: id, name, content: `result of ${name}` }),
  );
  const { body } = anthropicMessages.encodeRequest({ messages: [{ role: 'user', content: 'Hi' }, message, ...results] }, { model: 'm' });
  return body.messages as Fields[];
}

describe('an event', () => {
  it('that says text where a call is written is handed on, and stays as it was when more of its kind come', () => {
    const said = ['a', 'b', 'c', 'd'];
    const { values } = decode([messageStart(), tool(0, 't1', 'f'), ...said.map((word) => text(0, word))]);
    expect(provided(values)).toEqual(said.map((word) => ['text_delta', { type: 'text_delta', text: word }]));
  });

  it('that lacks what it announces says nothing', () => {
    const events = [
      { type: 'message_start' },
      { type: 'content_block_start', index: 0 },
      { type: 'content_block_delta', index: 0 },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_start', message: {} },
      { type: 'message_delta', usage: { output_tokens: null } },
      { type: 'ping' },
      { ...end(), delta: { stop_reason: 'end_turn', container: null, list: [], fields: {} } },
      messageStop,
    ];
    const { values, error } = decode(events);
    expect(error).toBeUndefined();
    expect(types(values)).toEqual(['round-start', 'finish-reason', 'usage', 'round-end']);
    expect(values[0]).toEqual({ type: 'round-start' });
  });

  it('begins a block that was not announced, of the kind that its words are of', () => {
    const { values } = decode([
      delta(0, { type: 'thinking_delta', thinking: 'so' }),
      json(1, '{"a":'),
      json(1, '1}'),
      text(2, 'Hi'),
      delta(2, { feeling: 'good' }),
      end('tool_use'),
      messageStop,
    ]);
    expect(values.filter(({ type }) => type === 'reasoning-delta')).toEqual([{ type: 'reasoning-delta', text: 'so' }]);
    expect(textOf(values)).toBe('Hi');
    expect(roundEnd(values)?.message.toolCalls).toMatchObject([{ name: '', argumentsText: '{"a":1}' }]);
    expect(provided(values)).toEqual([['delta', { feeling: 'good' }]]);
  });

  it('that begins a block may have its first words, or all of them', () => {
    const { values } = decode([
      messageStart(),
      block(0, { type: 'thinking', thinking: 'so', signature: 'sig' }),
      stop(0),
      block(1, { type: 'tool_use', id: 'c1', name: 'f', input: '{"a":1}' }),
      stop(1),
      end('tool_use'),
      messageStop,
    ]);
    expect(values).toContainEqual({ type: 'reasoning-delta', text: 'so' });
    expect(provided(values)).toContainEqual(['signature', { signature: 'sig' }]);
    expect(roundEnd(values)?.message.toolCalls).toEqual([{ id: 'c1', name: 'f', argumentsText: '{"a":1}' }]);
  });
});

describe('a message', () => {
  it('gives round-start, its words, its calls, the stop reason, usage and round-end', () => {
    const { values, error } = decode([
      messageStart({ usage: { input_tokens: 3, cache_read_input_tokens: 7, output_tokens: 1 } }),
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      { type: 'ping' },
      delta(0, { type: 'thinking_delta', thinking: 'Hm' }),
      delta(0, { type: 'signature_delta', signature: 'sig' }),
      stop(0),
      block(1, { type: 'text', text: '' }),
      text(1, 'Hi'),
      stop(1),
      tool(2, 't1', 'x'),
      json(2, ''),
      json(2, '{"n":'),
      json(2, '1}'),
      stop(2),
      end('tool_use', { output_tokens: 9, output_tokens_details: { thinking_tokens: 2 } }),
      messageStop,
    ]);
    expect(error).toBeUndefined();
    expect(values).toMatchObject([
      { type: 'round-start', responseId: 'm1', model: 'claude' },
      { type: 'usage', usage: { inputTokens: 10, outputTokens: 1, cachedInputTokens: 7 } },
      { type: 'reasoning-delta', text: 'Hm' },
      { type: 'provider-event', name: 'signature', data: { signature: 'sig' } },
      { type: 'text-delta', text: 'Hi' },
      { type: 'tool-call-start', callId: 't1', index: 0, name: 'x' },
      { type: 'tool-call-delta', text: '{"n":' },
      { type: 'tool-call-delta', text: '1}' },
      { type: 'tool-call-end', callId: 't1', index: 0 },
      { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_use' },
      {
        type: 'usage',
        usage: { inputTokens: 10, outputTokens: 9, cachedInputTokens: 7, reasoningTokens: 2 },
        raw: { input_tokens: 3, output_tokens: 9, cache_read_input_tokens: 7, output_tokens_details: { thinking_tokens: 2 } },
      },
      { type: 'round-end', reason: 'tool-calls', message: { content: 'Hi', reasoning: 'Hm' } },
    ]);
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['tool_use', 'tool-calls'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['pause_turn', 'pause'],
    ['compaction', 'pause'],
    ['refusal', 'content-filter'],
    ['something_new', 'other'],
  ])('that stops with %s has the reason %s', (word, reason) => {
    expect(roundEnd(decode([messageStart(), end(word), messageStop]).values)?.reason).toBe(reason);
  });

  it('hands on what has no word: citations, redacted thinking, tools of the server, stop details, events of a type nobody knows', () => {
    const redacted = { type: 'redacted_thinking', data: 'c2VjcmV0' };
    const result = {
      type: 'web_search_tool_result',
      tool_use_id: 's1',
      content: [{ type: 'web_search_result', url: 'https://example.com' }],
    };
    const { values } = decode([
      messageStart(),
      block(0, redacted),
      stop(0),
      block(1, { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }),
      json(1, '{"query":'),
      json(1, '"x"}'),
      stop(1),
      block(2, result),
      stop(2),
      block(3, { type: 'text', text: '', citations: [] }),
      delta(3, { type: 'citations_delta', citation: { cited_text: 'x' } }),
      text(3, 'x'),
      stop(3),
      { type: 'something_new', data: 1 },
      { type: 'message_delta', delta: { stop_reason: 'refusal', stop_sequence: null, stop_details: { category: 'cyber' } }, usage: {} },
      messageStop,
    ]);
    expect(provided(values)).toEqual([
      ['redacted_thinking', redacted],
      ['server_tool_use', { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } }],
      ['web_search_tool_result', result],
      ['citation', { cited_text: 'x' }],
      ['something_new', { type: 'something_new', data: 1 }],
      ['stop_details', { category: 'cyber' }],
    ]);
    expect(types(values)).not.toContain('tool-call-start');
  });

  it('may have its calls and its text whole in their blocks (anthropic-programmatic-tool-calling-1-r1)', () => {
    const { values } = decode([
      messageStart(),
      block(0, { type: 'text', text: 'Hi' }),
      stop(0),
      tool(1, 't1', 'x', { n: 1 }),
      stop(1),
      end(),
      messageStop,
    ]);
    expect(textOf(values)).toBe('Hi');
    expect(toolCalls(values)).toMatchObject([{ callId: 't1', argumentsText: '{"n":1}', arguments: { right: { n: 1 } } }]);
  });

  it('takes the arguments of the deltas where a block has them whole as well', () => {
    const { values } = decode([messageStart(), tool(0, 't1', 'x', { n: 1 }), json(0, '{"n":'), json(0, '1}'), stop(0), end(), messageStop]);
    expect(toolCalls(values)).toMatchObject([{ argumentsText: '{"n":1}' }]);
  });

  it('may be whole in its start', () => {
    const content = [
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 't1', name: 'x', input: { n: 1 } },
    ];
    const { values, error } = decode([
      messageStart({ content, stop_reason: 'tool_use', usage: { input_tokens: 1, output_tokens: 2 } }),
      messageStop,
    ]);
    expect(error).toBeUndefined();
    expect(toolCalls(values)).toMatchObject([{ callId: 't1', arguments: { right: { n: 1 } } }]);
    expect(roundEnd(values)).toMatchObject({
      reason: 'tool-calls',
      message: { content: 'Hi' },
      usage: { inputTokens: 1, outputTokens: 2 },
    });
  });

  it('says its blocks once where the start has them and they follow', () => {
    const content = [
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 't1', name: 'x', input: { n: 1 } },
    ];
    const repeat = [block(0, { type: 'text', text: '' }), text(0, 'Hi'), stop(0), tool(1, 't1', 'x'), json(1, '{"n":1}'), stop(1)];
    const { values } = decode([messageStart({ content }), ...repeat, end('tool_use'), messageStop]);
    expect(textOf(values)).toBe('Hi');
    expect(toolCalls(values)).toHaveLength(1);
    expect(codes(values)).toEqual(['replay-dropped', 'replay-dropped']);
  });

  it('goes on with blocks that its start announced blank', () => {
    const content = [
      { type: 'text', text: '' },
      { type: 'tool_use', id: 't1', name: 'x', input: {} },
    ];
    const rest = [block(0, { type: 'text', text: '' }), text(0, 'Hi'), stop(0), tool(1, 't1', 'x'), json(1, '{"n":1}'), stop(1)];
    const { values } = decode([messageStart({ content }), ...rest, end('tool_use'), messageStop]);
    expect(textOf(values)).toBe('Hi');
    expect(toolCalls(values)).toMatchObject([{ callId: 't1', argumentsText: '{"n":1}' }]);
    expect(codes(values)).toEqual([]);
  });

  it('takes what the starts of such blocks say', () => {
    const content = [
      { type: 'text', text: '' },
      { type: 'tool_use', id: 't1', name: 'x', input: {} },
    ];
    const rest = [block(0, { type: 'text', text: 'Hi' }), stop(0), tool(1, 't1', 'x', { n: 1 }), stop(1)];
    const { values } = decode([messageStart({ content }), ...rest, end('tool_use'), messageStop]);
    expect(textOf(values)).toBe('Hi');
    expect(toolCalls(values)).toMatchObject([{ callId: 't1', argumentsText: '{"n":1}' }]);
    expect(codes(values)).toEqual([]);
  });

  it('may have blocks that overlap and all stop at the end', () => {
    const { values } = decode([
      messageStart(),
      block(0, { type: 'text', text: '' }),
      text(0, 'a'),
      tool(1, 't1', 'x'),
      json(1, '{"n"'),
      text(0, 'b'),
      tool(2, 't2', 'y'),
      json(2, '{"n":2}'),
      json(1, ':1}'),
      stop(0),
      stop(1),
      stop(2),
      end('tool_use'),
      messageStop,
    ]);
    expect(textOf(values)).toBe('ab');
    expect(toolCalls(values)).toMatchObject([
      { callId: 't2', argumentsText: '{"n":2}' },
      { callId: 't1', argumentsText: '{"n":1}' },
    ]);
  });

  it('may have all its blocks at one index, or none', () => {
    for (const at of [() => 0, () => undefined]) {
      const events = [tool(0, 't1', 'x'), json(0, '{"n":1}'), stop(0), tool(0, 't2', 'x'), json(0, '{"n":1}'), stop(0)].map((event) => ({
        ...event,
        index: at(),
      }));
      const { values } = decode([messageStart(), ...events, end('tool_use'), messageStop]);
      expect(toolCalls(values).map(({ callId, argumentsText }) => [callId, argumentsText])).toEqual([
        ['t1', '{"n":1}'],
        ['t2', '{"n":1}'],
      ]);
    }
  });

  it('may have pieces without the start of their block', () => {
    const { values } = decode([messageStart(), text(0, 'Hi'), delta(1, { type: 'thinking_delta', thinking: 'Hm' }), end(), messageStop]);
    expect(roundEnd(values)?.message).toMatchObject({ content: 'Hi', reasoning: 'Hm' });
  });

  it('may have its types in the names of the events alone', () => {
    const sent = frames([messageStart(), block(0, { type: 'text' }), text(0, 'Hi'), stop(0), end(), messageStop]);
    const untyped = sent.map((frame) => ({ ...frame, data: JSON.stringify({ ...JSON.parse(frame.data), type: undefined }) }));
    expect(roundEnd(decodeFrames(untyped).values)?.message.content).toBe('Hi');
  });

  it('keeps arguments that are no JSON in their call, and does not run them (fine-grained tool streaming)', () => {
    const calls = (said: string) =>
      toolCalls(decode([messageStart(), tool(0, 't1', 'x'), json(0, said), stop(0), end('tool_use'), messageStop]).values);
    expect(calls('{"a": oops}')).toMatchObject([{ argumentsText: '{"a": oops}', arguments: { left: { code: 'invalid-json' } } }]);
    const twoValues = decode([messageStart(), tool(0, 't1', 'x'), json(0, '{"a":1}'), json(0, '{"b":2}'), stop(0), end(), messageStop]);
    expect(toolCalls(twoValues.values)).toMatchObject([{ callId: 't1', arguments: { left: { code: 'invalid-json' } } }]);
  });

  it('gives {} where a call has no arguments (anthropic-tool-no-args)', () => {
    const { values } = decode([messageStart(), tool(0, 't1', 'x'), json(0, ''), stop(0), end('tool_use'), messageStop]);
    expect(toolCalls(values)).toMatchObject([{ argumentsText: '', arguments: { right: {} } }]);
  });

  it.each(['', '{"a":'])('does not run a call that max_tokens cut after %j (anthropic-incomplete-partial-json-response)', (said) => {
    const { values } = decode([messageStart(), tool(0, 't1', 'x'), json(0, said), end('max_tokens'), messageStop]);
    expect(toolCalls(values)).toMatchObject([{ arguments: { left: { code: 'incomplete' } } }]);
  });
});

describe('the end of a message', () => {
  it('is message_stop, or the end of the body after the stop reason', () => {
    for (const ending of [[end(), messageStop], [end()], [end(), '[DONE]']]) {
      const { values, error } = decode([messageStart(), block(0, { type: 'text', text: 'x' }), ...ending]);
      expect(error).toBeUndefined();
      expect(roundEnd(values)).toMatchObject({ reason: 'stop', message: { content: 'x' } });
    }
  });

  it('may be followed by pings and by the end mark of relays, in silence; by anything else with a diagnostic', () => {
    expect(codes(decode([messageStart(), end(), messageStop, { type: 'ping' }]).values)).toEqual([]);
    expect(codes(decode([messageStart(), end(), messageStop, '[DONE]']).values)).toEqual([]);
    expect(codes(decode([messageStart(), end(), messageStop, messageStart()]).values)).toEqual(['data-after-end']);
  });

  it('before the stop reason is an interruption that has what came', () => {
    const { values, error } = decode([messageStart(), text(0, 'Hi'), tool(1, 't1', 'x'), json(1, '{"a"')]);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).partial).toMatchObject({ text: 'Hi', calls: [{ callId: 't1', argumentsText: '{"a"' }] });
    expect(roundEnd(values)).toBeUndefined();
  });

  it('inside a frame is an interruption, too', () => {
    const torn: Frame = { event: 'content_block_delta', data: '{"type":"content_block_delta","ind', unterminated: true };
    expect(decodeFrames([...frames([messageStart()]), torn]).error).toBeInstanceOf(InterruptedError);
    expect(decodeFrames([...frames([messageStart()]), torn], { onMalformed: 'skip' }).error).toBeInstanceOf(InterruptedError);
  });
});

describe('an error', () => {
  const failing = (error: Fields) => decode([messageStart(), text(0, 'Hi'), { type: 'error', error }]).error as ProviderError;

  it.each([
    ['overloaded_error', 'Overloaded', true],
    ['rate_limit_error', 'Slow down', true],
    ['api_error', 'Internal server error', true],
    ['timeout_error', 'Too long', true],
    ['invalid_request_error', 'No', false],
    ['authentication_error', 'No', false],
  ])('%s is a ProviderError with what came before', (type, message, retryable) => {
    const error = failing({ type, message });
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: type, retryable, partial: { text: 'Hi' } });
    expect(error.message).toContain(message);
  });

  it('may be plain text, JSON without an event, or a body of its own', () => {
    const plain = decodeFrames([{ event: 'error', data: 'overloaded' }]).error;
    expect(plain).toBeInstanceOf(ProviderError);
    const bare = decodeFrames([{ data: '{"error":{"type":"overloaded_error","message":"Overloaded"}}' }]).error;
    expect(bare).toMatchObject({ providerCode: 'overloaded_error', retryable: true });
    const body = decodeFrames([{ data: '{"type":"error","error":{"type":"api_error","message":"x"}}', stray: true }]).error;
    expect(body).toMatchObject({ providerCode: 'api_error' });
  });

  it('says what is wrong with a frame and where, or skips it', () => {
    const bad = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 5 } };
    const { error } = decode([messageStart(), bad]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect((error as Error).message).toContain('`delta.text`');
    expect((error as Error).message).toContain('got number 5');
    for (const data of ['nonsense', '[1]', '{"object":"chat.completion.chunk"}']) {
      expect(decode([messageStart(), data]).error).toBeInstanceOf(MalformedFrameError);
    }
    const skipped = decode([messageStart(), bad, text(0, 'Hi'), end(), messageStop], { onMalformed: 'skip' });
    expect(codes(skipped.values)).toEqual(['frame-skipped']);
    expect(roundEnd(skipped.values)?.message.content).toBe('Hi');
  });

  it('says that a server ignored the wish for a stream', () => {
    const { error } = decodeFrames([{ data: '{"id":"m1","type":"message","content":[]}', stray: true }]);
    expect((error as Error).message).toContain('stream: true');
  });
});

describe('a stream that another message was spliced into (anthropic-spliced-message-start)', () => {
  const [recording] = recordings('anthropic').filter(({ file }) => file.includes('spliced'));

  it.runIf(recording)('keeps both, runs only the call that is whole, and says so', () => {
    if (!recording) return;
    const { values, error } = decodeFrames(runStage<Uint8Array | string, Frame>(sseParser(), [recordedBytes(recording)]).values);
    expect(error).toBeUndefined();
    expect(codes(values)).toEqual(['second-message']);
    expect(toolCalls(values)).toMatchObject([
      { callId: 'toolu_second', arguments: { right: { value: 'Sparkle Day' } } },
      { callId: 'toolu_first', arguments: { left: { code: 'incomplete' } } },
    ]);
  });
});

describe('what goes back to the server', () => {
  it('is the content as it came, with signatures and unknown fields, and one message with all results', () => {
    const messages = follow([
      messageStart(),
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'Hm' }),
      delta(0, { type: 'signature_delta', signature: 'sig' }),
      stop(0),
      block(1, { type: 'redacted_thinking', data: 'c2VjcmV0' }),
      stop(1),
      block(2, { type: 'text', text: '' }),
      text(2, 'I look.'),
      delta(2, { type: 'citations_delta', citation: { cited_text: 'x' } }),
      stop(2),
      block(3, { type: 'tool_use', id: 'a', name: 'x', input: {}, caller: { type: 'direct' } }),
      json(3, '{"n":1}'),
      stop(3),
      tool(4, 'b', 'y'),
      stop(4),
      end('tool_use'),
      messageStop,
    ]);
    expect(messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'sig' },
          { type: 'redacted_thinking', data: 'c2VjcmV0' },
          { type: 'text', text: 'I look.', citations: [{ cited_text: 'x' }] },
          { type: 'tool_use', id: 'a', name: 'x', input: { n: 1 }, caller: { type: 'direct' } },
          { type: 'tool_use', id: 'b', name: 'y', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'result of x' },
          { type: 'tool_result', tool_use_id: 'b', content: 'result of y' },
        ],
      },
    ]);
  });

  it('is the same content after a pause, tools of the server included', () => {
    const call = { type: 'server_tool_use', id: 's1', name: 'web_search' };
    const result = { type: 'web_search_tool_result', tool_use_id: 's1', content: [{ encrypted_content: 'x' }] };
    const paused = [
      block(0, { ...call, input: {} }),
      json(0, '{"query":"x"}'),
      stop(0),
      block(1, result),
      stop(1),
      end('pause_turn'),
      messageStop,
    ];
    expect(follow([messageStart(), ...paused])).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: [{ ...call, input: { query: 'x' } }, result] },
    ]);
  });

  it('is no empty text and no thinking that was cut before its signature: the server would refuse them', () => {
    const messages = follow([
      messageStart(),
      delta(0, { type: 'thinking_delta', thinking: 'Hm' }),
      block(1, { type: 'text', text: ' ' }),
      end(),
      messageStop,
    ]);
    expect(messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]);
  });

  it('has invalid arguments raw, in an object, and {} where another dialect wrote them', () => {
    const messages = follow([messageStart(), tool(0, 'a', 'x'), json(0, '{"n":'), stop(0), end('tool_use'), messageStop]);
    expect(messages[1]).toMatchObject({ content: [{ type: 'tool_use', input: { INVALID_JSON: '{"n":' } }] });
    const foreign: Message = { role: 'assistant', content: 'Hi', toolCalls: [{ id: 'a', name: 'x', argumentsText: '{"n":' }] };
    expect(anthropicMessages.encodeRequest({ messages: [foreign] }, { model: 'm' }).body.messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'tool_use', id: 'a', name: 'x', input: {} },
        ],
      },
    ]);
  });
});

describe('a request', () => {
  const schema = { type: 'object', properties: {} };
  const x = { name: 'x', description: 'does x', inputSchema: schema };
  const ask = (request: object) => anthropicMessages.encodeRequest({ messages: [], ...request }, { model: 'm' });

  it('goes to /messages with the version, the model, and 4,096 tokens where nothing else is said', () => {
    expect(ask({})).toEqual({
      path: '/messages',
      headers: { 'anthropic-version': '2023-06-01' },
      body: { model: 'm', max_tokens: 4096, messages: [], stream: true },
    });
    expect(anthropicMessages.authHeaders('k')).toEqual({ 'x-api-key': 'k' });
  });

  it('maps the limits, puts system messages apart, and merges extra last', () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Hi' },
      { role: 'system', content: 'Be kind.' },
    ];
    const extra = { thinking: { type: 'enabled', budget_tokens: 1024 }, model: 'other' };
    expect(ask({ messages, maxOutputTokens: 5, temperature: 0, topP: 1, stop: ['.'], seed: 7, choices: 2, extra }).body).toEqual({
      model: 'other',
      max_tokens: 5,
      system: 'Be short.\n\nBe kind.',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
      temperature: 0,
      top_p: 1,
      stop_sequences: ['.'],
      thinking: { type: 'enabled', budget_tokens: 1024 },
    });
  });

  it('names tools', () => {
    expect(ask({ tools: [x, { name: 'y', inputSchema: {} }] }).body).toMatchObject({
      tools: [
        { name: 'x', description: 'does x', input_schema: schema },
        { name: 'y', input_schema: { type: 'object' } },
      ],
    });
  });

  it.each([
    [undefined, undefined, undefined],
    ['auto', undefined, { type: 'auto' }],
    ['required', undefined, { type: 'any' }],
    ['none', false, { type: 'none' }],
    [{ name: 'x' }, undefined, { type: 'tool', name: 'x' }],
    [undefined, false, { type: 'auto', disable_parallel_tool_use: true }],
    [{ name: 'x' }, false, { type: 'tool', name: 'x', disable_parallel_tool_use: true }],
    ['auto', true, { type: 'auto' }],
  ])('chooses among tools: %j, parallel %j', (toolChoice, parallelToolCalls, expected) => {
    expect(ask({ tools: [x], toolChoice, parallelToolCalls }).body.tool_choice).toEqual(expected);
    expect(ask({ toolChoice, parallelToolCalls }).body.tool_choice).toBeUndefined();
  });

  it('alternates roles: neighbours are one message, and results stand first in it', () => {
    const call = (id: string) => ({ id, name: 'x', argumentsText: '{}' });
    const result = (id: string, isError = false): Message => ({
      role: 'tool',
      toolCallId: id,
      name: 'x',
      content: id,
      ...(isError && { isError }),
    });
    const messages: Message[] = [
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
      { role: 'assistant', content: '', toolCalls: [call('1'), call('2')] },
      { role: 'user', content: 'c' },
      result('1'),
      result('2', true),
      { role: 'assistant', content: 'd' },
      { role: 'assistant', content: '' },
      { role: 'assistant', content: 'e' },
    ];
    expect(ask({ messages }).body.messages).toEqual([
      { role: 'user', content: ['a', 'b'].map((said) => ({ type: 'text', text: said })) },
      { role: 'assistant', content: ['1', '2'].map((id) => ({ type: 'tool_use', id, name: 'x', input: {} })) },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: '1', content: '1' },
          { type: 'tool_result', tool_use_id: '2', content: '2', is_error: true },
          { type: 'text', text: 'c' },
        ],
      },
      { role: 'assistant', content: ['d', 'e'].map((said) => ({ type: 'text', text: said })) },
    ]);
  });

  it('gives calls of another dialect ids that the API takes, the same in their results', () => {
    const ids = ['functions.x:0', 'functions_x:0', 'plain-1'];
    const toolCalls = ids.map((id) => ({ id, name: 'x', argumentsText: '{}' }));
    const results = ids.map((id): Message => ({ role: 'tool', toolCallId: id, name: 'x', content: '' }));
    const { body } = ask({ messages: [{ role: 'assistant', content: '', toolCalls }, ...results] });
    const [asked, answered] = body.messages as Array<{ content: Array<{ id?: string; tool_use_id?: string }> }>;
    const sent = asked?.content.map(({ id }) => id);
    expect(sent).toEqual(['functions_x_0', 'functions_x_0_', 'plain-1']);
    expect(answered?.content.map(({ tool_use_id }) => tool_use_id)).toEqual(sent);
  });

  it('sends images as data or by their address', () => {
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image', url: 'data:image/png;base64,AA==' },
      { type: 'image', url: 'https://example.com/a.png' },
    ];
    expect(ask({ messages: [{ role: 'user', content }] }).body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        ],
      },
    ]);
  });
});

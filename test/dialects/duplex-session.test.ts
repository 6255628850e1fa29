import { describe, expect, it } from 'vitest';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Message } from '../../src/messages.ts';
import { runStage } from '../../src/stage.ts';
import { describeCodecLaw } from '../support/codecs.ts';

const decode = (messages: readonly (object | string)[], options = {}) =>
  runStage(
    duplexSession.decoder(options),
    messages.map((message) => ({ data: typeof message === 'string' ? message : JSON.stringify(message) })),
  );

describe('duplexSession reads', () => {
  it('text, reasoning, a refusal, calls whole and in pieces, usage under either name, and what it does not know', () => {
    const { values, error } = decode([
      { type: 'start', id: 'r1', model: 'm-1' },
      { type: 'reasoning', text: 'Hm. ' },
      { type: 'content_block', text: 'Grüße' },
      { type: 'refusal', text: 'No.' },
      { type: 'function_call', id: 'a', name: 'f', arguments: { 'ü"': 1 } },
      { type: 'function_call', id: 'b', name: 'g', arguments: '{"x":' },
      { type: 'function_call', id: 'b', arguments: '2}', done: true },
      { type: 'ping' },
      { type: 'citation', url: 'https://example.com' },
      { type: 'usage', usage: { prompt_tokens: 3, completion_tokens: 4 } },
      { type: 'done', finish_reason: 'tool_calls', usage: { input_tokens: 3, output_tokens: 5 } },
    ]);
    expect(error).toBeUndefined();
    expect(values.map(({ type }) => type)).toEqual([
      'round-start',
      'reasoning-delta',
      'text-delta',
      'refusal-delta',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-end',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-delta',
      'tool-call-end',
      'provider-event',
      'usage',
      'finish-reason',
      'usage',
      'round-end',
    ]);
    expect(values.at(-1)).toMatchObject({
      reason: 'tool-calls',
      usage: { inputTokens: 3, outputTokens: 5 },
      message: {
        content: 'Grüße',
        toolCalls: [
          { id: 'a', argumentsText: '{"ü\\"":1}' },
          { id: 'b', argumentsText: '{"x":2}' },
        ],
      },
    });
  });

  it('`done` without a reason: what came decides', () => {
    const { values } = decode([{ type: 'function_call', id: 'a', name: 'f', arguments: '{}' }, { type: 'done' }]);
    expect(values.at(-1)).toMatchObject({ type: 'round-end', reason: 'tool-calls' });
  });

  it.each([
    [{ type: 'error', error: { message: 'busy', code: 'overloaded' } }, 'overloaded', true],
    [{ type: 'error', message: 'no key', code: 401 }, '401', false],
    [{ error: 'rate limit' }, undefined, true],
  ])('the error %j', (message, providerCode, retryable) => {
    const { error } = decode([{ type: 'content_block', text: 'a' }, message]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode, retryable, partial: { text: 'a' } });
  });

  it.each([
    ['no JSON', '{"type":', 'no JSON'],
    ['a list', [], 'expected an object'],
    ['no type', { text: 'a' }, 'expected string at `type`'],
    ['a text that is none', { type: 'content_block', text: 1 }, 'expected string at `text`, got number 1'],
  ])('malformed: %s', (_, message, problem) => {
    const { error } = decode([message as object]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect((error as Error).message).toContain(problem);
    expect(decode([message as object, { type: 'done' }], { onMalformed: 'skip' }).values.map(({ type }) => type)).toEqual([
      'diagnostic',
      'round-start',
      'round-end',
    ]);
  });

  it('a cut', () => {
    expect(decode([{ type: 'content_block', text: 'a' }]).error).toMatchObject({ code: 'interrupted', partial: { text: 'a' } });
  });
});

describe('duplexSession writes', () => {
  const write = (events: readonly ModelEvent[], options = {}) =>
    runStage(duplexSession.encoder(options), events).values.map(({ data }) => JSON.parse(data) as { readonly type: string });

  it('a message that it did not know as it came, and of other dialects none', () => {
    const own = { type: 'mood', of: 'day' };
    expect(
      write([
        { type: 'provider-event', name: 'mood', data: own },
        { type: 'provider-event', name: 'signature', data: { signature: 'x' } },
        { type: 'provider-event', name: 'type', data: 'x' },
      ]),
    ).toEqual([own]);
  });

  it('token counts unless told not to', () => {
    const counted: ModelEvent = { type: 'usage', usage: { inputTokens: 1 }, raw: {} };
    expect(write([counted])).toMatchObject([{ type: 'usage', usage: { input_tokens: 1 } }]);
    expect(write([counted], { includeUsage: false })).toEqual([]);
  });

  it('the request as `init`, and results', () => {
    const messages: Message[] = [{ role: 'user', content: 'Hi' }];
    const { body, path } = duplexSession.encodeRequest({ messages, temperature: 0, extra: { seed: 1 } }, { model: 'm' });
    expect([path, body]).toEqual(['', { type: 'init', model: 'm', messages, stream: true, parameters: { temperature: 0, seed: 1 } }]);
    const failed = { role: 'tool', toolCallId: 'a', name: 'f', content: '{"error":"threw"}', isError: true } as const;
    expect(duplexSession.encodeResults?.([failed], { responseId: undefined, body })).toEqual([
      { type: 'function_result', id: 'a', name: 'f', result: '{"error":"threw"}', is_error: true },
    ]);
  });
});

describeCodecLaw(duplexSession);

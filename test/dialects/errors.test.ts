import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { providerErrorFrom } from '../../src/dialects/provider-error.ts';
import {
  ConnectionError,
  HttpError,
  InterruptedError,
  LimitError,
  MalformedFrameError,
  ProviderError,
  TimeoutError,
} from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';

const dialects = [openAiChat, openAiResponses, anthropicMessages, gemini, ollama, cohere, duplexSession];

describe('an error inside the stream says whether asking again may help', () => {
  it.each([
    // https://docs.claude.com/en/api/errors
    ['api_error', 500, true],
    ['overloaded_error', 529, true],
    ['rate_limit_error', 429, true],
    ['timeout_error', 504, true],
    ['invalid_request_error', 400, false],
    ['authentication_error', 401, false],
    ['permission_error', 403, false],
    ['not_found_error', 404, false],
    ['request_too_large', 413, false],
    ['billing_error', 402, false],
    // https://platform.openai.com/docs/guides/error-codes
    ['server_error', 500, true],
    ['rate_limit_exceeded', 429, true],
    ['insufficient_quota', 429, false],
    ['invalid_prompt', 400, false],
    // https://ai.google.dev/gemini-api/docs/troubleshooting
    ['INTERNAL', 500, true],
    ['UNAVAILABLE', 503, true],
    ['RESOURCE_EXHAUSTED', 429, true],
    ['DEADLINE_EXCEEDED', 504, true],
    ['FAILED_PRECONDITION', 400, false],
  ])('by the word %s, whatever its message', (word, status, retryable) => {
    for (const message of ['x', 'The internal rate limit of capacity is unavailable']) {
      for (const key of ['type', 'code', 'status']) {
        expect(providerErrorFrom({ error: { [key]: word, message } })).toMatchObject({ providerCode: word, status, retryable });
      }
    }
  });

  it('by the status, which wins over the words', () => {
    expect(providerErrorFrom({ error: { code: 400, message: 'rate limit' } })).toMatchObject({ status: 400, retryable: false });
    expect(providerErrorFrom({ error: { code: 501, message: 'x' } })).toMatchObject({ status: 501, retryable: false });
    expect(providerErrorFrom({ error: { code: 502, message: 'x' } })).toMatchObject({ status: 502, retryable: true });
  });

  it('has no code where only the event has a name', () => {
    const error = providerErrorFrom({ type: 'error', code: null, message: 'The model is at capacity', param: null });
    expect(error).toMatchObject({ providerCode: undefined, status: undefined, retryable: true });
  });

  it('by the words where there is nothing else', () => {
    expect(providerErrorFrom('The server is overloaded').retryable).toBe(true);
    expect(providerErrorFrom({ error: { code: 'ThrottlingException', message: 'x' } }).retryable).toBe(true);
    expect(providerErrorFrom({ error: 'model not found' }).retryable).toBe(false);
    expect(providerErrorFrom({ error: { type: 'rate_limit_error', message: 'Your spend limit is reached' } }).retryable).toBe(false);
  });
});

const provider = (providerCode: string | undefined, status: number | undefined, retryable: boolean, message = 'No luck.') =>
  new ProviderError(message, { providerCode, status, retryable, raw: null });

describe.each(dialects)('an error that $name writes into its stream', (dialect) => {
  const passedOn = (error: unknown): ProviderError => {
    const encoder = dialect.encoder();
    const frames: Frame[] = [];
    const out = { enqueue: (frame: Frame) => frames.push(frame), error: () => {}, terminate: () => {} };
    encoder.transform({ type: 'round-start', responseId: 'r', model: 'm' }, out);
    encoder.transform({ type: 'text-delta', text: 'Hi' }, out);
    encoder.fail?.(error, out);
    const read = runStage<Frame, ModelEvent>(dialect.decoder(), frames);
    expect(read.error).toBeInstanceOf(ProviderError);
    return read.error as ProviderError;
  };

  it.each([400, 401, 403, 404, 429, 500, 504])('is read with its status %d', (status) => {
    const retryable = status === 429 || status >= 500;
    expect(passedOn(provider('word', status, retryable))).toMatchObject({ status, retryable, partial: { text: 'Hi' } });
    expect(passedOn(new HttpError('No luck.', { status, retryable }))).toMatchObject({ status, retryable });
  });

  it.each([
    ['a code nobody knows', provider('weird', undefined, true), true],
    ['a code nobody knows, for good', provider('weird', undefined, false), false],
    ['no code', provider(undefined, undefined, true), true],
    ['words that would be misread', provider('weird', undefined, false, 'The internal capacity is the limit.'), false],
    ['a used-up quota', provider('insufficient_quota', 429, false, 'insufficient_quota'), false],
    ['a lost connection', new InterruptedError('Cut.'), true],
    ['no connection', new ConnectionError('Refused.'), true],
    ['silence', new TimeoutError('idle', 5), true],
    ['a bound', new LimitError('maxCalls', 5, 'calls'), false],
    ['bad data', new MalformedFrameError('Not JSON.'), false],
    ['a stranger', new TypeError('secret'), true],
  ])('is read as worth another try, or not: %s', (_, error, retryable) => {
    const read = passedOn(error);
    expect(read.retryable).toBe(retryable);
    expect(JSON.stringify(read.raw)).not.toContain('secret');
  });

  it('is not wrapped once more by each gateway on its way', () => {
    const first = providerErrorFrom({ error: { type: 'overloaded_error', message: 'Overloaded' } });
    expect(passedOn(passedOn(first)).message).toBe(first.message);
  });
});

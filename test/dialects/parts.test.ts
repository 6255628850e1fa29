import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { dataUrlOf } from '../../src/dialects/data-url.ts';
import { DiagnosticBound } from '../../src/dialects/diagnostic-bound.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { finishWord, geminiFinish, geminiUsage } from '../../src/dialects/gemini-words.ts';
import { ContentCall } from '../../src/dialects/ollama-content-call.ts';
import { usageOf, writtenUsage } from '../../src/dialects/ollama-wire.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { isError, isRetryableStatus, providerErrorFrom } from '../../src/dialects/provider-error.ts';
import { describeProblem, oneOf, optional } from '../../src/dialects/wire-problem.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Message, ModelRequest } from '../../src/messages.ts';
import type { Json } from '../../src/values.ts';

describe('dataUrlOf', () => {
  it.each([
    ['data:image/png;base64,AA', { mediaType: 'image/png', isBase64: true, data: 'AA' }],
    ['DATA:image/png;charset=x;BASE64,A,A', { mediaType: 'image/png', isBase64: true, data: 'A,A' }],
    ['data:text/plain;base64;charset=x,a', { mediaType: 'text/plain', isBase64: false, data: 'a' }],
    ['data:,', { mediaType: '', isBase64: false, data: '' }],
  ])('reads %s', (url, expected) => expect(dataUrlOf(url)).toEqual(expected));

  it.each(['https://a.example/,b', 'data:image/png', 'xdata:,a', 'date:,a', ''])('is nothing for %j', (url) => {
    expect(dataUrlOf(url)).toBeUndefined();
  });
});

describe('describeProblem', () => {
  const codec = t.type({
    list: t.array(oneOf(t.type({ n: t.number }), t.null)),
    name: oneOf(t.string, t.undefined),
    more: optional(t.type({ x: optional(t.number) })),
  });

  it.each([
    [{ list: [{ n: 'x' }] }, /^expected number at `list\.0\.n`, got string "x"$/],
    [{ list: {} }, /^expected an array at `list`, got an object$/],
    [{ list: [], name: null }, /^expected string at `name`, got null$/],
    [{ list: undefined }, /^expected an array at `list`, got undefined$/],
    [{ list: true }, /got boolean true$/],
    [{ list: 'x'.repeat(100) }, /got string "x{39}$/],
    [{ list: [], more: [] }, /^expected an object at `more`, got an array$/],
    [{ list: [], more: { x: 'y' } }, /^expected number at `more\.x`, got string "y"$/],
    [[], /^expected an object at `the top`, got an array$/],
    ['x', /^expected an object at `the top`, got string "x"$/],
  ])('says of %j what is wrong, and where', (payload, says) => expect(describeProblem(codec, payload)).toMatch(says));

  it('has nothing to say where the codec accepts', () => {
    expect(describeProblem(codec, { list: [null, { n: 1 }] })).toBeUndefined();
    expect(describeProblem(codec, { list: [], name: 'n', more: { x: null } })).toBeUndefined();
  });

  it('accepts by `is` what it accepts by decoding', () => {
    expect(
      [
        { list: [null], name: undefined, more: null },
        { list: [{ n: 1 }], name: 'n', more: { x: 1 } },
      ].map(codec.is),
    ).toEqual([true, true]);
    expect(
      [
        { list: [1], name: 'n', more: null },
        { list: [], name: 1, more: null },
        { list: [], name: 'n', more: 1 },
      ].some(codec.is),
    ).toBe(false);
  });
});

describe('DiagnosticBound', () => {
  it('lets so many diagnostics pass, says once that there were more, and passes everything else', () => {
    const events: ModelEvent[] = [];
    const out = { enqueue: (event: ModelEvent) => void events.push(event), error: () => undefined, terminate: () => undefined };
    const bound = new DiagnosticBound(2).before(out);
    const diagnostic = (code: string): ModelEvent => ({ type: 'diagnostic', code, message: code });
    for (const code of ['a', 'b', 'c', 'd']) bound.enqueue(diagnostic(code));
    bound.enqueue({ type: 'text-delta', text: 'x' });
    expect(events.map((event) => (event.type === 'diagnostic' ? event.code : event.type))).toEqual([
      'a',
      'b',
      'diagnostics-cut',
      'text-delta',
    ]);
  });
});

describe('Gemini’s words', () => {
  it('count what tools gave as input, and what was thought as output', () => {
    expect(geminiUsage({ promptTokenCount: 5, toolUsePromptTokenCount: 2, candidatesTokenCount: 3, thoughtsTokenCount: 4 })).toEqual({
      inputTokens: 7,
      outputTokens: 7,
      reasoningTokens: 4,
    });
    expect(geminiUsage({ promptTokenCount: 5, totalTokenCount: 5, cachedContentTokenCount: 1 })).toEqual({
      inputTokens: 5,
      totalTokens: 5,
      cachedInputTokens: 1,
    });
    expect(geminiUsage({ toolUsePromptTokenCount: 2, thoughtsTokenCount: 4 })).toEqual({ outputTokens: 4, reasoningTokens: 4 });
    expect(geminiUsage({ promptTokenCount: 'many' })).toBeUndefined();
  });

  it('mean a stop, or calls where there were some', () => {
    expect([geminiFinish('STOP', 0), geminiFinish('STOP', 1), geminiFinish('MAX_TOKENS', 1), geminiFinish('NEW_ONE', 1)]).toEqual([
      'stop',
      'tool-calls',
      'length',
      'other',
    ]);
    expect([finishWord('tool-calls', 'STOP'), finishWord('stop', 'end_turn'), finishWord('length', 'STOP')]).toEqual([
      'STOP',
      'STOP',
      'MAX_TOKENS',
    ]);
  });
});

describe('gemini.encodeRequest: more than is usual', () => {
  const tools: ModelRequest['tools'] = [{ name: 'look', description: '', inputSchema: { type: 'object' } }];
  const body = (request: Partial<ModelRequest>) =>
    gemini.encodeRequest({ messages: [], ...request } as ModelRequest, { model: 'm' }).body as Record<string, unknown>;

  it('says how tools are chosen only where the request does', () => {
    expect(body({ tools })).not.toHaveProperty('toolConfig');
    expect(body({ toolChoice: 'required' })).not.toHaveProperty('toolConfig');
    const mode = (toolChoice: ModelRequest['toolChoice']) => body({ tools, ...(toolChoice && { toolChoice }) }).toolConfig;
    expect(mode('auto')).toEqual({ functionCallingConfig: { mode: 'AUTO' } });
    expect(mode('none')).toEqual({ functionCallingConfig: { mode: 'NONE' } });
    expect(mode('required')).toEqual({ functionCallingConfig: { mode: 'ANY' } });
    expect(mode({ name: 'look' })).toEqual({ functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } });
  });

  it('joins fields of one’s own with those of the request', () => {
    const own = { generationConfig: { topK: 1 }, toolConfig: { retrievalConfig: {} }, tools: [{ googleSearch: {} }], labels: { a: 'b' } };
    expect(body({ temperature: 0, tools, toolChoice: 'auto', extra: own })).toMatchObject({
      generationConfig: { temperature: 0, topK: 1 },
      toolConfig: { functionCallingConfig: { mode: 'AUTO' }, retrievalConfig: {} },
      tools: [{ functionDeclarations: [{ name: 'look' }] }, { googleSearch: {} }],
      labels: { a: 'b' },
    });
    expect(body({ extra: { toolConfig: { a: 1 }, tools: [{ b: 2 }] } })).toMatchObject({ toolConfig: { a: 1 }, tools: [{ b: 2 }] });
    expect(body({ temperature: 0, extra: { generationConfig: null } })).toMatchObject({ generationConfig: null });
  });

  it('writes results that are objects or lists as such, and any other text as it is', () => {
    const toolCalls = [{ id: 'a', name: 'look', argumentsText: '{}' }];
    const written = (content: string, isError?: true) => {
      const messages: Message[] = [
        { role: 'assistant', content: '', toolCalls },
        { role: 'tool', toolCallId: 'a', name: 'look', content, ...(isError && { isError }) },
      ];
      const { contents } = body({ messages }) as { contents: Array<{ parts: Array<{ functionResponse?: { response: unknown } }> }> };
      return contents.at(-1)?.parts[0]?.functionResponse?.response;
    };
    expect(written('{"a":1}')).toEqual({ output: { a: 1 } });
    expect(written(' [1]')).toEqual({ output: [1] });
    expect(written('{torn', true)).toEqual({ error: '{torn' });
    for (const text of ['7', '"a"', 'see {"a":1}', '']) expect(written(text)).toEqual({ output: text });
  });
});

describe('openAiChat.encodeRequest in the old form', () => {
  it.each([
    [undefined, undefined],
    ['auto', 'auto'],
    ['none', 'none'],
    ['required', 'auto'],
    [{ name: 'look' }, { name: 'look' }],
  ] as const)('writes the choice %j as %j', (toolChoice, expected) => {
    const tools = [{ name: 'look', description: '', inputSchema: { type: 'object' } }];
    const request: ModelRequest = { messages: [], tools, ...(toolChoice && { toolChoice }) };
    const { body } = openAiChat.encodeRequest(request, { model: 'm', legacyFunctions: true } as never);
    expect((body as { function_call?: unknown }).function_call).toEqual(expected);
  });
});

describe('Ollama’s content that is a call', () => {
  const call = '{ "type": "tool", "name": "look", "parameters": {"a":1} }';
  /** What is text at once, the call, and what is text at the end. */
  const read = (...pieces: string[]) => {
    const content = new ContentCall();
    const text = pieces.map((piece) => content.take(piece)).join('');
    return { text, call: content.finish(), rest: content.release() };
  };

  it('is held back while it may be one, in whatever pieces', () => {
    const expected = { text: '', call: { name: 'look', argumentsText: '{"a":1}' }, rest: '' };
    expect(read(call)).toEqual(expected);
    expect(read(...` \n${call}\n`)).toEqual(expected);
  });

  it.each([
    'Hi',
    '[1]',
    '{"type":"text"}',
    '{"type":7}',
    '{"type":"tool","name":7}',
    '{"type":"tool","parameters":[]}',
    '{"type":"tool","other":1}',
    `${call} and so on`,
  ])('is text where it cannot be one: %s', (text) => {
    expect(read(text)).toEqual({ text, call: undefined, rest: '' });
    const { text: early, rest, call: none } = read(...text);
    expect([early + rest, none]).toEqual([text, undefined]);
  });

  it.each([
    '{"type":"tool","name":"","parameters":{}}',
    '{"type":"tool","name":"look"}',
    '{"name":"look","parameters":{}}',
    '{"type":"to',
    ' ',
  ])('is text in the end where something is missing: %j', (text) => expect(read(text)).toEqual({ text: '', call: undefined, rest: text }));

  it('is text when something else came, and what follows it, too', () => {
    const content = new ContentCall();
    expect(content.take('{"type":')).toBe('');
    expect(content.release()).toBe('{"type":');
    expect(content.take('"tool"')).toBe('"tool"');
    expect(content.finish()).toBeUndefined();
  });

  it('is held back up to a bound', () => {
    expect(read(' '.repeat(1024 * 1024)).text).toBe('');
    expect(read(' '.repeat(1024 * 1024 + 1)).text).toHaveLength(1024 * 1024 + 1);
  });
});

describe('Ollama’s counts', () => {
  it('are the same written and read', () => {
    const raw = { prompt_eval_count: 3, eval_count: 4, total_duration: 5_000_000, load_duration: 1_000_000 };
    expect(writtenUsage(usageOf(raw))).toEqual(raw);
    expect(writtenUsage({})).toEqual({});
    expect(usageOf({})).toEqual({});
    expect(Object.keys(writtenUsage({ durationsMs: {} }))).toEqual([]);
  });
});

describe('an error in a stream', () => {
  it('is told from an answer by its fields', () => {
    const errors = [{ error: { message: 'no' } }, { error: 'no' }, { type: 'error' }, { type: 'response.error' }, { object: 'error' }];
    for (const payload of [...errors, { detail: 'no' }, { message: 'no' }, [{}, { error: 'no' }]]) {
      expect(isError(payload, false), JSON.stringify(payload)).toBe(true);
      expect(isError(payload, true), JSON.stringify(payload)).toBe(true);
    }
    const none = [null, 'error', 7, [], [{}], {}, { error: null }, { error: '' }, { error: false }, { detail: 7 }];
    for (const payload of none) expect(isError(payload, false), JSON.stringify(payload)).toBe(false);
    for (const key of ['choices', 'usage', 'id']) expect(isError({ message: 'hi', [key]: 1 }, false), key).toBe(false);
    expect(isError({ message: 'hi', type: 'status' }, true)).toBe(false);
    expect(isError({ message: 'hi', type: 'status' }, false)).toBe(true);
  });

  it.each([
    [{ error: { message: 'no', status: 404 } }, { status: 404, retryable: false }],
    [{ error: { message: 'no', status_code: '503' } }, { status: 503, retryable: true }],
    [
      { error: { message: 'no', code: 429, status: 'RESOURCE_EXHAUSTED' } },
      { status: 429, providerCode: 'RESOURCE_EXHAUSTED', retryable: true },
    ],
    [
      { error: { message: 'no' }, status: 500 },
      { status: 500, retryable: true },
    ],
    [
      { error: { message: 'no' }, status_code: 400 },
      { status: 400, retryable: false },
    ],
    [{ error: { message: 'no', code: 200 } }, { status: undefined, providerCode: '200' }],
    [{ error: { message: 'no', code: 399.5 } }, { status: undefined }],
    [{ error: { message: 'no', code: 600 } }, { status: undefined }],
    [{ error: { message: 'no', type: 'error', metadata: { error_type: 'odd' } } }, { providerCode: 'odd' }],
    [{ error: { message: 'no', type: 'mine', code: '' } }, { providerCode: 'mine' }],
    [[{ a: 1 }, { error: 'no' }], { raw: { error: 'no' } }],
    ['plain words', { excerpt: 'plain words', raw: 'plain words' }],
  ])('is read in the form %j', (payload, expected) => expect(providerErrorFrom(payload as Json)).toMatchObject(expected));

  it.each([
    [{ error: { message: 'inner' }, message: 'outer' }, 'inner'],
    [{ error: 'text', detail: 'detail' }, 'text'],
    [{ detail: 'detail' }, 'detail'],
    [{ message: 'message' }, 'message'],
    ['words', 'words'],
    [{ error: { message: '' } }, 'no message'],
  ])('says what %j says', (payload, says) => expect(providerErrorFrom(payload).message).toContain(says));

  it('is wrapped once, however often it is passed on', () => {
    const once = providerErrorFrom({ error: { message: 'overloaded', status: 503 } }).message;
    expect(providerErrorFrom({ error: { message: once, status: 503 } }).message).toBe(once);
  });

  it('is worth another try by its status', () => {
    const worth = [400, 401, 404, 408, 409, 410, 425, 429, 499, 500, 501, 502, 503, 504, 505, 529].filter(isRetryableStatus);
    expect(worth).toEqual([408, 409, 425, 429, 500, 502, 503, 504, 529]);
  });
});

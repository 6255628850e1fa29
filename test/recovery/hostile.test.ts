import type { Socket } from 'node:net';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { accumulateToolCalls } from '../../operators/accumulateToolCalls.ts';
import { partialArguments } from '../../operators/partialArguments.ts';
import { selectArgument } from '../../operators/selectArgument.ts';
import { streamAnswer } from '../../src/answer.ts';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { DecoderOptions, Dialect } from '../../src/dialects/dialect.ts';
import * as shop from '../../src/dialects/index.ts';
import { isToolstreamError, LimitError, ProviderError } from '../../src/errors.ts';
import type { AnswerEvent, ModelEvent, ToolCall, ToolResult } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { JsonScanner } from '../../src/json/scanner.ts';
import type { Message } from '../../src/messages.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { redactError } from '../../src/models/redact.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { scriptedModel } from '../../src/testing/index.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { toJson } from '../../src/tools/to-json.ts';
import type { Json } from '../../src/values.ts';
import { figure } from '../support/figures.ts';
import { chunk, drained, frame, head, json, type RawServer, rawServer, type Step } from '../support/raw-server.ts';
import { settled } from '../support/settled.ts';

const dialects = Object.values(shop).filter(
  (given): given is Dialect => typeof given === 'object' && given !== null && 'encodeRequest' in given && 'encoder' in given,
);
const user: Message[] = [{ role: 'user', content: '?' }];

let server: RawServer | undefined;
afterEach(() => server?.close());

/** One call, as a model says it. */
function conversation(name: string, argumentsText: string, callId = 'c1'): ModelEvent[] {
  const message = { role: 'assistant', content: '', toolCalls: [{ id: callId, name, argumentsText }] } as const;
  return [
    { type: 'round-start', responseId: 'r', model: 'm' },
    { type: 'tool-call-start', callId, index: 0, name },
    { type: 'tool-call-delta', callId, index: 0, text: argumentsText },
    { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
    { type: 'round-end', reason: 'tool-calls', message },
  ];
}

/** What a dialect reads of frames, and the calls in it. */
function read(dialect: Dialect, frames: Iterable<Frame>) {
  const { values, error } = runStage<Frame, ModelEvent>(dialect.decoder(), frames);
  const events = runStage<ModelEvent, ModelEvent | ToolCall>(toolCallAccumulator<ModelEvent>(), values).values;
  return { events, error, calls: events.filter((event): event is ToolCall => event.type === 'tool-call') };
}

const chat = (delta: object, more: object = {}): Frame => ({ data: JSON.stringify({ id: 'r', choices: [{ index: 0, delta, ...more }] }) });
const chatCall = (fields: object) => chat({ tool_calls: [{ index: 0, ...fields }] });

describe('keys that reach for a prototype', () => {
  const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"a":{"__proto__":[1]}}';

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))(
    'are own properties of arguments and change nothing (%s)',
    (_, dialect) => {
      const written = runStage<ModelEvent, Frame>(dialect.encoder(), conversation('f', text));
      const { calls } = read(dialect, written.values);
      expect(calls).toHaveLength(1);
      expect(calls[0]?.arguments).toEqual({ _tag: 'Right', right: JSON.parse(text) });
      expect(JSON.stringify(calls[0]?.arguments)).toContain('"__proto__":{"polluted":1}');
      expect({}).not.toHaveProperty('polluted');
    },
  );

  it('are own properties in partial views, and in what a provider says besides', () => {
    const source$ = new Subject<AnswerEvent>();
    const views: unknown[] = [];
    source$.pipe(partialArguments()).subscribe((event) => 'partial' in event && views.push(structuredClone(event.partial)));
    for (const event of conversation('f', text)) source$.next(event);
    expect(JSON.stringify(views.at(-1))).toBe(JSON.stringify(JSON.parse(text)));
    const raw = `{"id":"r","choices":[{"index":0,"delta":{"content":"a","reasoning_details":[{"index":0,"__proto__":{"polluted":1}}],"__proto__":{"polluted":1}}}]}`;
    read(shop.openAiChat, [{ data: raw }, { data: raw }, { data: '[DONE]' }]);
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('strange values', () => {
  it.each([
    ['a key that comes twice', '{"a":1,"a":2}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a lone surrogate, raw', '{"a":"\udc00"}'],
    ['NUL, as an escape', '{"a":"\\u0000"}'],
    ['numbers no double holds', '{"a":9007199254740993,"b":1e400}'],
  ])('%s: `arguments` is what JSON.parse says, `argumentsText` what came', (_, text) => {
    const { calls } = read(shop.openAiChat, [
      chatCall({ id: 'c', function: { name: 'f', arguments: text } }),
      chat({}, { finish_reason: 'tool_calls' }),
    ]);
    expect(calls[0]).toMatchObject({ argumentsText: text, arguments: { right: JSON.parse(text) } });
  });

  it('NUL, raw, in a string is no JSON: a Left', () => {
    const { calls } = read(shop.openAiChat, [
      chatCall({ id: 'c', function: { name: 'f', arguments: '{"a":"\0"}' } }),
      chat({}, { finish_reason: 'tool_calls' }),
    ]);
    expect(calls[0]?.arguments).toMatchObject({ _tag: 'Left', left: { code: 'invalid-json' } });
  });

  it.each([
    ['{"id":9007199254740993}', { id: '9007199254740993' }],
    ['[-12345678901234567890,1,9007199254740991,0.1,1e3,1e400]', ['-12345678901234567890', 1, 9007199254740991, 0.1, 1000, '1e400']],
    ['{"12345678901234567890":"12345678901234567890 \\" 1e999 \\\\"}', { '12345678901234567890': '12345678901234567890 " 1e999 \\' }],
    ['98765432109876543210 ', '98765432109876543210'],
  ])('numbers beyond a double are text where that is asked for: %s', async (text, value) => {
    const source$ = new Subject<ModelEvent>();
    const calls: ToolCall[] = [];
    source$
      .pipe(accumulateToolCalls<ModelEvent>({ bigNumbers: 'text' }))
      .subscribe((event) => event.type === 'tool-call' && calls.push(event));
    for (const event of conversation('f', text)) source$.next(event);
    expect(calls).toMatchObject([{ argumentsText: text, arguments: { _tag: 'Right', right: value } }]);
    // biome-ignore lint/suspicious/noExplicitAny: a mistake of the caller.
    expect(() => accumulateToolCalls({ bigNumbers: 'string' as any })).toThrow(/'number' or 'text'/);
  });

  it('names with control characters reach no tool, no header and no second line', async () => {
    const name = 'f\r\nx-evil: 1\u001b[31m\0';
    const model = scriptedModel([[{ call: name, arguments: {} }], ['ok']]);
    const tool = defineTool({ name: 'f', description: '', parameters: { type: 'object' }, execute: () => 'ran' });
    const { events } = await settled(streamAnswer({ model, request: { messages: user }, tools: [tool] }));
    const result = events.find((event): event is ToolResult => event.type === 'tool-result');
    expect(result?.outcome).toMatchObject({ left: { code: 'unknown-tool', started: false } });
    const message = result?.outcome._tag === 'Left' ? result.outcome.left.message : '';
    expect([...message].every((character) => character >= ' ')).toBe(true);
  });
});

describe('nesting, 100,000 deep', () => {
  const deep = (levels: number, open = '[', close = ']') => open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels);
  const D = deep(100_000);
  const O = deep(100_000, '{"a":', '}');
  const payloads: Readonly<Record<string, string>> = {
    'a bare array': D,
    'a bare object': O,
    'an error': `{"type":"error","error":${D}}`,
    'an error whose message is deep': `{"error":{"message":${O}}}`,
    'a chunk of a chat': `{"id":"r","choices":[{"index":0,"delta":{"content":"a","x":${D}}}]}`,
    'details of reasoning': `{"choices":[{"index":0,"delta":{"reasoning_details":[{"index":0,"a":${O}}]}}]}`,
    'token counts': `{"choices":[],"usage":{"prompt_tokens":1,"x":${D}}}`,
    'arguments as an object': `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":${D}}}}]},"finishReason":"STOP"}],"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":${D}}}}]},"done":true}`,
    'a block of a message': `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":${O}}}`,
    'an item of a response': `{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":${O}}}`,
    'a response that failed': `{"type":"response.failed","response":{"id":"r","error":{"message":"x","a":${D}}}}`,
    'a citation': `{"type":"citation-start","index":0,"delta":{"message":{"citations":${O}}}}`,
  };

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))('is one typed error, or can be written again (%s)', (_, dialect) => {
    for (const [what, data] of Object.entries(payloads)) {
      for (const given of [
        { data },
        { data, event: 'error' },
        { data, stray: true as const },
        { data: `error: ${data}`, stray: true as const },
      ]) {
        const { events, error } = read(dialect, [given]);
        expect(isToolstreamError(error), `${what}: ${error}`).toBe(true);
        redactError(error, (text) => text);
        expect(JSON.stringify(events), what).toMatch(/^\[/);
        const skipped = runStage<Frame, ModelEvent>(dialect.decoder({ onMalformed: 'skip' }), [given]);
        expect(isToolstreamError(skipped.error), what).toBe(true);
      }
    }
  });

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))(
    'in arguments is a Left, and the history can be sent (%s)',
    (_, dialect) => {
      const text = `{"a":${D}}`;
      const given: Frame[] =
        dialect.name === 'anthropic-messages'
          ? [
              { data: '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}}' },
              { data: JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: text } }) },
              { data: '{"type":"message_delta","delta":{"stop_reason":"tool_use"}}' },
              { data: '{"type":"message_stop"}' },
            ]
          : runStage<ModelEvent, Frame>(dialect.encoder(), conversation('f', text)).values;
      const { calls } = read(dialect, given);
      for (const call of calls) expect(call.arguments._tag === 'Left' || JSON.stringify(call.arguments).length < 100).toBe(true);
      for (const other of dialects) {
        const message: Message = { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'f', argumentsText: text }] };
        const native = read(dialect, given).events.find((event) => event.type === 'round-end')?.message;
        for (const said of [message, ...(native ? [native] : [])]) {
          const result: Message = { role: 'tool', toolCallId: 'c1', name: 'f', content: D };
          expect(JSON.stringify(other.encodeRequest({ messages: [...user, said, result] }, { model: 'm' }).body), other.name).toMatch(
            /^\{/,
          );
        }
      }
    },
  );

  it('in arguments overflows no stack, even where the bound is lifted', async () => {
    const scanner = new JsonScanner({ maxDepth: Number.POSITIVE_INFINITY });
    scanner.push(O);
    expect(scanner.state).toBe('closed');
    const model = () => scriptedModel([[{ call: 'f', arguments: O }], ['ok']]);
    const tool = defineTool({ name: 'f', description: '', parameters: { type: 'object' }, execute: (args) => args });
    const options = () => ({ model: model(), request: { messages: user }, tools: [tool], maxDepth: Number.POSITIVE_INFINITY });
    const { events, error } = await settled(streamAnswer(options()).pipe(partialArguments(), selectArgument('f', 'a', { maxDepth: 1e6 })));
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: 'argument-end' });
    const whole = await settled(streamAnswer(options()));
    expect(whole.error).toBeUndefined();
    expect(whole.events.find(({ type }) => type === 'tool-result')).toMatchObject({ outcome: { _tag: 'Left' } });
  });

  it('in a result of a tool is an unserialisable one', () => {
    expect(toJson(JSON.parse(D))).toMatchObject({ _tag: 'Left' });
    expect(toJson(JSON.parse(deep(2000)))).toEqual({ _tag: 'Left', left: expect.stringMatching(/nested deeper than 1024/) });
    expect(toJson(JSON.parse(deep(1000)))).toMatchObject({ _tag: 'Right' });
  });

  it('in the body of an HTTP error is an error all the same', async () => {
    server = await rawServer([
      json(500, {}).replace('{}', '').replace('content-length: 2', 'content-length: 60000'),
      '{"error":{"message":'.padEnd(60_000, '['),
      'close',
    ]);
    const model = httpModel({ dialect: shop.openAiChat, url: server.origin, model: 'm', retry: { maxTries: 1 } });
    const { error } = await settled(model({ messages: user }));
    expect(error).toMatchObject({ name: 'HttpError', status: 500 });
  });
});

describe('what never ends, over a real socket', () => {
  const MiB = 1024 * 1024;
  const piece = new Uint8Array(64 * 1024).fill(0x61);

  /** Writes without end, as fast as it is read; counts. */
  function endless(sent: { bytes: number }, first: string, total: number): (socket: Socket) => Promise<void> {
    return async (socket) => {
      socket.write(first);
      while (sent.bytes < total && !socket.destroyed) {
        sent.bytes += piece.length;
        if (!socket.write(piece)) await drained(socket);
      }
      socket.end();
    };
  }

  const cases: ReadonlyArray<readonly [string, Dialect, string, string]> = [
    ['one SSE frame', shop.openAiChat, 'text/event-stream', 'data: '],
    ['an SSE comment', shop.openAiChat, 'text/event-stream', ': '],
    ['an SSE field name', shop.openAiChat, 'text/event-stream', ''],
    ['an NDJSON line', shop.ollama, 'application/x-ndjson', '{"message":"'],
    ['one item of a JSON array', shop.gemini, 'application/json', '[{"candidates":"'],
  ];

  it.each(cases)(
    '%s of 200 MB ends at 16 MiB with a LimitError, and memory stays flat',
    async (what, dialect, type, first) => {
      const sent = { bytes: 0 };
      const start: Step = `${head(200, { 'content-type': type, connection: 'close' })}`;
      server = await rawServer([start, frame({ choices: [] }).slice(0, 0), endless(sent, first, 200 * MiB)]);
      const model = httpModel({ dialect, url: server.origin, model: 'm', retry: { maxTries: 1 } });
      const before = process.memoryUsage();
      let peak = 0;
      const sampling = setInterval(() => {
        const { heapUsed, external } = process.memoryUsage();
        peak = Math.max(peak, heapUsed + external - before.heapUsed - before.external);
      }, 5);
      const { error } = await settled(model({ messages: user }));
      clearInterval(sampling);
      figure(`hostile-200mb-${what.replaceAll(' ', '-')}`, { sentMiB: sent.bytes / MiB, peakMiB: Math.round(peak / MiB) });
      expect(error).toBeInstanceOf(LimitError);
      expect(error).toMatchObject({ max: 16 * MiB });
      expect((error as LimitError).excerpt?.length ?? 0).toBeLessThan(300);
      // The rest was never read: what is beyond the bound waited in the buffers of two sockets, at most.
      expect(sent.bytes).toBeLessThan(64 * MiB);
      expect(peak).toBeLessThan(192 * MiB);
    },
    60_000,
  );

  /** Says one thing again and again, a few milliseconds apart, until the other side is gone. */
  const drip = (bytes: string) => async (socket: Socket) => {
    while (!socket.destroyed) {
      socket.write(bytes);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  it.each([
    ['a byte of a comment', ':', 'first-event', { firstEventMs: 80 }],
    ['a byte of a frame', 'd', 'first-event', { firstEventMs: 80 }],
    ['heartbeats', ': ping\n\n', 'first-event', { firstEventMs: 80 }],
    ['pings as events', 'event: ping\ndata: {}\n\n', 'first-event', { firstEventMs: 80 }],
    ['empty chunks of an answer', `${frame({ choices: [{ index: 0, delta: {} }] })}`, 'total', { totalMs: 120 }],
  ] as const)('a server that drips %s for ever is no progress: a TimeoutError', async (_, bytes, kind, timeouts) => {
    server = await rawServer([head(200, { 'content-type': 'text/event-stream' }), drip(bytes)]);
    const model = httpModel({ dialect: shop.openAiChat, url: server.origin, model: 'm', timeouts, retry: { maxTries: 1 } });
    const { error } = await settled(model({ messages: user }));
    const cause = (error as { cause?: unknown }).cause;
    expect([error, cause]).toContainEqual(expect.objectContaining({ name: 'TimeoutError', kind }));
  });

  it('heartbeats after the first words are no progress either', async () => {
    const said = frame({ choices: [{ index: 0, delta: { content: 'Hi' } }] });
    server = await rawServer([head(200, { 'content-type': 'text/event-stream' }), said, drip(': ping\n\n')]);
    const model = httpModel({ dialect: shop.openAiChat, url: server.origin, model: 'm', timeouts: { idleMs: 80 } });
    const { error } = await settled(model({ messages: user }));
    expect(error).toMatchObject({ name: 'InterruptedError', partial: { text: 'Hi' }, cause: { kind: 'idle' } });
  });

  it.each([
    ['within a chunk', 'ff\r\ndata: {"choices"'],
    ['at a length that is none', 'zz\r\n'],
    ['within a length', '1'],
    ['after an absurd length', 'fffffffffffffffff\r\n'],
  ])('a chunked body that breaks %s is one typed error with what came', async (_, rest) => {
    const said = chunk(frame({ choices: [{ index: 0, delta: { content: 'Hi' } }] }));
    server = await rawServer([head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' }), said, rest, 'close']);
    const model = httpModel({ dialect: shop.openAiChat, url: server.origin, model: 'm' });
    const { error } = await settled(model({ messages: user }));
    expect(error).toMatchObject({ name: 'InterruptedError', partial: { text: 'Hi' } });
  });

  it('an error body without end is read to its bound', async () => {
    const sent = { bytes: 0 };
    server = await rawServer([`${head(500, { 'content-type': 'text/plain', connection: 'close' })}`, endless(sent, '', 200 * MiB)]);
    const model = httpModel({ dialect: shop.openAiChat, url: server.origin, model: 'm', retry: { maxTries: 1 } });
    const { error } = await settled(model({ messages: user }));
    expect(error).toMatchObject({ name: 'HttpError', status: 500 });
    expect((error as { excerpt: string }).excerpt.length).toBeLessThan(300);
    expect(sent.bytes).toBeLessThan(32 * MiB);
  });
});

describe('many small things', () => {
  it('a million empty deltas: nothing comes of them, nothing is kept', () => {
    const empty = chat({ content: '' });
    function* frames(): Generator<Frame> {
      for (let i = 0; i < 1_000_000; i++) yield empty;
      yield chat({ content: 'Hi' });
      yield { data: '[DONE]' };
    }
    const started = performance.now();
    const { values, error } = runStage<Frame, ModelEvent>(shop.openAiChat.decoder(), frames());
    figure('hostile-million-empty-deltas', { ms: Math.round(performance.now() - started) });
    expect(error).toBeUndefined();
    expect(values.map(({ type }) => type)).toEqual(['round-start', 'text-delta', 'round-end']);
    expect(JSON.stringify(values).length).toBeLessThan(400);
  }, 60_000);

  it('ten thousand calls end at 1,024, each of which is told', () => {
    const frames = Array.from({ length: 10_000 }, (_, i) =>
      chat({ tool_calls: [{ index: i, id: `c${i}`, function: { name: 'f', arguments: '{}' } }] }),
    );
    const { calls, error } = read(shop.openAiChat, frames);
    expect(error).toMatchObject({ limit: 'maxCalls', max: 1024 });
    expect(calls).toHaveLength(1024);
    expect((error as LimitError).partial.calls).toHaveLength(1024);
  });

  it.each(['id', 'name'] as const)('a call whose %s is a megabyte is beyond a bound, whole or in pieces', (what) => {
    const long = 'x'.repeat(1024 * 1024);
    const call = (word: string) => chatCall(what === 'id' ? { id: word } : { function: { name: word } });
    expect(read(shop.openAiChat, [call(long)]).error).toMatchObject({ limit: 'maxNameLength', max: 65_536 });
    const pieces = Array.from({ length: 70_000 }, (_, i) => call(`${i} `));
    const { events, error } = read(shop.openAiChat, pieces);
    expect(error).toMatchObject({ limit: 'maxNameLength' });
    expect(events.filter(({ type }) => type === 'diagnostic').length).toBeLessThanOrEqual(1001);
    const kept = read(shop.openAiChat, [
      chatCall({ id: 'x'.repeat(65_536), function: { name: 'f', arguments: '{}' } }),
      { data: '[DONE]' },
    ]);
    expect(kept.calls[0]?.callId).toHaveLength(65_536);
  });

  it('diagnostics that a server causes without end are cut, once, and everything else goes on', () => {
    const bad = { data: 'no JSON' };
    const frames = [...Array.from({ length: 5000 }, () => bad), chat({ content: 'Hi' }), { data: '[DONE]' }];
    const { values } = runStage<Frame, ModelEvent>(shop.openAiChat.decoder({ onMalformed: 'skip', maxDiagnostics: 3 }), frames);
    expect(values.map((event) => ('code' in event ? event.code : event.type))).toEqual([
      'frame-skipped',
      'frame-skipped',
      'frame-skipped',
      'diagnostics-cut',
      'round-start',
      'text-delta',
      'round-end',
    ]);
    const byDefault = runStage<Frame, ModelEvent>(shop.openAiChat.decoder({ onMalformed: 'skip' }), frames).values;
    expect(byDefault.filter(({ type }) => type === 'diagnostic')).toHaveLength(1001);
  });

  it('fragments after a call was whole are told of once', () => {
    const events: ModelEvent[] = [
      { type: 'tool-call-start', callId: 'c', index: 0, name: 'f' },
      { type: 'tool-call-delta', callId: 'c', index: 0, text: '{}' },
      { type: 'text-delta', text: '.' },
      ...Array.from({ length: 50 }, () => ({ type: 'tool-call-delta', callId: 'c', index: 0, text: 'x' }) as const),
    ];
    const { values } = runStage<ModelEvent, ModelEvent | ToolCall>(toolCallAccumulator<ModelEvent>(), events);
    expect(values.filter(({ type }) => type === 'diagnostic')).toHaveLength(1);
  });
});

describe('injection', () => {
  const said = [head(200, { 'content-type': 'text/event-stream' }), 'data: [DONE]\n\n', 'close'] as const;
  const evil = 'sk-secret\r\nx-evil: 1';

  it.each([
    ['the key', { apiKey: evil }],
    ['a header', { headers: { authorization: evil } }],
    ['the name of a header', { headers: { 'x\r\nx-evil': 'sk-secret' } }],
  ])('through %s sends nothing, and the error does not quote it', async (_, options) => {
    server = await rawServer([...said]);
    const model = httpModel({ dialect: shop.openAiChat, url: server.origin, model: 'm', retry: { maxTries: 1 }, ...options });
    const { error } = await settled(model({ messages: user }));
    expect(error).toBeInstanceOf(Error);
    expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('sk-secret');
    expect(server.exchanges).toHaveLength(0);
  });

  it('through the URL, or the model in its path, stays in the path', async () => {
    server = await rawServer([...said]);
    const ask = (model: string) =>
      settled(
        httpModel({ dialect: shop.gemini, url: `${server?.origin}/v1\r\nx-evil: 1`, model, retry: { maxTries: 1 } })({ messages: user }),
      );
    await ask('a b\r\nx-evil: 1?y=z#t');
    const exchange = await server.exchange(0);
    expect(exchange.headers).not.toHaveProperty('x-evil');
    expect(exchange.path).toBe('/v1x-evil:%201/models/a%20b%0D%0Ax-evil:%201%3Fy%3Dz%23t:streamGenerateContent?alt=sse');
    for (const model of ['../../admin', 'models/../x', 'a//b', './m']) {
      const { error } = await ask(model);
      expect(error).toMatchObject({ name: 'TypeError', message: expect.stringMatching(/no name of a model/) });
    }
    expect(server.exchanges).toHaveLength(1);
  });
});

describe('patterns and buffers take time in proportion', () => {
  const time = (run: () => void) => {
    const times = [0, 1, 2].map(() => {
      const started = performance.now();
      run();
      return performance.now() - started;
    });
    return Math.min(...times);
  };
  /** Four times the input: linear is 4, square 16. What is over at once proves nothing either way. */
  function expectLinear(run: (size: number) => void, size: number): void {
    run(size / 10);
    const once = time(() => run(size));
    const more = time(() => run(size * 4));
    expect(more < 40 || more / once < 11, `${once.toFixed(1)} ms, then ${more.toFixed(1)} ms`).toBe(true);
  }

  const image = (dialect: Dialect, url: string) => {
    try {
      dialect.encodeRequest({ messages: [{ role: 'user', content: [{ type: 'image', url }] }] }, { model: 'm' });
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
    }
  };
  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))('a data URL without its comma (%s)', (_, dialect) => {
    expectLinear((size) => image(dialect, `data:${'a'.repeat(size)}`), 100_000);
    expectLinear((size) => image(dialect, `data:${';'.repeat(size)}`), 100_000);
    expectLinear((size) => image(dialect, `https://h/${'.a'.repeat(size)}!`), 100_000);
  });

  const strays: Readonly<Record<string, (size: number) => string>> = {
    'white space before no error': (size) => `${' '.repeat(size)}errr`,
    'an error without a word': (size) => `error${' '.repeat(size)}:${' '.repeat(size)}`,
    digits: (size) => '123456789012345a'.repeat(size / 16),
  };
  it.each(Object.entries(strays))('a line of %s', (_, make) => {
    expectLinear((size) => read(shop.openAiChat, [{ data: make(size), stray: true }]), 200_000);
    expectLinear((size) => read(shop.openAiChat, [{ data: make(size), event: 'error' }]), 200_000);
  });

  it('an error with words that nearly say when to ask again', () => {
    expectLinear((size) => {
      const message = 'insufficient rate too many try '.repeat(size / 32);
      expect(read(shop.openAiChat, [{ data: JSON.stringify({ error: { message } }) }]).error).toBeInstanceOf(ProviderError);
    }, 200_000);
  });

  it('a streamed argument with a path without end (gemini)', () => {
    const streamed = (jsonPath: string) => ({
      data: JSON.stringify({
        candidates: [
          { content: { parts: [{ functionCall: { name: 'f', partialArgs: [{ jsonPath, stringValue: 'x' }], willContinue: true } }] } },
        ],
      }),
    });
    for (const path of [
      (size: number) => `$["${'\\\\'.repeat(size / 2)}`,
      (size: number) => `$['${'a'.repeat(size)}']`,
      (size: number) => `$${'.a'.repeat(size / 2)}`,
    ]) {
      expectLinear((size) => expect(isToolstreamError(read(shop.gemini, [streamed(path(size))]).error)).toBe(true), 200_000);
      // Far beyond what a pattern's own stack holds.
      expect(isToolstreamError(read(shop.gemini, [streamed(path(8_000_000))]).error)).toBe(true);
    }
  });

  it('one line in pieces of one character (SSE)', () => {
    expectLinear((size) => {
      const { error } = runStage(sseParser(), 'data: '.concat('a'.repeat(size)));
      expect(error).toBeUndefined();
    }, 100_000);
  });

  it('a name in pieces, an id in pieces, replays', () => {
    expectLinear((size) => {
      const frames = Array.from({ length: size }, () => chatCall({ id: 'a', function: { name: 'b' } }));
      read(shop.openAiChat, frames);
    }, 10_000);
  });

  it('canonical forms, and what is quoted of big numbers', () => {
    const json = (size: number): Json => Array.from({ length: size / 10 }, (_, i) => ({ [`k${i % 7}`]: i }));
    expectLinear((size) => void toJson(json(size)), 100_000);
  });
});

describe('the bounds of a response', () => {
  const bounded = (options: DecoderOptions, frames: Frame[]) => runStage<Frame, ModelEvent>(shop.openAiChat.decoder(options), frames);

  it.each([
    ['maxTextLength', { maxTextLength: 8 }, [chat({ content: 'abcd' }), chat({ reasoning_content: 'efgh' }), chat({ content: 'i' })]],
    [
      'maxResponseLength',
      { maxResponseLength: 200 },
      [chat({ content: 'abcd' }), chat({ content: 'efgh' }), chat({ content: 'x'.repeat(100) })],
    ],
    ['maxChoices', { maxChoices: 1 }, [chat({ content: 'abcd' }), chat({ content: 'efgh' }), chat({ content: 'x' }, { index: 7 })]],
  ])('%s: one more is a LimitError, with what came before', (limit, options, frames) => {
    const { values, error } = bounded(options, frames);
    expect(error).toMatchObject({ name: 'LimitError', limit, partial: { text: expect.stringMatching(/^abcd/) } });
    expect(values.filter(({ type }) => type.endsWith('-delta'))).toHaveLength(2);
    expect(bounded(options, frames.slice(0, 2)).error).toMatchObject({ name: 'InterruptedError' });
  });

  it.each(['maxTextLength', 'maxResponseLength', 'maxChoices', 'maxDiagnostics', 'maxNameLength'])(
    'refuses a %s that is none, at the call',
    (bound) => {
      const options = { dialect: shop.openAiChat, url: 'https://api.example', model: 'm', [bound]: Number.NaN };
      expect(() => httpModel(options)).toThrow(RangeError);
    },
  );

  it('of a million choices the server may make 128', () => {
    const { error } = bounded(
      {},
      Array.from({ length: 1000 }, (_, index) => chat({ content: 'x' }, { index })),
    );
    expect(error).toMatchObject({ limit: 'maxChoices', max: 128 });
  });
});

import type { AddressInfo } from 'node:net';
import type { Fixture, FixtureBlock } from '@copilotkit/aimock';
import { type ServerType, serve } from '@hono/node-server';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configOf, type GatewayConfig } from '../../examples/gateway/config.ts';
import { gateway } from '../../examples/gateway/gateway.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { type Aimock, startAimock } from '../support/aimock.ts';
import { type RawServer, rawServer, type Step } from '../support/raw-server.ts';

const text = (words: string): FixtureBlock => ({ type: 'text', text: words });
const call = (id: string, name: string, args: object): FixtureBlock => ({ type: 'toolCall', id, name, arguments: JSON.stringify(args) });
const script: Fixture[] = [
  { match: { userMessage: 'too much' }, response: { error: { message: 'Slow down.', type: 'rate_limit_error' }, status: 429 } },
  { match: { hasToolResult: true }, response: { blocks: [text('22 °C and 31 °C.')] } },
  {
    match: { userMessage: 'Weather?' },
    response: {
      blocks: [text('Both cities. '), call('call_1', 'weather', { city: 'Tōkyō' }), call('call_2', 'weather', { city: 'Hà Nội' })],
    },
  },
];

/** What aimock serves: each dialect, and the path its API begins with. */
const served: ReadonlyArray<readonly [name: string, dialect: Dialect, path: string]> = [
  ['openAiChat', openAiChat, '/v1'],
  ['openAiResponses', openAiResponses, '/v1'],
  ['anthropicMessages', anthropicMessages, '/v1'],
  ['gemini', gemini, '/v1beta'],
  ['ollama', ollama, ''],
  ['cohere', cohere, ''],
];

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** The gateway on loopback, and the official client on it. */
async function clientOf(models: GatewayConfig['models']): Promise<OpenAI> {
  const server: ServerType = await new Promise((resolve) => {
    const { fetch } = gateway({ port: 0, models });
    const started = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started));
  });
  open.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
}

/** A gateway in front of a server that answers as scripted. */
async function inFrontOf(...steps: Step[]): Promise<{ client: OpenAI; upstream: RawServer }> {
  const upstream = await rawServer(steps);
  open.push(() => upstream.close());
  return {
    upstream,
    client: await clientOf(configOf({ models: { m: { dialect: 'openAiChat', url: upstream.origin, model: 'm' } } }, {}).models),
  };
}

const SSE_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';
const piece = (content: string) => `data: {"id":"r","model":"m","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
const refusal = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;

const weather = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};
const question = { role: 'user' as const, content: 'Weather?' };
/** Without their ids: not every API has them. */
const calls = [
  { type: 'function', function: { name: 'weather', arguments: '{"city":"Tōkyō"}' } },
  { type: 'function', function: { name: 'weather', arguments: '{"city":"Hà Nội"}' } },
];

describe.each(served)('the gateway in front of %s', (_name, dialect, path) => {
  let server: Aimock;
  let models: GatewayConfig['models'];
  beforeAll(async () => {
    server = await startAimock(script);
    const url = server.url.replace(/\/v1$/, path);
    models = new Map([['weatherman', { dialect, url, model: 'm-1', apiKey: 'sk-up', passUnknown: false }]]);
  });
  afterAll(() => server.stop());

  it('streams calls to the official client, and the answer once it sent the results', async () => {
    const client = await clientOf(models);
    const first = await client.chat.completions
      .stream({ model: 'weatherman', messages: [question], tools: [weather], stream_options: { include_usage: true } })
      .finalChatCompletion();
    const message = first.choices[0]?.message;
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(message?.content).toBe('Both cities. ');
    expect(message?.tool_calls).toMatchObject(calls);
    if (!message) return;

    const results = (message.tool_calls ?? []).map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: '22' }));
    const stream = await client.chat.completions.create({
      model: 'weatherman',
      messages: [question, { role: message.role, content: message.content, tool_calls: message.tool_calls ?? [] }, ...results],
      tools: [weather],
      stream: true,
    });
    let said = '';
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    expect(said).toBe('22 °C and 31 °C.');
  });

  it('answers in one piece where no stream is asked for', async () => {
    const client = await clientOf(models);
    const completion = await client.chat.completions.create({ model: 'weatherman', messages: [question], tools: [weather] });
    expect(completion).toMatchObject({
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', content: 'Both cities. ', tool_calls: calls } }],
    });
  });

  it('passes on that the upstream is asked too much, as a status', async () => {
    const client = await clientOf(models);
    const messages = [{ role: 'user' as const, content: 'too much' }];
    for (const stream of [true, false]) {
      const error = await client.chat.completions.create({ model: 'weatherman', messages, stream }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    }
  });
});

describe('the gateway', () => {
  it('sends the request in its own words, and what only OpenAI knows as it came', async () => {
    const { client, upstream } = await inFrontOf(
      SSE_HEAD,
      piece('a'),
      'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}}\n\ndata: [DONE]\n\n',
      'close',
    );
    const { usage } = await client.chat.completions.create({
      model: 'm',
      messages: [{ role: 'developer', content: 'Be brief.' }, question],
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      max_completion_tokens: 5,
      stop: 'x',
      n: 2,
      user: 'somebody',
    });
    expect(usage).toEqual({ prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 });
    expect(JSON.parse(upstream.exchanges[0]?.body ?? '')).toMatchObject({
      model: 'm',
      messages: [{ role: 'system', content: 'Be brief.' }, question],
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      max_tokens: 5,
      stop: ['x'],
      n: 2,
      user: 'somebody',
      stream: true,
    });
  });

  it('answers in the old form who asks in it', async () => {
    const delta = '{"tool_calls":[{"index":0,"id":"c","function":{"name":"weather","arguments":"{}"}}]}';
    const { client, upstream } = await inFrontOf(
      SSE_HEAD,
      `data: {"choices":[{"index":0,"delta":${delta},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n`,
      'close',
    );
    const messages = [
      question,
      { role: 'assistant' as const, content: null, function_call: { name: 'weather', arguments: '{"city":"x"}' } },
      { role: 'function' as const, name: 'weather', content: '22' },
    ];
    const { choices } = await client.chat.completions.stream({ model: 'm', messages, functions: [weather.function] }).finalChatCompletion();
    expect(choices[0]).toMatchObject({ finish_reason: 'function_call', message: { function_call: { name: 'weather', arguments: '{}' } } });
    expect(JSON.parse(upstream.exchanges[0]?.body ?? '')).toMatchObject({ messages, tools: [weather] });
  });

  describe('a tool of plain text', () => {
    const sql = { type: 'custom' as const, custom: { name: 'sql', description: 'Runs a query' } };
    const format = { type: 'grammar' as const, grammar: { syntax: 'regex' as const, definition: '\\d+' } };
    const dates = { type: 'custom' as const, custom: { name: 'dates', format } };
    const earlier = { id: 'c0', type: 'custom' as const, custom: { name: 'sql', input: 'SELECT "0"' } };
    const asked = {
      model: 'm',
      messages: [
        question,
        {
          role: 'assistant' as const,
          content: null,
          tool_calls: [earlier],
        },
        { role: 'tool' as const, tool_call_id: 'c0', content: '0' },
      ],
      tools: [sql, dates, weather],
      tool_choice: sql,
    };
    const chunk = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const asFunction = (text: string) => ({
      tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'sql', arguments: text } }],
    });
    const asCustom = (input: string) => ({ tool_calls: [{ index: 0, id: 'c', type: 'custom', custom: { name: 'sql', input } }] });
    const call = { id: 'c', type: 'custom', custom: { name: 'sql', input: 'SELECT "1"' } };

    it.each([
      ['has functions alone', false, asFunction('{"input":"SELECT \\"1\\""}')],
      ['has custom tools', true, asCustom('SELECT "1"')],
    ] as const)('is one to the client where the upstream %s', async (_, customTools, delta) => {
      const answer = [SSE_HEAD, chunk(delta), chunk({}, 'tool_calls'), 'data: [DONE]\n\n', 'close'] as const;
      const upstream = await rawServer(answer);
      open.push(() => upstream.close());
      const m = { dialect: 'openAiChat', url: upstream.origin, model: 'm', customTools };
      const client = await clientOf(configOf({ models: { m } }, {}).models);

      expect((await client.chat.completions.create(asked)).choices).toMatchObject([
        { finish_reason: 'tool_calls', message: { content: null, tool_calls: [call] } },
      ]);
      const sent = JSON.parse(upstream.exchanges[0]?.body ?? '');
      const inField = { type: 'function', function: { name: 'sql', arguments: '{"input":"SELECT \\"0\\""}' } };
      expect(sent.messages[1].tool_calls).toMatchObject([customTools ? earlier : inField]);
      expect(sent.tools).toMatchObject(
        customTools
          ? [sql, dates, weather]
          : [{ type: 'function', function: { parameters: { required: ['input'] } } }, { type: 'function' }, weather],
      );
      expect(sent.tool_choice).toEqual(
        customTools ? { type: 'custom', custom: { name: 'sql' } } : { type: 'function', function: { name: 'sql' } },
      );

      let said = '';
      for await (const { choices } of await client.chat.completions.create({ ...asked, stream: true })) {
        for (const piece of choices[0]?.delta.tool_calls ?? []) {
          expect(piece).not.toHaveProperty('function');
          said += (piece as unknown as { custom?: { input?: string } }).custom?.input ?? '';
        }
      }
      expect(said).toBe('SELECT "1"');
    });

    it('is no whole call where its text is cut', async () => {
      const { client } = await inFrontOf(
        SSE_HEAD,
        chunk(asFunction('{"input":"DELETE')),
        `${chunk({}, 'tool_calls')}data: [DONE]\n\n`,
        'close',
      );
      expect((await client.chat.completions.create(asked)).choices).toMatchObject([{ finish_reason: 'length' }]);
    });

    it('needs a name that every provider takes', async () => {
      const { client } = await inFrontOf('close');
      const named = { type: 'custom' as const, custom: { name: 'a b' } };
      const refused = client.chat.completions.create({ model: 'm', messages: [question], tools: [named] });
      await expect(refused).rejects.toMatchObject({ status: 400, param: 'tools.0.custom.name' });
    });
  });

  it('stops asking upstream when the client is gone', async () => {
    const { client, upstream } = await inFrontOf(SSE_HEAD, piece('Once '), 'hold');
    const stream = await client.chat.completions.create({ model: 'm', messages: [question], stream: true });
    for await (const { choices } of stream) if (choices[0]?.delta.content === 'Once ') break;
    expect(await (await upstream.exchange(0)).left).toBe(true);
  });

  it.each([true, false])('stops asking upstream when the client is gone before anything came (stream: %s)', async (stream) => {
    const { client, upstream } = await inFrontOf('hold');
    const leaving = new AbortController();
    const answer = client.chat.completions.create({ model: 'm', messages: [question], stream }, { signal: leaving.signal });
    const { left } = await upstream.exchange(0);
    leaving.abort();
    await expect(answer).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(await left).toBe(true);
  });

  it('writes an error into the stream once it has begun', async () => {
    const { client } = await inFrontOf(SSE_HEAD, piece('Once '), 'reset');
    let said = '';
    const reading = async () => {
      const stream = await client.chat.completions.create({ model: 'm', messages: [question], stream: true });
      for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    };
    await expect(reading()).rejects.toMatchObject({ code: 'interrupted', type: 'upstream_error' });
    expect(said).toBe('Once ');
  });

  it.each([
    ['the upstream refuses the request', refusal('400 Bad Request', '{"error":{"message":"Too long.","code":"context_length"}}'), 400],
    ['the upstream refuses the gateway’s key', refusal('401 Unauthorized', '{"error":{"message":"Bad key."}}'), 502],
    ['the upstream sends something else', refusal('200 OK', '{"hello":1}'), 502],
  ] as const)('answers with a fitting status where %s', async (_, response, status) => {
    const { client } = await inFrontOf(response, 'close');
    for (const stream of [true, false]) {
      const answer = client.chat.completions.create({ model: 'm', messages: [question], stream });
      await expect(answer).rejects.toMatchObject({ status, type: 'upstream_error' });
    }
  });

  it('says what is wrong with a request', async () => {
    const { client, upstream } = await inFrontOf('close');
    const none = client.chat.completions.create({ model: 'other', messages: [question] });
    await expect(none).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    const wrong = client.chat.completions.create({ model: 'm', messages: [{ role: 'user' } as typeof question] });
    await expect(wrong).rejects.toMatchObject({ status: 400, type: 'invalid_request_error', param: 'messages.0.content' });
    expect(upstream.exchanges).toEqual([]);
  });

  it('lists its models', async () => {
    const { client } = await inFrontOf('close');
    expect((await client.models.list()).data).toEqual([{ id: 'm', object: 'model', created: 0, owned_by: 'openai-chat' }]);
  });
});

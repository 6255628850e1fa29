import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import type { DecoderOptions } from '../../src/dialects/dialect.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { InterruptedError, MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import type { AssistantMessage, Message, ToolDeclaration } from '../../src/messages.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';

type Event = ModelEvent | ToolCall;
type Fields = { readonly [key: string]: unknown };

const frames = (events: ReadonlyArray<Fields | string>): Frame[] =>
  events.map((event) => ({ data: typeof event === 'string' ? event : JSON.stringify(event) }));

function read(events: ReadonlyArray<Fields | string>, options?: DecoderOptions) {
  const decoded = runStage(openAiResponses.decoder(options), frames(events));
  const gathered = runStage<ModelEvent, Event>(toolCallAccumulator<ModelEvent>(), decoded.values);
  const found = gathered.values;
  const end = found.find((event) => event.type === 'round-end');
  return {
    events: found,
    error: decoded.error,
    text: found.map((event) => (event.type === 'text-delta' ? event.text : '')).join(''),
    reasoning: found.map((event) => (event.type === 'reasoning-delta' ? event.text : '')).join(''),
    calls: found.filter((event) => event.type === 'tool-call'),
    summary: found.flatMap((event) =>
      event.type === 'tool-call'
        ? [[event.callId, event.name, event.arguments._tag === 'Right' ? event.arguments.right : event.arguments.left.code]]
        : [],
    ),
    codes: found.flatMap((event) => (event.type === 'diagnostic' ? [event.code] : [])),
    finish: found.flatMap((event) => (event.type === 'finish-reason' ? [event.reason, event.raw] : [])),
    message: end?.message,
    native: end?.message.native?.message as Json[] | undefined,
  };
}

const created: Fields = { type: 'response.created', response: { id: 'r1', model: 'm' } };
const completed = (output: unknown[] = [], rest = {}): Fields => ({
  type: 'response.completed',
  response: { id: 'r1', status: 'completed', output, ...rest },
});
const incomplete = (reason: string): Fields => ({
  type: 'response.incomplete',
  response: { id: 'r1', incomplete_details: { reason }, output: [] },
});
const text = (delta: string, marks = {}): Fields => ({ type: 'response.output_text.delta', delta, ...marks });
const added = (item: Fields, marks = {}): Fields => ({ type: 'response.output_item.added', item, ...marks });
const itemDone = (item: Fields, marks = {}): Fields => ({ type: 'response.output_item.done', item, ...marks });
const fn = (call_id: string, name: string, args = '', rest = {}): Fields => ({
  type: 'function_call',
  call_id,
  name,
  arguments: args,
  ...rest,
});
const args = (delta: string, marks = {}): Fields => ({ type: 'response.function_call_arguments.delta', delta, ...marks });
const message = (content: string, rest = {}): Fields => ({ type: 'message', content: [{ type: 'output_text', text: content }], ...rest });

describe('openAiResponses: text', () => {
  it('that comes in `.done` events alone is read, once', () => {
    const done = { type: 'response.output_text.done', text: 'Hello' };
    expect(read([created, done, itemDone(message('Hello')), completed([message('Hello')])]).text).toBe('Hello');
    expect(read([created, itemDone(message('Hello')), completed()]).text).toBe('Hello');
    expect(read([created, completed([message('Hello')])]).text).toBe('Hello');
    expect(read([created, text('Hel'), done, completed()]).text).toBe('Hello');
  });

  it('that a whole event has otherwise stays as it was streamed', () => {
    expect(read([created, text('Hello'), itemDone(message('Hullo')), completed()]).text).toBe('Hello');
  });

  it('comes without any index, number, id or `.done` event', () => {
    const { text: said, message: back, native } = read([created, text('Hel'), text('lo'), completed()]);
    expect(said).toBe('Hello');
    expect(back?.content).toBe('Hello');
    expect(native).toMatchObject([{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] }]);
  });

  it('of several messages is said in turn, and each is kept', () => {
    const { text: said, native } = read([
      created,
      added({ type: 'message', id: 'a' }, { output_index: 0 }),
      text('one', { item_id: 'a', output_index: 0 }),
      itemDone(message('one', { id: 'a' }), { output_index: 0 }),
      added({ type: 'message', id: 'b' }, { output_index: 1 }),
      text('two', { item_id: 'b', output_index: 1 }),
      completed([message('one', { id: 'a' }), message('two', { id: 'b', phase: 'final_answer' })]),
    ]);
    expect(said).toBe('onetwo');
    expect(native).toEqual([message('one', { id: 'a' }), message('two', { id: 'b', phase: 'final_answer' })]);
  });

  it('has its annotations and log probabilities as provider events, annotations once', () => {
    const annotation = { type: 'url_citation', url: 'https://example.com' };
    const cited = { type: 'message', content: [{ type: 'output_text', text: 'a', annotations: [annotation] }] };
    const names = (events: readonly Fields[]) =>
      read(events).events.flatMap((event) => (event.type === 'provider-event' ? [event.name] : []));
    const added = { type: 'response.output_text.annotation.added', annotation, annotation_index: 0 };
    expect(names([created, text('a', { logprobs: [{ token: 'a' }] }), added, itemDone(cited), completed([cited])])).toEqual([
      'logprobs',
      'response.output_text.annotation.added',
    ]);
    expect(names([created, text('a'), itemDone(cited), completed([cited])])).toEqual(['response.output_text.annotation.added']);
  });

  it('as a refusal is a refusal', () => {
    const refused = { type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] };
    const streamed = read([
      created,
      { type: 'response.refusal.delta', delta: 'No' },
      { type: 'response.refusal.done', refusal: 'No.' },
      completed(),
    ]);
    expect(streamed.message).toMatchObject({ content: '', refusal: 'No.' });
    expect(read([created, itemDone(refused), completed()]).message?.refusal).toBe('No.');
  });
});

describe('openAiResponses: reasoning', () => {
  it('in several parts is one text with blank lines between, and parts in what goes back', () => {
    const summary = (delta: string, summary_index: number) => ({ type: 'response.reasoning_summary_text.delta', delta, summary_index });
    const { reasoning, native } = read([
      created,
      added({ type: 'reasoning', id: 'rs', encrypted_content: 'x' }),
      summary('On', 0),
      summary('e', 0),
      summary('Two', 1),
      { type: 'response.reasoning_text.delta', delta: 'raw' },
      completed(),
    ]);
    expect(reasoning).toBe('One\n\nTwo\n\nraw');
    expect(native).toEqual([
      {
        type: 'reasoning',
        id: 'rs',
        encrypted_content: 'x',
        summary: [
          { type: 'summary_text', text: 'One' },
          { type: 'summary_text', text: 'Two' },
        ],
        content: [{ type: 'reasoning_text', text: 'raw' }],
      },
    ]);
  });
});

describe('openAiResponses: calls', () => {
  it('go on by output index where each event has another item id (a relay that encrypts ids)', () => {
    const { summary, native, codes } = read([
      created,
      added(fn('c1', 'add', '', { id: 'x1' }), { output_index: 0 }),
      added(fn('c2', 'mul', '', { id: 'x2' }), { output_index: 1 }),
      args('{"a"', { item_id: 'x3', output_index: 0 }),
      args('{"b"', { item_id: 'x4', output_index: 1 }),
      args(':1}', { item_id: 'x5', output_index: 0 }),
      args(':2}', { item_id: 'x6', output_index: 1 }),
      itemDone(fn('c1', 'add', '{"a":1}', { id: 'x7' }), { output_index: 0 }),
      itemDone(fn('c2', 'mul', '{"b":2}', { id: 'x8' }), { output_index: 1 }),
      completed([fn('c1', 'add', '{"a":1}', { id: 'x9' }), fn('c2', 'mul', '{"b":2}', { id: 'x10' })]),
    ]);
    expect(summary).toEqual([
      ['c1', 'add', { a: 1 }],
      ['c2', 'mul', { b: 2 }],
    ]);
    expect(codes).toEqual([]);
    expect(native).toMatchObject([{ call_id: 'c1' }, { call_id: 'c2' }]);
  });

  it('go on by item id where all have the same output index', () => {
    const { summary } = read([
      created,
      added(fn('c1', 'add', '', { id: 'f1' }), { output_index: 0 }),
      added(fn('c2', 'mul', '', { id: 'f2' }), { output_index: 0 }),
      args('{"a":1}', { item_id: 'f1', output_index: 0 }),
      args('{"b":2}', { item_id: 'f2', output_index: 0 }),
      completed(),
    ]);
    expect(summary).toEqual([
      ['c1', 'add', { a: 1 }],
      ['c2', 'mul', { b: 2 }],
    ]);
  });

  it('go on with the newest where nothing tells them apart', () => {
    const { summary } = read([created, added(fn('c1', 'add')), args('{"a":'), args('1}'), added(fn('c2', 'add')), args('{}'), completed()]);
    expect(summary).toEqual([
      ['c1', 'add', { a: 1 }],
      ['c2', 'add', {}],
    ]);
  });

  it.each([
    ['in `arguments.done`', [added(fn('c1', 'add')), { type: 'response.function_call_arguments.done', arguments: '{"a":1}' }, completed()]],
    ['in `output_item.done`', [added(fn('c1', 'add')), itemDone(fn('c1', 'add', '{"a":1}')), completed()]],
    ['in an item that was never added', [itemDone(fn('c1', 'add', '{"a":1}')), completed()]],
    ['in `output_item.added`', [added(fn('c1', 'add', '{"a":1}')), completed()]],
    ['in `response.completed`', [completed([fn('c1', 'add', '{"a":1}')])]],
    [
      'in all of them',
      [added(fn('c1', 'add', '{"a":1}')), args('{"a":1}'), itemDone(fn('c1', 'add', '{"a":1}')), completed([fn('c1', 'add', '{"a":1}')])],
    ],
    ['as an object', [itemDone({ ...fn('c1', 'add'), arguments: { a: 1 } }), completed()]],
  ])('have their arguments %s', (_, events) => {
    const { summary, codes, finish } = read([created, ...events]);
    expect(summary).toEqual([['c1', 'add', { a: 1 }]]);
    expect(codes).toEqual([]);
    expect(finish).toEqual(['tool-calls', 'completed']);
  });

  it('without arguments are called with `{}`, and go back so', () => {
    const { summary, native } = read([created, added(fn('c1', 'ping')), itemDone(fn('c1', 'ping')), completed()]);
    expect(summary).toEqual([['c1', 'ping', {}]]);
    expect(native).toMatchObject([{ call_id: 'c1', arguments: '{}' }]);
  });

  it('of one id are two calls, under two ids in what goes back', () => {
    const { summary, codes, native } = read([
      created,
      itemDone(fn('c', 'a', '{"x":1}', { id: 'f1' })),
      itemDone(fn('d', 'a', '{"x":1}', { id: 'f2' })),
      completed(),
    ]);
    expect(summary.map(([id]) => id)).toEqual(['c', 'd']);
    expect(codes).toEqual([]);
    expect(native).toMatchObject([{ call_id: 'c' }, { call_id: 'd' }]);
  });

  it('without a name or an id at first have both from the done item', () => {
    const { summary } = read([
      created,
      args('{"a":1}', { output_index: 0 }),
      itemDone(fn('c1', 'add', '{"a":1}'), { output_index: 0 }),
      completed(),
    ]);
    expect(summary).toEqual([['c1', 'add', { a: 1 }]]);
  });

  it('announced once more are the same call, unless another call id or place says otherwise', () => {
    const announced = (call_id: string, output_index?: number) => added(fn(call_id, 'add', '', { id: 'i1' }), { output_index });
    const ids = (...events: Fields[]) => read([created, ...events, completed()]).summary.map(([id]) => id);
    expect(ids(announced('c1', 0), announced('c1', 0))).toEqual(['c1']);
    expect(ids(announced('c1'), announced('c1'))).toEqual(['c1']);
    expect(ids(announced('c1', 0), announced('c2', 0))).toEqual(['c1', 'c2']);
    expect(ids(announced('c1', 0), announced('c1', 1))).toHaveLength(2);
  });

  it('without a call id have the id of their item', () => {
    const item = { type: 'function_call', id: 'fc_1', name: 'add', arguments: '{"a":1}' };
    expect(read([created, added(item), itemDone(item), completed()]).summary).toEqual([['fc_1', 'add', { a: 1 }]]);
  });

  it('of which neither an id nor a name nor an argument came are none, and nothing goes back for them', () => {
    for (const type of ['function_call', 'custom_tool_call']) {
      const { summary, finish, native, error } = read([created, added({ type }), text('Hi'), '[DONE]']);
      expect({ summary, finish, error }).toEqual({ summary: [], finish: [], error: undefined });
      expect(native).toMatchObject([{ type: 'message' }]);
    }
    expect(read([created, added({ type: 'function_call' }), completed()])).toMatchObject({ summary: [], finish: ['stop', 'completed'] });
  });

  it('cut by the token limit never run', () => {
    const cut = [created, added(fn('c1', 'add')), args('{"a":'), itemDone(fn('c1', 'add', '{"a":', { status: 'incomplete' }))];
    const { summary, finish } = read([...cut, incomplete('max_output_tokens')]);
    expect(summary).toEqual([['c1', 'add', 'incomplete']]);
    expect(finish).toEqual(['length', 'max_output_tokens']);
  });
});

describe('openAiResponses: custom tools', () => {
  const custom = (input: string, rest = {}) => ({ type: 'custom_tool_call', call_id: 'c1', name: 'run', input, ...rest });
  const input = (delta: string) => ({ type: 'response.custom_tool_call_input.delta', delta });

  it('have plain text as their arguments: one JSON string', () => {
    const words = 'say "{é}"\n\\ \ud83d\ude00';
    const pieces = [...Array(words.length)].map((_, i) => input(words[i] ?? ''));
    const { summary, calls, native } = read([created, added(custom('')), ...pieces, itemDone(custom(words)), completed()]);
    expect(summary).toEqual([['c1', 'run', words]]);
    expect(JSON.parse(calls[0]?.argumentsText ?? '')).toBe(words);
    expect(native).toEqual([custom(words)]);
  });

  it('may have no text, or all of it in the done item', () => {
    expect(read([created, added(custom('')), itemDone(custom('')), completed()]).summary).toEqual([['c1', 'run', '']]);
    expect(read([created, itemDone(custom('ls')), completed()]).summary).toEqual([['c1', 'run', 'ls']]);
    expect(read([created, added(custom('')), input('ls'), completed()]).summary).toEqual([['c1', 'run', 'ls']]);
  });

  it('cut short never run', () => {
    const cut = [created, added(custom('')), input('rm -rf /tmp'), { type: 'response.custom_tool_call_input.done', input: 'rm -rf /tmp' }];
    const item = itemDone(custom('rm -rf /tmp', { status: 'incomplete' }));
    expect(read([...cut, item, incomplete('max_output_tokens')]).summary).toEqual([['c1', 'run', 'incomplete']]);
    expect(read([...cut, incomplete('max_output_tokens')]).summary).toEqual([['c1', 'run', 'incomplete']]);
    expect(read(cut).summary).toEqual([['c1', 'run', 'interrupted']]);
  });
});

describe('openAiResponses: endings', () => {
  it.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content-filter'],
    ['something_new', 'other'],
  ])('incomplete because of %s is %s', (raw, reason) => {
    expect(read([created, text('a'), incomplete(raw)]).finish).toEqual([reason, raw]);
  });

  it('`response.done` ends by its status, regularly where it says none', () => {
    const done = (response?: Fields) => ({ type: 'response.done', ...(response && { response }) });
    expect(read([created, text('a'), done({ status: 'completed' })]).finish).toEqual(['stop', 'completed']);
    expect(read([created, text('a'), done()]).finish).toEqual(['stop', 'completed']);
    expect(read([created, text('a'), done({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })]).finish).toEqual([
      'length',
      'max_output_tokens',
    ]);
    expect(read([created, text('a'), done({ status: 'failed' })]).error).toBeInstanceOf(ProviderError);
  });

  it('items that do not say what they are are handed on, and go back', () => {
    const nameless = { id: 'x1', note: 'who am I?' };
    const { events, native, error } = read([created, added(nameless), itemDone(nameless), text('a'), completed([nameless, message('a')])]);
    expect(error).toBeUndefined();
    expect(events.filter((event) => event.type === 'provider-event')).toHaveLength(2);
    expect(native).toEqual([nameless, message('a')]);
    expect(read([created, completed([nameless])]).native).toEqual([nameless]);
  });

  it('events that lack the item, or the words, they announce say nothing', () => {
    const empty = [
      { type: 'response.output_item.added' },
      { type: 'response.output_item.done' },
      { type: 'response.output_text.delta' },
      { type: 'response.output_text.delta', delta: null },
      { type: 'response.reasoning_summary_text.delta' },
      { type: 'response.function_call_arguments.done' },
    ];
    const { events, summary } = read([created, text('a'), ...empty, completed()]);
    expect(summary).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['round-start', 'text-delta', 'finish-reason', 'round-end']);
  });

  it('a cut is an interruption that says where to go on', () => {
    const { error, events } = read([
      { ...created, sequence_number: 0 },
      { ...text('Hel'), sequence_number: 4 },
    ]);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).place).toMatchObject({ responseId: 'r1', sequence: 4 });
    expect((error as InterruptedError).partial.text).toBe('Hel');
    expect(events.some((event) => event.type === 'round-end')).toBe(false);
  });

  it('a last frame that is cut in two is an interruption', () => {
    const body = `data: ${JSON.stringify(text('a'))}\n\ndata: {"type":"response.comp`;
    const { error } = runStage(openAiResponses.decoder(), runStage<string | Uint8Array, Frame>(sseParser(), [body]).values);
    expect(error).toBeInstanceOf(InterruptedError);
  });

  it.each([
    ['an `error` event', { type: 'error', code: 'rate_limit_exceeded', message: 'Slow down', param: null }],
    ['an `error` event with the error inside', { type: 'error', error: { code: 'rate_limit_exceeded', message: 'Slow down' } }],
    [
      '`response.failed`',
      { type: 'response.failed', response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'Slow down' } } },
    ],
    ['an error and nothing else', { error: { code: 'rate_limit_exceeded', message: 'Slow down' } }],
  ])('%s is a ProviderError with what came', (_, event) => {
    const { error } = read([created, text('Hel'), event]);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: 'rate_limit_exceeded', retryable: true, partial: { text: 'Hel' } });
    expect((error as Error).message).toContain('Slow down');
  });

  it('an error that comes first starts no round: it may be asked again', () => {
    expect(read([{ type: 'error', code: 'rate_limit_exceeded', message: 'Slow down' }])).toMatchObject({
      events: [],
      error: { retryable: true },
    });
  });

  it('what comes after the last event is ignored, `[DONE]` without a word', () => {
    expect(read([created, completed(), '[DONE]']).codes).toEqual([]);
    expect(read([created, completed(), text('late')])).toMatchObject({ codes: ['data-after-end'], text: '' });
  });

  it('`[DONE]` in place of the last event ends the response', () => {
    expect(read([created, text('a'), '[DONE]'])).toMatchObject({ error: undefined, message: { content: 'a' } });
  });

  it('the type may stand in the name of the event alone', () => {
    const wire = [
      { event: 'response.output_text.delta', data: '{"delta":"a"}' },
      { event: 'response.completed', data: '{"response":{"output":[]}}' },
    ];
    expect(runStage(openAiResponses.decoder(), wire).values.map(({ type }) => type)).toEqual([
      'round-start',
      'text-delta',
      'finish-reason',
      'round-end',
    ]);
  });

  it('keep-alives are nothing', () => {
    expect(
      read([{ type: 'keepalive', sequence_number: 3 }, '{}', 'null', '', created, completed()]).events.map(({ type }) => type),
    ).toEqual(['round-start', 'finish-reason', 'round-end']);
  });

  it('a frame of another shape is an error that says where, or skipped', () => {
    const odd = { type: 'response.output_text.delta', delta: { text: 'a' } };
    const { error } = read([created, odd]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect((error as Error).message).toContain('`delta`');
    expect(read([created, odd, text('b'), completed()], { onMalformed: 'skip' })).toMatchObject({ text: 'b', codes: ['frame-skipped'] });
    expect(read(['no json']).error).toBeInstanceOf(MalformedFrameError);
  });
});

describe('openAiResponses.encodeRequest', () => {
  const body = (messages: readonly Message[], rest = {}) => openAiResponses.encodeRequest({ messages, ...rest }, { model: 'm' }).body;
  const add: ToolDeclaration = { name: 'add', description: 'Adds', inputSchema: { type: 'object' } };
  const sql: ToolDeclaration = { name: 'sql', inputSchema: { type: 'object' }, format: { type: 'text' } };

  it('puts leading system messages into the instructions, and all else into the input', () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', url: 'data:,' },
        ],
      },
      { role: 'assistant', content: 'A cat.' },
      { role: 'system', content: 'Now in French.' },
      { role: 'user', content: 'Again?' },
    ];
    expect(body(messages)).toEqual({
      model: 'm',
      instructions: 'Be kind.\n\nBe brief.',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: 'data:,', detail: 'auto' },
          ],
        },
        { role: 'assistant', content: 'A cat.' },
        { role: 'system', content: 'Now in French.' },
        { role: 'user', content: 'Again?' },
      ],
      stream: true,
    });
  });

  it('declares functions, and a tool of plain text as a custom one', () => {
    const format = { type: 'grammar', syntax: 'regex', definition: '[0-9]+' } as const;
    const grammar: ToolDeclaration = { name: 'digits', inputSchema: { type: 'object' }, format };
    const sent = body([], {
      tools: [add, sql, grammar],
      toolChoice: { name: 'sql' },
      parallelToolCalls: false,
      maxOutputTokens: 9,
      temperature: 0,
      topP: 1,
    });
    expect(sent).toMatchObject({
      tools: [
        { type: 'function', name: 'add', description: 'Adds', parameters: { type: 'object' }, strict: false },
        { type: 'custom', name: 'sql' },
        { type: 'custom', name: 'digits', format: { type: 'grammar', syntax: 'regex', definition: '[0-9]+' } },
      ],
      tool_choice: { type: 'custom', name: 'sql' },
      parallel_tool_calls: false,
      max_output_tokens: 9,
      temperature: 0,
      top_p: 1,
    });
    expect(body([], { tools: [add], toolChoice: { name: 'add' } }).tool_choice).toEqual({ type: 'function', name: 'add' });
    expect(body([], { tools: [add], toolChoice: 'required' }).tool_choice).toBe('required');
  });

  it('merges `extra` last', () => {
    expect(body([], { extra: { store: false, include: ['reasoning.encrypted_content'], stream: false } })).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content'],
      stream: false,
    });
  });

  it('sends the items of an answer back as they came, with the results of its calls', () => {
    const items = [
      { type: 'reasoning', id: 'rs1', summary: [], encrypted_content: 'sealed' },
      { type: 'reasoning', id: 'rs2', summary: [] },
      message('Let me see.', { id: 'm1', role: 'assistant', phase: 'commentary' }),
      fn('c1', 'add', '{"a":1}', { id: 'f1', status: 'completed' }),
      { type: 'custom_tool_call', id: 'f2', call_id: 'c2', name: 'sql', input: 'SELECT 1' },
      { type: 'web_search_call', id: 'w1', status: 'completed' },
    ];
    const answer = read([created, completed(items)]).message as AssistantMessage;
    const results: Message[] = [
      { role: 'tool', toolCallId: 'c1', name: 'add', content: '2' },
      { role: 'tool', toolCallId: 'c2', name: 'sql', content: '1 row' },
    ];
    const outputs = [
      { type: 'function_call_output', call_id: 'c1', output: '2' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: '1 row' },
    ];
    expect(body([answer, ...results]).input).toEqual([...items, ...outputs]);
    const { input } = body([answer, ...results], { extra: { store: false } });
    expect(input).toEqual([...items.filter(({ id }: Fields) => id !== 'rs2'), ...outputs]);
  });

  it('leaves out reasoning that nothing came of', () => {
    const reasoning = { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'x' };
    const answer = read([created, completed([message('Hi', { id: 'm' }), reasoning])]).message as AssistantMessage;
    expect(body([answer]).input).toEqual([message('Hi', { id: 'm' })]);
    expect(answer.native?.message).toHaveLength(2);
  });

  it('writes the calls of another dialect anew: invalid arguments as `{}`, a string as free text', () => {
    const answer: AssistantMessage = {
      role: 'assistant',
      content: '',
      toolCalls: [
        { id: 'c1', name: 'add', argumentsText: '{"a":' },
        { id: 'c2', name: 'sql', argumentsText: '"SELECT 1"' },
      ],
      native: { dialect: 'other', message: {} },
    };
    const results: Message[] = [
      { role: 'tool', toolCallId: 'c1', name: 'add', content: 'bad' },
      { role: 'tool', toolCallId: 'c2', name: 'sql', content: 'ok' },
    ];
    expect(body([answer, ...results]).input).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{}' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'sql', input: 'SELECT 1' },
      { type: 'function_call_output', call_id: 'c1', output: 'bad' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'ok' },
    ]);
  });

  it('names its path and carries the key as a bearer', () => {
    expect(openAiResponses.encodeRequest({ messages: [] }, { model: 'm' }).path).toBe('/responses');
    expect(openAiResponses.authHeaders('k')).toEqual({ authorization: 'Bearer k' });
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectAnswer } from '../../operators/collectAnswer.ts';
import { streamAnswer } from '../../src/answer.ts';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { chatChunks } from '../../src/dialects/chat-chunks.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import type { Dialect, EncodeOptions } from '../../src/dialects/dialect.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { AssistantMessage, ModelRequest } from '../../src/messages.ts';
import { httpModel } from '../../src/models/http-model.ts';
import { runStage } from '../../src/stage.ts';
import { splitBytes } from '../../src/testing/index.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { codecRuns, drawnSplit, readBack, sseWire, wireOf, written } from '../support/codecs.ts';

/** A dialect, and whether tools of plain text are custom tools there. */
interface Form {
  readonly dialect: Dialect;
  readonly customTools?: boolean;
}

const CUSTOM: readonly Form[] = [{ dialect: openAiResponses }, { dialect: openAiChat, customTools: true }];
const FUNCTIONS: readonly Form[] = [
  { dialect: openAiChat },
  { dialect: openAiResponses, customTools: false },
  { dialect: anthropicMessages },
  { dialect: gemini },
  { dialect: ollama },
  { dialect: cohere },
];
const FORMS = [...CUSTOM, ...FUNCTIONS];
const titled = ({ dialect, customTools }: Form) => `${dialect.name}${customTools === undefined ? '' : `, customTools: ${customTools}`}`;

/** Text that is no JSON, looks like JSON, is JSON of the field itself, is empty, needs escapes. */
const TEXTS = ['SELECT 1', '{"a":1}', '{"input":"other"}', '"quoted"', 'null', '', ' \n', 'say "é"\\n\n👩‍🚀'];

const tool = (execute: (text: string) => unknown = (text) => text) =>
  defineTool({ name: 'sql', description: 'Runs a query', parameters: { type: 'text' }, execute });
const grammar = defineTool({
  name: 'dates',
  description: 'Takes a date',
  parameters: { type: 'grammar', syntax: 'regex', definition: '\\d{4}-\\d\\d-\\d\\d' },
});

const bodyOf = ({ dialect, ...options }: Form, request: Partial<ModelRequest>) =>
  dialect.encodeRequest({ messages: [], ...request }, { model: 'm', ...options } as EncodeOptions).body as Record<string, never>;

/** A round that calls the tool once, in either form. */
function callRound(argumentsText: string, callId = 'c1'): ModelEvent[] {
  const message: AssistantMessage = { role: 'assistant', content: '', toolCalls: [{ id: callId, name: 'sql', argumentsText }] };
  return [
    { type: 'round-start', responseId: 'r1', model: 'm' },
    { type: 'tool-call-start', callId, index: 0, name: 'sql' },
    { type: 'tool-call-delta', callId, index: 0, text: argumentsText.slice(0, 4) },
    { type: 'tool-call-delta', callId, index: 0, text: argumentsText.slice(4) },
    { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
    { type: 'round-end', reason: 'tool-calls', message },
  ];
}

const isCustom = (form: Form) => CUSTOM.includes(form);
const argumentsIn = (form: Form, text: string) => JSON.stringify(isCustom(form) ? text : { input: text });
const encoderOf = (form: Form) => (isCustom(form) ? { customTools: ['sql'] } : {});
const callsOf = (events: readonly ModelEvent[]) =>
  runStage<ModelEvent, ModelEvent>(toolCallAccumulator<ModelEvent>() as never, events).values.flatMap((event) =>
    (event as { type: string }).type === 'tool-call' ? [event as unknown as { arguments: unknown }] : [],
  );

describe('a tool of plain text in a request', () => {
  it('is a custom tool of the Responses API', () => {
    const tools = [tool(), grammar];
    const body = bodyOf({ dialect: openAiResponses }, { tools, toolChoice: { name: 'sql' } });
    expect(body.tools).toEqual([
      { type: 'custom', name: 'sql', description: 'Runs a query' },
      {
        type: 'custom',
        name: 'dates',
        description: 'Takes a date',
        format: { type: 'grammar', syntax: 'regex', definition: '\\d{4}-\\d\\d-\\d\\d' },
      },
    ]);
    expect(body.tool_choice).toEqual({ type: 'custom', name: 'sql' });
  });

  it('is a custom tool of chat completions where `customTools` says so', () => {
    const body = bodyOf({ dialect: openAiChat, customTools: true }, { tools: [tool(), grammar], toolChoice: { name: 'dates' } });
    expect(body.tools).toEqual([
      { type: 'custom', custom: { name: 'sql', description: 'Runs a query' } },
      {
        type: 'custom',
        custom: {
          name: 'dates',
          description: 'Takes a date',
          format: { type: 'grammar', grammar: { syntax: 'regex', definition: '\\d{4}-\\d\\d-\\d\\d' } },
        },
      },
    ]);
    expect(body.tool_choice).toEqual({ type: 'custom', custom: { name: 'dates' } });
  });

  it.each(FUNCTIONS.map((form) => [titled(form), form] as const))('is a function with one field: %s', (_, form) => {
    const body = bodyOf(form, { tools: [tool(), grammar] });
    const sent = JSON.stringify(body.tools);
    expect(sent).not.toContain('custom');
    expect(sent).toContain('"properties":{"input":{"type":"string","description":"The input, as plain text."}},"required":["input"]');
    expect(sent).toContain(JSON.stringify('this regular expression:\n\\d{4}-\\d\\d-\\d\\d').slice(1, -1));
    expect(JSON.stringify(bodyOf(form, { tools: [tool()], toolChoice: { name: 'sql' } }))).not.toContain('custom');
  });

  it('is a function in the old form of chat completions too', () => {
    const { body } = openAiChat.encodeRequest(
      { messages: [], tools: [tool()] },
      { model: 'm', legacyFunctions: true, customTools: true },
    ) as unknown as { body: { functions: unknown[]; tools?: unknown } };
    expect(body.functions).toMatchObject([{ name: 'sql', parameters: { required: ['input'] } }]);
    expect(body.tools).toBeUndefined();
  });
});

describe('a tool of plain text runs the same whatever the provider', () => {
  /** What the server answers next, and what it was asked. */
  let answers: Uint8Array[] = [];
  let contentType = 'text/event-stream';
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      asked.push(JSON.parse(body));
      response.writeHead(200, { 'content-type': contentType });
      response.end(answers.shift());
    });
  });
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const said: ModelEvent[] = [
    { type: 'round-start', responseId: 'r2', model: 'm' },
    { type: 'text-delta', text: 'Done.' },
    { type: 'finish-reason', reason: 'stop', raw: 'stop' },
    { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'Done.' } },
  ];

  it.each(FORMS.map((form) => [titled(form), form] as const))('%s', async (_, form) => {
    const { dialect, ...options } = form;
    for (const text of TEXTS) {
      const bytes = [callRound(argumentsIn(form, text)), said].map((events) => written(dialect, wireOf(dialect), events, encoderOf(form)));
      contentType = dialect.framing === 'ndjson' ? 'application/x-ndjson' : 'text/event-stream';
      const given: string[] = [];
      const approved: unknown[] = [];
      const run = tool((input) => {
        given.push(input);
        return 'ok';
      });
      answers = [...bytes];
      asked.length = 0;
      const model = httpModel({ dialect, url, model: 'm', ...options });
      const approve = (call: { arguments: unknown }) => {
        approved.push(call.arguments);
        return true;
      };
      const request = { messages: [{ role: 'user', content: 'Go' }] };
      const answer = await lastValueFrom(streamAnswer({ model, request, tools: [run], approve }).pipe(collectAnswer()));
      expect({ given, text: answer.text }).toEqual({ given: [text], text: 'Done.' });
      expect(approved).toEqual([{ _tag: 'Right', right: text }]);
      expect(asked).toHaveLength(2);

      // Anywhere else, the same history goes out in the other wire's form.
      const history = { messages: answer.messages, tools: [run] };
      for (const other of FORMS) {
        const sent = JSON.stringify(bodyOf(other, history));
        const spelled = JSON.stringify(text);
        if (isCustom(other)) {
          if (dialect !== other.dialect) expect(sent).toContain(`"input":${spelled}}`);
          expect(sent).toContain('custom');
        } else {
          expect(sent).not.toContain('custom');
          const inObject = `{"input":${spelled}}`;
          expect(sent.includes(inObject) || sent.includes(JSON.stringify(inObject)), `${titled(other)}: ${sent}`).toBe(true);
        }
      }
    }
  });

  it('goes back as what it was: a custom call and its output', async () => {
    const form = { dialect: openAiChat, customTools: true };
    contentType = 'text/event-stream';
    answers = [callRound('"SELECT 1"'), said].map((events) => written(openAiChat, sseWire, events, { customTools: ['sql'] }));
    asked.length = 0;
    const model = httpModel({ ...form, url, model: 'm' });
    await lastValueFrom(streamAnswer({ model, request: { messages: [] }, tools: [tool(() => '1 row')] }));
    expect(asked[1]).toMatchObject({
      messages: [
        { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } }] },
        { role: 'tool', tool_call_id: 'c1', content: '1 row' },
      ],
    });
  });
});

describe('history of a tool of plain text', () => {
  const call = (argumentsText: string): AssistantMessage => ({
    role: 'assistant',
    content: '',
    toolCalls: [{ id: 'c1', name: 'sql', argumentsText }],
  });
  const result = { role: 'tool', toolCallId: 'c1', name: 'sql', content: 'ok' } as const;

  it('is plain text where the tool is a custom one, in whichever form the call was', () => {
    for (const argumentsText of ['"SELECT 1"', '{"input":"SELECT 1"}']) {
      const request = { messages: [call(argumentsText), result], tools: [tool()] };
      expect(bodyOf({ dialect: openAiResponses }, request).input).toEqual([
        { type: 'custom_tool_call', call_id: 'c1', name: 'sql', input: 'SELECT 1' },
        { type: 'custom_tool_call_output', call_id: 'c1', output: 'ok' },
      ]);
      expect(bodyOf({ dialect: openAiChat, customTools: true }, request).messages).toEqual([
        { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'ok' },
      ]);
    }
  });

  it('goes by the form of the call where the tool is not declared any more', () => {
    const sent = (argumentsText: string) => bodyOf({ dialect: openAiResponses }, { messages: [call(argumentsText), result] }).input;
    expect(sent('"SELECT 1"')).toMatchObject([{ type: 'custom_tool_call' }, { type: 'custom_tool_call_output' }]);
    expect(sent('{"input":"SELECT 1"}')).toMatchObject([{ type: 'function_call' }, { type: 'function_call_output' }]);
  });

  it('stays a function call where the tool is a function now', () => {
    const sql = { name: 'sql', inputSchema: { type: 'object' } };
    const sent = bodyOf({ dialect: openAiResponses }, { messages: [call('"SELECT 1"'), result], tools: [sql] }).input;
    expect(sent).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'sql', arguments: '{"input":"SELECT 1"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
    ]);
  });

  it('keeps `{}` for a call that was cut', () => {
    for (const form of FUNCTIONS) {
      const sent = JSON.stringify(bodyOf(form, { messages: [call('"SELECT'), result], tools: [tool()] }));
      expect(sent).not.toContain('SELECT');
    }
  });
});

describe('law: plain text comes through either form of a call, however its bytes are split', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...TEXTS));

  it.each(
    [...CUSTOM, ...CUSTOM.map((form) => ({ ...form, wrapped: true }))].map((form) => [titled(form), 'wrapped' in form, form] as const),
  )('%s, from a function: %s', (_, wrapped, { dialect }) => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), drawnSplit, (texts, split) => {
        const events: ModelEvent[] = [
          { type: 'round-start', responseId: 'r1', model: 'm' },
          ...texts.flatMap((words, index): ModelEvent[] => {
            const args = JSON.stringify(wrapped ? { input: words } : words);
            const of = { callId: `c${index}`, index };
            const pieces = [args.slice(0, 3), args.slice(3, 12), args.slice(12)].filter((piece) => piece !== '');
            return [
              { type: 'tool-call-start', ...of, name: 'sql' },
              ...pieces.map((piece): ModelEvent => ({ type: 'tool-call-delta', ...of, text: piece })),
            ];
          }),
          { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
          { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } },
        ];
        const bytes = written(dialect, sseWire, events, { customTools: ['sql'] });
        const back = readBack(dialect, sseWire, splitBytes(bytes, split));
        expect(callsOf(back).map((call) => call.arguments)).toEqual(texts.map((right) => ({ _tag: 'Right', right })));
        expect(back.some(({ type }) => type === 'diagnostic')).toBe(false);
      }),
      codecRuns(100),
    );
  });
});

describe('law: plain text goes out in its field where the wire has functions alone, however its bytes are split', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...TEXTS));
  const forms: readonly Dialect[] = [openAiChat, chatChunks, duplexSession, anthropicMessages, gemini, ollama, cohere];

  it.each(forms.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) => {
    fc.assert(
      fc.property(
        fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 5 })),
        drawnSplit,
        (texts, sizes, split) => {
          const events: ModelEvent[] = [
            { type: 'round-start', responseId: 'r1', model: 'm' },
            ...texts.flatMap((words, index): ModelEvent[] => {
              const of = { callId: `c${index}`, index };
              const pieces = inPieces(` ${JSON.stringify(words)}`, sizes);
              return [
                { type: 'tool-call-start', ...of, name: 'sql' },
                ...pieces.map((piece): ModelEvent => ({ type: 'tool-call-delta', ...of, text: piece })),
              ];
            }),
            { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
            { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } },
          ];
          const wire = wireOf(dialect);
          const back = readBack(dialect, wire, splitBytes(written(dialect, wire, events), split));
          expect(callsOf(back).map((call) => call.arguments)).toEqual(texts.map((input) => ({ _tag: 'Right', right: { input } })));
        },
      ),
      codecRuns(60),
    );
  });

  it.each([openAiChat, chatChunks, duplexSession, anthropicMessages, cohere].map((dialect) => [dialect.name, dialect] as const))(
    'and stays open where it was cut: %s',
    (_, dialect) => {
      const events: ModelEvent[] = [
        { type: 'round-start', responseId: 'r1', model: 'm' },
        { type: 'tool-call-start', callId: 'c0', index: 0, name: 'sql' },
        { type: 'tool-call-delta', callId: 'c0', index: 0, text: '"DELETE FROM t\\' },
        { type: 'tool-call-delta', callId: 'c0', index: 0, text: '"' },
        { type: 'finish-reason', reason: 'length', raw: 'length' },
        { type: 'round-end', reason: 'length', message: { role: 'assistant', content: '' } },
      ];
      const wire = wireOf(dialect);
      expect(callsOf(readBack(dialect, wire, [written(dialect, wire, events)]))).toMatchObject([{ arguments: { _tag: 'Left' } }]);
    },
  );
});

/** A text in pieces of these sizes, the rest in single characters. */
function inPieces(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i] ?? 1;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

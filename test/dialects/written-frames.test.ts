import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import * as dialects from '../../src/dialects/index.ts';
import { ConnectionError, InterruptedError, LimitError, ProviderError, TimeoutError } from '../../src/errors.ts';
import type { ModelEvent, Usage } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';
import type { Json } from '../../src/values.ts';

const { anthropicMessages, cohere, duplexSession, gemini, ollama, openAiChat, openAiResponses } = dialects;

const message = { role: 'assistant', content: 'Hi you' } as const;
const answer: readonly ModelEvent[] = [
  { type: 'round-start' },
  { type: 'reasoning-delta', text: 'so' },
  { type: 'text-delta', text: 'Hi' },
  { type: 'text-delta', text: ' you' },
  { type: 'tool-call-start', callId: 'c1', index: 0, name: 'f' },
  { type: 'tool-call-delta', callId: 'c1', index: 0, text: '{"a":' },
  { type: 'tool-call-delta', callId: 'c1', index: 0, text: '1}' },
  { type: 'tool-call-end', callId: 'c1', index: 0 },
  { type: 'finish-reason', reason: 'tool-calls', raw: '' },
  { type: 'usage', usage: { inputTokens: 5, outputTokens: 3, cachedInputTokens: 2, reasoningTokens: 1 }, raw: {} },
  { type: 'round-end', reason: 'tool-calls', message },
];

const chunk = '{"id":"chatcmpl-0","object":"chat.completion.chunk","created":0,"model":"unknown",';
const ollamaHead = '{"model":"unknown","created_at":"1970-01-01T00:00:00.000Z",';
const geminiHead = '"modelVersion":"unknown","responseId":"response-0"}';
const response = '"response":{"id":"resp_0","object":"response","created_at":0,"model":"unknown",';
const reasoningItem = '{"id":"rs_resp_0_0","type":"reasoning","summary":[{"type":"summary_text","text":"so"}]}';
const textPart = '{"type":"output_text","text":"Hi you","annotations":[],"logprobs":[]}';
const messageItem = `{"id":"msg_resp_0_1","type":"message","status":"completed","role":"assistant","content":[${textPart}]}`;
const callItem = String.raw`{"id":"fc_resp_0_2","type":"function_call","status":"completed","call_id":"c1","name":"f","arguments":"{\"a\":1}"}`;

/** Events and data, in the order in which they are sent. */
const written: ReadonlyArray<readonly [Dialect, string]> = [
  [
    anthropicMessages,
    String.raw`
message_start {"message":{"id":"msg_0","type":"message","role":"assistant","model":"unknown","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}
content_block_start {"index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
content_block_delta {"index":0,"delta":{"type":"thinking_delta","thinking":"so"}}
content_block_stop {"index":0}
content_block_start {"index":1,"content_block":{"type":"text","text":""}}
content_block_delta {"index":1,"delta":{"type":"text_delta","text":"Hi"}}
content_block_delta {"index":1,"delta":{"type":"text_delta","text":" you"}}
content_block_stop {"index":1}
content_block_start {"index":2,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}}
content_block_delta {"index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}
content_block_delta {"index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}
content_block_stop {"index":2}
message_delta {"delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":3,"output_tokens":3,"cache_read_input_tokens":2,"output_tokens_details":{"thinking_tokens":1}}}
message_stop {}`,
  ],
  [
    openAiChat,
    String.raw`
${chunk}"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{"reasoning_content":"so"},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{"content":" you"},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":null}]}
${chunk}"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}
${chunk}"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}}
[DONE]`,
  ],
  [
    cohere,
    String.raw`
message-start {"id":"message-0","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}
content-start {"index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}
content-delta {"index":0,"delta":{"message":{"content":{"thinking":"so"}}}}
content-end {"index":0}
content-start {"index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}
content-delta {"index":1,"delta":{"message":{"content":{"text":"Hi"}}}}
content-delta {"index":1,"delta":{"message":{"content":{"text":" you"}}}}
content-end {"index":1}
tool-call-start {"index":0,"delta":{"message":{"tool_calls":{"id":"c1","type":"function","function":{"name":"f","arguments":""}}}}}
tool-call-delta {"index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"a\":"}}}}}
tool-call-delta {"index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1}"}}}}}
tool-call-end {"index":0}
message-end {"delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":5,"output_tokens":3},"tokens":{"input_tokens":5,"output_tokens":3},"cached_tokens":2}}}
[DONE]`,
  ],
  [
    duplexSession,
    String.raw`
{"type":"start"}
{"type":"reasoning","text":"so"}
{"type":"content_block","text":"Hi"}
{"type":"content_block","text":" you"}
{"type":"function_call","id":"c1","index":0,"name":"f"}
{"type":"function_call","id":"c1","index":0,"arguments":"{\"a\":"}
{"type":"function_call","id":"c1","index":0,"arguments":"1}"}
{"type":"function_call","id":"c1","index":0,"done":true}
{"type":"done","finish_reason":"tool_calls","usage":{"input_tokens":5,"output_tokens":3,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}}`,
  ],
  [
    gemini,
    `
{"candidates":[{"content":{"parts":[{"text":"so","thought":true}],"role":"model"},"index":0}],${geminiHead}
{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],${geminiHead}
{"candidates":[{"content":{"parts":[{"text":" you"}],"role":"model"},"index":0}],${geminiHead}
{"candidates":[{"content":{"parts":[{"functionCall":{"id":"c1","name":"f","args":{"a":1}}}],"role":"model"},"index":0}],${geminiHead}
{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":8,"thoughtsTokenCount":1,"cachedContentTokenCount":2},${geminiHead}`,
  ],
  [
    ollama,
    `
${ollamaHead}"message":{"role":"assistant","content":"","thinking":"so"},"done":false}
${ollamaHead}"message":{"role":"assistant","content":"Hi"},"done":false}
${ollamaHead}"message":{"role":"assistant","content":" you"},"done":false}
${ollamaHead}"message":{"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"a":1}}}]},"done":false}
${ollamaHead}"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":3}`,
  ],
  [
    openAiResponses,
    String.raw`
response.created {"sequence_number":0,${response}"status":"in_progress","error":null,"incomplete_details":null,"output":[],"usage":null}}
response.in_progress {"sequence_number":1,${response}"status":"in_progress","error":null,"incomplete_details":null,"output":[],"usage":null}}
response.output_item.added {"sequence_number":2,"output_index":0,"item":{"id":"rs_resp_0_0","type":"reasoning","summary":[]}}
response.reasoning_summary_part.added {"sequence_number":3,"item_id":"rs_resp_0_0","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}
response.reasoning_summary_text.delta {"sequence_number":4,"item_id":"rs_resp_0_0","output_index":0,"summary_index":0,"delta":"so"}
response.output_item.added {"sequence_number":5,"output_index":1,"item":{"id":"msg_resp_0_1","type":"message","status":"in_progress","role":"assistant","content":[]}}
response.content_part.added {"sequence_number":6,"item_id":"msg_resp_0_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}
response.output_text.delta {"sequence_number":7,"item_id":"msg_resp_0_1","output_index":1,"content_index":0,"delta":"Hi","logprobs":[]}
response.output_text.delta {"sequence_number":8,"item_id":"msg_resp_0_1","output_index":1,"content_index":0,"delta":" you","logprobs":[]}
response.output_item.added {"sequence_number":9,"output_index":2,"item":{"id":"fc_resp_0_2","type":"function_call","status":"in_progress","call_id":"c1","name":"f","arguments":""}}
response.function_call_arguments.delta {"sequence_number":10,"item_id":"fc_resp_0_2","output_index":2,"delta":"{\"a\":"}
response.function_call_arguments.delta {"sequence_number":11,"item_id":"fc_resp_0_2","output_index":2,"delta":"1}"}
response.function_call_arguments.done {"sequence_number":12,"item_id":"fc_resp_0_2","output_index":2,"name":"f","arguments":"{\"a\":1}"}
response.output_item.done {"sequence_number":13,"output_index":2,"item":${callItem}}
response.reasoning_summary_text.done {"sequence_number":14,"item_id":"rs_resp_0_0","output_index":0,"summary_index":0,"text":"so"}
response.reasoning_summary_part.done {"sequence_number":15,"item_id":"rs_resp_0_0","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"so"}}
response.output_item.done {"sequence_number":16,"output_index":0,"item":${reasoningItem}}
response.output_text.done {"sequence_number":17,"item_id":"msg_resp_0_1","output_index":1,"content_index":0,"text":"Hi you","logprobs":[]}
response.content_part.done {"sequence_number":18,"item_id":"msg_resp_0_1","output_index":1,"content_index":0,"part":${textPart}}
response.output_item.done {"sequence_number":19,"output_index":1,"item":${messageItem}}
response.completed {"sequence_number":20,${response}"status":"completed","error":null,"incomplete_details":null,"output":[${reasoningItem},${messageItem},${callItem}],"usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":2},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":8}}}`,
  ],
];

/** Each frame on a line; an event's name is in its data, too, and said once here. */
const linesOf = (frames: readonly Frame[]) =>
  frames.map(({ event, data }) => (event === undefined ? data : `${event} ${data.replace(new RegExp(`"type":"${event}",?`), '')}`));

describe.each(written.map(([dialect, lines]) => ({ dialect, name: dialect.name, lines: lines.trim().split('\n') })))(
  'the frames of $name',
  ({ dialect, lines }) => {
    const write = (events: readonly ModelEvent[]) => linesOf(runStage(dialect.encoder(), events).values);

    it('are these', () => {
      expect(write(answer)).toEqual(lines);
    });

    it('are the same where diagnostics, and words of a provider, come between', () => {
      const foreign: ModelEvent[] = [
        { type: 'diagnostic', code: 'x', message: 'x' },
        { type: 'provider-event', name: 'elsewhere', data: { a: 1 } },
        { type: 'provider-event', name: 'citation-start', data: { type: 'elsewhere' } },
      ];
      for (let at = 1; at < answer.length; at++) expect(write([...answer.slice(0, at), ...foreign, ...answer.slice(at)])).toEqual(lines);
    });
  },
);

it.each([anthropicMessages, cohere, gemini, ollama, openAiResponses])(
  'the encoder of $name writes nothing for an empty delta',
  (dialect) => {
    const kinds = ['text-delta', 'reasoning-delta', 'refusal-delta'] as const;
    const ending: ModelEvent = { type: 'round-end', reason: 'stop', message };
    const write = (...events: ModelEvent[]) => runStage(dialect.encoder(), [{ type: 'round-start' } as const, ...events, ending]).values;
    for (const type of kinds) expect(write({ type, text: '' })).toEqual(write());
  },
);

describe('token counts', () => {
  const last = (dialect: Dialect, usage: Usage, raw: Json): string =>
    linesOf(runStage(dialect.encoder(), [...answer.slice(0, 3), { type: 'usage', usage, raw }, ...answer.slice(-1)]).values).join('\n');

  it.each([
    [
      anthropicMessages.name,
      anthropicMessages,
      { outputTokens: 3 },
      { output_tokens: 3, own: 1 },
      '"usage":{"input_tokens":0,"output_tokens":3}',
    ],
    [
      openAiChat.name,
      openAiChat,
      { outputTokens: 3 },
      { completion_tokens: 3, own: 1 },
      '"usage":{"prompt_tokens":0,"completion_tokens":3,"total_tokens":3}',
    ],
    [
      openAiChat.name,
      openAiChat,
      { inputTokens: 3 },
      { prompt_tokens: 3, own: 1 },
      '"usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}',
    ],
    [
      openAiResponses.name,
      openAiResponses,
      { outputTokens: 3 },
      { output_tokens: 3, own: 1 },
      '"usage":{"input_tokens":0,"input_tokens_details"',
    ],
  ] as const)('of %s are made anew where one is missing, since clients rely on both: %#', (_, dialect, usage, raw, expected) => {
    expect(last(dialect, usage, raw)).toContain(expected);
  });

  it.each([
    [anthropicMessages.name, anthropicMessages, { input_tokens: 5, output_tokens: 3, own: 1 }],
    [openAiChat.name, openAiChat, { prompt_tokens: 5, completion_tokens: 3, own: 1 }],
    [openAiResponses.name, openAiResponses, { input_tokens: 5, output_tokens: 3, own: 1 }],
    [gemini.name, gemini, { promptTokenCount: 5, candidatesTokenCount: 3, own: 1 }],
  ] as const)('of %s go out as they came in its own words', (_, dialect, raw) => {
    expect(last(dialect, { inputTokens: 5, outputTokens: 3 }, raw)).toContain(JSON.stringify(raw).slice(0, -1));
  });
});

const provider = (providerCode: string, status: number | undefined, retryable: boolean) =>
  new ProviderError('No luck.', { providerCode, status, retryable, raw: null });

describe('an error is written', () => {
  const failed = (dialect: Dialect, error: unknown): unknown => {
    const frames: Frame[] = [];
    dialect.encoder().fail?.(error, { enqueue: (frame) => void frames.push(frame), error: () => {}, terminate: () => {} });
    expect(frames).toHaveLength(1);
    return JSON.parse(frames[0]?.data ?? '');
  };

  it.each([
    [new TimeoutError('idle', 5), 'timeout_error'],
    [new InterruptedError('Cut.'), 'api_error'],
    [new ConnectionError('Refused.'), 'api_error'],
    [provider('weird', 502, true), 'api_error'],
    [provider('weird', 503, true), 'overloaded_error'],
    [provider('weird', 429, true), 'rate_limit_error'],
    [provider('billing_error', 400, false), 'billing_error'],
    [new LimitError('maxCalls', 5, 'calls'), 'invalid_request_error'],
  ])('to clients of Anthropic by its type: %s', (error, type) => {
    expect(failed(anthropicMessages, error)).toEqual({ type: 'error', error: { type, message: error.message } });
  });

  it.each([
    ['MY_WORD', 'MY_WORD'],
    ['xMY_WORD', 'FAILED_PRECONDITION'],
    ['MY_WORDx', 'FAILED_PRECONDITION'],
  ])('to clients of Gemini by its word, if it is one of theirs: %s', (word, status) => {
    expect(failed(gemini, provider(word, 400, false))).toEqual({ error: { code: 400, message: 'No luck.', status } });
  });

  it('to the others in the form of theirs', () => {
    const error = new TypeError('secret');
    const said = { message: 'The answer failed.', type: 'server_error', code: null };
    expect(failed(openAiChat, error)).toEqual({ error: said });
    expect(failed(duplexSession, error)).toEqual({ type: 'error', error: said });
    expect(failed(ollama, error)).toEqual({ error: said.message, status: 500 });
    expect(failed(cohere, error)).toEqual({
      type: 'message-end',
      delta: { finish_reason: 'ERROR', error: said.message, status_code: 500 },
    });
    expect(failed(openAiResponses, error)).toEqual({
      type: 'error',
      sequence_number: 0,
      code: null,
      message: said.message,
      param: null,
      error: said,
    });
    expect(failed(openAiResponses, provider('weird', 503, true))).toMatchObject({ code: 'weird', message: 'No luck.' });
  });
});

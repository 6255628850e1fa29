import { describe, expect, it } from 'vitest';
import { toolCallAccumulator } from '../../src/calls/accumulator.ts';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { InterruptedError, ProviderError } from '../../src/errors.ts';
import type { AnswerEvent, ModelEvent, ToolCall } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import { ndjsonParser } from '../../src/ndjson/parser.ts';
import { sseParser } from '../../src/sse/parser.ts';
import { runStage } from '../../src/stage.ts';
import { hasShared, recordedBytes, recordings } from '../support/shared.ts';

/** What tools, gateways and relays of real servers do, one recording an oddity. */
type Event = ModelEvent | ToolCall;

interface Read {
  readonly events: readonly Event[];
  readonly error: unknown;
  readonly frames: readonly Frame[];
  readonly bytes: string;
}

function read(of: string, dialect: Dialect, part: string): Read {
  const found = recordings(of).filter(({ file }) => file.includes(part));
  const recording = found[0];
  if (!recording || found.length > 1) throw new Error(`${found.length} recordings of ${of} are named ${part}.`);
  const bytes = recordedBytes(recording);
  const parser = recording.file.endsWith('.ndjson') ? ndjsonParser() : recording.file.endsWith('.json') ? jsonArrayParser() : sseParser();
  const frames = runStage<Uint8Array | string, Frame>(parser, [bytes]);
  const decoded = runStage(dialect.decoder(), frames.values);
  const { values } = runStage<ModelEvent, Event>(toolCallAccumulator<ModelEvent>(), decoded.values);
  return { events: values, error: frames.error ?? decoded.error, frames: frames.values, bytes: new TextDecoder().decode(bytes) };
}

const textOf = (events: readonly Event[], type: 'text-delta' | 'reasoning-delta' = 'text-delta') =>
  events.map((event) => (event.type === type ? event.text : '')).join('');
const typed = <T extends AnswerEvent['type']>(events: readonly Event[], type: T) =>
  events.filter((event): event is Extract<Event, { type: T }> => (event.type as string) === type);
const provided = (events: readonly Event[], name: string) => typed(events, 'provider-event').filter((event) => event.name === name);
const calls = (events: readonly Event[]) =>
  typed(events, 'tool-call').map(({ name, arguments: args }) => [name, args._tag === 'Right' ? args.right : args.left.code]);
// biome-ignore lint/suspicious/noExplicitAny: each provider's own shape.
const native = (events: readonly Event[]): any => typed(events, 'round-end')[0]?.message.native?.message;

describe.runIf(hasShared)('recorded oddities of Anthropic', () => {
  const of = (part: string) => read('anthropic', anthropicMessages, part);

  it('whitespace-padded-json: spaces before the last brace of a data line say nothing', () => {
    const { events, error, bytes } = of('anthropic-chat-model-acomplete');
    expect(bytes).toMatch(/ {2,}\}\s*\n/);
    expect(error).toBeUndefined();
    expect(calls(events).length).toBeGreaterThan(1);
  });

  it('unterminated-final-event (anthropic-basic-response): the last event counts without its blank line', () => {
    const { events, error, bytes } = of('anthropic-basic-response');
    expect(bytes.endsWith('\n\n')).toBe(false);
    expect(error).toBeUndefined();
    expect(events.at(-1)?.type).toBe('round-end');
  });

  it('input_tokens-in-message_delta (anthropic-advisor-tool-stream): the last counts are laid over those of the start', () => {
    const usages = typed(of('anthropic-advisor-tool-stream').events, 'usage').map(({ usage }) => usage.inputTokens);
    expect(usages[0]).toBe(1128);
    expect(usages.at(-1)).toBe(2411);
  });

  it('thinking without a word (anthropic-advisor-tool-stream): only its signature comes, and goes back', () => {
    const { events } = of('anthropic-advisor-tool-stream');
    expect(textOf(events, 'reasoning-delta')).toBe('');
    expect(provided(events, 'signature')).toHaveLength(1);
    expect(native(events).content[0]).toMatchObject({ type: 'thinking', thinking: '', signature: expect.stringMatching(/./) });
  });

  it.each([
    ['anthropic-advisor-tool-stream', ['server_tool_use', 'advisor_tool_result']],
    ['anthropic-code-execution', ['server_tool_use', 'bash_code_execution_tool_result']],
    ['anthropic-web-fetch-tool-stream', ['server_tool_use', 'web_fetch_tool_result']],
    ['anthropic-web-fetch-tool-20260209', ['server_tool_use', 'web_fetch_tool_result', 'code_execution_tool_result']],
    ['anthropic-pause-turn', ['server_tool_use', 'web_search_tool_result']],
    ['anthropic-compaction', ['compaction']],
    ['anthropic-fallback', ['fallback']],
  ])('%s: what the server did is told block by block, is no call of ours, and goes back', (part, types) => {
    const { events } = of(part);
    for (const type of types) {
      expect(provided(events, type).length).toBeGreaterThan(0);
      expect(native(events).content.map((block: { type: string }) => block.type)).toContain(type);
    }
    expect(calls(events)).toEqual([]);
  });

  it('delta:compaction_delta: a block whose content starts as null is filled by its delta', () => {
    const [block] = provided(of('anthropic-compaction').events, 'compaction');
    expect(block?.data).toMatchObject({ type: 'compaction', content: expect.stringMatching(/^The user provided/) });
  });

  it('citations_delta: citations of a text are told, and go back on their block', () => {
    const { events } = of('citations');
    const told = provided(events, 'citation').map(({ data }) => data);
    expect(told.length).toBeGreaterThan(0);
    const kept = native(events).content.flatMap((block: { citations?: unknown[] }) => block.citations ?? []);
    expect(kept).toEqual(told);
  });

  it('several-text-blocks (anthropic-pause-turn-web-search): the texts join, the blocks stay apart', () => {
    const { events } = of('anthropic-pause-turn');
    const texts = native(events).content.filter((block: { type: string }) => block.type === 'text');
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.map(({ text }: { text: string }) => text).join('')).toBe(textOf(events));
  });

  it('finish:pause_turn: the round ends with a pause, which is asked on', () => {
    expect(typed(of('anthropic-pause-turn').events, 'round-end')[0]?.reason).toBe('pause');
  });

  it.each(['anthropic-refusal', 'anthropic-stream-a-refusal'])('stop_details (%s): a refusal filters, and says why', (part) => {
    const { events } = of(part);
    expect(typed(events, 'finish-reason')[0]).toMatchObject({ reason: 'content-filter', raw: 'refusal' });
    expect(provided(events, 'stop_details')).toHaveLength(1);
  });

  it.each(['stop-sequences', 'terminal-matrix-raw-unicode'])('stop_sequence (%s): which one it was is told', (part) => {
    const { events } = of(part);
    expect(typed(events, 'finish-reason')[0]).toMatchObject({ reason: 'stop', raw: 'stop_sequence' });
    expect(provided(events, 'stop_sequence')[0]?.data).toEqual(expect.stringMatching(/./));
  });

  it('grapheme-split-across-deltas: a sign of several characters may come in two deltas, a character never', () => {
    const deltas = typed(of('no-conte').events, 'text-delta').map(({ text }) => text);
    for (const text of deltas) expect(text).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
    const whole = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(deltas.join(''))].length;
    const apart = deltas.reduce((sum, text) => sum + [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].length, 0);
    expect(apart).toBeGreaterThan(whole);
  });

  it('error-first (anthropic-error-overloaded): an error in place of the first event has its status, and nothing partial', () => {
    const { error, events } = of('anthropic-error-overloaded');
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ providerCode: 'overloaded_error', status: 529, retryable: true, partial: { text: '' } });
    expect(typed(events, 'text-delta')).toEqual([]);
  });

  it('tool-block-not-stopped (anthropic-incomplete-partial-json-response): the token limit cut the call, so it never runs', () => {
    const { events, error } = of('anthropic-incomplete');
    expect(error).toBeUndefined();
    expect(calls(events)).toEqual([[expect.any(String), 'incomplete']]);
    expect(typed(events, 'tool-call-end')).toEqual([]);
  });

  it('block-index-reused, message_start-twice (anthropic-spliced-message-start): told as a second message', () => {
    const codes = typed(of('spliced').events, 'diagnostic').map(({ code }) => code);
    expect(codes).toContain('second-message');
  });
});

describe.runIf(hasShared)('recorded oddities of OpenAI Responses', () => {
  const of = (part: string) => read('openai-responses', openAiResponses, part);

  it('event-line-after-data-line (bedrock-mantle): the type in the data counts, whatever the order of the lines', () => {
    const { events, bytes } = of('bedrock-mantle');
    expect(bytes.indexOf('data:')).toBeLessThan(bytes.indexOf('event:'));
    expect(calls(events)).toEqual([['first_tool', {}]]);
  });

  it('tool-id-reused-across-responses (bedrock-mantle): the id stays the provider’s; round and id name the call', () => {
    expect(typed(of('bedrock-mantle').events, 'tool-call')[0]?.callId).toBe('call_0');
  });

  it.each(['openrouter-openai-responses-compat', 'raw-cot-stream', 'openrouter-reasoning'])(
    'comment-lines, no-event-lines, done-sentinel (%s): none of them says anything',
    (part) => {
      const { events, error, bytes } = of(part);
      expect(bytes).toMatch(/^: /m);
      expect(bytes).not.toMatch(/^event:/m);
      expect(bytes).toContain('[DONE]');
      expect(error).toBeUndefined();
      expect(events.at(-1)?.type).toBe('round-end');
      expect(typed(events, 'diagnostic')).toEqual([]);
    },
  );

  it.each(['completed-response-without-output', 'reasoning-stream-completed-empty'])(
    '%s: the last event lists no items; those before it are the message',
    (part) => {
      const { events, frames } = of(part);
      expect(JSON.parse(frames.at(-1)?.data ?? '').response.output).toEqual([]);
      expect(native(events).length).toBeGreaterThan(0);
      expect(textOf(events).length + calls(events).length).toBeGreaterThan(0);
    },
  );

  it('obfuscation-field: paddings against traffic analysis are nothing', () => {
    const { events, bytes } = of('azure-gpt-5-nano-streams');
    expect(bytes).toContain('"obfuscation"');
    expect(JSON.stringify(events)).not.toContain('obfuscation');
  });

  it('reasoning-summary-multi-part: parts are paragraphs of one text, and parts in what goes back', () => {
    const { events } = of('azure-gpt-5-mini-thinking-2');
    const { summary } = native(events).find((item: { type: string }) => item.type === 'reasoning');
    expect(summary.length).toBeGreaterThan(1);
    expect(textOf(events, 'reasoning-delta')).toBe(summary.map(({ text }: { text: string }) => text).join('\n\n'));
  });

  it('reasoning-text (deepseek): open reasoning is reasoning as well, and stays apart from summaries in what goes back', () => {
    const { events } = of('deepseek');
    const item = native(events).find(({ type }: { type: string }) => type === 'reasoning');
    expect(item.content.map(({ text }: { text: string }) => text).join('')).toBe(textOf(events, 'reasoning-delta'));
  });

  it('several-messages: their texts follow each other, and both go back', () => {
    const { events } = of('openai-structured-output-with-tools');
    const messages = native(events).filter(({ type }: { type: string }) => type === 'message');
    expect(messages.length).toBeGreaterThan(1);
  });

  it('refusal: is no text', () => {
    const { events } = of('openai-refusal');
    expect(textOf(events)).toBe('');
    expect(typed(events, 'round-end')[0]?.message.refusal).toMatch(/./);
  });

  it('custom-tool-call: free text is one JSON string', () => {
    const [call] = calls(of('openai-custom-tool').events);
    expect(typeof call?.[1]).toBe('string');
  });

  it('namespaced-function (openai-tool-search-1): the namespace of a call goes back with it', () => {
    const { events } = of('openai-tool-search-1');
    expect(calls(events).map(([name]) => name)).toEqual(['get_weather']);
    expect(native(events).find(({ type }: { type: string }) => type === 'function_call')).toMatchObject({ namespace: 'get_weather' });
  });

  it('item:program (openai-programmatic-tool-calling-1): a call that a program of the server made says so when it goes back', () => {
    const { events } = of('openai-programmatic-tool-calling-1');
    expect(calls(events)).toEqual([['getInventory', { sku: 'sku_123' }]]);
    expect(native(events).map(({ type }: { type: string }) => type)).toEqual(['reasoning', 'program', 'function_call']);
    expect(native(events)[2]).toMatchObject({ caller: { type: 'program' } });
  });

  it.each([
    ['openai-apply-patch-tool', 'apply_patch_call'],
    ['openai-client-tool-search-1', 'tool_search_call'],
    ['openai-client-tool-search-streaming', 'tool_search_call'],
    ['openai-local-shell-tool', 'local_shell_call'],
    ['openai-mcp-tool-approval-1', 'mcp_approval_request'],
    ['openai-mcp-tool-approval-4', 'mcp_call'],
    ['openai-include-raw-annotations', 'web_search_call'],
    ['openai-responses-code-execution', 'code_interpreter_call'],
    ['openai-responses-model-file-search', 'file_search_call'],
    ['openai-responses-model-mcp-list-tools', 'mcp_list_tools'],
    ['openai-programmatic-tool-calling-3', 'program_output'],
    ['xai-image-generation', 'image_generation_call'],
  ])('%s: an item %s is told as it came, is no function of ours, and goes back', (part, type) => {
    const { events } = of(part);
    const told = provided(events, 'response.output_item.done').map(({ data }) => (data as { item: { type: string } }).item.type);
    expect(told).toContain(type);
    expect(native(events).map((item: { type: string }) => item.type)).toContain(type);
    expect(calls(events)).toEqual([]);
  });

  it('annotations (openai-include-raw-annotations): each is told once', () => {
    const told = provided(of('openai-include-raw-annotations').events, 'response.output_text.annotation.added');
    const texts = told.map(({ data }) => JSON.stringify((data as { annotation: unknown }).annotation));
    expect(texts.length).toBeGreaterThan(0);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('phase (openai-responses-phase-streamed-on-part-start): what a message says of itself goes back', () => {
    const { events } = of('phase-streamed');
    const message = native(events).find(({ type }: { type: string }) => type === 'message');
    expect(message.phase).toMatch(/./);
  });

  it('3+-tool-calls (openai-multi-tool-ordering): calls keep the order in which they began', () => {
    const indexes = typed(of('openai-multi-tool-ordering').events, 'tool-call').map(({ index }) => index);
    expect(indexes).toEqual(indexes.map((_, i) => i));
    expect(indexes.length).toBeGreaterThanOrEqual(3);
  });
});

describe.runIf(hasShared)('recorded oddities of Gemini', () => {
  const of = (part: string) => read('gemini', gemini, part);

  it('crlf: lines end with CR LF', () => {
    const { events, bytes, error } = of('google-model-stream');
    expect(bytes).toContain('\r\n\r\n');
    expect(error).toBeUndefined();
    expect(textOf(events)).toMatch(/./);
  });

  it('json-array-framing (google-tools.json): the same responses as items of one array', () => {
    const { events } = read('gemini-json-array', gemini, 'google-tools.json');
    expect(calls(events).length).toBeGreaterThan(0);
    expect(typed(events, 'round-end')[0]?.reason).toBe('tool-calls');
  });

  it('content-without-parts, no-finish-reason (google-streaming-failure-empty-content): nothing was said, so the end is a cut', () => {
    const { events, error } = of('failure-empty-content');
    expect(error).toBeInstanceOf(InterruptedError);
    expect(textOf(events)).toBe('');
    expect(provided(events, 'promptFeedback')).toHaveLength(1);
  });

  it('finish:SAFETY (google-streaming-failure-finish-reason-safety): filters, with the ratings told', () => {
    const { events } = of('failure-finish-reason-safety');
    expect(typed(events, 'finish-reason')[0]).toMatchObject({ reason: 'content-filter', raw: 'SAFETY' });
    expect(provided(events, 'safetyRatings').length).toBeGreaterThan(0);
  });

  it.each(['success-search-grounding', 'success-utf8', 'unknown-enum'])('finish-reason-twice (%s): said once, after all text', (part) => {
    const { events } = of(part);
    const at = events.findIndex(({ type }) => type === 'finish-reason');
    expect(typed(events, 'finish-reason')).toHaveLength(1);
    expect(events.slice(at).some(({ type }) => type === 'text-delta')).toBe(false);
  });

  it('no-role: the role of a content is not relied on', () => {
    expect(calls(of('success-function-call-short').events)).toHaveLength(1);
  });

  it('functionCall-args-empty, no functionCall-id: a call without arguments is called with {}, under an id of ours', () => {
    const { events } = of('can-use-tools-without-parameters');
    const [call] = typed(events, 'tool-call');
    expect(call).toMatchObject({ arguments: { _tag: 'Right', right: {} }, callId: expect.stringMatching(/./) });
    expect(typed(events, 'diagnostic').map(({ code }) => code)).toContain('id-synthesised');
    expect(JSON.stringify(native(events))).not.toContain(call?.callId);
  });

  it('functionCall-id (google-builtin-with-functions): the id is the provider’s, and goes back with call and result', () => {
    const { events } = of('google-builtin-with-functions');
    const end = typed(events, 'round-end')[0];
    const id = typed(events, 'tool-call')[0]?.callId ?? '';
    expect(typed(events, 'diagnostic')).toEqual([]);
    const result = { role: 'tool', toolCallId: id, name: 'f', content: 'ok' } as const;
    const { body } = gemini.encodeRequest({ messages: end ? [end.message, result] : [] }, { model: 'm' });
    expect(JSON.stringify(body.contents).split(JSON.stringify(id))).toHaveLength(3);
  });

  it('several-tool-calls-in-one-chunk (google-call-with-tools): each part is a call, the first has the signature', () => {
    const { events } = of('google-call-with-tools');
    expect(calls(events).length).toBeGreaterThan(1);
    const signed = native(events).parts.map((part: { thoughtSignature?: string }) => part.thoughtSignature !== undefined);
    expect(signed.slice(0, 2)).toEqual([true, false]);
  });

  it('empty-text-part (google-streaming-reasoning): a signature may come on a part that says nothing', () => {
    const { events } = of('google-streaming-reasoning');
    expect(provided(events, 'thoughtSignature').map(({ data }) => data)).toEqual([
      { thoughtSignature: expect.stringMatching(/./), on: 'nothing' },
    ]);
    expect(typed(events, 'text-delta').every(({ text }) => text !== '')).toBe(true);
  });

  it('empty-functionCall-terminator, partialArgs (google-stream-tool-call-arguments): an empty functionCall ends the call before it', () => {
    const { events } = of('google-stream-tool-call-arguments');
    const whole = typed(events, 'tool-call');
    expect(whole.length).toBeGreaterThan(1);
    expect(whole.every(({ arguments: args }) => args._tag === 'Right')).toBe(true);
    expect(typed(events, 'tool-call-end')).toHaveLength(whole.length);
  });

  it('part:executableCode, part:codeExecutionResult: what the server ran is told, and is no call of ours', () => {
    const { events } = of('google-code-execution');
    expect(provided(events, 'executableCode')).toHaveLength(1);
    expect(provided(events, 'codeExecutionResult')).toHaveLength(1);
    expect(calls(events)).toEqual([]);
  });

  it.each(['google-model-file-search', 'google-native-output-with-builtin'])(
    'part:toolCall, part:toolResponse (%s): told, signed, no call of ours, and in what goes back',
    (part) => {
      const { events } = of(part);
      expect(provided(events, 'toolCall').length).toBeGreaterThan(0);
      expect(provided(events, 'toolResponse').length).toBeGreaterThan(0);
      expect(calls(events)).toEqual([]);
      expect(native(events).parts.some((one: object) => 'toolCall' in one)).toBe(true);
    },
  );

  it('groundingMetadata, finishMessage: told as the candidate has them', () => {
    expect(provided(of('success-search-grounding').events, 'groundingMetadata').length).toBeGreaterThan(0);
    expect(provided(of('google-call-with-tools').events, 'finishMessage')).toHaveLength(1);
  });

  it('usage-in-many-chunks (google-model-file-search): counts grow; thoughts are output, and what tools brought is input', () => {
    const usages = typed(of('google-model-file-search').events, 'usage');
    expect(usages.length).toBeGreaterThan(1);
    const { usage, raw } = usages.at(-1) ?? { usage: {}, raw: {} };
    expect(usage).toMatchObject({ inputTokens: 427 + 771, outputTokens: 122 + 447, reasoningTokens: 447, totalTokens: 1767 });
    const { toolUsePromptTokenCount } = raw as { toolUsePromptTokenCount: number };
    expect(toolUsePromptTokenCount).toBe(771);
    expect(427 + 771 + 122 + 447).toBe(1767);
  });

  it('no-usage: none is made up', () => {
    expect(typed(of('success-utf8').events, 'usage')).toEqual([]);
  });
});

describe.runIf(hasShared)('recorded oddities of Ollama', () => {
  const of = (part: string) => read('ollama', ollama, part);

  it('tool-call-index (ollama-streaming-grammar-same-tool-twice): each call keeps the id that the server gave', () => {
    const ids = typed(of('same-tool-twice').events, 'tool-call').map(({ callId }) => callId);
    expect(ids.length).toBeGreaterThanOrEqual(3);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('thinking (ollama-reasoning-tool-roundtrip): is reasoning, and goes back beside the calls', () => {
    const { events } = of('reasoning-tool-roundtrip');
    expect(textOf(events, 'reasoning-delta')).toMatch(/./);
    expect(native(events)).toMatchObject({ thinking: textOf(events, 'reasoning-delta'), tool_calls: [expect.anything()] });
  });

  it('finish:length (ollama-raw-stream-capture): the token limit ends the round', () => {
    expect(typed(of('raw-stream-capture').events, 'round-end')[0]?.reason).toBe('length');
  });

  it('finish:stop with calls (ollama-streaming-tools): the calls decide', () => {
    expect(typed(of('ollama-streaming-tools').events, 'finish-reason')[0]).toMatchObject({ reason: 'tool-calls', raw: 'stop' });
  });
});

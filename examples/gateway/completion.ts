import type { FinishReason, ModelEvent, Usage } from 'toolstream';

interface Choice {
  content: string;
  reasoning: string;
  refusal: string;
  readonly calls: Array<{
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; arguments: string };
  }>;
  finish: FinishReason | undefined;
}

/** What a client that did not ask for a stream gets: the same answer in one piece. */
export interface CompletionOptions {
  readonly id: string;
  readonly model: string;
  readonly created: number;
  readonly legacyFunctions: boolean;
}

const WORDS: { readonly [reason in FinishReason]?: string } = {
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  pause: 'stop',
};

/** The events of a whole round as one `chat.completion`. */
export function completionOf(events: Iterable<ModelEvent>, { id, model, created, legacyFunctions }: CompletionOptions): object {
  const choices = new Map<number, Choice>();
  const head = { id, object: 'chat.completion', created, model };
  let usage: Usage | undefined;
  const of = (index = 0): Choice => {
    const known = choices.get(index) ?? { content: '', reasoning: '', refusal: '', calls: [], finish: undefined };
    choices.set(index, known);
    return known;
  };
  for (const event of events) {
    const choice = event.type === 'diagnostic' ? undefined : of(event.choice);
    if (!choice) continue;
    if (event.type === 'round-start')
      Object.assign(head, event.responseId && { id: event.responseId }, event.model && { model: event.model });
    else if (event.type === 'text-delta') choice.content += event.text;
    else if (event.type === 'reasoning-delta') choice.reasoning += event.text;
    else if (event.type === 'refusal-delta') choice.refusal += event.text;
    else if (event.type === 'tool-call-start')
      choice.calls[event.index] = { id: event.callId, type: 'function', function: { name: event.name, arguments: '' } };
    else if (event.type === 'tool-call-delta') {
      const call = choice.calls[event.index];
      if (call) call.function.arguments += event.text;
    } else if (event.type === 'finish-reason') choice.finish = event.reason;
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type === 'round-end') choice.finish ??= event.reason;
  }
  return {
    ...head,
    choices: [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => written(index, choice, legacyFunctions)),
    ...(usage && { usage: writtenUsage(usage) }),
  };
}

function written(index: number, { content, reasoning, refusal, calls, finish = 'stop' }: Choice, legacy: boolean): object {
  const [first] = calls;
  return {
    index,
    message: {
      role: 'assistant',
      content: content === '' && calls.length > 0 ? null : content,
      refusal: refusal || null,
      ...(reasoning && { reasoning_content: reasoning }),
      ...(legacy && first && { function_call: first.function }),
      ...(!legacy && first && { tool_calls: calls }),
    },
    logprobs: null,
    finish_reason: legacy && finish === 'tool-calls' ? 'function_call' : (WORDS[finish] ?? finish),
  };
}

function writtenUsage({ inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens }: Usage): object {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: totalTokens };
}

import type { Frame } from 'toolstream';

type Fields = { [key: string]: unknown };

interface CalledPiece {
  readonly name?: string;
  readonly arguments?: string;
  readonly input?: string;
}

interface CallPiece {
  readonly index: number;
  readonly id?: string;
  readonly type?: 'function' | 'custom';
  readonly function?: CalledPiece;
  readonly custom?: CalledPiece;
}

interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly refusal?: string;
  readonly tool_calls?: readonly CallPiece[];
  readonly function_call?: CalledPiece & { readonly index?: number };
}

interface Chunk {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly choices: ReadonlyArray<{ readonly index: number; readonly delta: Delta; readonly finish_reason: string | null }>;
  readonly usage?: unknown;
}

interface Choice {
  readonly texts: { content: string; reasoning_content: string; refusal: string };
  readonly calls: Fields[];
  functionCall: Fields | undefined;
  finish: string;
}

/** What a client that did not ask for a stream gets: the chunks of the same answer, joined to one `chat.completion`. */
export function completionOf(frames: Iterable<Frame>): object {
  const choices = new Map<number, Choice>();
  let head: object = {};
  let usage: unknown;
  for (const { data } of frames) {
    if (data === '[DONE]') break;
    const chunk = JSON.parse(data) as Chunk;
    head = { id: chunk.id, object: 'chat.completion', created: chunk.created, model: chunk.model };
    usage = chunk.usage ?? usage;
    for (const { index, delta, finish_reason } of chunk.choices) {
      const choice = choices.get(index) ?? newChoice();
      choices.set(index, choice);
      join(choice, delta);
      choice.finish = finish_reason ?? choice.finish;
    }
  }
  const written = [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => writtenChoice(index, choice));
  return { ...head, choices: written, ...(usage !== undefined && { usage }) };
}

function newChoice(): Choice {
  return { texts: { content: '', reasoning_content: '', refusal: '' }, calls: [], functionCall: undefined, finish: 'stop' };
}

function join(choice: Choice, { tool_calls, function_call, ...texts }: Delta): void {
  for (const name of ['content', 'reasoning_content', 'refusal'] as const) choice.texts[name] += texts[name] ?? '';
  for (const { index, id, type, ...piece } of tool_calls ?? []) {
    const call = choice.calls[index] ?? { id, type };
    choice.calls[index] = call;
    const kind = piece.custom ? 'custom' : 'function';
    call[kind] = joined(call[kind] as Fields | undefined, piece[kind] ?? {});
  }
  // The old form has one call.
  if (function_call && function_call.index === undefined) choice.functionCall = joined(choice.functionCall, function_call);
}

function joined(before: Fields = {}, piece: CalledPiece): Fields {
  const result = { ...before };
  for (const [key, text] of Object.entries(piece))
    result[key] = key === 'name' ? text : `${(before[key] as string) ?? ''}${text as string}`;
  return result;
}

function writtenChoice(index: number, { texts, calls, functionCall, finish }: Choice): object {
  const called = calls.length > 0 || functionCall !== undefined;
  return {
    index,
    message: {
      role: 'assistant',
      content: texts.content === '' && called ? null : texts.content,
      refusal: texts.refusal || null,
      ...(texts.reasoning_content && { reasoning_content: texts.reasoning_content }),
      ...(functionCall && { function_call: functionCall }),
      ...(calls.length > 0 && { tool_calls: calls.filter(Boolean) }),
    },
    logprobs: null,
    finish_reason: finish,
  };
}

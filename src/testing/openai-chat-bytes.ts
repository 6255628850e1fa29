import type { ModelEvent } from '../events.ts';
import type { Json } from '../values.ts';

/** The liberties servers take with OpenAI's chat format. Each field's first word is what OpenAI itself does. */
export interface OpenAiChatStyle {
  /** Which fragments of a call carry its id. */
  readonly ids: 'first' | 'every' | 'none';
  /** What the fragments say of their index: their call's, always 0, or nothing. */
  readonly indexes: 'given' | 'zero' | 'none';
  /** How a call's name comes: in its first fragment, or in two of them. */
  readonly names: 'whole' | 'pieces';
  readonly lineEnd: '\n' | '\r\n' | '\r';
  /** Comments between the events, as keep-alives are. */
  readonly comments: boolean;
  /** Chunks with `choices: []` and with an empty delta, here and there. */
  readonly padding: boolean;
  /** How the body ends: with `[DONE]`, or just so after the finish reason. */
  readonly ending: 'done' | 'eof';
}

/** What OpenAI itself sends. */
export const plainOpenAiChat: OpenAiChatStyle = {
  ids: 'first',
  indexes: 'given',
  names: 'whole',
  lineEnd: '\n',
  comments: false,
  padding: false,
  ending: 'done',
};

/**
 * Writes the events of one round as the body of an OpenAI chat completion stream: the wire for tests of what reads it.
 *
 * Each event becomes a chunk of its own. Events that the format has no word for (diagnostics, provider events) are left out, and so is
 * everything of other choices than 0.
 *
 * @param events one round, as `decode` emits it.
 * @param style the liberties to take; those left out as OpenAI does it.
 *
 * @example
 * ```ts
 * import { openAiChatBytes } from 'toolstream/testing';
 *
 * const body = openAiChatBytes([{ type: 'round-start', responseId: 'r1', model: 'm' }, { type: 'text-delta', text: 'Hi' }], { ending: 'eof' });
 * console.log(new TextDecoder().decode(body).split('\n\n')[1]);
 * // data: {"id":"r1","object":"chat.completion.chunk","created":0,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}
 * ```
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function openAiChatBytes(events: Iterable<ModelEvent>, style: Partial<OpenAiChatStyle> = {}): Uint8Array {
  const wire = new Wire({ ...plainOpenAiChat, ...style });
  for (const event of events) if (!event.choice) wire.write(event);
  return wire.bytes();
}

type Delta = { readonly [key: string]: Json };

class Wire {
  private body = '';
  private chunks = 0;
  private head: Delta = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'model' };
  private readonly style: OpenAiChatStyle;

  constructor(style: OpenAiChatStyle) {
    this.style = style;
  }

  write(event: ModelEvent): void {
    switch (event.type) {
      case 'round-start':
        this.head = { ...this.head, ...(event.responseId && { id: event.responseId }), ...(event.model && { model: event.model }) };
        this.delta({ role: 'assistant', content: '' });
        return;
      case 'text-delta':
        this.delta({ content: event.text });
        return;
      case 'reasoning-delta':
        this.delta({ reasoning_content: event.text });
        return;
      case 'refusal-delta':
        this.delta({ refusal: event.text });
        return;
      case 'tool-call-start':
        this.begin(event.callId, event.index, event.name);
        return;
      case 'tool-call-delta':
        this.fragment(event.callId, event.index, this.style.ids === 'every', { arguments: event.text });
        return;
      case 'finish-reason':
        this.choice({ index: 0, delta: {}, finish_reason: event.raw });
        return;
      case 'usage':
        this.chunk({ choices: [], usage: event.raw });
        return;
      case 'round-end':
        if (this.style.ending === 'done') this.event('[DONE]');
        return;
      default:
    }
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.body);
  }

  private begin(callId: string, index: number, name: string): void {
    const [first, second] = this.style.names === 'pieces' ? inPieces(name) : [name, ''];
    this.fragment(callId, index, this.style.ids !== 'none', { name: first, arguments: '' });
    if (second !== '') this.fragment(callId, index, this.style.ids === 'every', { name: second });
  }

  private fragment(callId: string, index: number, withId: boolean, fn: Delta): void {
    const { indexes } = this.style;
    const call = {
      ...(indexes !== 'none' && { index: indexes === 'given' ? index : 0 }),
      ...(withId && { id: callId, type: 'function' }),
      function: fn,
    };
    this.delta({ tool_calls: [call] });
  }

  private delta(delta: Delta): void {
    this.choice({ index: 0, delta, finish_reason: null });
  }

  private choice(choice: Delta): void {
    this.chunk({ choices: [choice] });
  }

  private chunk(rest: Delta): void {
    this.event(JSON.stringify({ ...this.head, ...rest }));
    this.chunks++;
    if (this.style.padding && this.chunks % 3 === 0) this.event(JSON.stringify({ ...this.head, choices: [] }));
    if (this.style.padding && this.chunks % 4 === 0) {
      this.event(JSON.stringify({ ...this.head, choices: [{ index: 0, delta: { content: '' }, finish_reason: null }] }));
    }
  }

  private event(data: string): void {
    const { lineEnd } = this.style;
    if (this.style.comments) this.body += `: keep-alive${lineEnd}${lineEnd}`;
    this.body += `data: ${data}${lineEnd}${lineEnd}`;
  }
}

/** Two pieces that cannot be taken for a name and its repeat; one, where the name has none. */
function inPieces(name: string): [string, string] {
  const at = Math.ceil(name.length / 2);
  const [first, second] = [name.slice(0, at), name.slice(at)];
  return second.startsWith(first) || second.trim() === '' || first.trim() === '' ? [name, ''] : [first, second];
}

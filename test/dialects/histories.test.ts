import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import type { AssistantMessage, Message } from '../../src/messages.ts';

const dialects = [openAiChat, openAiResponses, anthropicMessages, gemini, ollama, cohere];
const png = 'data:image/png;base64,AAAA';

const call = (id: string, name = 'look', argumentsText = '{"q":1}') => ({ id, name, argumentsText });
const called = (...ids: string[]): AssistantMessage => ({ role: 'assistant', content: '', toolCalls: ids.map((id) => call(id)) });
const result = (toolCallId: string, content = 'ok', isError = false): Message => ({
  role: 'tool',
  toolCallId,
  name: 'look',
  content,
  ...(isError && { isError }),
});

// biome-ignore lint/suspicious/noExplicitAny: bodies as each API has them.
function turns(dialect: (typeof dialects)[number], messages: readonly Message[]): any[] {
  // biome-ignore lint/suspicious/noExplicitAny: bodies as each API has them.
  const body = dialect.encodeRequest({ messages }, { model: 'm' }).body as any;
  return body.messages ?? body.input ?? body.contents;
}

/** Every string that stands anywhere in a value. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}
const all = (dialect: (typeof dialects)[number], messages: readonly Message[]) =>
  strings(dialect.encodeRequest({ messages }, { model: 'm' }).body);

describe.each(dialects)('a history that $name sends', (dialect) => {
  it('has an answer that was a refusal', () => {
    const said = all(dialect, [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: '', refusal: 'I will not.' },
      { role: 'user', content: 'Why?' },
    ]);
    expect(said).toContain('I will not.');
  });

  it('has system messages that stand in its middle, once', () => {
    const said = all(dialect, [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Well?' },
    ]);
    expect(said.filter((text) => text.includes('Be kind.'))).toHaveLength(1);
    expect(said.filter((text) => text.includes('Be brief.'))).toHaveLength(1);
  });

  it('has neighbouring user messages, each with its words', () => {
    const said = all(dialect, [
      { role: 'user', content: 'One.' },
      { role: 'user', content: 'Two.' },
    ]);
    expect(said.filter((text) => text === 'One.' || text === 'Two.')).toEqual(['One.', 'Two.']);
  });

  it('has texts and images of one message, in one turn', () => {
    const messages: Message[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is' },
          { type: 'image', url: png },
          { type: 'text', text: 'this?' },
        ],
      },
    ];
    expect(turns(dialect, messages)).toHaveLength(1);
    const said = strings(turns(dialect, messages)).join(' ');
    expect(said).toMatch(/What is.*this\?/s);
    expect(said).toContain('AAAA');
  });

  it('has the results of parallel calls, each under its own id or place, in the order of the calls', () => {
    const said = all(dialect, [
      { role: 'user', content: 'Hi' },
      called('a', 'b', 'c'),
      result('a', 'first'),
      result('b', 'second', true),
      result('c', 'third'),
    ]);
    expect(said.filter((text) => /first|second|third/.test(text)).join(' ')).toMatch(/first.*second.*third/);
  });

  it('has arguments that were no JSON as an empty object, where another dialect wrote them', () => {
    const messages: Message[] = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: '', toolCalls: [call('a', 'look', '{"q":')], native: { dialect: 'elsewhere', message: 'x' } },
      result('a'),
    ];
    expect(JSON.stringify(turns(dialect, messages))).not.toContain('{\\"q\\":');
    expect(turns(dialect, messages).length).toBeGreaterThanOrEqual(3);
  });

  it('does not send what another dialect kept for itself', () => {
    const messages: Message[] = [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: 'Hello',
        reasoning: 'secret thoughts',
        native: { dialect: 'elsewhere', message: { signature: 'sig' } },
      },
    ];
    const body = JSON.stringify(dialect.encodeRequest({ messages }, { model: 'm' }).body);
    expect(body).not.toMatch(/secret thoughts|sig/);
    expect(body).toContain('Hello');
  });
});

describe('anthropicMessages: ids of calls', () => {
  const idsOf = (messages: readonly Message[]) =>
    turns(anthropicMessages, messages)
      .flatMap(({ content }) => content)
      .flatMap((block) => block.id ?? block.tool_use_id ?? []);

  it('that come again in a later round (bedrock-mantle-reused-tool-call-ids-stream) are others there, in call and result', () => {
    const ids = idsOf([{ role: 'user', content: 'Hi' }, called('call_0'), result('call_0'), called('call_0'), result('call_0')]);
    expect(ids[0]).toBe('call_0');
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(ids[3]).toBe(ids[2]);
  });

  it('that are mended stay clear of those that need no mending', () => {
    const ids = idsOf([{ role: 'user', content: 'Hi' }, called('a.b', 'a_b', 'a-b'), result('a.b'), result('a_b'), result('a-b')]);
    expect(ids.slice(0, 3)).toEqual(ids.slice(3));
    expect(new Set(ids).size).toBe(3);
    expect(ids).toContain('a_b');
    expect(ids).toContain('a-b');
  });

  it('of its own messages stay as they came', () => {
    const native = {
      dialect: 'anthropic-messages',
      message: { role: 'assistant', content: [{ type: 'tool_use', id: 'a_b', name: 'look', input: {} }] },
    };
    const own: AssistantMessage = { role: 'assistant', content: '', toolCalls: [call('a_b')], native };
    expect(idsOf([{ role: 'user', content: 'Hi' }, called('a.b'), result('a.b'), own, result('a_b')])).toEqual([
      'a_b_',
      'a_b_',
      'a_b',
      'a_b',
    ]);
  });
});

describe('empty texts', () => {
  const empty: Message[] = [
    { role: 'user', content: '' },
    {
      role: 'user',
      content: [
        { type: 'text', text: '' },
        { type: 'image', url: png },
      ],
    },
    { role: 'assistant', content: '' },
    { role: 'user', content: 'Hi' },
  ];

  it('are left out where the API refuses them (anthropicMessages)', () => {
    expect(turns(anthropicMessages, empty)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          { type: 'text', text: 'Hi' },
        ],
      },
    ]);
  });

  it('are left out where the API refuses them (gemini)', () => {
    expect(turns(gemini, empty)).toEqual([
      { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
      { role: 'user', parts: [{ text: 'Hi' }] },
    ]);
    const { body } = gemini.encodeRequest({ messages: [{ role: 'system', content: '' }, ...empty] }, { model: 'm' });
    expect(body.systemInstruction).toBeUndefined();
  });

  it('of results are sent: the call has to have one', () => {
    for (const dialect of dialects) {
      const last = turns(dialect, [{ role: 'user', content: 'Hi' }, called('a'), result('a', '')]).at(-1);
      expect(JSON.stringify(last)).toMatch(/"(output|content)":""/);
    }
  });

  it('of assistants are left out where the API refuses them (cohere)', () => {
    expect(
      turns(cohere, [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: '' },
        { role: 'user', content: 'Well?' },
      ]),
    ).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'Well?' },
    ]);
  });
});

describe('gemini: calls without a signature', () => {
  const messages = [{ role: 'user', content: 'Hi' } as const, called('a', 'b'), result('a'), result('b')];
  const signatures = (model: string, history: readonly Message[]) =>
    // biome-ignore lint/suspicious/noExplicitAny: the body as the API has it.
    (gemini.encodeRequest({ messages: history }, { model }).body as any).contents[1].parts.map((part: any) => part.thoughtSignature);

  it.each(['gemini-3-pro-preview', 'publishers/google/models/gemini-3.5-flash'])(
    'have what %s takes in its place, the first of a turn',
    (model) => {
      expect(signatures(model, messages)).toEqual(['skip_thought_signature_validator', undefined]);
    },
  );

  it('have none where the model asks for none', () => {
    expect(signatures('gemini-2.5-flash', messages)).toEqual([undefined, undefined]);
  });

  it('keep the one they came with', () => {
    const parts = [{ functionCall: { name: 'look', args: {} }, thoughtSignature: 'own' }];
    const own: AssistantMessage = {
      role: 'assistant',
      content: '',
      toolCalls: [call('a')],
      native: { dialect: 'gemini', message: { role: 'model', parts } },
    };
    expect(signatures('gemini-3-pro-preview', [{ role: 'user', content: 'Hi' }, own, result('a')])).toEqual(['own']);
  });
});

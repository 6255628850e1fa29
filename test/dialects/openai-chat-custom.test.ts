import { describe, expect, it } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { presets } from '../../src/models/presets.ts';
import { calls, delta, done, entry, finish, read, summary } from '../calls/support.ts';

const custom = (index: number | undefined, id: string | undefined, name: string | undefined, input?: string) => ({
  index,
  id,
  ...(id && { type: 'custom' }),
  custom: { name, input },
});
const piece = (index: number | undefined, input: string) => custom(index, undefined, undefined, input);
const nativeOf = (events: readonly unknown[]) =>
  (events as Array<{ type: string; message?: { native?: { message: unknown } } }>).find(({ type }) => type === 'round-end')?.message?.native
    ?.message;

describe('openAiChat: calls of custom tools', () => {
  it('joins the plain text, and gives it back as it came', () => {
    const pieces = ['SELECT "', 'na', 'me"\n', '\ud83d', '\ude00', ' FROM \\u0041'].map((input) => calls(piece(0, input)));
    const { events, calls: found, codes } = read([calls(custom(0, 'c1', 'sql', '')), ...pieces, finish(), done]);
    const text = 'SELECT "name"\n😀 FROM \\u0041';
    expect(summary(found)).toEqual([['sql', text]]);
    expect(found[0]?.argumentsText).toBe(JSON.stringify(text).replace('😀', '\\ud83d\\ude00'));
    expect(nativeOf(events)).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'sql', input: text } }],
    });
    expect(codes).toEqual([]);
  });

  it.each(['', '{}', '{"input":"x"}', 'null', '42', '"a"', ' '])('takes %j for what it is: text', (text) => {
    expect(summary(read([calls(custom(0, 'c1', 'sql', text)), finish(), done]).calls)).toEqual([['sql', text]]);
  });

  it('starts at the first piece, and emits each as it comes', () => {
    const { events } = read([calls(custom(0, 'c1', 'sql', 'a')), calls(piece(0, 'b')), finish(), done]);
    expect(events.flatMap((event) => (event.type === 'tool-call-delta' ? [event.text] : []))).toEqual(['"a', 'b', '"']);
  });

  it('keeps parallel calls apart, functions among them', () => {
    const { calls: found, codes } = read([
      calls(custom(0, 'c1', 'sql', 'a')),
      calls(entry(1, 'c2', 'add', '{"a":')),
      calls(custom(2, 'c3', 'sql', '{')),
      calls(piece(0, 'b'), entry(1, undefined, undefined, '1}'), piece(2, '}')),
      delta({ content: 'text closes none' }),
      calls(piece(0, 'c')),
      finish(),
      done,
    ]);
    expect(summary(found)).toEqual(
      expect.arrayContaining([
        ['sql', 'abc'],
        ['add', { a: 1 }],
        ['sql', '{}'],
      ]),
    );
    expect(found).toHaveLength(3);
    expect(codes).toEqual([]);
  });

  it('goes on with the newest call where there are no indexes', () => {
    expect(summary(read([calls(custom(undefined, 'c1', 'sql', 'a')), calls(piece(undefined, 'b')), finish(), done]).calls)).toEqual([
      ['sql', 'ab'],
    ]);
  });

  it('waits for a name that comes late', () => {
    const chunks = [calls(piece(0, 'a')), calls(piece(0, 'b')), calls(custom(0, 'c1', 'sql', 'c')), finish(), done];
    expect(summary(read(chunks).calls)).toEqual([['sql', 'abc']]);
  });

  it('drops the whole call when a summary has it once more', () => {
    const chunks = [calls(custom(0, 'c1', 'sql', 'SELECT ')), calls(piece(0, '1'))];
    const summaryChunk = calls(custom(0, 'c1', 'sql', 'SELECT 1'));
    expect(summary(read([...chunks, summaryChunk, finish(), done]).calls)).toEqual([['sql', 'SELECT 1']]);
    expect(summary(read([...chunks, finish(), summaryChunk, done]).calls)).toEqual([['sql', 'SELECT 1']]);
  });

  it('never runs what was cut', () => {
    const cut = [calls(custom(0, 'c1', 'sql', 'DROP TABLE a'))];
    for (const reason of ['length', 'content_filter', 'error']) {
      expect(summary(read([...cut, finish(reason), done]).calls)).toEqual([['sql', 'incomplete']]);
    }
    expect(summary(read(cut).calls)).toEqual([['sql', 'interrupted']]);
  });

  it('is whole at the end mark where no finish reason came', () => {
    expect(summary(read([calls(custom(0, 'c1', 'sql', 'a')), done]).calls)).toEqual([['sql', 'a']]);
  });

  it('reads a function whose entries carry an empty `custom` (issue earendil-works/pi#8504)', () => {
    const odd = (args: string, id?: string) => ({ ...entry(0, id, id && 'add', args), custom: {} });
    const { events, calls: found } = read([calls(odd('{"a":', 'c1')), calls(odd('1}')), finish(), done]);
    expect(summary(found)).toEqual([['add', { a: 1 }]]);
    expect(nativeOf(events)).toMatchObject({ tool_calls: [{ id: 'c1', type: 'function' }] });
  });

  it('gives back fields nobody here knows', () => {
    const chunk = calls({ ...custom(0, 'c1', 'sql', 'a'), extra_content: { signature: 's' } });
    expect(nativeOf(read([chunk, finish(), done]).events)).toMatchObject({
      tool_calls: [{ id: 'c1', type: 'custom', extra_content: { signature: 's' }, custom: { name: 'sql', input: 'a' } }],
    });
  });

  it('says what is wrong with an input that is no text', () => {
    const { error } = read([calls({ index: 0, id: 'c1', custom: { name: 'sql', input: 7 } })]);
    expect(String(error)).toMatch(/custom.*input/);
  });

  it('keeps the calls of another choice there', () => {
    const other = { id: 'r1', choices: [{ index: 1, delta: { tool_calls: [custom(0, 'c1', 'sql', 'a')] }, finish_reason: 'tool_calls' }] };
    const { events } = read([other, finish('stop'), done]);
    const pieces = events.flatMap((event) => (event.type === 'tool-call-delta' ? [[event.choice, event.text]] : []));
    expect(pieces.map(([, text]) => text).join('')).toBe('"a"');
    expect(new Set(pieces.map(([choice]) => choice))).toEqual(new Set([1]));
  });

  it('is asked for by the preset of OpenAI alone', () => {
    expect(presets.openAi({ model: 'm' })).toMatchObject({ dialect: openAiChat, customTools: true });
    expect(presets.groq({ model: 'm' })).not.toHaveProperty('customTools');
  });
});

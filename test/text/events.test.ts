import { describe, expect, it } from 'vitest';
import { InterruptedError, noPartial } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Stage } from '../../src/stage.ts';
import { textCallExtractor } from '../../src/text/text-calls.ts';
import { extract, joined, round, run, seen, textDelta, tools } from './support.ts';

const stage = () => textCallExtractor<ModelEvent>({ tools }) as Stage<ModelEvent, ModelEvent>;
const call = '<tool_call>{"name":"f","arguments":{"x":1}}</tool_call>';
const kinds = (events: readonly ModelEvent[]) => joined(events).map((event) => (event as { text?: string }).text ?? event.type);

describe('extractTextToolCalls, its events', () => {
  it('calls what is marked, declared and not quoted, and nothing else (issue NousResearch/hermes-agent#29115)', () => {
    const text = `A call looks like \`${call}\`, or:\n\`\`\`\n${call}\n\`\`\`\nand "${call}". An unknown <tool_call>{"name":"rm"}</tool_call>.\n`;
    expect(seen(extract([text + call]))).toEqual({ text, calls: [['f', { x: 1 }]] });
  });

  it('lets text flow and holds back only what can still become a call (issue ollama/ollama#7886)', () => {
    const pieces = ['I look <', 'b>now</b>. <tool_', 'call>', '{"name":"get_weather","arguments":{"ci', 'ty":"Paris"}}', '</tool_call>'];
    const shown: string[][] = [];
    const extractor = stage();
    for (const piece of pieces) {
      const now: ModelEvent[] = [];
      const ignore = () => undefined;
      extractor.transform(textDelta(piece), { enqueue: (event) => void now.push(event), error: ignore, terminate: ignore });
      shown.push(kinds(now));
    }
    expect(shown).toEqual([['I look '], ['<b>now</b>. '], [], ['tool-call-start', '{"ci'], ['ty":"Paris"}', 'tool-call-end'], []]);
  });

  it('numbers its calls after those of the provider, and moves on those that come later', () => {
    const start = (callId: string, index: number): ModelEvent => ({ type: 'tool-call-start', callId, index, name: 'g' });
    const delta = (callId: string, index: number): ModelEvent => ({ type: 'tool-call-delta', callId, index, text: '{}' });
    const events = run(stage(), [start('a', 0), delta('a', 0), textDelta(call), start('b', 1), delta('b', 1)]).values;
    expect(events.filter(({ type }) => type === 'tool-call-start')).toMatchObject([
      { callId: 'a', index: 0 },
      { callId: expect.stringMatching(/^call_\w+_1$/), index: 1 },
      { callId: 'b', index: 2 },
    ]);
    expect(events.at(-1)).toMatchObject({ callId: 'b', index: 2 });
  });

  it('gives each round ids of its own', () => {
    const events = run(stage(), [...round([call]), ...round([call])]).values;
    const ids = events.flatMap((event) => (event.type === 'tool-call-start' ? [event.callId] : []));
    expect(new Set(ids).size).toBe(2);
    expect(events.at(-1)).toMatchObject({ message: { toolCalls: [{ id: ids[1] }] } });
  });

  it('stamps what it makes with the round, and makes no id that the provider made', () => {
    const [made] = run(stage(), [{ ...textDelta(call), round: 2 }]).values as [ModelEvent & { callId: string }];
    expect(run(stage(), [{ ...textDelta(call), round: 2 }]).values.map((event) => (event as { round?: number }).round)).toEqual(
      Array(4).fill(2),
    );
    const native: ModelEvent = { type: 'tool-call-start', callId: made.callId.replace(/0$/, '1'), index: 0, name: 'g' };
    const [, second] = run(stage(), [native, textDelta(call)]).values.filter(({ type }) => type === 'tool-call-start');
    expect(second).toMatchObject({ callId: `${native.callId}_`, index: 1 });
  });

  it('amends the message, and drops the form that still has the markup', () => {
    const end = extract(['Hm. ', call]).at(-1);
    expect(end).toMatchObject({ message: { content: 'Hm. ', toolCalls: [{ name: 'f', argumentsText: '{"x":1}' }] } });
    expect(end).not.toHaveProperty('message.native');
  });

  it('passes on untouched what has no call in it: other choices, other events, plain text', () => {
    const events: ModelEvent[] = [
      ...round(['a', 'b']),
      { ...textDelta(call), choice: 1 },
      { type: 'provider-event', name: 'x', data: null },
    ];
    const { values } = run(stage(), events);
    expect(values.map((event, i) => event === events[i])).toEqual(events.map(() => true));
  });

  it('gives held text back before other content', () => {
    const thought: ModelEvent = { type: 'reasoning-delta', text: 'hm' };
    expect(kinds(run(stage(), [textDelta('a <tool'), thought, textDelta('_call> b')]).values)).toEqual(['a <tool', 'hm', '_call> b']);
  });

  it('gives no whitespace back behind a call whose end mark is missing', () => {
    const thought: ModelEvent = { type: 'reasoning-delta', text: 'hm' };
    expect(seen(run(stage(), [textDelta(`${call.replace('</tool_call>', '')}\n`), thought]).values)).toEqual({
      text: '',
      calls: [['f', { x: 1 }]],
    });
  });

  it.each([
    ['pythonic', '[f(x=1)]'],
    ['llama-json', '{"name":"f","parameters":{"x":1}}'],
    ['plain', 'f(x=1)'],
  ] as const)('finds calls without a marker behind reasoning, not before it: %s', (format, text) => {
    const thought: ModelEvent = { type: 'reasoning-delta', text: 'hm' };
    const [start, ...rest] = round([text]) as [ModelEvent, ...ModelEvent[]];
    const read = (events: ModelEvent[]) => seen(run(textCallExtractor({ tools, format }) as Stage<ModelEvent, ModelEvent>, events).values);
    expect(read([start, thought, ...rest])).toEqual({ text: '', calls: [['f', { x: 1 }]] });
    for (const blank of format === 'plain' ? ['\n'] : ['\n', ' '])
      expect(read([start, textDelta(blank), thought, ...rest])).toEqual({ text: blank, calls: [['f', { x: 1 }]] });
    expect(read([start, textDelta(text), thought, textDelta(' is how.')])).toEqual({ text: `${text} is how.`, calls: [] });
  });

  it.each(['length', 'content-filter', 'error'] as const)(
    'takes nothing without a marker for a call where the message was cut: %s',
    (reason) => {
      for (const [format, text] of [
        ['pythonic', '[f(x=1)]'],
        ['llama-json', '{"name":"f"}'],
        ['plain', 'f(x=1)'],
      ] as const) {
        const [start, said, , end] = round([text]);
        const finish = { type: 'finish-reason', reason, raw: reason };
        for (const events of [
          [start, said, finish, end],
          [start, said, { ...end, reason }],
          [start, said, { ...end, cut: true }],
        ]) {
          const stage = textCallExtractor({ tools, format }) as Stage<ModelEvent, ModelEvent>;
          expect(seen(run(stage, events as ModelEvent[]).values)).toEqual({ text, calls: [] });
        }
      }
    },
  );

  it('lets go of Python as soon as it is none', () => {
    const now: ModelEvent[] = [];
    const ignore = () => undefined;
    const extractor = textCallExtractor({ tools, format: 'plain' }) as Stage<ModelEvent, ModelEvent>;
    for (const piece of ['f(x=', 'it is', ' prose']) {
      extractor.transform(textDelta(piece), { enqueue: (event) => void now.push(event), error: ignore, terminate: ignore });
    }
    expect(joined(now)).toEqual([textDelta('f(x=it is prose')]);
  });

  it('goes on with a call that had begun after other content and after the finish reason', () => {
    const thought: ModelEvent = { type: 'reasoning-delta', text: 'hm' };
    const [first, second] = [call.slice(0, 40), call.slice(40)];
    const [, , finish] = round(['']);
    const events = [textDelta(first), thought, finish as ModelEvent, textDelta(second)];
    expect(seen(run(stage(), events).values)).toEqual({ text: '', calls: [['f', { x: 1 }]] });
  });

  it('makes a call that was cut in its arguments one that must not run', () => {
    expect(seen(extract([call.slice(0, 38)], {}, 'length'))).toEqual({ text: '', calls: [['f', 'incomplete']] });
  });

  it('gives back what it holds, and amends what an error has, when the stream breaks', () => {
    const message = { role: 'assistant', content: `${call}a <to`, native: { dialect: 'x', message: {} } } as const;
    function* broken() {
      yield textDelta(call);
      yield textDelta('a <to');
      throw new InterruptedError('cut', { partial: { ...noPartial, text: message.content, message } });
    }
    const { values, error } = run(stage(), broken());
    expect(seen(values).text).toBe('a <to');
    const { partial } = error as InterruptedError;
    expect(partial).toMatchObject({ text: 'a <to', calls: [{ name: 'f', argumentsText: '{"x":1}' }], message: { content: 'a <to' } });
    expect(partial.message?.toolCalls).toHaveLength(1);
    expect(partial.message).not.toHaveProperty('native');
  });

  it('never confirms a call whose stream broke before its last brace', () => {
    function* broken() {
      yield textDelta(call.slice(0, -'}</tool_call>'.length));
      throw new InterruptedError('cut');
    }
    expect(seen(run(stage(), broken()).values).calls).toEqual([['f', 'interrupted']]);
  });

  it('starts anew when the round does', () => {
    const again: ModelEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
    const { values } = run(stage(), [textDelta('a <tool_call>{"name"'), again, ...round([call])]);
    expect(kinds(values).slice(0, 3)).toEqual(['a ', 'round-restarted', 'round-start']);
    expect(values.at(-1)).toMatchObject({ message: { content: '', toolCalls: [{ name: 'f' }] } });
  });

  it('holds no more than it may', () => {
    const text = `<tool_call>{"arguments":{"x":"${'a'.repeat(50)}"},"name":"f"}</tool_call>`;
    expect(seen(extract([text], { maxHeldLength: 40 }))).toEqual({ text, calls: [] });
    expect(seen(extract([text], { maxHeldLength: 100 })).calls).toHaveLength(1);
    const spaces = ' '.repeat(41);
    expect(seen(extract([call, ...spaces], { maxHeldLength: 40 })).text).toBe(spaces);
    expect(seen(extract([call, ...spaces], { maxHeldLength: 41 })).text).toBe('');
  });

  it('gives back what it holds at the end of the stream', () => {
    expect(seen(run(stage(), [textDelta('a <to')]).values).text).toBe('a <to');
  });

  it('takes nothing without a marker for a call where a refusal or a call of the provider follows', () => {
    const others: ModelEvent[] = [
      { type: 'refusal-delta', text: 'no' },
      { type: 'tool-call-start', callId: 'a', index: 0, name: 'g' },
    ];
    for (const other of others) {
      const pythonic = textCallExtractor({ tools, format: 'pythonic' }) as Stage<ModelEvent, ModelEvent>;
      const { values } = run(pythonic, [textDelta('[f(x=1)]'), other]);
      expect(joined(values)).toEqual([textDelta('[f(x=1)]'), other]);
    }
  });

  it('makes ids by the id of the response', () => {
    const [start, ...rest] = round([call]) as [ModelEvent, ...ModelEvent[]];
    const idIn = (responseId: string) =>
      run(stage(), [{ ...start, responseId } as ModelEvent, ...rest]).values.flatMap((event) =>
        event.type === 'tool-call-start' ? [event.callId] : [],
      );
    expect(idIn('r1')).toEqual(idIn('r1'));
    expect(idIn('r1')).not.toEqual(idIn('r2'));
  });

  it('stamps nothing with a round where there is none, and says no empty arguments', () => {
    const { values } = run(stage(), [...'ab', ...call, ''].map(textDelta));
    for (const event of values) expect(event).not.toHaveProperty('round');
    const pieces = values.flatMap((event) => (event.type === 'tool-call-delta' ? [event.text] : []));
    expect(pieces.join('')).toBe('{"x":1}');
    expect(pieces).not.toContain('');
  });

  it('hands on the events of calls that it does not move as they are', () => {
    const events: ModelEvent[] = [
      { type: 'tool-call-start', callId: 'a', index: 0, name: 'g' },
      { type: 'tool-call-delta', callId: 'a', index: 0, text: '{}' },
      { type: 'tool-call-end', callId: 'a', index: 0 },
    ];
    const { values } = run(stage(), events);
    expect(values).toHaveLength(3);
    values.forEach((event, i) => void expect(event).toBe(events[i]));
  });
});

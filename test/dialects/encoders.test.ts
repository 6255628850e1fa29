import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import * as dialects from '../../src/dialects/index.ts';
import type { FinishReason, ModelEvent, Usage } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';

const every: Dialect[] = Object.values(dialects);

const start: ModelEvent = { type: 'round-start' };
const call: ModelEvent[] = [
  { type: 'tool-call-start', callId: 'c1', index: 0, name: 'f' },
  { type: 'tool-call-delta', callId: 'c1', index: 0, text: '{"a":1}' },
];
const callEnd: ModelEvent = { type: 'tool-call-end', callId: 'c1', index: 0 };
const text = (said: string): ModelEvent => ({ type: 'text-delta', text: said });
const ending = (reason: FinishReason, raw = '', usage?: Usage): ModelEvent[] => [
  { type: 'finish-reason', reason, raw },
  ...(usage ? [{ type: 'usage', usage, raw: {} } as const] : []),
  { type: 'round-end', reason, message: { role: 'assistant', content: '' }, ...(usage && { usage }) },
];

describe.each(every)('the encoder of $name', (dialect) => {
  const write = (events: readonly ModelEvent[]) => runStage(dialect.encoder({ model: 'm' }), events);
  const read = (events: readonly ModelEvent[]) => runStage(dialect.decoder(), write(events).values);
  const whole = [start, text('Hello'), ...call, callEnd, ...ending('tool-calls')];

  it('writes nothing after the end: no words, and no error of a source that breaks then', () => {
    const plain = write(whole).values;
    expect(write([...whole, text('more'), callEnd]).values).toEqual(plain);
    const encoder = dialect.encoder({ model: 'm' });
    const frames: unknown[] = [];
    let terminated = 0;
    const out = { enqueue: (frame: unknown) => void frames.push(frame), error: () => undefined, terminate: () => terminated++ };
    for (const event of whole) encoder.transform(event, out);
    encoder.fail?.(new Error('reset'), out);
    expect(frames).toEqual(plain);
    expect(terminated).toBe(1);
  });

  it('writes no white space of a call after its end, where the wire has an end', () => {
    const blank: ModelEvent = { type: 'tool-call-delta', callId: 'c1', index: 0, text: ' \n' };
    if (['openai-chat', 'chat-chunks'].includes(dialect.name)) return;
    expect(write([start, ...call, callEnd, blank, ...ending('tool-calls')]).values).toEqual(
      write([start, ...call, callEnd, ...ending('tool-calls')]).values,
    );
  });

  it('ends a call once, however often that is said, and none that never began', () => {
    const twice = [start, callEnd, ...call, callEnd, callEnd, ...ending('tool-calls')];
    expect(write(twice).values).toEqual(write([start, ...call, callEnd, ...ending('tool-calls')]).values);
  });

  it('has no answer change where a delta is empty', () => {
    const kinds = ['text-delta', 'reasoning-delta', 'refusal-delta'] as const;
    const empty = kinds.map((type): ModelEvent => ({ type, text: '' }));
    expect(read([start, ...empty, text('Hello'), ...empty, ...ending('stop')])).toEqual(read([start, text('Hello'), ...ending('stop')]));
  });

  it('has no answer change by what other dialects alone have words for, and by diagnostics', () => {
    const foreign: ModelEvent[] = [
      { type: 'provider-event', name: 'elsewhere', data: 'said' },
      { type: 'provider-event', name: 'elsewhere', data: null },
      { type: 'diagnostic', code: 'x', message: 'x' },
    ];
    expect(read([start, ...foreign, text('Hello'), ...foreign, ...ending('stop')])).toEqual(
      read([start, text('Hello'), ...ending('stop')]),
    );
  });

  it('keeps what was counted and makes up nothing that was not', () => {
    const { values, error } = read([start, text('Hello'), ...ending('stop', '', { outputTokens: 7 })]);
    expect(error).toBeUndefined();
    const usage = values.findLast((event) => event.type === 'round-end')?.usage;
    expect(usage).toMatchObject({ outputTokens: 7 });
    expect(usage?.inputTokens ?? 0).toBe(0);
    expect(usage?.totalTokens ?? 7).toBe(7);
  });

  it('keeps a reason that is none of the common ones', () => {
    const { values, error } = read([start, text('Hello'), ...ending('other', '')]);
    expect(error).toBeUndefined();
    expect(values.findLast((event) => event.type === 'round-end')?.reason).toBe('other');
  });
});
